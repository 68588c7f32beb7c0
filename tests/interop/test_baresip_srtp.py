"""Which calls with baresip come about, by what each end says of encryption (RFC 4568, 3264)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware.media.sdes import Suite
from tests.interop.accounts import DOMAIN
from tests.interop.baresip import Baresip
from tests.interop.conftest import Trust
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone

MODES = pytest.mark.parametrize(
    ("mode", "encryption"),
    [("0", ""), ("1", ""), ("1", "srtp"), ("1", "srtp-mand"), ("2", "srtp"), ("2", "srtp-mand")],
)


@contextmanager
def ends(
    folder: Path, trust: Trust, kamailio: Kamailio, mode: str, encryption: str
) -> Iterator[tuple[Phone, Baresip]]:
    proxy = (kamailio.host, kamailio.port)
    chosen = {"sip srtp mode": mode}
    peer = Baresip(folder / "baresip", trust.file, proxy, tone_hz=440, encryption=encryption)
    with Phone(folder / "phone", proxy, trust.file, users=("alice",), more=chosen) as phone, peer:
        phone.wait_registered()
        yield phone, peer


@MODES
def test_the_phone_calls(
    tmp_path: Path, trust: Trust, kamailio: Kamailio, mode: str, encryption: str
) -> None:
    with ends(tmp_path, trust, kamailio, mode, encryption) as (phone, peer):
        at = time.time()
        phone.send("dial", uri=peer.uri)
        peer.wait_for("CALL_INCOMING", at)
        peer.answer()
        peer.wait_for("CALL_ESTABLISHED", at)
        phone.wait_for("answered", since=at)
        time.sleep(0.3)
        assert not phone.events("ended", at)


@MODES
def test_the_phone_is_called(
    tmp_path: Path, trust: Trust, kamailio: Kamailio, mode: str, encryption: str
) -> None:
    with ends(tmp_path, trust, kamailio, mode, encryption) as (phone, peer):
        at = time.time()
        peer.dial(f"sip:{phone.users[0]}@{DOMAIN}")
        phone.wait_for("incoming", since=at)
        phone.send("answer")
        peer.wait_for("CALL_ESTABLISHED", at)
        time.sleep(0.3)
        assert not phone.events("ended", at)


@pytest.mark.parametrize(("mode", "encryption"), [("2", ""), ("0", "srtp-mand")])
def test_what_cannot_come_about_is_refused(
    tmp_path: Path, trust: Trust, kamailio: Kamailio, mode: str, encryption: str
) -> None:
    with ends(tmp_path, trust, kamailio, mode, encryption) as (phone, peer):
        at = time.time()
        peer.dial(f"sip:{phone.users[0]}@{DOMAIN}")
        assert "488" in peer.wait_for("CALL_CLOSED", at)["param"]
        assert not phone.events("incoming", at)
        phone.send("dial", uri=peer.uri)
        phone.wait_for("ended", since=at)


def test_each_suite_is_what_it_is_called(tmp_path: Path, trust: Trust, kamailio: Kamailio) -> None:
    """The proxy lets one line of keys through: each end says which, and each hears the other."""
    with ends(tmp_path, trust, kamailio, "2", "srtp-mand") as (phone, peer):
        for tag, suite in enumerate(Suite, start=1):
            kamailio.pass_one_suite(tag)
            at = time.time()
            phone.send("dial", uri=peer.uri)
            peer.wait_for("CALL_INCOMING", at)
            peer.answer()
            peer.wait_for("CALL_ESTABLISHED", at)
            assert phone.wait_for("media", since=at)["suite"] == suite.value
            peer.wait_to_say(rf"SRTP is Enabled \(cryptosuite={suite.value}\)", at)
            phone.send("key", key="9")
            assert peer.wait_for("CALL_DTMF_START", at)["param"] == "9"
            peer.press("5")
            phone.wait_for("sound", 5, at, lambda event: event.get("digit") == "5")
            phone.send("hangup")
            peer.wait_for("CALL_CLOSED", at)
            phone.wait_for("ended", since=at)
