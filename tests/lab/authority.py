"""A private certificate authority for tests and for the desk: good certificates and bad ones.

Every key is made anew, so nothing here is a secret and nothing is stored. A certificate that the
phone must refuse (I1, I2) differs from a good one in exactly one respect, given as an argument.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
"""How long an authority lives, both ways from now: longer than any certificate it signs."""

RSA_SHA256 = bytes.fromhex("2a864886f70d01010b")
RSA_BROKEN: dict[str, tuple[bytes, hashes.HashAlgorithm]] = {
    "sha1": (bytes.fromhex("2a864886f70d010105"), hashes.SHA1()),
    "md5": (bytes.fromhex("2a864886f70d010104"), hashes.MD5()),
}
"""Signature algorithms as they stand in a certificate; all are of one length."""

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class KeyKind(Enum):
    """What key a certificate gets; the last is too weak (I2)."""

    EC = "ec"
    RSA = "rsa"
    WEAK_RSA = "weak rsa"


class Usage(Enum):
    """The extended key usage of a certificate; `NONE` leaves the extension out."""

    SERVER = "server"
    CLIENT = "client"
    BOTH = "both"
    NONE = "none"


USAGES: dict[Usage, list[x509.ObjectIdentifier]] = {
    Usage.SERVER: [ExtendedKeyUsageOID.SERVER_AUTH],
    Usage.CLIENT: [ExtendedKeyUsageOID.CLIENT_AUTH],
    Usage.BOTH: [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH],
}


@dataclass(frozen=True)
class Identity:
    """A certificate, its key and the certificates between it and the root."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def certificate_pem(self) -> bytes:
        """The certificate and its chain, leaf first."""
        return b"".join(pem(one) for one in (self.certificate, *self.chain))

    def key_pem(self, password: str = "") -> bytes:
        """The key in PKCS #8, encrypted where a password is given."""
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            encryption = serialization.BestAvailableEncryption(password.encode())
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )

    def write(self, directory: Path, stem: str, password: str = "") -> tuple[Path, Path]:
        """Write `stem.pem` and `stem.key`; return both paths. Only the owner reads the key."""
        certificate, key = directory / f"{stem}.pem", directory / f"{stem}.key"
        certificate.write_bytes(self.certificate_pem)
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(self.key_pem(password))
        return certificate, key


