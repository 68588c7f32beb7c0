"""Looking into certificate files: are they what their parameters say, and do they fit together?

Whether a certificate is good enough to be trusted is for the link to say, at each connection.
"""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from config.validity import UNREADABLE

CRL_BEGINS = b"-----BEGIN X509 CRL-----"
DER_SEQUENCE = b"\x30"

CRL = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)


class Reader:
    """Reads the files of one configuration and remembers what has to fit together.

    Each method raises ValueError with what is wrong in words.
    """

    def __init__(self, password: str) -> None:
        self._password = password  # No dataclass: a repr would show it (T4).
        self._certificate_key: bytes | None = None
        self._private_key: bytes | None = None

    @property
    def mismatch(self) -> bool:
        """Whether both the certificate and the key were read, and do not belong together."""
        return self._both and self._certificate_key != self._private_key

    @property
    def match(self) -> bool:
        """Whether both were read, and belong together."""
        return self._both and self._certificate_key == self._private_key

    @property
    def _both(self) -> bool:
        return self._certificate_key is not None and self._private_key is not None

    def certificates(self, data: bytes) -> list[x509.Certificate]:
        """Read one or more certificates."""
        if b"-----BEGIN CERTIFICATE-----" not in data:
            raise ValueError("no certificate in PEM form")
        try:
            return x509.load_pem_x509_certificates(data)
        except UNREADABLE:
            raise ValueError("a certificate in it is damaged") from None

    def own(self, data: bytes) -> None:
        """Read the phone's certificate: the first one in its file."""
        first = self.certificates(data)[0]
        try:
            key = first.public_key()
        except UnsupportedAlgorithm:
            raise ValueError("a certificate with a kind of key that is not known") from None
        except ValueError:
            raise ValueError("a certificate whose key is damaged") from None
        self._certificate_key = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def key(self, data: bytes) -> None:
        """Read the phone's private key."""
        if b"PRIVATE KEY-----" not in data:
            raise ValueError("no private key in PEM form")
        encrypted = b"ENCRYPTED" in data
        if encrypted and not self._password:
            raise ValueError("the key is encrypted (sips private key password)")
        password = self._password.encode() if encrypted else None
        try:
            key = load_pem_private_key(data, password).public_key()
        except UnsupportedAlgorithm:
            raise ValueError("a kind of key that is not known") from None
        except (ValueError, TypeError):
            damaged = "the private key in it is damaged"
            wrong = "the password does not open it (sips private key password)"
            raise ValueError(wrong if encrypted else damaged) from None
        self._private_key = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def revoked(self, data: bytes) -> None:
        """Read one or more revocation lists."""
        revocation_lists(data)


def revocation_lists(data: bytes) -> tuple[x509.CertificateRevocationList, ...]:
    """Read every revocation list of a PEM file, or the one of a DER file, as authorities publish.

    ValueError says in words what cannot be used.
    """
    try:
        if CRL_BEGINS in data or not data.startswith(DER_SEQUENCE):
            found = tuple(x509.load_pem_x509_crl(one) for one in CRL.findall(data))
        else:
            found = (x509.load_der_x509_crl(data),)
    except UNREADABLE:
        raise ValueError("a revocation list in it is damaged") from None
    if not found or data.count(CRL_BEGINS) > len(found):
        raise ValueError("a revocation list in it is cut short" if found else "no revocation list")
    for crl in found:
        _check_kind(crl)
    return found


def _check_kind(crl: x509.CertificateRevocationList) -> None:
    """Refuse what does not say of its own issuer alone what is revoked now (RFC 5280 5.2)."""
    try:
        kinds = {type(extension.value): extension.value for extension in crl.extensions}
        # What is read later must not fail then.
        _ = crl.issuer, crl.last_update_utc, crl.next_update_utc, crl.signature_hash_algorithm
    except UNREADABLE:
        raise ValueError("a revocation list in it is damaged") from None
    if x509.DeltaCRLIndicator in kinds:
        raise ValueError("a delta revocation list; the full one is needed")
    point = kinds.get(x509.IssuingDistributionPoint)
    if isinstance(point, x509.IssuingDistributionPoint) and point.indirect_crl:
        raise ValueError("an indirect revocation list; the authority's own is needed")
