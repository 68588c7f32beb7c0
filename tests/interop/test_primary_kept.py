"""Two real proxies, and troubles for which the primary is not left, or is taken first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.interop.checks import EARLY_WAIT_S, SLACK_S, check_dialled, check_log, way
from tests.interop.conftest import wait_until
from tests.interop.pair import Pair, World, open_pair
from tests.lab.relay import Mode, Relay

every_world = pytest.mark.parametrize("world", list(World), ids=lambda world: world.value)

KEEP_ALIVE_S = 5
WAY_S = 1.0
"""One way to a slow proxy: an answer takes longer than the shortest pong limit."""

SMOOTHED_MS = 1.5 * 2 * WAY_S * 1000 / 8
"""Two slow pongs were heard: each moves the smoothed round trip by an eighth."""

ALONE_S = 2
"""What a 500 asks one account to wait; the phone adds up to a tenth."""


@pytest.fixture
def pair(tmp_path: Path, world: World) -> Iterator[Pair]:
    with open_pair(tmp_path, world, keep_alive_s=KEEP_ALIVE_S) as pair:
        yield pair


@every_world
@pytest.mark.parametrize(
    ("end", "cause"), [(Relay.reset, "reset"), (Relay.finish, "closed")], ids=["RST", "FIN"]
)
def test_a_primary_that_is_well_gets_the_phone_back(
    pair: Pair, end: Callable[[Relay], None], cause: str
) -> None:
    at = time.time()
    pair.dial()
    end(pair.relays[0])
    pair.phone.wait_registered(at, SLACK_S)
    check_dialled(pair.phone, at, SLACK_S)
    assert way(pair.phone, at) == ("primary",)
    assert not pair.proxies[1].requests("REGISTER", at)
    check_log(pair.phone, at, (cause, "primary"))
    pair.check_bindings(pair.proxies[0], *pair.proxies)
    pair.check_calls(*pair.proxies)
    pair.check_wire()


@every_world
def test_with_both_down_a_primary_that_is_back_first_is_taken(pair: Pair) -> None:
    down_at = time.time()
    pair.take_both_down()
    pair.dial()
    at = time.time()
    pair.relays[0].set_mode(Mode.PASS)
    pair.phone.wait_registered(at, EARLY_WAIT_S + SLACK_S)
    check_dialled(pair.phone, at, SLACK_S)
    pair.relays[1].set_mode(Mode.PASS)
    assert way(pair.phone, down_at) == ("primary",)
    check_log(pair.phone, down_at, ("reset", "primary"))
    pair.check_bindings(pair.proxies[0], *pair.proxies)
    pair.check_calls(*pair.proxies)
    pair.check_wire()


@every_world
def test_an_account_that_is_not_served_waits_alone(pair: Pair) -> None:
    """One account's 500 (D8): the link and the others are untouched."""
    alice, bob, carol = pair.phone.users
    pair.proxies[0].fail_account(bob, ALONE_S)
    at = time.time()
    pair.relays[0].reset()
    pair.proxies[0].wait_registered((alice, carol), at, SLACK_S)
    refusal = pair.phone.wait_for(
        "unregistered", ALONE_S, at, lambda event: "500" in event["reason"]
    )
    assert refusal["account"] == 2
    flows = len(pair.flows)
    pair.proxies[0].serve_account(bob)
    pair.phone.wait_for(
        "registered", 1.1 * ALONE_S + SLACK_S, at, lambda event: event["account"] == 2
    )
    # The proxy's own word of it may come a moment after the phone's.
    wait_until(lambda: len(pair.proxies[0].requests("REGISTER from bob", at)) > 1, SLACK_S)
    tried = pair.proxies[0].requests("REGISTER from bob", at)
    assert max(b.at - a.at for a, b in pairwise(tried)) >= ALONE_S - 0.1
    for user in (alice, carol):
        assert len(pair.proxies[0].running.matching(f"LAB registered {user} ", at)) == 1
    assert len(pair.flows) == flows
    assert way(pair.phone, at) == ("primary",)
    check_log(pair.phone, at, ("reset", "primary"))
    pair.check_calls(*pair.proxies)
    pair.check_wire()


@every_world
def test_a_replaced_certificate_is_taken_without_a_word(pair: Pair) -> None:
    """The link that stands goes on; the next connection shows the new one (I4)."""
    primary = pair.proxies[0]
    before = pair.phone.status()["link"]["tls"]["certificate_ends"]
    primary.take_identity(pair.authorities[0].issue(primary.host, ends_days=200))
    assert pair.phone.status()["link"]["tls"]["certificate_ends"] == before
    at = time.time()
    pair.relays[0].reset()
    pair.phone.wait_registered(at, SLACK_S)
    assert way(pair.phone, at) == ("primary",)
    assert pair.phone.status()["link"]["tls"]["certificate_ends"] < before
    pair.check_wire()


@every_world
def test_slow_is_not_dead(pair: Pair) -> None:
    """Answers take two seconds and come: nobody is condemned, and a call rings (D2)."""
    at = time.time()
    pair.relays[0].delay_s = WAY_S
    pair.dial()
    check_dialled(pair.phone, at, 4 * WAY_S + SLACK_S)
    wait_until(
        lambda: pair.phone.status()["link"]["round_trip_ms"] > SMOOTHED_MS,
        2 * (KEEP_ALIVE_S + 2 * WAY_S),
    )
    assert way(pair.phone, at) == ()
    check_log(pair.phone, at)
    assert len(pair.flows) == 1
