"""Packets vanish between the phone and a real proxy: noticed, said, and over when they come again.

The phone and Kamailio stand in two network namespaces with a wire between them that can lose
everything, TCP's acknowledgements included; nothing in the phone's own machine says a word.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.conftest import Trust
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.lab.flows import overlaps
from tests.lab.namespaces import FAR_ADDRESS, Wire

ROUND_TRIP_S = 0.05
PORT = 5061

PONG_LIMIT_S = 5.0
"""The shortest pong limit, 2 s, and what a busy machine adds (D2). `make bench-link` measures."""

AGAIN_S = 4.0
"""The longest wait after ten seconds of outage, or the kernel's own repetition of a SYN (F2)."""


@dataclass
class Scene:
    wire: Wire
    kamailio: Kamailio
    trust: Trust
    directory: Path

    def phone(self, keep_alive_s: int) -> Phone:
        return Phone(
            self.directory / "phone",
            (FAR_ADDRESS, PORT),
            self.trust.file,
            keep_alive_s=keep_alive_s,
            prefix=self.wire.command(self.wire.near, ()),
        )


@pytest.fixture
def scene(tmp_path: Path, trust: Trust) -> Iterator[Scene]:
    with Wire(ROUND_TRIP_S) as wire:
        identity = trust.authority.issue(FAR_ADDRESS)
        prefix = wire.command(wire.far, ())
        with Kamailio(tmp_path / "kamailio", identity, FAR_ADDRESS, PORT, prefix) as kamailio:
            yield Scene(wire, kamailio, trust, tmp_path)


def test_a_blackhole_is_noticed_by_the_next_ping(scene: Scene) -> None:
    with scene.phone(keep_alive_s=5) as phone:
        phone.wait_registered()
        time.sleep(1.0)
        lost_at = time.time()
        scene.wire.blackhole(True)
        phone.wait_for("unregistered", phone.keep_alive_s + PONG_LIMIT_S, lost_at)
        time.sleep(3.0)
        back_at = time.time()
        scene.wire.blackhole(False)
        scene.kamailio.wait_registered(phone.users, back_at, AGAIN_S)
        assert not overlaps(scene.wire.flows())


def test_a_blackhole_is_noticed_when_the_handset_is_lifted(scene: Scene) -> None:
    with scene.phone(keep_alive_s=60) as phone:
        phone.wait_registered()
        # Longer than life counts as proven lately (D7). The addresses of a new wire are ready a
        # second or two after it: a change of network, which pings too (D6).
        time.sleep(9.0)
        lost_at = time.time()
        scene.wire.blackhole(True)
        phone.send("hook", off=True)
        phone.wait_for("unregistered", PONG_LIMIT_S, lost_at)
        scene.wire.blackhole(False)
        scene.kamailio.wait_registered(phone.users, lost_at, AGAIN_S)
        assert not overlaps(scene.wire.flows())
