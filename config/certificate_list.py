"""The certificates that a configuration names, in words: whose, from whom, how long, and warnings.

For `python -m config certificate show`, and for every other place that lists them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from config.certificates import Reader, revocation_lists
from config.checks import CERTIFICATE, CERTIFICATE_FILE_MAX, FILES, KEY, PASSWORD, REVOKED
from config.configuration import Configuration
from config.files import read_bounded, reason
from config.validity import UNREADABLE, authority_name, end_warning, in_days, list_warning

TEXT_MAX = 200
"""Characters of a name: somebody else wrote it."""

NAMES_SHOWN_MAX = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """A certificate, key or list: the parameter and file it is from, and facts by label."""

    parameter: str
    file: str
    facts: tuple[tuple[str, str], ...] = ()
    warning: str = ""
    wrong: str = ""  # Why nothing can be said of it.
    ends: datetime | None = None


def listed(configuration: Configuration, directory: Path, now: datetime) -> list[Entry]:
    """Return every certificate, key and list in the order of the parameters."""
    reader = Reader(password=str(configuration.value(PASSWORD)))
    entries: list[Entry] = []
    for parameter in FILES:
        if file := str(configuration.value(parameter)):
            path = configuration.file(parameter, directory)
            assert path is not None
            try:
                data = read_bounded(path, CERTIFICATE_FILE_MAX)
                entries += _entries(reader, parameter, file, data, now)
            except OSError as error:
                entries.append(Entry(parameter, file, wrong=reason(error)))
            except ValueError as error:
                entries.append(Entry(parameter, file, wrong=str(error)))
    return entries


def _entries(
    reader: Reader, parameter: str, file: str, data: bytes, now: datetime
) -> Iterator[Entry]:
    if parameter == KEY:
        reader.key(data)
        fits = "belongs to the certificate" if reader.match else ""
        wrong = "it does not belong to the certificate" if reader.mismatch else ""
        encrypted = "yes" if b"ENCRYPTED" in data else "no"
        yield Entry(parameter, file, _filled(fits=fits, encrypted=encrypted), wrong=wrong)
    elif parameter == REVOKED:
        for crl in revocation_lists(data):
            yield Entry(parameter, file, _list_facts(crl), list_warning(crl, now))
    else:
        if parameter == CERTIFICATE:
            reader.own(data)
        for number, one in enumerate(reader.certificates(data)):
            own = parameter == CERTIFICATE and not number
            yield _certificate(Entry(parameter, file), one, now, own=own)


def _certificate(entry: Entry, one: x509.Certificate, now: datetime, *, own: bool) -> Entry:
    try:
        whose = "this phone's certificate" if own else authority_name(one)
        return replace(
            entry,
            facts=certificate_facts(one, now),
            warning=end_warning(one, whose, now),
            ends=one.not_valid_after_utc,
        )
    except UNREADABLE:
        return replace(entry, wrong="a certificate in it is damaged")


def certificate_facts(certificate: x509.Certificate, now: datetime) -> tuple[tuple[str, str], ...]:
    """Return what a person wants to know of a certificate, by label."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return _filled(
        subject=printable(certificate.subject.rfc4514_string()),
        issuer=printable(certificate.issuer.rfc4514_string()),
        names=_names(certificate),
        valid=f"{begins:%Y-%m-%d} to {ends:%Y-%m-%d}",
        left=in_days(ends - now) if ends > now else "",
        key=_key_words(certificate),
        sha256=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
    )


def _list_facts(crl: x509.CertificateRevocationList) -> tuple[tuple[str, str], ...]:
    ends = crl.next_update_utc
    return _filled(
        issuer=printable(crl.issuer.rfc4514_string()),
        valid=f"{crl.last_update_utc:%Y-%m-%d}" + (f" to {ends:%Y-%m-%d}" if ends else ""),
        revoked=str(len(crl)),
    )


def _filled(**facts: str) -> tuple[tuple[str, str], ...]:
    return tuple((label, text) for label, text in facts.items() if text)


def _names(certificate: x509.Certificate) -> str:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ""
    values = [printable(str(entry.value)) for entry in found.value]
    more = len(values) - NAMES_SHOWN_MAX
    return ", ".join(values[:NAMES_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")


def _key_words(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey):
        return f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'DSA'} {key.key_size}"
    return type(key).__name__.removesuffix("PublicKey")


def printable(text: str) -> str:
    """Return a text that a certificate holds, safe for a terminal and of bounded length."""
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return clean if len(clean) <= TEXT_MAX else clean[: TEXT_MAX - 1] + "…"