class Authority:
    """A root, or an intermediate under one, that signs certificates for proxies and phones."""

    def __init__(
        self,
        name: str = "Lab root",
        parent: Authority | None = None,
        key_kind: KeyKind = KeyKind.EC,
        *,
        ends_days: float = AUTHORITY_DAYS,
        path_length: int | None = None,
        constraints: x509.NameConstraints | None = None,
    ) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._parent = parent
        self._key = make_key(key_kind)
        self.certificate = self._own_certificate(ends_days, path_length, constraints)

    @property
    def certificate_pem(self) -> bytes:
        """What a phone trusts: the root's own certificate, or an intermediate's."""
        return pem(self.certificate)

    def intermediate(
        self,
        name: str = "Lab intermediate",
        *,
        key_kind: KeyKind = KeyKind.EC,
        ends_days: float = AUTHORITY_DAYS,
        path_length: int | None = None,
        constraints: x509.NameConstraints | None = None,
    ) -> Authority:
        """Make an authority under this one; it puts itself into the chain of what it signs."""
        return Authority(
            name,
            self,
            key_kind,
            ends_days=ends_days,
            path_length=path_length,
            constraints=constraints,
        )

    @classmethod
    def pretend(cls, identity: Identity) -> Authority:
        """Let a certificate that is no authority sign others."""
        forger = cls.__new__(cls)
        forger.name, forger._parent, forger._key = (
            identity.certificate.subject, None, identity.key
        )  # fmt: skip
        forger.certificate = identity.certificate
        return forger

    def issue(
        self,
        *names: str,
        starts_days: float = -1,
        ends_days: float = 365,
        key_kind: KeyKind = KeyKind.EC,
        usage: Usage = Usage.SERVER,
        broken: str = "",
        common_name: str = "",
        uris: tuple[str, ...] = (),
    ) -> Identity:
        """Sign a certificate for DNS names and IP literals; dates are in days from now.

        Without `names` and `uris` there is no subject alternative name, only the common name.
        A `broken` signature ("sha1", "md5") needs an authority with an RSA key.
        """
        key = make_key(key_kind)
        subject = common_name or (names[0] if names else "nobody")
        builder = (
            self._builder(subject, starts_days, ends_days)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False
            )
        )
        if names or uris:
            builder = builder.add_extension(alternative_names(names, uris), critical=False)
        if usage in USAGES:
            builder = builder.add_extension(x509.ExtendedKeyUsage(USAGES[usage]), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        if broken:
            certificate = self._sign_badly(certificate, *RSA_BROKEN[broken])
        return Identity(certificate, key, self._chain())

    def sign_request(self, request: x509.CertificateSigningRequest) -> x509.Certificate:
        """Sign what a phone asks for, with the extensions that it asks for."""
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(
            self.name, request.subject, request.public_key(), x509.random_serial_number(),
            now - timedelta(days=1), now + timedelta(days=365),
        )  # fmt: skip
        for extension in request.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        return builder.sign(self._key, hashes.SHA256())

    def revoke(
        self,
        *identities: Identity,
        starts_days: float = -60,
        ends_days: float = 30,
        extensions: tuple[x509.ExtensionType, ...] = (),
    ) -> bytes:
        """Return a revocation list (PEM) naming these certificates; it may have expired itself."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(now + timedelta(days=starts_days))
            .next_update(now + timedelta(days=ends_days))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        for identity in identities:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(identity.certificate.serial_number)
                .revocation_date(now - timedelta(days=1))
                .build()
            )
        signed = builder.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    def _sign_badly(
        self, certificate: x509.Certificate, oid: bytes, digest: hashes.HashAlgorithm
    ) -> x509.Certificate:
        """Sign again with a broken algorithm, which the library itself declines to do."""
        assert isinstance(self._key, rsa.RSAPrivateKey)
        body = certificate.tbs_certificate_bytes.replace(RSA_SHA256, oid)
        signature = self._key.sign(body, padding.PKCS1v15(), digest)
        whole = certificate.public_bytes(serialization.Encoding.DER)
        whole = whole.replace(RSA_SHA256, oid).replace(certificate.signature, signature)
        return x509.load_der_x509_certificate(whole)

    def _chain(self) -> tuple[x509.Certificate, ...]:
        if self._parent is None:
            return ()
        return (self.certificate, *self._parent._chain())

    def _builder(
        self, subject: str, starts_days: float, ends_days: float
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(self.name)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=starts_days))
            .not_valid_after(now + timedelta(days=ends_days))
        )

    def _own_certificate(
        self, ends_days: float, path_length: int | None, constraints: x509.NameConstraints | None
    ) -> x509.Certificate:
        issuer = self._parent or self
        subject = self.name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        assert isinstance(subject, str)
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True,
            content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            issuer._builder(subject, -AUTHORITY_DAYS, ends_days)
            .public_key(self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False)
        )
        if constraints is not None:
            builder = builder.add_extension(constraints, critical=True)
        return builder.sign(issuer._key, hashes.SHA256())


def pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def make_key(kind: KeyKind) -> Key:
    """Make a private key; RSA takes a moment."""
    if kind is KeyKind.EC:
        return ec.generate_private_key(ec.SECP256R1())
    size = 1024 if kind is KeyKind.WEAK_RSA else 2048
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


def alternative_names(
    names: tuple[str, ...], uris: tuple[str, ...] = ()
) -> x509.SubjectAlternativeName:
    """Build the extension: IP literals as addresses, the rest as DNS names, and URIs."""
    general: list[x509.GeneralName] = [_general_name(name) for name in names]
    return x509.SubjectAlternativeName(
        general + [x509.UniformResourceIdentifier(uri) for uri in uris]
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
