"""The certificate of the phone's web page: made at its first start, signed by itself.

Key and certificate are one file, so that a power cut never leaves one without the other; only the
phone may read it. Nobody can check who signed it: a browser asks once, and whoever wants to be sure
compares the fingerprint with the one on the phone's screen. Its days do not depend on the clock,
which may not be set (I3). A factory reset removes it.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import ssl
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config.disk import save_flushed
from config.files import read_bounded, reason
from config.request import KeyType, make_key
from firmware.link.identity import CLOCK_FLOOR
from firmware.runtime.options import WEB_CERTIFICATE

log = logging.getLogger("handset.web")

BYTES_MAX = 16 * 1024
LASTS = timedelta(days=20 * 365)
LOOPBACK = ("127.0.0.1", "::1")


def server_context(state: Path, names: Collection[str]) -> tuple[ssl.SSLContext, str]:
    """Return the TLS side of the page and its certificate's SHA-256; runs in a thread.

    A file that cannot be used is replaced; on a disk that keeps nothing it is made anew each time.
    """
    path = state / WEB_CERTIFICATE
    try:
        return _context(read_bounded(path, BYTES_MAX))
    except FileNotFoundError:
        pass  # The first start.
    except (OSError, ValueError) as error:
        log.warning("the web page's certificate is made anew: %s", error)
    pem = make(names)
    try:
        save_flushed(path, pem)
    except OSError as error:
        log.warning("the web page's certificate is not kept: %s", reason(error))
    return _context(pem)


def make(names: Collection[str]) -> bytes:
    """Return a new key with its certificate, as PEM."""
    key = make_key(KeyType.EC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Handset")])
    alternatives = [
        *(x509.DNSName(name) for name in sorted({*names, "localhost"}) if name.isascii()),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in LOOPBACK),
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(CLOCK_FLOOR)
        .not_valid_after(CLOCK_FLOOR + LASTS)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _context(pem: bytes) -> tuple[ssl.SSLContext, str]:
    """Return the TLS side with this key and certificate; ValueError or OSError for what is none."""
    certificate = x509.load_pem_x509_certificate(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # OpenSSL reads files only, and the disk may keep none: a file that is in memory alone.
    descriptor = os.memfd_create(WEB_CERTIFICATE)
    try:
        os.write(descriptor, pem)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
    digest = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    return context, digest
