"""The addresses of one proxy share its place: a head start each, what failed comes last (F1)."""

from __future__ import annotations

import pytest

from firmware.link.chooser import HEAD_START_MAX_S
from firmware.link.connection import ADDRESSES_MAX, TCP_BUDGET_S, TLS_BUDGET_S
from firmware.link.events import (
    Address,
    Close,
    Connect,
    Connected,
    Failure,
    FailureKind,
    LinkState,
    Lost,
    NetworkChanged,
    Proxy,
    Resolve,
    Resolved,
    Role,
    SendMessage,
    ServiceConfirmed,
    TcpConnected,
)
from firmware.link.targets import KEPT_MAX, Targets
from tests.unit.link.rig import FACTS, REFUSED, Rig, answer, of, request

NAMED = Proxy(Role.PRIMARY, "proxy1.example.org")
A, B, C = (Address(f"192.0.2.{number}", 5061) for number in (1, 2, 3))
HELD_S = 300.0


class Named(Rig):
    """A link to one proxy with a name; `found` is what DNS says of it."""

    def __init__(self, *found: Address) -> None:
        super().__init__(NAMED)
        self.found = found

    def dialled(self, limit_s: float = 1000.0) -> Connect:
        """Return the next dialling, with a look-up before it or without."""
        end = self.now + limit_s
        while (due := self.link.deadline()) is not None and due <= end:
            out = self.advance(max(due, self.now))
            for resolve in of(Resolve, out):
                out += self.feed(Resolved(resolve.attempt, self.found))
            if connects := of(Connect, out):
                return connects[0]
        raise AssertionError("nothing is dialled")

    def stands(self, connect: Connect, after_s: float = 0.0) -> None:
        self.advance(self.now + after_s)
        self.feed(TcpConnected(connect.attempt))
        self.feed(Connected(connect.attempt, FACTS))

    def serves(self, attempt: int) -> None:
        self.feed(SendMessage(request("REGISTER")))
        self.receive(attempt, bytes(answer("REGISTER")))
        self.feed(ServiceConfirmed())


@pytest.mark.parametrize("tls_hangs", [False, True], ids=["SYN lost", "TLS hangs"])
def test_f1_a_silent_target_costs_one_head_start_for_tcp_and_tls(tls_hangs: bool) -> None:
    rig = Named(A, B)
    first = rig.dialled()
    assert first.address == A
    before = rig.now
    if tls_hangs:
        rig.advance(before + 0.4)
        assert rig.feed(TcpConnected(first.attempt)) == []
    second = rig.dialled()
    assert second.address == B
    assert rig.now - before == pytest.approx(HEAD_START_MAX_S)
    assert Close(first.attempt) in rig.out


def test_f1_the_head_start_of_a_target_follows_the_known_handshake() -> None:
    rig = Named(A, B)
    first = rig.dialled()
    rig.stands(first, after_s=0.2)
    rig.serves(first.attempt)
    rig.lose(first.attempt)
    assert rig.dialled().address == A
    before = rig.now
    assert rig.dialled().address == B
    assert rig.now - before == pytest.approx(0.4)


@pytest.mark.parametrize(("tls_hangs", "budget_s"), [(False, TCP_BUDGET_S), (True, TLS_BUDGET_S)])
def test_f1_the_last_target_has_the_whole_budget(tls_hangs: bool, budget_s: float) -> None:
    rig = Named(A, B)
    rig.lose(rig.dialled().attempt)
    last = rig.link._race
    assert last is not None
    attempt, before = last.attempts[0], rig.now
    if tls_hangs:
        rig.feed(TcpConnected(attempt))
    assert Close(attempt) not in rig.advance(before + budget_s - 0.01)
    assert Close(attempt) in rig.advance(before + budget_s + 0.01)
    assert rig.status.state is LinkState.WAITING


def test_f1_a_refused_target_leads_to_the_next_at_once() -> None:
    rig = Named(A, B)
    before = rig.now
    out = rig.lose(rig.dialled().attempt)
    assert of(Connect, out)[0].address == B
    assert rig.now == before


