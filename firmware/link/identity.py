"""Is the proxy who it should be? The rules I1 and I2 that OpenSSL leaves to us (RFC 5922).

OpenSSL builds the chain to a configured CA and checks signatures, CA flags, path lengths, name
constraints and purposes. It is told to leave the time alone, so that an expired certificate can be
named with its days. This module checks the verified chain: validity, the name (RFC 5922 7.1), key
sizes, signature algorithms, extended key usage and revocation. It is pure: the time is a value.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from config.validity import UNREADABLE, authority_name, in_days, in_short
from firmware.frozen import frozen
from firmware.link.events import Failure, FailureKind, ServerName

RSA_BITS_MIN = 2048
EC_BITS_MIN = 224

SIGNING_KEYS = (
    rsa.RSAPublicKey | ec.EllipticCurvePublicKey | dsa.DSAPublicKey
    | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
)  # fmt: skip
"""What an authority may sign its revocation list with."""

CLOCK_FLOOR = datetime(2026, 1, 1, tzinfo=UTC)
"""This software did not exist before: a clock that says so was never set (I3)."""

CLOCK_DOUBT = timedelta(days=730)
"""A certificate that is wrong by more is less likely than a clock that is."""

SEVERAL_NAME_MAX = 14
"""Characters of the first of several names: a line holds it and that there are more."""


@frozen
class RevocationList:
    """A CRL file's list; `expired` ones still refuse what they list."""

    crl: x509.CertificateRevocationList

    def covers(self, certificate: x509.Certificate, issuer: x509.Certificate | None) -> bool:
        """Tell whether this list is the issuer's own and says something of the certificate."""
        if self.crl.issuer != certificate.issuer:
            return False
        return issuer is None or is_signed_by(self.crl, issuer)

    def revokes(self, certificate: x509.Certificate) -> bool:
        """Tell whether the certificate is on the list."""
        found = self.crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        return found is not None


