"""Encrypted calls with linphone through Kamailio: both ways, held by either, with another codec."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.accounts import DOMAIN
from tests.interop.conftest import HOST, Trust
from tests.interop.kamailio import Kamailio
from tests.interop.linphone import PROXY_NAME, Linphone
from tests.interop.phone import Event, Phone

START_S = 20.0
REPORTED_S = 25.0
"""Each end has reported to the other by then (RFC 3550 6.2)."""


@pytest.fixture
def kamailio(tmp_path: Path, trust: Trust) -> Iterator[Kamailio]:
    identity = trust.authority.issue(HOST, PROXY_NAME)
    with Kamailio(tmp_path / "kamailio", identity, host=HOST) as proxy:
        yield proxy


@pytest.fixture
def phone(tmp_path: Path, trust: Trust, kamailio: Kamailio) -> Iterator[Phone]:
    proxy = (kamailio.host, kamailio.port)
    only = {"sip srtp mode": "2"}
    with Phone(tmp_path / "phone", proxy, trust.file, ("alice",), more=only) as phone:
        phone.wait_registered()
        yield phone


@pytest.fixture
def linphone(tmp_path: Path, trust: Trust, kamailio: Kamailio) -> Iterator[Linphone]:
    at = time.time()
    with Linphone(tmp_path / "linphone", trust.file, kamailio.port) as peer:
        kamailio.wait_registered([peer.user], at, START_S)
        yield peer


def called(phone: Phone, peer: Linphone) -> Event:
    """Let linphone call; return what is agreed for the sound."""
    at = time.time()
    peer.dial(f"sip:{phone.users[0]}@{DOMAIN}")
    phone.wait_for("incoming", 10, at)
    phone.send("answer")
    peer.wait_talking(at)
    return phone.wait_for("media", since=at)


def ring(phone: Phone, peer: Linphone) -> float:
    """Call linphone, until it rings; return since when."""
    at = time.time()
    phone.send("dial", uri=peer.uri)
    phone.wait_for("ringing", 10, at)
    return at


def placed(phone: Phone, peer: Linphone) -> Event:
    """Call linphone, and let it answer; return what is agreed for the sound."""
    at = ring(phone, peer)
    peer.answer()
    phone.wait_for("answered", 10, at)
    peer.wait_talking(at)
    return phone.wait_for("media", since=at)


def hang_up(phone: Phone) -> None:
    at = time.time()
    phone.send("hangup")
    phone.wait_for("ended", since=at)


def heard(phone: Phone, since: float) -> None:
    """See that packets come that decrypt, and that ours are reported to arrive."""

    def is_reported(event: Event) -> bool:
        return event["fact"] == "quality" and event["round_trip_ms"] is not None

    fact = phone.wait_for("sound", REPORTED_S, since, is_reported)
    assert fact["loss_here"] == fact["loss_there"] == 0
    assert not [event for event in phone.events("sound", since) if event["fact"] == "wrong key"]


def test_linphone_calls(phone: Phone, linphone: Linphone) -> None:
    at = time.time()
    assert called(phone, linphone)["encrypted"]
    heard(phone, at)
    linphone.hang_up()
    phone.wait_for("ended", since=at)


def test_linphone_is_called(phone: Phone, linphone: Linphone) -> None:
    at = time.time()
    assert placed(phone, linphone)["encrypted"]
    heard(phone, at)
    hang_up(phone)


def test_the_phone_holds_and_goes_on(phone: Phone, linphone: Linphone) -> None:
    called(phone, linphone)
    for on, direction in ((True, "sendonly"), (False, "sendrecv")):
        at = time.time()
        phone.send("hold", on=on)
        assert phone.wait_for("hold", since=at)["on"] is on
        now = phone.wait_for("media", 10, at)
        assert (now["direction"], now["encrypted"]) == (direction, True)
        if on:
            linphone.wait_held(at)
    digits_pass(phone, linphone)
    linphone.hang_up()
    phone.wait_for("ended", since=at)


def test_linphone_changes_the_codec(phone: Phone, linphone: Linphone) -> None:
    assert called(phone, linphone)["codec"] == "opus"
    linphone.hold()
    linphone.keep_codec("PCMA")
    at = time.time()
    linphone.resume()
    phone.wait_for("media", 10, at, lambda event: event["codec"] == "PCMA")
    digits_pass(phone, linphone)
    hang_up(phone)


def test_digits_by_info_from_linphone(
    tmp_path: Path, trust: Trust, kamailio: Kamailio, phone: Phone
) -> None:
    at = time.time()
    with Linphone(tmp_path / "linphone", trust.file, kamailio.port, digits_by_info=True) as peer:
        kamailio.wait_registered([peer.user], at, START_S)
        called(phone, peer)
        for digit in "5#":
            pressed_at = time.time()
            peer.press(digit)
            assert phone.wait_for("digit", 5, pressed_at)["digit"] == digit
        assert len(kamailio.requests("INFO", at)) == 2
        hang_up(phone)


def test_linphone_declines(phone: Phone, linphone: Linphone) -> None:
    at = ring(phone, linphone)
    linphone.hang_up()
    ended = phone.wait_for("ended", 10, at)
    assert (ended["status"], ended["reason"]) == (603, "declined")


@pytest.mark.parametrize("suite", ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"])
def test_each_suite_that_linphone_has_both_ways(
    tmp_path: Path, trust: Trust, kamailio: Kamailio, phone: Phone, suite: str
) -> None:
    at = time.time()
    with Linphone(tmp_path / "linphone", trust.file, kamailio.port, suite=suite) as peer:
        kamailio.wait_registered([peer.user], at, START_S)
        assert called(phone, peer)["suite"] == suite
        digits_pass(phone, peer)
        peer.hang_up()
        phone.wait_for("ended", since=at)
        assert placed(phone, peer)["suite"] == suite
        digits_pass(phone, peer)
        hang_up(phone)


def digits_pass(phone: Phone, peer: Linphone) -> None:
    """Send a digit each way, as an event: what is encrypted at one end is read at the other."""
    at = time.time()
    phone.send("key", key="9")
    peer.wait_for_digit("9", at)
    peer.press("5")
    phone.wait_for("sound", 5, at, lambda event: event.get("digit") == "5")
    assert not [event for event in phone.events("sound", at) if event["fact"] == "wrong key"]


def test_linphone_holds_and_goes_on(phone: Phone, linphone: Linphone) -> None:
    assert called(phone, linphone)["direction"] == "sendrecv"
    held_at = time.time()
    linphone.hold()
    held = phone.wait_for("media", 10, held_at)
    assert (held["direction"], held["encrypted"]) in {("recvonly", True), ("inactive", True)}
    back_at = time.time()
    linphone.resume()
    back = phone.wait_for("media", 10, back_at)
    assert (back["direction"], back["encrypted"]) == ("sendrecv", True)
    heard(phone, back_at)
    hang_up(phone)
