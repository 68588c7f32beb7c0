"""Who the proxy is, by RFC 5922: every certificate differs from a good one in exactly one respect.

Refused ones say why in words that a person reads on the screen (I1, I2, I3).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from firmware.link.events import Failure, FailureKind, ServerName
from firmware.link.identity import (
    CLOCK_FLOOR,
    RevocationList,
    certificate_end,
    verify,
)
from tests.lab import authority as lab_authority
from tests.lab.authority import Authority, Identity, KeyKind, Usage

DAY_S = 86400.0
NAME = "proxy1.example.com"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def rsa_authority() -> Authority:
    return Authority(key_kind=KeyKind.RSA)


def chain(identity: Identity, authority: Authority) -> list[bytes]:
    certificates = [identity.certificate, *identity.chain]
    if certificates[-1] != authority.certificate:
        certificates.append(authority.certificate)
    return [certificate.public_bytes(Encoding.DER) for certificate in certificates]


def judge(
    identity: Identity,
    authority: Authority,
    *crls: bytes,
    name: str = NAME,
    now: float | None = None,
    allow_wildcard: bool = False,
) -> Failure | None:
    return verify(
        chain(identity, authority),
        ServerName(name),
        time.time() if now is None else now,
        [RevocationList(x509.load_pem_x509_crl(crl)) for crl in crls],
        allow_wildcard=allow_wildcard,
    )


def refused(text: str) -> Failure:
    return Failure(FailureKind.CERTIFICATE, text)


@pytest.mark.parametrize(
    ("names", "uris", "wanted"),
    [
        ((NAME,), (), NAME),
        ((NAME,), (), NAME.upper()),
        ((NAME,), (), NAME + "."),
        (("other.example.com", NAME), (), NAME),
        ((), (f"sip:{NAME}",), NAME),
        ((), (f"SIP:{NAME.upper()}",), NAME),
        ((), (f"sip:{NAME}:5061;transport=tls",), NAME),
        ((), (f"sips:{NAME}", f"sip:{NAME}"), NAME),
        ((NAME,), ("https://other.example.com",), NAME),
        (("192.0.2.7",), (), "192.0.2.7"),
        (("2001:db8::7",), (), "2001:db8:0:0:0:0:0:7"),
    ],
)
def test_a_name_that_fits_is_accepted(
    authority: Authority, names: tuple[str, ...], uris: tuple[str, ...], wanted: str
) -> None:
    assert judge(authority.issue(*names, uris=uris), authority, name=wanted) is None


@pytest.mark.parametrize(
    ("names", "uris", "wanted", "words"),
    [
        (("other.example.com",), (), NAME, "other.example.com"),
        (("example.com",), (), NAME, "example.com"),
        (("a.example", "b.example", "c.example"), (), NAME, "a.example, more"),
        ((NAME,), ("sip:other.example",), NAME, "sip:other.example"),
        ((NAME,), ("sip:bob@" + NAME,), NAME, "sip:bob@pr…ample.com"),
        (("192.0.2.8",), (), "192.0.2.7", "192.0.2.8"),
        ((NAME,), (), "192.0.2.7", NAME),
        ((), ("sip:192.0.2.7",), "192.0.2.7", "sip:192.0.2.7"),
        (("*.example.org",), (), NAME, "*.example.org"),
    ],
)
def test_a_name_that_does_not_fit_is_refused(
    authority: Authority, names: tuple[str, ...], uris: tuple[str, ...], wanted: str, words: str
) -> None:
    identity = authority.issue(*names, uris=uris, common_name=NAME)
    expected = refused(f"certificate of {wanted} is for {words}")
    assert judge(identity, authority, name=wanted) == expected


def test_a_common_name_alone_and_a_wildcard_are_no_name(authority: Authority) -> None:
    expected = refused(f"certificate of {NAME} names no host (no SAN)")
    assert judge(authority.issue(common_name=NAME), authority) == expected
    expected = refused(f"certificate of {NAME} has only a wildcard name")
    assert judge(authority.issue("*.example.com"), authority) == expected


@pytest.mark.parametrize(
    ("pattern", "wanted", "accepted"),
    [
        ("*.example.com", NAME, True),
        ("*.EXAMPLE.com", NAME, True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("*.com", "example.com", False),
        ("proxy*.example.com", NAME, False),
    ],
)
def test_an_allowed_wildcard_stands_for_one_label_below_a_domain(
    authority: Authority, pattern: str, wanted: str, accepted: bool
) -> None:
    identity = authority.issue(pattern)
    failure = judge(identity, authority, name=wanted, allow_wildcard=True)
    assert (failure is None) is accepted


def test_an_address_in_a_dns_name_is_no_address(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab_authority, "_general_name", x509.DNSName)
    identity = authority.issue("192.0.2.7")
    expected = refused("certificate of 192.0.2.7 lists it as a name only")
    assert judge(identity, authority, name="192.0.2.7") == expected


@pytest.mark.parametrize(
    ("starts", "ends", "words"),
    [
        (-60, -3.5, "expired 3 days ago"),
        (-60, -1.5, "expired 1 day ago"),
        (-60, -0.3, "expired 7 hours ago"),
        (-60, -0.06, "expired 1 hour ago"),
        (-60, -0.01, "expired minutes ago"),
        (2.5, 60, "begins in 2 days"),
        (0.01, 60, "begins in minutes"),
    ],
)
def test_a_certificate_is_refused_outside_its_days(
    authority: Authority, starts: float, ends: float, words: str
) -> None:
    identity = authority.issue(NAME, starts_days=starts, ends_days=ends)
    assert judge(identity, authority) == refused(f"certificate of {NAME} {words}")


def test_a_clock_that_was_never_set_is_blamed_instead_of_the_certificate(
    authority: Authority,
) -> None:
    identity = authority.issue(NAME)
    before = datetime(1970, 1, 1, 3, tzinfo=UTC).timestamp()
    assert judge(identity, authority, now=before) == Failure(
        FailureKind.CLOCK, "clock not set (1970-01-01)"
    )


def test_a_clock_that_was_never_set_vouches_for_no_certificate(authority: Authority) -> None:
    """I3: one that began before the floor might have ended long ago."""
    identity = authority.issue(NAME, starts_days=-3000)
    now = CLOCK_FLOOR.timestamp() - DAY_S
    assert judge(identity, authority, now=now) == Failure(
        FailureKind.CLOCK, "clock not set (2025-12-31)"
    )


def test_a_clock_that_is_wrong_by_years_is_doubted(authority: Authority) -> None:
    now = time.time() + 24.5 * 365 * DAY_S
    year = datetime.fromtimestamp(now, UTC).year
    expected = refused(f"is it {year}? certificate of {NAME} expired 23 years ago")
    assert judge(authority.issue(NAME), authority, now=now) == expected


def test_a_clock_after_the_floor_is_believed(authority: Authority) -> None:
    identity = authority.issue(NAME, starts_days=10_000, ends_days=10_001)
    failure = judge(identity, authority, now=CLOCK_FLOOR.timestamp())
    assert failure is not None
    assert failure.kind is FailureKind.CERTIFICATE


def test_an_authority_that_expired_is_refused() -> None:
    old = Authority()
    later = time.time() + 11 * 365 * DAY_S
    identity = old.issue(NAME, ends_days=20 * 365)
    failure = judge(identity, old, now=later)
    assert failure is not None
    assert failure.text.startswith("certificate of authority Lab root expired ")


def test_a_short_rsa_key_is_refused(authority: Authority) -> None:
    weak = authority.issue(NAME, key_kind=KeyKind.WEAK_RSA)
    assert judge(weak, authority) == refused(f"certificate of {NAME} has a weak key: RSA 1024")
    assert judge(authority.issue(NAME, key_kind=KeyKind.RSA), authority) is None


def test_a_short_rsa_key_of_an_authority_is_refused() -> None:
    weak = Authority(key_kind=KeyKind.WEAK_RSA)
    assert judge(weak.issue(NAME), weak) == refused(
        "certificate of authority Lab root has a weak key: RSA 1024"
    )


def test_a_signature_with_sha1_is_refused(rsa_authority: Authority) -> None:
    identity = rsa_authority.issue(NAME, broken="sha1")
    assert judge(identity, rsa_authority) == refused(f"certificate of {NAME} has a SHA1 signature")


@pytest.mark.parametrize("usage", Usage)
def test_a_certificate_that_says_what_it_is_for_must_be_for_servers(
    authority: Authority, usage: Usage
) -> None:
    failure = judge(authority.issue(NAME, usage=usage), authority)
    wrong = refused(f"certificate of {NAME} is not for servers")
    assert failure == (wrong if usage is Usage.CLIENT else None)


def test_a_revoked_certificate_is_refused_and_its_neighbour_is_not(authority: Authority) -> None:
    bad, good = authority.issue(NAME), authority.issue(NAME)
    crl = authority.revoke(bad)
    assert judge(bad, authority, crl) == refused(f"certificate of {NAME} is revoked")
    assert judge(good, authority, crl) is None


def test_an_expired_revocation_list_still_refuses_what_it_lists(authority: Authority) -> None:
    bad, good = authority.issue(NAME), authority.issue(NAME)
    crl = authority.revoke(bad, ends_days=-10)
    assert judge(bad, authority, crl) == refused(f"certificate of {NAME} is revoked")
    assert judge(good, authority, crl) is None


def test_a_revoked_intermediate_is_refused(authority: Authority) -> None:
    middle = authority.intermediate()
    identity = middle.issue(NAME)
    assert judge(identity, authority) is None
    crl = authority.revoke(Identity(middle.certificate, identity.key))
    assert judge(identity, authority, crl) == refused(
        "certificate of authority Lab intermediate is revoked"
    )


def test_a_revocation_list_speaks_for_its_own_issuer_only(authority: Authority) -> None:
    """A list that only bears the issuer's name, signed with another key, revokes nothing."""
    identity = authority.issue(NAME)
    impostor, stranger = Authority(), Authority("Somebody else")
    assert judge(identity, authority, impostor.revoke(identity)) is None
    assert judge(identity, authority, stranger.revoke(identity)) is None


