"""Registered again by itself, every account, within the bound, whatever ails a real proxy.

A bound counts from the end of the fault, or from the fault itself where the proxy stays there.
SIP is on one connection at any instant, as the relay in between counts it (L4, L8, L10).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.interop.conftest import Scene, wait_until
from tests.lab.flows import overlaps
from tests.lab.relay import HANDSHAKE_FAILURE, Mode

AT_ONCE_S = 1.0
"""A lost link is retried at once (F1): TCP, TLS and REGISTER on a loopback, on a busy machine."""

EARLY_WAIT_S = 2.0
"""The longest wait in an outage's first ten seconds (F2)."""

LATER_WAIT_S = 4.0
"""The longest wait soon after them: the base doubled twice (F2)."""

SLACK_S = 0.7
"""For two busy processors, and for the registration itself."""

SLOW_S = 10.0
"""When a proxy that acknowledges and says nothing is given up (D2, D4)."""


def reset(scene: Scene) -> float:
    at = time.time()
    scene.relay.reset()
    return at


def finish(scene: Scene) -> float:
    at = time.time()
    scene.relay.finish()
    return at


def alert_on_the_link(scene: Scene) -> float:
    """An alert in clear where only ciphertext may be: the stream cannot be decoded (D1)."""
    at = time.time()
    scene.relay.inject(HANDSHAKE_FAILURE)
    return at


def refuse(scene: Scene) -> float:
    return away(scene, Mode.REFUSE)


def alert_in_the_handshake(scene: Scene) -> float:
    return away(scene, Mode.ALERT)


def accept_and_close(scene: Scene) -> float:
    return away(scene, Mode.ACCEPT_CLOSE)


def away(scene: Scene, mode: Mode, seconds: float = 4.0) -> float:
    scene.relay.set_mode(mode)
    scene.relay.reset()
    time.sleep(seconds)
    at = time.time()
    scene.relay.set_mode(Mode.PASS)
    return at


def hanging_handshake(scene: Scene) -> float:
    """Kamailio is stopped as a process: the kernel accepts, nobody shakes hands."""
    scene.kamailio.freeze()
    scene.relay.reset()
    time.sleep(6.0)
    at = time.time()
    scene.kamailio.thaw()
    return at


def accept_and_silent(scene: Scene) -> float:
    """TLS works and REGISTER goes nowhere, until the phone has given one connection up."""
    at = time.time()
    scene.relay.set_mode(Mode.SILENT)
    scene.relay.reset()
    connections = len(scene.relay.flows)
    wait_until(lambda: len(scene.relay.flows) > connections + 1, SLOW_S + EARLY_WAIT_S + SLACK_S)
    at = time.time()
    scene.relay.set_mode(Mode.PASS)
    return at


def silent_link(scene: Scene) -> float:
    """A link in use gets no answers any more; TCP acknowledges all the same."""
    since = time.time()
    scene.relay.set_mode(Mode.SILENT)
    scene.phone.wait_for("unregistered", scene.phone.keep_alive_s + SLOW_S + SLACK_S, since)
    at = time.time()
    scene.relay.set_mode(Mode.PASS)
    return at


def unavailable(scene: Scene) -> float:
    scene.kamailio.set_unavailable(True)
    scene.relay.reset()
    time.sleep(5.0)
    at = time.time()
    scene.kamailio.set_unavailable(False)
    return at


def restart(scene: Scene) -> float:
    scene.kamailio.stop()
    time.sleep(1.0)
    scene.kamailio.start()
    return time.time() - SLACK_S


@dataclass(frozen=True)
class Case:
    strike: Callable[[Scene], float]
    bound_s: float


CASES = [
    Case(reset, AT_ONCE_S),
    Case(finish, AT_ONCE_S),
    Case(alert_on_the_link, AT_ONCE_S),
    Case(refuse, EARLY_WAIT_S),
    Case(alert_in_the_handshake, EARLY_WAIT_S),
    Case(accept_and_close, EARLY_WAIT_S),
    Case(hanging_handshake, EARLY_WAIT_S),
    Case(unavailable, EARLY_WAIT_S),
    Case(restart, EARLY_WAIT_S + SLACK_S),
    Case(accept_and_silent, LATER_WAIT_S),
    Case(silent_link, LATER_WAIT_S),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.strike.__name__)
def test_every_account_is_registered_again(scene: Scene, case: Case) -> None:
    since = case.strike(scene)
    scene.kamailio.wait_registered(scene.phone.users, since, case.bound_s + SLACK_S)
    scene.phone.wait_registered(since)
    assert not overlaps(scene.relay.flows)
    assert scene.relay.connected == 1
    for user in scene.phone.users:
        assert f"AoR: {user}\n" in scene.kamailio.bindings()


def test_the_link_is_one_connection_for_every_account_and_call(scene: Scene) -> None:
    scene.phone.send("dial", uri="sip:nobody@lab.test")
    scene.phone.wait_for("ended")
    time.sleep(scene.phone.keep_alive_s + 1)
    assert len(scene.relay.flows) == 1
    assert len({line.text.split(" port ")[1].split()[0] for line in scene.kamailio.requests()}) == 1
