"""A private key and a request for a certificate (PKCS #10, RFC 2986), made on the phone.

The key never leaves the folder: it is written for its owner alone, is never printed, and never
takes the place of another one unless that was asked for (T4). An authority signs the request; the
certificate that it returns is installed with the parameters.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config.disk import flush_folder, write_flushed
from config.files import reason
from config.problem import ConfigError, shown

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

NAME_LENGTH_MAX = 64
"""Characters of a common name (RFC 5280 A.1, ub-common-name)."""

NAMES_MAX = 16
"""Alternative names: a phone has one or two."""

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)
URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]{1,200}", re.IGNORECASE)
STEM = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,59}")


class KeyType(Enum):
    """What key is made; the first is the default."""

    EC = "ec"  # P-256.
    RSA_2048 = "rsa2048"
    RSA_3072 = "rsa3072"


@dataclass(frozen=True, slots=True)
class Files:
    """Where key and request lie."""

    key: Path
    request: Path


def make_key(key_type: KeyType) -> Key:
    """Make a private key; RSA takes a moment."""
    if key_type is KeyType.EC:
        return ec.generate_private_key(ec.SECP256R1())
    size = 2048 if key_type is KeyType.RSA_2048 else 3072
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


def make_request(key: Key, name: str, names: Sequence[str]) -> x509.CertificateSigningRequest:
    """Ask for a certificate for both ends of TLS; ConfigError says what is wrong with a name."""
    if not 0 < len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        raise ConfigError(f"{shown(name)!r} is no name: 1-{NAME_LENGTH_MAX} printable characters")
    if len(names) > NAMES_MAX:
        raise ConfigError(f"more than {NAMES_MAX} alternative names")
    alternatives = [alternative_name(text) for text in names]
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    usage = x509.KeyUsage(
        digital_signature=True, key_encipherment=isinstance(key, rsa.RSAPrivateKey),
        content_commitment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(both), critical=False)
    return builder.sign(key, hashes.SHA256())


def alternative_name(text: str) -> x509.GeneralName:
    """Read `dns:NAME`, `ip:ADDRESS` or `uri:URI`; without its kind, what it looks like."""
    kind, separator, value = text.partition(":")
    kind = kind.lower()
    if not separator or kind not in {"dns", "ip", "uri"}:
        kind, value = _kind(text), text
    try:
        if kind == "ip":
            return x509.IPAddress(ipaddress.ip_address(value))
        if kind == "uri" and URI.fullmatch(value):
            return x509.UniformResourceIdentifier(value)
        labels = value.split(".")
        if kind == "dns" and len(value) <= 253 and all(map(LABEL.fullmatch, labels)):
            return x509.DNSName(value)
    except ValueError:
        pass
    what = {"ip": "IP address", "uri": "URI", "dns": "host name in ASCII"}[kind]
    raise ConfigError(f'"{shown(value)}" is no {what}')


def _kind(text: str) -> str:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(text)
        return "ip"
    return "uri" if ":" in text else "dns"


def files(folder: Path, stem: str) -> Files:
    """Return where key and request of this name lie; ConfigError for a name that is none."""
    if not STEM.fullmatch(stem):
        raise ConfigError(f'"{shown(stem)}" is no name of a file')
    return Files(folder / f"{stem}.key", folder / f"{stem}.csr")


def write(place: Files, key: Key, request: x509.CertificateSigningRequest, replace: bool) -> None:
    """Write both: whole or not at all, the key for its owner only.

    ConfigError where there is a key already and it is not to be replaced, or no room.
    """
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    drafts = [place.key.with_suffix(".key.new"), place.request.with_suffix(".csr.new")]
    try:
        write_flushed(drafts[0], pem)
        write_flushed(drafts[1], request.public_bytes(Encoding.PEM))
        if replace:
            os.replace(drafts[0], place.key)
        else:
            os.link(drafts[0], place.key)  # Never over another one, whoever made it meanwhile.
        os.replace(drafts[1], place.request)
        flush_folder(place.key.parent)
    except FileExistsError:
        raise ConfigError(f"{place.key}: there is a key already; it was left alone") from None
    except OSError as error:
        raise ConfigError(f"{place.key}: cannot be written: {reason(error)}") from error
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)
