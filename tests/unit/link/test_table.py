"""Every cell of "The link: state x event" in ARCHITECTURE.md, by its row and its column.

The table is read from the document: a row that is added there has no test here, and this file
fails. A cell that says nothing ("-") is shown to be so: what could cause the event is not there in
that state, or the event is not heard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.link.connection import ADDRESSES_MAX
from firmware.link.events import (
    Address,
    CallsInProgress,
    Close,
    Connect,
    Connected,
    Failure,
    FailureKind,
    HoldProxy,
    LeaveSoon,
    LinkDown,
    LinkState,
    LinkUp,
    Lost,
    MessageReceived,
    NetworkChanged,
    Proxy,
    ProxyUnfit,
    ReadyToLeave,
    Received,
    Resolve,
    Resolved,
    Role,
    ServiceConfirmed,
    StayHere,
    TcpConnected,
    TestLink,
)
from firmware.link.retry import ASKED_S
from firmware.link.settings import UseSettings
from firmware.link.state import State
from tests.unit.link.rig import BACKUP, FACTS, PING, PRIMARY, REFUSED, Rig, of, request, written
from tests.unit.link.test_two_proxies import BUSY, RESET, Two, host, probe

DOCUMENT = Path(__file__).parents[3] / "ARCHITECTURE.md"
TITLE = "## The link: state x event"
STATES = ("waiting", "racing", "primary", "backup")
OLD = 999  # An attempt that is long over.

WAIT = "the wait is over"
HEAD_START = "a head start is over, or a candidate failed"
ADDRESS = "an address's head start is over, or it failed"
STAGES = "`Resolved`, `TcpConnected`"
CONNECTED = "`Connected`"
ALL_FAILED = "every candidate failed"
LOST = "`Lost`, or condemned (D1-D4)"
UNFIT = "no 2xx before the end, three short links in a row, or `ProxyUnfit` (D8)"
HOLD = "`HoldProxy` (D8): Retry-After, and nobody is registered there yet"
RECEIVED = "`Received`"
TEST = "`TestLink` (D7): somebody wants to call"
NETWORK = "`NetworkChanged` (D6)"
PROBE = "the probe interval is over"
HOME = "enough probes, no call, long enough here"
STAY = "a call begins, or the candidate is lost, while the accounts sign off"
NO_2XX = "4 s at home without a 2xx"
TIMES = "`UseSettings` (L5): other times"
PROXIES = "`UseSettings`: other proxies, or connections made otherwise"
WRONG = "`UseSettings`: wrong (L11)"

NAMED = Proxy(Role.PRIMARY, "proxy1.example.org")
OTHER = Proxy(Role.PRIMARY, "192.0.2.77", 5061)
NO_TRUST = Failure(FailureKind.CONFIGURATION, "no trusted certificates")
FIRST, SECOND = Address("192.0.2.1", 5061), Address("192.0.2.11", 5061)


def document_cells() -> dict[tuple[str, str], str]:
    """Read the table: (row, column) -> what it says."""
    text = DOCUMENT.read_text().split(TITLE)[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in lines]
    return {(row[0], s): said for row in rows for s, said in zip(STATES, row[1:], strict=True)}


# The states.


def waiting() -> Two:
    rig = Two()
    first = rig.dialled()
    second = of(Connect, rig.feed(Lost(first.attempt, REFUSED)))[0]
    rig.feed(Lost(second.attempt, REFUSED))
    assert rig.link.state is State.WAITING
    return rig


def racing() -> Two:
    rig = Two()
    rig.dialled()
    assert rig.link.state is State.CONNECTING
    return rig


def on_primary() -> Two:
    rig = Two()
    first = rig.dialled()
    rig.stands(first)
    rig.serves(first.attempt)
    rig.receive(first.attempt, b"\r\n")
    return rig


def on_backup() -> Two:
    rig = Two(minimum_stay_s=0.0, probe_count=1)
    rig.on_the_backup()
    rig.receive(rig.link.attempt or 0, b"\r\n")
    return rig


def leaving() -> Two:
    rig = on_backup()
    assert of(LeaveSoon, probe(rig))
    return rig


MAKE: dict[str, Callable[[], Two]] = {
    "waiting": waiting,
    "racing": racing,
    "primary": on_primary,
    "backup": on_backup,
}


def dialled_last(rig: Rig) -> Connect:
    return of(Connect, rig.out)[-1]


# The cells in which something happens.


def the_wait_is_over(_: str) -> None:
    rig = waiting()
    assert host(rig.dialled()) == PRIMARY.host


def the_next_starts(_: str) -> None:
    rig = racing()
    assert host(rig.dialled(1.1)) == BACKUP.host
    rig = racing()
    out = rig.feed(Lost(dialled_last(rig).attempt, REFUSED))
    assert host(of(Connect, out)[0]) == BACKUP.host


def the_next_address(state: str) -> None:
    rig = Rig(NAMED)
    if state == "backup":
        rig = Rig(NAMED, BACKUP, minimum_stay_s=0.0, probe_count=1)
        rig.lose(rig.until(Resolve).attempt)
        backup = rig.until(Connect)
        rig.feed(TcpConnected(backup.attempt))
        rig.feed(Connected(backup.attempt, FACTS))
    out = rig.feed(Resolved(rig.until(Resolve).attempt, (FIRST, SECOND)))
    first = of(Connect, out)[0]
    assert first.address == FIRST
    assert of(Connect, rig.lose(first.attempt))[0].address == SECOND
    assert ADDRESSES_MAX > 1


def the_next_stage(state: str) -> None:
    rig = racing() if state == "racing" else on_backup()
    connect = dialled_last(rig) if state == "racing" else of(Connect, rig.live(200))[0]
    rig.feed(TcpConnected(connect.attempt))
    before = rig.now
    while Close(connect.attempt) not in rig.advance(rig.link.deadline() or 0):
        pass
    assert rig.now - before == pytest.approx(5.0), "TLS has a budget of its own"


def connected_racing(_: str) -> None:
    rig = racing()
    second = rig.dialled()
    out = rig.stands(second)
    assert of(Close, out) == [Close(dialled_first(rig).attempt)]
    assert of(LinkUp, out) == [LinkUp(BACKUP, FACTS.local, Address(BACKUP.host, 5061))]


def dialled_first(rig: Rig) -> Connect:
    return of(Connect, rig.out)[0]


def connected_probe(_: str) -> None:
    rig = on_backup()
    assert of(LeaveSoon, probe(rig)), "counted: the primary is not known to answer pings"
    rig = on_primary()
    rig.lose(rig.link.attempt or 0, RESET)
    second = of(Connect, rig.feed(Lost(rig.dialled().attempt, REFUSED)))[0]
    rig.stands(second)
    rig.serves(second.attempt)
    connect = of(Connect, rig.live(200))[0]
    assert written(rig.stands(connect)) == PING, "asked: it is known to"


def all_failed(_: str) -> None:
    rig = waiting()
    assert rig.status.state is LinkState.WAITING
    assert rig.status.retry_at is not None
    assert rig.status.retry_at > rig.now


def lost_racing(_: str) -> None:
    rig = racing()
    assert of(Connect, rig.feed(Lost(dialled_last(rig).attempt, REFUSED)))


def lost_link(state: str) -> None:
    rig = MAKE[state]()
    probing = of(Connect, rig.live(200)) if state == "backup" else []
    out = rig.lose(rig.link.attempt or 0, RESET)
    assert of(LinkDown, out) == [LinkDown(RESET)]
    assert of(Close, out) == [Close(connect.attempt) for connect in probing]
    before = rig.now
    assert rig.dialled()
    assert rig.now == before or state == "backup", "the backup's outage began before"


def unfit(state: str) -> None:
    other = BACKUP if state == "primary" else PRIMARY
    rig = MAKE[state]()
    assert of(LinkDown, rig.feed(ProxyUnfit(BUSY)))
    assert host(rig.dialled()) == other.host
    rig = Two()
    for _ in range(3):
        connect = rig.dialled()
        rig.stands(connect)
        rig.serves(connect.attempt)
        rig.lose(connect.attempt, RESET)
    assert host(rig.dialled()) == BACKUP.host


def held_waiting(_: str) -> None:
    rig = waiting()
    for proxy in (PRIMARY, BACKUP):
        rig.feed(HoldProxy(proxy, 40.0))
    before = rig.now
    assert host(rig.dialled()) == PRIMARY.host
    assert rig.now - before == pytest.approx(40.0)


def held_racing(_: str) -> None:
    rig = racing()
    first = dialled_last(rig)
    rig.feed(HoldProxy(PRIMARY, 40.0))
    out = rig.feed(Lost(first.attempt, REFUSED))
    rig.feed(Lost(of(Connect, out)[0].attempt, REFUSED))
    assert only_until(rig, rig.now + 40.0) == {BACKUP.host}


def only_until(rig: Two, until: float) -> set[str]:
    """Refuse whatever is dialled until then; return who that was."""
    hosts = set()
    while (connect := rig.dialled()) and rig.now < until:
        hosts.add(host(connect))
        rig.feed(Lost(connect.attempt, REFUSED))
    return hosts


def held_link(state: str) -> None:
    own, other = (PRIMARY, BACKUP) if state == "primary" else (BACKUP, PRIMARY)
    rig = MAKE[state]()
    rig.feed(HoldProxy(own, 40.0))
    until = rig.now + 40.0
    assert rig.link.attempt is not None, "the verdict is not ours"
    rig.lose(rig.link.attempt, RESET)
    assert only_until(rig, until) == {other.host}
    rig = MAKE[state]()
    rig.feed(HoldProxy(own, 40.0))
    rig.feed(ServiceConfirmed())
    rig.lose(rig.link.attempt or 0, RESET)
    assert host(rig.dialled(10.0)) == PRIMARY.host, "the 2xx has taken it back"


def received(state: str) -> None:
    rig = MAKE[state]()
    attempt = rig.link.attempt or 0
    rig.advance(rig.now + 1)
    assert of(MessageReceived, rig.receive(attempt, bytes(request("OPTIONS"))))
    assert rig.status.proof_at == rig.now
    if state == "backup":
        connect = of(Connect, rig.live(200))[0]
        rig.stands(connect)
        out = rig.receive(connect.attempt, bytes(request("OPTIONS")))
        assert not of(MessageReceived, out), "on a probe only CRLF"


def asked(state: str) -> None:
    rig = MAKE[state]()
    assert not written(rig.feed(TestLink())), "life was proven just now"
    rig.advance(rig.now + 6)
    assert written(rig.feed(TestLink())).startswith(PING)


def weary() -> Two:
    """No proxy has served for so long that the next attempt is far away."""
    rig = waiting()
    while (rig.status.retry_at or 0.0) < rig.now + 3 * ASKED_S:
        rig.dialled()
        rig.feed(Lost(dialled_last(rig).attempt, REFUSED))
        rig.feed(Lost(dialled_last(rig).attempt, REFUSED))
    return rig


def asked_waiting(_: str) -> None:
    rig = weary()
    failed_at = rig.now
    rig.feed(TestLink())
    rig.dialled()
    assert rig.now == failed_at + ASKED_S, "not again and again"
    rig = weary()
    rig.advance(rig.now + 2 * ASKED_S)
    asked_at = rig.now
    rig.feed(TestLink())
    rig.dialled()
    assert rig.now == asked_at
    rig = weary()
    held_s = (rig.status.retry_at or 0.0) - rig.now - 1
    for proxy in (PRIMARY, BACKUP):
        rig.feed(HoldProxy(proxy, held_s))
    held_until = rig.now + held_s
    rig.feed(TestLink())
    rig.dialled()
    assert rig.now == held_until, "Retry-After is kept"


def network_waiting(_: str) -> None:
    rig = waiting()
    rig.feed(NetworkChanged())
    before = rig.now
    rig.dialled()
    assert rig.now == before


def network_racing(_: str) -> None:
    rig = racing()
    first = dialled_last(rig)
    assert rig.feed(NetworkChanged()) == []
    rig.advance(rig.now + 1.0)
    assert Close(first.attempt) in rig.feed(NetworkChanged())


def network_link(state: str) -> None:
    rig = MAKE[state]()
    assert written(rig.feed(NetworkChanged())).startswith(PING)


def probing(_: str) -> None:
    rig = on_backup()
    assert [host(connect) for connect in of(Connect, rig.live(73))] == [PRIMARY.host]


def going_home(_: str) -> None:
    rig = leaving()
    kinds = [type(item) for item in rig.leaves()]
    assert kinds[:3] == [Close, LinkDown, LinkUp]
    rig = leaving()
    before = rig.now
    rig.until(LinkUp)
    assert rig.now - before == pytest.approx(1.0)


def staying(_: str) -> None:
    for event in (CallsInProgress(1), Lost(dialled_last(leaving()).attempt, RESET)):
        rig = leaving()
        backup = rig.link.attempt
        assert of(StayHere, rig.feed(event))
        assert rig.link.attempt == backup


def no_2xx_at_home(_: str) -> None:
    rig = leaving()
    rig.leaves()
    before = rig.now
    rig.until(LinkDown)
    assert rig.now - before == pytest.approx(4.0)
    assert host(dialled_last(rig)) == BACKUP.host
    assert rig.link._stay.minimum_s > 0.0


def use(rig: Two, **changes: object) -> list[object]:
    """Change settings; do what is due then."""
    settings = replace(rig.link._settings, **changes)  # type: ignore[arg-type] # a test's own words
    return [*rig.feed(UseSettings(settings)), *rig.advance(rig.now)]


def other_times_waiting(_: str) -> None:
    rig = weary()
    use(rig, retry_cap_s=10.0)
    first = rig.dialled()
    second = of(Connect, rig.feed(Lost(first.attempt, REFUSED)))[0]
    rig.feed(Lost(second.attempt, REFUSED))
    assert 5.0 <= (rig.status.retry_at or 0.0) - rig.now <= 10.0


def other_times(state: str) -> None:
    rig = MAKE[state]()
    attempt = rig.link.attempt
    assert PING in written(use(rig, keep_alive_s=5.0))
    assert rig.link.attempt == attempt
    if state == "backup":
        use(rig, probe_interval_s=10.0)
        assert [host(connect) for connect in of(Connect, rig.live(13))] == [PRIMARY.host]


def other_proxies_waiting(_: str) -> None:
    rig = weary()
    before = rig.now
    out = use(rig, proxies=(OTHER, BACKUP))
    assert [host(connect) for connect in of(Connect, out)] == [OTHER.host]
    assert rig.now == before


def other_proxies_racing(_: str) -> None:
    rig = racing()
    first = dialled_last(rig)
    out = use(rig, proxies=(OTHER, BACKUP))
    assert of(Close, out) == [Close(first.attempt)]
    assert [host(connect) for connect in of(Connect, out)] == [OTHER.host]


def other_proxies(state: str) -> None:
    ways = {"ways": 1}
    own_is_gone = {"proxies": (OTHER, BACKUP) if state == "primary" else (PRIMARY, OTHER)}
    for changes in (ways, own_is_gone):
        rig = MAKE[state]()
        assert of(LeaveSoon, use(rig, **changes))
        out = rig.leaves()
        assert of(LinkDown, out)
        assert of(Connect, out)
        rig = MAKE[state]()
        use(rig, **changes)
        before = rig.now
        rig.until(LinkDown)
        assert rig.now - before == pytest.approx(1.0)
    if state == "backup":
        rig = on_backup()
        assert not of(LeaveSoon, use(rig, proxies=(OTHER, BACKUP)))
        assert [host(connect) for connect in of(Connect, rig.live(73))] == [OTHER.host]


def wrong(state: str) -> None:
    rig = MAKE[state]()
    attempt = rig.link.attempt or dialled_last(rig).attempt
    out = use(rig, problem=NO_TRUST)
    assert rig.link.state is State.OFF
    assert rig.status.reason == NO_TRUST
    assert bool(of(LinkDown, out)) is (state in {"primary", "backup"})
    assert of(Close, out) == ([] if state == "waiting" else [Close(attempt)])
    assert not of(Connect, rig.advance(rig.now + 1000))


DONE: dict[tuple[str, str], Callable[[str], None]] = {
    (WAIT, "waiting"): the_wait_is_over,
    (HEAD_START, "racing"): the_next_starts,
    (ADDRESS, "racing"): the_next_address,
    (ADDRESS, "backup"): the_next_address,
    (STAGES, "racing"): the_next_stage,
    (STAGES, "backup"): the_next_stage,
    (CONNECTED, "racing"): connected_racing,
    (CONNECTED, "backup"): connected_probe,
    (ALL_FAILED, "racing"): all_failed,
    (LOST, "racing"): lost_racing,
    (LOST, "primary"): lost_link,
    (LOST, "backup"): lost_link,
    (UNFIT, "primary"): unfit,
    (UNFIT, "backup"): unfit,
    (HOLD, "waiting"): held_waiting,
    (HOLD, "racing"): held_racing,
    (HOLD, "primary"): held_link,
    (HOLD, "backup"): held_link,
    (RECEIVED, "primary"): received,
    (RECEIVED, "backup"): received,
    (TEST, "waiting"): asked_waiting,
    (TEST, "primary"): asked,
    (TEST, "backup"): asked,
    (NETWORK, "waiting"): network_waiting,
    (NETWORK, "racing"): network_racing,
    (NETWORK, "primary"): network_link,
    (NETWORK, "backup"): network_link,
    (PROBE, "backup"): probing,
    (HOME, "backup"): going_home,
    (STAY, "backup"): staying,
    (NO_2XX, "primary"): no_2xx_at_home,
    (TIMES, "waiting"): other_times_waiting,
    (TIMES, "primary"): other_times,
    (TIMES, "backup"): other_times,
    (PROXIES, "waiting"): other_proxies_waiting,
    (PROXIES, "racing"): other_proxies_racing,
    (PROXIES, "primary"): other_proxies,
    (PROXIES, "backup"): other_proxies,
    **{(WRONG, state): wrong for state in STATES},
}


# The cells in which nothing happens.


def no_wait(rig: Two) -> None:
    assert rig.link._retry_at is None


def no_race(rig: Two) -> None:
    assert rig.link._race is None


def no_candidate(rig: Two) -> None:
    no_race(rig)
    assert rig.link._homecoming is None
    assert rig.feed(Resolved(OLD, (FIRST,))) == []
    assert rig.feed(TcpConnected(OLD)) == rig.feed(Connected(OLD, FACTS)) == []


def no_link(rig: Two) -> None:
    assert rig.link.attempt is None
    assert rig.feed(Lost(OLD, RESET)) == rig.feed(Received(OLD, b"\r\n")) == []
    assert rig.feed(ProxyUnfit(BUSY)) == []
    assert rig.link.state is State.WAITING or rig.feed(TestLink()) == []


def no_homecoming(rig: Two) -> None:
    assert rig.link._homecoming is None
    assert rig.feed(ReadyToLeave()) == rig.feed(CallsInProgress(1)) == []


def no_other_race(rig: Two) -> None:
    out = use(rig, keep_alive_s=5.0, retry_cap_s=10.0, probe_interval_s=10.0)
    assert not of(Close, out)
    assert not of(Connect, out)


def no_trial(rig: Two) -> None:
    assert rig.link._home_by is None


NOTHING: dict[str, Callable[[Two], None]] = {
    WAIT: no_wait,
    HEAD_START: no_race,
    ADDRESS: no_candidate,
    STAGES: no_candidate,
    CONNECTED: no_candidate,
    ALL_FAILED: no_race,
    LOST: no_link,
    UNFIT: no_link,
    RECEIVED: no_link,
    TEST: no_link,
    PROBE: no_homecoming,
    HOME: no_homecoming,
    STAY: no_homecoming,
    NO_2XX: no_trial,
    TIMES: no_other_race,
}

CELLS = document_cells()


def test_the_table_has_a_test_for_each_of_its_cells_and_no_other() -> None:
    assert {cell for cell, said in CELLS.items() if said != "-"} == set(DONE)
    assert {row for (row, _), said in CELLS.items() if said == "-"} == set(NOTHING)


@pytest.mark.parametrize(("row", "state"), sorted(DONE), ids=str)
def test_what_the_table_says_is_done(row: str, state: str) -> None:
    DONE[row, state](state)


@pytest.mark.parametrize(
    ("row", "state"), sorted(cell for cell, said in CELLS.items() if said == "-"), ids=str
)
def test_what_the_table_leaves_empty_does_not_happen(row: str, state: str) -> None:
    NOTHING[row](MAKE[state]())