def test_a_revocation_list_is_heard_whatever_the_authority_signs_with() -> None:
    key, name = ed25519.Ed25519PrivateKey.generate(), x509.Name([])
    now = datetime.now(UTC)
    issuer, leaf = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .serial_number(number)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .public_key(key.public_key())
        .sign(key, None)
        for number in (1, 2)
    )
    revoked = x509.RevokedCertificateBuilder().serial_number(2).revocation_date(now).build()
    builder = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(now)
    builder = builder.next_update(now + timedelta(days=1)).add_revoked_certificate(revoked)
    crl = RevocationList(builder.sign(key, None))
    assert crl.covers(leaf, issuer)
    assert crl.revokes(leaf)


def test_a_leaf_alone_is_checked_as_before_a_resumption(authority: Authority) -> None:
    """I5: of a kept session there is only the leaf; its issuer's key is not at hand."""
    identity = authority.issue(NAME)
    leaf = [identity.certificate.public_bytes(Encoding.DER)]
    crl = RevocationList(x509.load_pem_x509_crl(authority.revoke(identity)))
    now = time.time()
    assert verify(leaf, ServerName(NAME), now) is None
    assert verify(leaf, ServerName(NAME), now, [crl]) == refused(
        f"certificate of {NAME} is revoked"
    )
    assert verify(leaf, ServerName(NAME), now + 366 * DAY_S) is not None


def test_bytes_that_are_no_certificate_are_refused_in_words() -> None:
    failure = verify([b"nonsense"], ServerName(NAME), time.time())
    assert failure is not None
    assert failure.kind is FailureKind.CERTIFICATE
    assert failure.text.startswith(f"certificate of {NAME} cannot be read")


def test_a_certificate_signed_in_an_unknown_way_is_refused_in_words(authority: Authority) -> None:
    leaf, root = chain(authority.issue(NAME), authority)
    ecdsa_sha256, unknown = bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040309")
    odd = leaf.replace(ecdsa_sha256, unknown)
    failure = verify([odd, root], ServerName(NAME), time.time())
    assert failure is not None
    assert failure.kind is FailureKind.CERTIFICATE
    assert failure.text.startswith(f"certificate of {NAME} cannot be read")


def test_the_end_of_a_certificate_is_told_in_unix_time(authority: Authority) -> None:
    identity = authority.issue(NAME, ends_days=10)
    end = certificate_end(identity.certificate.public_bytes(Encoding.DER))
    assert abs(end - time.time() - 10 * DAY_S) < 60
    assert certificate_end(b"") == 0.0