def test_a_target_that_failed_is_tried_last_next_time() -> None:
    rig = Named(A, B)
    rig.lose(rig.dialled().attempt)
    second = of(Connect, rig.out)[-1]
    rig.stands(second)
    rig.serves(second.attempt)
    rig.lose(second.attempt)
    assert rig.dialled().address == B


def test_a_target_that_serves_no_more_after_a_success_is_tried_first_until_it_fails() -> None:
    rig = Named(A, B)
    first = rig.dialled()
    rig.stands(first)
    rig.serves(first.attempt)
    rig.lose(first.attempt, Failure(FailureKind.RESET, "reset"))
    assert rig.dialled().address == A


def test_d8_a_target_that_never_serves_is_not_tried_for_ever() -> None:
    rig = Named(A, B)
    first = rig.dialled()
    rig.stands(first)
    rig.lose(first.attempt, Failure(FailureKind.CLOSED, "closed before any 2xx"))
    assert rig.dialled().address == B


def test_a_target_that_fell_silent_is_tried_last() -> None:
    rig = Named(A, B)
    first = rig.dialled()
    rig.stands(first)
    rig.serves(first.attempt)
    rig.lose(first.attempt, Failure(FailureKind.SILENT, "nothing came back"))
    assert rig.dialled().address == B


def test_a_change_of_the_network_gives_every_target_its_place_back() -> None:
    rig = Named(A, B)
    rig.lose(rig.dialled().attempt)
    second = of(Connect, rig.out)[-1]
    rig.stands(second)
    rig.serves(second.attempt)
    rig.feed(NetworkChanged())
    rig.lose(second.attempt)
    assert rig.dialled().address == A


def test_a_slow_proxy_behind_two_dead_targets_is_reached_within_three_rounds() -> None:
    """Whichever of the targets is the one that needs more than a head start."""
    for slow in (A, B, C):
        rig = Named(A, B, C)
        slowest_s = 3.0
        for _ in range(9):
            connect = rig.dialled()
            if connect.address == slow:
                rig.advance(rig.now + slowest_s)
                rig.feed(TcpConnected(connect.attempt))
                rig.feed(Connected(connect.attempt, FACTS))
            if rig.status.state is LinkState.UP:
                break
        assert rig.status.state is LinkState.UP, f"never at {slow}"


def test_only_so_many_targets_are_tried_in_a_round() -> None:
    many = tuple(Address(f"192.0.2.{number}", 5061) for number in range(1, 50))
    rig = Named(*many)
    connect = rig.dialled()
    tried = [connect.address]
    while connects := of(Connect, rig.feed(Lost(connect.attempt, REFUSED))):
        connect = connects[0]
        tried.append(connect.address)
    assert tried == list(many[:ADDRESSES_MAX])
    assert rig.dialled().address == many[ADDRESSES_MAX]  # Those that failed come last now.


def test_what_is_held_against_a_target_ends() -> None:
    targets = Targets(HELD_S)
    targets.failed(A, 10.0)
    assert targets.ordered((A, B), 10.0) == (B, A)
    assert targets.ordered((A, B), 10.0 + HELD_S) == (A, B)
    targets.failed(A, 20.0, was_hurried=True)
    targets.failed(B, 21.0)
    assert targets.ordered((A, B, C), 22.0) == (C, B, A)
    targets.stands(A)
    assert targets.ordered((A, B), 22.0) == (A, B)


def test_the_targets_that_are_remembered_are_bounded() -> None:
    targets = Targets(HELD_S)
    many = [Address("192.0.2.1", port) for port in range(1, 2 * KEPT_MAX)]
    for address in many:
        targets.failed(address, 1.0)
    assert len(targets._marks) == KEPT_MAX
    assert targets.ordered((many[-1], many[0]), 1.0) == (many[0], many[-1])


def test_an_address_named_twice_is_tried_once() -> None:
    assert Targets(HELD_S).ordered((A, B, A), 0.0) == (A, B)