def is_signed_by(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Tell whether a list that bears the issuer's name is the issuer's."""
    key = issuer.public_key()
    return isinstance(key, SIGNING_KEYS) and crl.is_signature_valid(key)


def verify(
    chain: Sequence[bytes],
    name: ServerName,
    unix_now: float,
    crls: Sequence[RevocationList] = (),
    *,
    allow_wildcard: bool = False,
    any_time: bool = False,
    any_name: bool = False,
) -> Failure | None:
    """Check a chain (DER, leaf first) that OpenSSL has verified; None when all is well.

    `any_time` and `any_name` are for a server of files whose administrator wants no more.
    """
    now = datetime.fromtimestamp(unix_now, UTC)
    if now < CLOCK_FLOOR and not any_time:  # I3: nothing can be said of a certificate's days.
        return Failure(FailureKind.CLOCK, f"clock not set ({now:%Y-%m-%d})")
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in chain]
        failure = _verify_chain(certificates, name, None if any_time else now, crls)
        if failure or any_name:
            return failure
        return _check_name(certificates[0], name, allow_wildcard=allow_wildcard)
    except UNREADABLE:
        return _refused(f"{_whose(name)} cannot be read")


def _verify_chain(
    certificates: Sequence[x509.Certificate],
    name: ServerName,
    now: datetime | None,
    crls: Sequence[RevocationList],
) -> Failure | None:
    for number, certificate in enumerate(certificates):
        whose = _whose(name) if number == 0 else authority_name(certificate)
        issuer = certificates[number + 1] if number + 1 < len(certificates) else None
        failure = (
            (_check_time(certificate, whose, now) if now else None)
            or _check_strength(certificate, whose, root=number > 0 and issuer is None)
            or _check_revocation(certificate, issuer, whose, crls)
        )
        if failure:
            return failure
    return _check_purpose(certificates[0], name)


def _whose(name: ServerName) -> str:
    return f"certificate of {in_short(name.text)}"


def _refused(text: str) -> Failure:
    return Failure(FailureKind.CERTIFICATE, text)


def _check_time(certificate: x509.Certificate, whose: str, now: datetime) -> Failure | None:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        text = f"{whose} begins in {in_days(begins - now)}"
    elif now > ends:
        text = f"{whose} expired {in_days(now - ends)} ago"
    else:
        return None
    doubtful = max(begins - now, now - ends) > CLOCK_DOUBT
    return _refused(f"is it {now:%Y}? {text}" if doubtful else text)  # I3.


def _check_strength(certificate: x509.Certificate, whose: str, *, root: bool) -> Failure | None:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < RSA_BITS_MIN:
        return _refused(f"{whose} has a weak key: RSA {key.key_size}")
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < EC_BITS_MIN:
        return _refused(f"{whose} has a weak key: EC {key.key_size}")
    algorithm = certificate.signature_hash_algorithm
    # Nobody trusts a root for its own signature: it is trusted because it is configured.
    if not root and isinstance(algorithm, hashes.SHA1 | hashes.MD5):
        return _refused(f"{whose} has a {algorithm.name.upper()} signature")
    return None


def _check_revocation(
    certificate: x509.Certificate,
    issuer: x509.Certificate | None,
    whose: str,
    crls: Sequence[RevocationList],
) -> Failure | None:
    for crl in crls:
        if crl.covers(certificate, issuer) and crl.revokes(certificate):
            return _refused(f"{whose} is revoked")
    return None


def _check_purpose(leaf: x509.Certificate, name: ServerName) -> Failure | None:
    try:
        usage = leaf.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE)
    except x509.ExtensionNotFound:
        return None
    assert isinstance(usage.value, x509.ExtendedKeyUsage)
    wanted = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if wanted & set(usage.value):
        return None
    return _refused(f"{_whose(name)} is not for servers")


def _check_name(
    leaf: x509.Certificate, name: ServerName, *, allow_wildcard: bool
) -> Failure | None:
    names = _alternative_names(leaf)
    if names is None:
        return _refused(f"{_whose(name)} names no host (no SAN)")  # I1: a CN is not accepted.
    try:
        address = ipaddress.ip_address(name.text)
    except ValueError:
        return _check_host(names, name, allow_wildcard=allow_wildcard)
    if address in names.get_values_for_type(x509.IPAddress):
        return None
    if name.text in names.get_values_for_type(x509.DNSName):
        return _refused(f"{_whose(name)} lists it as a name only")
    return _refused(f"{_whose(name)} is for {_names_in_words(list(map(str, _values(names))))}")


def _check_host(
    names: x509.SubjectAlternativeName, name: ServerName, *, allow_wildcard: bool
) -> Failure | None:
    """RFC 5922 7.1: SIP URIs, where there are any, exclude the DNS names."""
    wanted = name.text.rstrip(".").lower()
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if domains := {uri: domain for uri in uris if (domain := _sip_domain(uri)) is not None}:
        wrong = _refused(f"{_whose(name)} is for {_names_in_words(list(domains))}")
        return None if wanted in domains.values() else wrong
    patterns = [entry.rstrip(".").lower() for entry in names.get_values_for_type(x509.DNSName)]
    if wanted in patterns:
        return None
    suffix = wanted.partition(".")[2]
    if "." in suffix and f"*.{suffix}" in patterns:
        return None if allow_wildcard else _refused(f"{_whose(name)} has only a wildcard name")
    return _refused(f"{_whose(name)} is for {_names_in_words(list(map(str, _values(names))))}")


def _alternative_names(leaf: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        found = leaf.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return None
    assert isinstance(found.value, x509.SubjectAlternativeName)
    return found.value


def _values(names: x509.SubjectAlternativeName) -> list[object]:
    return [entry.value for entry in names]


def _sip_domain(uri: str) -> str | None:
    """Return the domain of a `sip:domain` URI; one with a user names a person, not a domain."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "sip":
        return None
    return "" if "@" in rest else rest.partition(";")[0].partition(":")[0].rstrip(".").lower()


def _names_in_words(values: Sequence[str]) -> str:
    """Say what a certificate is for; one that holds a hundred names is said in a line too."""
    if not values:
        return "no host"
    if len(values) == 1:
        return in_short(values[0])
    return f"{in_short(values[0], SEVERAL_NAME_MAX)}, more"


def certificate_end(leaf: bytes) -> float:
    """Return the Unix time at which a DER certificate ends; 0 where there is none."""
    if not leaf:
        return 0.0
    return x509.load_der_x509_certificate(leaf).not_valid_after_utc.timestamp()
