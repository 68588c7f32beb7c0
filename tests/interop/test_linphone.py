"""Encrypted calls with linphone through Kamailio, both ways, and held by it."""

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
    only = {"sip srtp mode": "2", "sip rtp port": "8000"}
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
    phone.send("dial", uri=linphone.uri)
    phone.wait_for("ringing", 10, at)
    linphone.answer()
    phone.wait_for("answered", 10, at)
    assert phone.wait_for("media", since=at)["encrypted"]
    heard(phone, at)
    phone.send("hangup")
    phone.wait_for("ended", since=at)


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
    phone.send("hangup")
    phone.wait_for("ended", since=back_at)
