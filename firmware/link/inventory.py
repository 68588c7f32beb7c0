"""What the phone warns of while everything still works (I4): ends that come near, old lists.

Pure: the certificates and the time are values. `now` is None while the clock is not set; then only
what has no time in it is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from config.validity import (
    UNREADABLE,
    authority_name,
    bounded,
    common_name,
    end_warning,
    in_short,
    list_warning,
)
from firmware.frozen import frozen
from firmware.link.events import ServerName
from firmware.link.identity import RevocationList, is_signed_by

Certificates = tuple[x509.Certificate, ...]


@frozen
class Inventory:
    """Every certificate that the link depends on."""

    own: Certificates = ()  # The phone's, then its chain.
    trusted: Certificates = ()
    proxies: tuple[tuple[ServerName, Certificates], ...] = ()  # As each showed itself last.
    crls: tuple[RevocationList, ...] = ()


def warnings(inventory: Inventory, now: datetime | None) -> tuple[str, ...]:
    """Return what a person should know, as sentences, the phone's own things first."""
    return bounded(_all(inventory, now))


def certificate_rows(inventory: Inventory, now: datetime | None) -> tuple[tuple[str, str], ...]:
    """Return what a page says of the phone's own certificate and of each proxy's."""
    leaves = [("This phone", inventory.own), *(("Proxy", chain) for _, chain in inventory.proxies)]
    rows: list[tuple[str, str]] = []
    for whose, chain in leaves:
        try:
            rows += _leaf_rows(whose, chain[0], now) if chain else []
        except UNREADABLE:
            rows.append((whose, "a certificate in it is damaged"))
    return tuple(rows)


def _leaf_rows(whose: str, leaf: x509.Certificate, now: datetime | None) -> list[tuple[str, str]]:
    ends = leaf.not_valid_after_utc
    days = (ends - now).days if now is not None else 0
    return [
        (whose, common_name(leaf.subject)),
        ("Issuer", common_name(leaf.issuer)),
        ("Until", f"{ends:%Y-%m-%d}"),
        *([("", f"{days} days left")] if days > 0 else []),
        ("SHA-256", leaf.fingerprint(hashes.SHA256()).hex()),
    ]


def _all(inventory: Inventory, now: datetime | None) -> Iterator[str]:
    if now is not None:
        yield from _ends(inventory.own, "this phone's certificate", now)
        for name, chain in inventory.proxies:
            yield from _ends(chain, f"certificate of {in_short(name.text)}", now)
        yield from _ends(inventory.trusted, "", now)
        for crl in inventory.crls:
            yield list_warning(crl.crl, now)
    for crl in inventory.crls:
        yield _cover(crl, inventory)


def _ends(certificates: Certificates, first: str, now: datetime) -> Iterator[str]:
    """Yield the warnings of a chain; `first` is what its leaf is called, the others by name."""
    for number, certificate in enumerate(certificates):
        try:
            whose = first if first and not number else authority_name(certificate)
            yield end_warning(certificate, whose, now)
        except UNREADABLE:  # A trusted file may hold what nobody has used yet.
            yield "a trusted certificate cannot be read"


def _cover(crl: RevocationList, inventory: Inventory) -> str:
    """Say that a list has no effect, once a proxy has shown which authorities there are."""
    shown = tuple(certificate for _, chain in inventory.proxies for certificate in chain)
    if not shown:
        return ""
    name = common_name(crl.crl.issuer) or "an authority"
    signed = [_signs(one, crl) for one in (*inventory.trusted, *shown) if _is_issuer(one, crl)]
    if not signed:
        return f"revocation list of {name} covers no proxy"
    return "" if any(signed) else f"revocation list of {name} is not signed by it"


def _is_issuer(certificate: x509.Certificate, crl: RevocationList) -> bool:
    try:
        return certificate.subject == crl.crl.issuer
    except UNREADABLE:
        return False


def _signs(certificate: x509.Certificate, crl: RevocationList) -> bool:
    try:
        return is_signed_by(crl.crl, certificate)
    except UNREADABLE:
        return False
