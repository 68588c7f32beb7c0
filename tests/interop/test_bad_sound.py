"""Sound that nobody asked for: a flood beside a call, and packets for a call that is over.

A tone goes from baresip to the phone and back, digits beside it; nothing of that may suffer.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from firmware.media.rtp import RtpPacket
from tests.interop.accounts import DOMAIN
from tests.interop.conftest import wait_until
from tests.interop.couple import HOST, Couple, couple
from tests.interop.parties import registered
from tests.lab.sounder import Sounder

PACKETS_PER_S = 10_000
TICK_S = 0.005
FLOOD_S = 2.0
STRANGER = "127.0.0.2"

LOSS_MAX = 0.02
"""A busy machine may be late with a packet of baresip's own; a flood that disturbs loses most."""


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Couple]:
    with couple(tmp_path, ("alice",), {"sip srtp mode": "1"}, tone_hz=440) as made:
        yield made


class Flood:
    """A stranger's packets, as many a second as told; a context manager that counts them."""

    def __init__(self, port: int) -> None:
        self.sent = 0
        self._to = (HOST, port)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._blow)

    def __enter__(self) -> Flood:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _blow(self) -> None:
        junk = [bytes(RtpPacket(0, n, 0, 9, Random(n).randbytes(160))) for n in range(64)]
        begun = time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.bind((STRANGER, 0))
            while not self._is_over.wait(TICK_S):
                while self.sent < (time.monotonic() - begun) * PACKETS_PER_S:
                    out.sendto(junk[self.sent % len(junk)], self._to)
                    self.sent += 1


def test_a_flood_does_not_disturb_a_call(pair: Couple) -> None:
    with pair.talking() as at:
        port = pair.phone.wait_for("media", since=at)["port"]
        time.sleep(0.5)
        with Flood(port) as flood:
            flooded_at = time.time()
            time.sleep(FLOOD_S / 2)
            pair.phone.send("key", key="7")
            assert pair.peer.wait_for("CALL_DTMF_START", flooded_at)["param"] == "7"
            pair.peer.press("5")
            pair.phone.wait_for("sound", 5, flooded_at, lambda fact: fact.get("digit") == "5")
            time.sleep(FLOOD_S / 2)
            spent_s = time.time() - flooded_at
        assert flood.sent > spent_s * PACKETS_PER_S * 0.7, "the flood was one"
        told = pair.phone.wait_for("sound", 10, flooded_at + 1, lambda f: f["fact"] == "quality")
        assert told["loss_here"] < LOSS_MAX
        assert told["loss_there"] < LOSS_MAX


@contextmanager
def called_by_a_sounder(pair: Couple, authority: Path, sounder: Sounder) -> Iterator[int]:
    """Have the phone call somebody who sends a tone; yield the port that it went to, all over."""
    with registered(pair.kamailio, authority, "dave") as dave:
        at = time.time()
        pair.phone.send("dial", uri=f"sip:dave@{DOMAIN}")
        invite = dave.read_until(lambda packet: packet.start.startswith("INVITE "))
        dave.respond(invite, 200, "OK", sounder.description())
        pair.phone.wait_for("answered", since=at)
        port = pair.phone.wait_for("media", since=at)["port"]
        sounder.speak_to(invite.body)
        wait_until(lambda: len(sounder.heard()) > 0, 5.0)
        pair.phone.send("hangup")
        bye = dave.read_until(lambda packet: packet.start.startswith("BYE "))
        dave.respond(bye, 200, "OK")
        pair.phone.wait_for("ended", since=at)
        yield port


def test_sound_for_a_call_that_is_over_goes_nowhere(pair: Couple) -> None:
    with Sounder(440) as sounder, called_by_a_sounder(pair, pair.authority, sounder) as port:
        before = sounder.refused
        wait_until(lambda: sounder.refused > before, 5.0)  # Nobody listens there any more.
        over_at = time.time()
        with pair.talking() as at:
            assert pair.phone.wait_for("media", since=at)["port"] != port
            pair.phone.send("key", key="7")
            assert pair.peer.wait_for("CALL_DTMF_START", at)["param"] == "7"
        assert not [fact for fact in pair.phone.events("sound", over_at) if fact["call"] == 1]
