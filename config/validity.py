"""What a person reads of certificates: names that fit a line, spans of time, and warnings (I4).

Pure: the time is a value. The phone's watch and `python -m config certificate show` say the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

WARN_BEFORE_END = timedelta(days=30)
"""I4."""

NAME_LENGTH_MAX = 20
"""Characters: a line of the display holds as many."""

NAME_HEAD = 11
"""Characters of a longer name that are kept at its beginning, where hosts differ."""

WARNINGS_MAX = 10
"""A bundle of all public authorities may hold many that end; what is more is counted."""

YEARS_FROM = 730
"""Days from which a span is said in years."""

UNREADABLE = (
    ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
    x509.InvalidVersion, TypeError,
)  # fmt: skip
"""What `cryptography` raises for a certificate that OpenSSL may yet have verified.

TypeError is among it: a name with an attribute of an odd string type."""


def in_short(name: str, length_max: int = NAME_LENGTH_MAX) -> str:
    """Return a name as it fits a line: printable, and a long one without its middle."""
    clean = "".join(c if c.isprintable() else "?" for c in name)
    if len(clean) <= length_max:
        return clean
    head = min(NAME_HEAD, length_max // 2)
    return f"{clean[:head]}…{clean[len(clean) - (length_max - head - 1) :]}"


def in_days(span: timedelta) -> str:
    """Say a span of time in words."""
    if span.days >= YEARS_FROM:
        return f"{span.days // 365} years"
    if span.days >= 1:
        return "1 day" if span.days == 1 else f"{span.days} days"
    hours = span.seconds // 3600
    if hours >= 1:
        return "1 hour" if hours == 1 else f"{hours} hours"
    return "minutes"


def common_name(name: x509.Name) -> str:
    """Return what a person calls a subject or issuer, in short; "" for one without a name."""
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in name.get_attributes_for_oid(oid):
            return in_short(str(attribute.value))
    return ""


def authority_name(certificate: x509.Certificate) -> str:
    """Return how sentences call the certificate of an authority."""
    name = common_name(certificate.subject)
    return f"certificate of authority {name}" if name else "certificate of an authority"


def end_warning(certificate: x509.Certificate, whose: str, now: datetime) -> str:
    """Return the warning that a certificate ends soon, has ended or has not begun, or ""."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        return f"{whose} begins in {in_days(begins - now)}"
    if now > ends:
        return f"{whose} expired {in_days(now - ends)} ago"
    return f"{whose} ends in {in_days(ends - now)}" if ends - now <= WARN_BEFORE_END else ""


def list_warning(crl: x509.CertificateRevocationList, now: datetime) -> str:
    """Return the warning that a revocation list is old or not valid yet, or ""."""
    whose = f"revocation list of {common_name(crl.issuer) or 'an authority'}"
    if now < crl.last_update_utc:
        return f"{whose} begins in {in_days(crl.last_update_utc - now)}"
    ends = crl.next_update_utc
    return f"{whose} expired {in_days(now - ends)} ago" if ends is not None and now > ends else ""


def bounded(sentences: Iterable[str]) -> tuple[str, ...]:
    """Return each sentence once, and of very many the first and how many more there are."""
    every = tuple(dict.fromkeys(sentence for sentence in sentences if sentence))
    more = len(every) - WARNINGS_MAX
    return every if more <= 0 else (*every[:WARNINGS_MAX], f"and {more} more warnings")
