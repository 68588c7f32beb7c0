"""What every test against real software starts from: an authority, a proxy, a relay, a phone.

Nothing is skipped: a peer that is not installed fails the test that needs it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.baresip import Baresip
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.lab.authority import Authority
from tests.lab.relay import Relay
from tests.lab.sound import DEVICE, SoundServer

HOST = "127.0.0.1"

pytest.register_assert_rewrite(
    *("tests.interop.checks", "tests.interop.pair", "tests.interop.journeys"),
    *("tests.interop.couple", "tests.interop.ends", "tests.interop.rescues"),
    "tests.interop.recipes",
)


@dataclass
class Trust:
    """An authority and the file that says so."""

    authority: Authority
    file: Path


@dataclass
class Scene:
    """A phone, registered, behind a relay at a real proxy."""

    kamailio: Kamailio
    relay: Relay
    phone: Phone


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    authority = Authority()
    file = tmp_path / "authority.pem"
    file.write_bytes(authority.certificate_pem)
    return Trust(authority, file)


@pytest.fixture
def kamailio(tmp_path: Path, trust: Trust) -> Iterator[Kamailio]:
    with Kamailio(tmp_path / "kamailio", trust.authority.issue(HOST)) as proxy:
        yield proxy


@pytest.fixture
def relay(kamailio: Kamailio) -> Iterator[Relay]:
    with Relay((kamailio.host, kamailio.port)) as relay:
        yield relay


@pytest.fixture
def phone(tmp_path: Path, trust: Trust, relay: Relay) -> Iterator[Phone]:
    with Phone(tmp_path / "phone", (relay.host, relay.port), trust.file) as phone:
        phone.wait_registered()
        yield phone


@pytest.fixture
def scene(kamailio: Kamailio, relay: Relay, phone: Phone) -> Scene:
    return Scene(kamailio, relay, phone)


@pytest.fixture
def baresip(tmp_path: Path, trust: Trust, kamailio: Kamailio) -> Iterator[Baresip]:
    proxy = (kamailio.host, kamailio.port)
    with Baresip(tmp_path / "baresip", trust.file, proxy) as peer:
        yield peer


def wait_until(done: Callable[[], bool], timeout_s: float) -> None:
    """Wait until something is so; fail when it takes longer."""
    by = time.time() + timeout_s
    while not done():
        assert time.time() < by, "it did not happen in time"
        time.sleep(0.02)


def phone_with_card(
    directory: Path, trust: Trust, kamailio: Kamailio, server: SoundServer
) -> Phone:
    """Return a phone with one account, which hears and speaks by the card of the server."""
    more = {"sip srtp mode": "1", "sound device": DEVICE}
    proxy = (kamailio.host, kamailio.port)
    return Phone(directory, proxy, trust.file, ("alice",), more=more, prefix=server.prefix)
