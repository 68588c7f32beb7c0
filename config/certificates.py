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
        both = self._certificate_key is not None and self._private_key is not None
        return both and self._certificate_key != self._private_key

    def certificates(self, data: bytes) -> list[x509.Certificate]:
        """Read one or more certificates."""
        if b"-----BEGIN CERTIFICATE-----" not in data:
            raise ValueError("no certificate in PEM form")
        try:
            return x509.load_pem_x509_certificates(data)
        except ValueError:
            raise ValueError("a certificate in it is damaged") from None

    def own(self, data: bytes) -> None:
        """Read the phone's certificate: the first one in its file."""
        try:
            key = self.certificates(data)[0].public_key()
        except UnsupportedAlgorithm:
            raise ValueError("a certificate with a kind of key that is not known") from None
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
        """Read one or more revocation lists; authorities also publish a single one as DER."""
        lists: list[bytes] = CRL.findall(data)
        try:
            for one in lists:
                x509.load_pem_x509_crl(one)
        except ValueError:
            raise ValueError("a revocation list in it is damaged") from None
        if not lists:
            self._revoked_as_der(data)

    def _revoked_as_der(self, data: bytes) -> None:
        try:
            x509.load_der_x509_crl(data)
        except ValueError:
            raise ValueError("no revocation list") from None
