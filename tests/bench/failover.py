"""The phone with two proxies: how long it takes to be reachable again, and to come home.

On the wire of 50 ms, beside a bare client that is told by an oracle where to go. A phone is new
for each figure, so that no back-off of the last one is in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.bench import ringer
from tests.bench.pair import LIMIT_S, SETTLE_S, Pair
from tests.bench.table import Table
from tests.interop.accounts import DOMAIN
from tests.interop.phone import Phone

COLUMNS = ("floor", "phone")
FLOOR, PHONE = COLUMNS

TIMES = 5
OUTAGES = 3
"""Repetitions: of what is over in a moment, and of what takes many seconds."""

KEEP_ALIVE_S = 5
USER = "alice"

HOMEWARD = {
    "sips failback probe interval": "10",
    "sips failback probe count": "1",
    "sips failback minimum stay": "0",
}

GONE = "RST, port closed, to registered at the backup"
GONE_CALL = "... to a call that is dialled then and rings"
MUTE = "RST, then TLS and pongs but no SIP from the primary, to registered at the backup"
HOME = "return home: time without registration at the proxies"
FRESH = "... where the primary was restarted, and has to challenge"

Harm = Callable[[Pair], AbstractContextManager[None]]


@contextmanager
def blackholed(pair: Pair) -> Iterator[None]:
    """Lose every packet to and from the primary."""
    pair.cut()
    try:
        yield
    finally:
        pair.mend()


@contextmanager
def frozen(pair: Pair) -> Iterator[None]:
    """Stop the primary's processes: its kernel accepts and acknowledges, and nobody speaks."""
    pair.primary.freeze()
    try:
        yield
    finally:
        pair.primary.thaw()


HARMS: dict[str, tuple[Harm, float]] = {"blackhole": (blackholed, 0.0), "silent": (frozen, 8.0)}
"""By name: how the primary is harmed, and what its acknowledgements add to each limit (D2)."""


def new_table() -> Table:
    """Return the table without figures."""
    table = Table(COLUMNS)
    table.row(GONE, "ms", "300")
    table.row(GONE_CALL, "ms", "360")
    for name, (_, more_s) in HARMS.items():
        table.row(_idle(name), "s", f"keep-alive + 3 = {KEEP_ALIVE_S + 3 + more_s:.0f}")
        table.row(_lifted(name), "s", f"{3 + more_s:.0f}")
        table.row(_dialled(name), "s", "")
    table.row(MUTE, "s", "11")
    table.row(HOME, "round trips", "2")
    table.row(FRESH, "round trips", "2")
    return table


def _idle(name: str) -> str:
    return f"primary {name}, idle, keep-alive {KEEP_ALIVE_S} s, to registered at the backup"


def _lifted(name: str) -> str:
    return f"primary {name}, lifted at once, to registered at the backup"


def _dialled(name: str) -> str:
    return f"primary {name}, lifted and dialled at once, to ringing"


def measure(pair: Pair, table: Table) -> None:
    """Fill the table."""
    for _ in range(TIMES):
        registered_s, rang_s = pair.oracle()
        table.add(GONE, FLOOR, registered_s)
        table.add(GONE_CALL, FLOOR, registered_s + rang_s)
    for _ in range(TIMES):
        measure_gone(pair, table)
    for name, (harm, _) in HARMS.items():
        for _ in range(OUTAGES):
            measure_harm(pair, table, name, harm)
    for _ in range(OUTAGES):
        measure_mute(pair, table)
    for _ in range(OUTAGES):
        measure_home(pair, table, HOME, pair.cut, pair.mend)
        measure_home(pair, table, FRESH, pair.take_away, pair.bring_back)


def measure_gone(pair: Pair, table: Table) -> None:
    """Take the primary away, and call as soon as the backup serves."""
    with pair.phone() as phone:
        settle(phone)
        at = pair.take_away()
        registered_s = registered_at(phone, at) - at
        table.add(GONE, PHONE, registered_s)
        dialled_at = time.time()
        dial(phone)
        rang_at = float(phone.wait_for("ringing", LIMIT_S, dialled_at)["t"])
        table.add(GONE_CALL, PHONE, registered_s + rang_at - dialled_at)
    pair.bring_back()


def measure_harm(pair: Pair, table: Table, name: str, harm: Harm) -> None:
    """Harm the primary under an idle phone, under one that is lifted, under one that calls."""
    with pair.phone(KEEP_ALIVE_S) as phone:
        settle(phone)
        at = time.time()
        with harm(pair):
            table.add(_idle(name), PHONE, registered_at(phone, at) - at)
    with pair.phone() as phone:
        settle(phone, KEEP_ALIVE_S + SETTLE_S)  # No proof of life is so fresh that D7 trusts it.
        at = time.time()
        with harm(pair):
            phone.send("hook", off=True)
            table.add(_lifted(name), PHONE, registered_at(phone, at) - at)
    with pair.phone() as phone:
        settle(phone, KEEP_ALIVE_S + SETTLE_S)
        at = time.time()
        with harm(pair):
            phone.send("hook", off=True)
            dial(phone)
            table.add(
                _dialled(name), PHONE, float(phone.wait_for("ringing", LIMIT_S, at)["t"]) - at
            )


def measure_mute(pair: Pair, table: Table) -> None:
    """Reset the link to a primary whose transport works on, and that serves nobody."""
    with pair.phone() as phone:
        settle(phone)
        pair.primary.set_silent(True)
        at = pair.reset()
        table.add(MUTE, PHONE, registered_at(phone, at) - at)
    pair.primary.set_silent(False)


def measure_home(
    pair: Pair, table: Table, name: str, harm: Callable[[], float], mend: Callable[[], None]
) -> None:
    """Let a phone go to the backup and come home; see the proxies' own words.

    The registrar of the backup loses the binding where it takes the un-REGISTER, that of the
    primary has it where it takes the REGISTER.
    """
    with pair.phone(KEEP_ALIVE_S, HOMEWARD) as phone:
        settle(phone)
        at = harm()
        registered_at(phone, at)
        mended_at = time.time()
        mend()
        taken = f"LAB registered {USER} "
        home_at = pair.primary.running.wait_for(taken, LIMIT_S, mended_at)[0].at
        left_at = pair.backup.running.matching(taken, mended_at)[-1].at
        table.add(name, PHONE, (home_at - left_at) / pair.round_trip_s)


def settle(phone: Phone, settle_s: float = SETTLE_S) -> None:
    """Wait until a phone is registered, and a while longer."""
    registered_at(phone, 0.0)
    time.sleep(settle_s)


def registered_at(phone: Phone, since: float) -> float:
    """Return when the phone was registered, in Unix seconds."""
    return float(phone.wait_for("registered", LIMIT_S, since)["t"])


def dial(phone: Phone) -> None:
    """Call the one who rings."""
    phone.send("dial", uri=f"sip:{ringer.USER}@{DOMAIN}")
