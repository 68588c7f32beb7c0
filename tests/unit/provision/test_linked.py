"""Files named by URL in simulated time: when each is fetched, and what is said where it fails."""

from __future__ import annotations

from random import Random

import pytest

from firmware.link.events import NetworkChanged
from firmware.phone.events import TimeIs
from firmware.provision.linked import (
    DAY_S,
    FetchLink,
    Link,
    LinkDone,
    LinkFaults,
    Links,
    LinksAre,
    LinksAsked,
)
from firmware.provision.state import ASKED_GAP_S, RETRY_BASE_S, RETRY_CAP_S, START_SPREAD_S

CA = Link("sips trusted certificates", "https://files.test/ca.pem")
KEY = Link("sips private key", "https://files.test/own.key")
FAULT = "sips trusted certificates: https://files.test/ca.pem: refused"


class Rig:
    """The machine and its time; `fetched` are the parameters that were asked for so far."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.links = Links(Random(1), self.now)
        self.fetched: list[str] = []
        self.faults: tuple[str, ...] = ()
        self._number = 0

    def tell(self, event: LinksAre | LinksAsked | LinkDone | NetworkChanged | TimeIs) -> None:
        self._see(self.links.handle(event, self.now))

    def done(self, fault: str = "", retry_after_s: float = 0.0) -> None:
        self.tell(LinkDone(self._number, fault, retry_after_s))

    def pass_to_next(self) -> float:
        """Let time pass until the next thing is due; return how long that took."""
        due = self.links.deadline()
        assert due is not None
        waited_s, self.now = due - self.now, due
        self._see(self.links.wake(self.now))
        return waited_s

    def _see(self, outputs: list[object]) -> None:
        for output in outputs:
            match output:
                case FetchLink(number, link):
                    self._number = number
                    self.fetched.append(link.parameter)
                case LinkFaults(faults):
                    self.faults = faults
                case _:
                    raise AssertionError(output)


def test_what_is_missing_is_fetched_at_once_one_after_the_other() -> None:
    rig = Rig()
    rig.tell(LinksAre((CA, KEY)))
    assert rig.fetched == [CA.parameter]
    assert rig.links.deadline() is None
    rig.done()
    assert rig.fetched == [CA.parameter, KEY.parameter]
    rig.done()
    assert 0.9 * DAY_S <= rig.pass_to_next() <= DAY_S
    assert len(rig.fetched) == 3


def test_at_the_start_a_fleet_that_has_its_copies_does_not_ask_all_at_once() -> None:
    rig = Rig()
    rig.tell(LinksAre((Link(CA.parameter, CA.url, is_kept=True),)))
    assert rig.fetched == []
    assert 0 < rig.pass_to_next() <= START_SPREAD_S
    assert rig.fetched == [CA.parameter]
    rig.done()
    rig.tell(LinksAre((Link(CA.parameter, "https://files.test/other.pem", is_kept=True),)))
    assert rig.fetched == [CA.parameter] * 2, "another URL is somebody's wish: at once"


def test_what_fails_is_said_and_tried_less_and_less_often() -> None:
    rig = Rig()
    rig.tell(LinksAre((CA,)))
    waits = []
    for _ in range(12):
        rig.done(FAULT)
        assert rig.faults == (FAULT,)
        waits.append(rig.pass_to_next())
    for number, wait_s in enumerate(waits):
        most_s = min(RETRY_CAP_S, RETRY_BASE_S * 2**number)
        assert most_s / 2 <= wait_s <= most_s
    rig.done()
    assert rig.faults == ()
    assert rig.pass_to_next() > RETRY_CAP_S


def test_a_server_that_asks_for_time_gets_it() -> None:
    rig = Rig()
    rig.tell(LinksAre((CA,)))
    rig.done(FAULT, retry_after_s=600.0)
    assert rig.pass_to_next() == 600.0


@pytest.mark.parametrize("event", [NetworkChanged(), TimeIs(1_800_000_000.0, 0)])
def test_another_network_or_clock_is_a_reason_to_try_again(event: NetworkChanged | TimeIs) -> None:
    rig = Rig()
    rig.tell(LinksAre((CA, KEY)))
    rig.done(FAULT)
    rig.done()
    rig.tell(event)
    assert rig.fetched == [CA.parameter, KEY.parameter, CA.parameter], "not what is well"


def test_whoever_asks_gets_all_and_check_sync_not_too_often() -> None:
    rig = Rig()
    rig.tell(LinksAre((CA, KEY)))
    rig.done()
    rig.done()
    rig.tell(LinksAsked(by_hand=True))
    assert rig.links.is_asked
    rig.done()
    assert rig.links.is_asked
    rig.done()
    assert not rig.links.is_asked
    assert len(rig.fetched) == 4
    rig.tell(LinksAsked(by_hand=False))
    assert len(rig.fetched) == 4
    assert rig.pass_to_next() == pytest.approx(ASKED_GAP_S)
    assert len(rig.fetched) == 5


def test_a_link_that_is_gone_is_forgotten_with_its_fault() -> None:
    rig = Rig()
    rig.tell(LinksAre((CA,)))
    rig.done(FAULT)
    rig.tell(LinksAre(()))
    assert rig.faults == ()
    assert rig.links.deadline() is None


def test_an_answer_for_a_url_of_before_is_none_for_the_one_of_now() -> None:
    rig = Rig()
    rig.tell(LinksAre((CA,)))
    rig.tell(LinksAre((Link(CA.parameter, "https://files.test/other.pem"),)))
    assert rig.fetched == [CA.parameter]
    rig.done(FAULT)
    assert rig.faults == ()
    assert rig.fetched == [CA.parameter] * 2
