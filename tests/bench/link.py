"""`make bench-link`: the link measured on a wire of 0 and of 50 ms round trip, as tables.

Everything runs at the same time on the same machine: Kamailio and somebody who rings in one
network namespace, the phone in another, a wire with delay between them, and a bare TLS client in
the phone's place as the floor. Each figure is the median of its repetitions. The second table,
`failover`, has two proxies.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.bench import failover, messages, ringer
from tests.bench.machine import header
from tests.bench.pair import Pair
from tests.bench.stage import Stage
from tests.bench.table import Table
from tests.interop.accounts import DOMAIN
from tests.interop.phone import Phone

ROUND_TRIPS_S = (0.0, 0.05)

TIMES = 5
CALLS = 9
OUTAGES = 3
"""Repetitions: of a start or a reset, of a call, and of what takes half a minute."""

AWAY_S = (5.0, 6.5, 8.0)
KEEP_ALIVE_S = 5
IDLE_S = 20.0
SETTLE_S = 1.0
LIMIT_S = 30.0

MEDIAN = "Median (lowest-highest, repetitions). Kamailio and the far end on the same machine."

COLUMNS = ("0 ms, floor", "0 ms, phone", "50 ms, floor", "50 ms, phone")


START = "cold start to REGISTER 200"
CALL = "dial to 180, no challenge"
ASKED = "dial to 180, challenged, no nonce kept"
FIRST = "dial to 180, challenged, first call"
SECOND = "dial to 180, challenged, second call"
SET_UP = "dial to 180 with a TLS connection for the call"
RESET = "RST sent to registered"
RETURN = "the only proxy is back after 5-8 s, to registered"
NOTICED = f"blackhole noticed, idle, keep-alive {KEEP_ALIVE_S} s"
LIFTED = "blackhole noticed, from lifting the handset"
PROCESSOR = f"idle processor time over {IDLE_S:.0f} s, keep-alive 30 s"
RESIDENT = "RSS, registered and idle"
PROPORTIONAL = "PSS, registered and idle"


def new_table() -> Table:
    """Return the table without figures."""
    table = Table(COLUMNS)
    table.row(START, "ms", "< 400 at 50 ms")
    table.row(CALL, "ms", "floor + 2")
    table.row(ASKED, "ms", "what others need: twice the round trip")
    table.row(FIRST, "ms", "one round trip: the floor without a challenge + 2")
    table.row(SECOND, "ms", "the same")
    table.row(SET_UP, "ms", "")
    table.row(RESET, "ms", "1.3 x 3 round trips: 195 at 50 ms")
    table.row(RETURN, "s", "< 2.5")
    table.row(NOTICED, "s", f"< {KEEP_ALIVE_S + 2.5}")
    table.row(LIFTED, "s", "< 2.5")
    table.row(PROCESSOR, "%", "< 0.1")
    table.row(RESIDENT, "MiB", "< 45")
    table.row(PROPORTIONAL, "MiB", "")
    return table


def measure_floor(stage: Stage, table: Table, column: str) -> None:
    """Fill the floor's column."""
    for _ in range(TIMES):
        table.add(START, column, stage.floor_cold_start())
    stage.kamailio.set_challenge(False)
    table.add(CALL, column, *stage.floor("call", CALLS))
    table.add(SET_UP, column, *stage.floor("connect", CALLS))
    stage.kamailio.set_challenge(True)
    table.add(ASKED, column, *stage.floor("call", CALLS))
    # The registrar's nonce serves for the first call already.
    for _ in range(TIMES):
        first, second = stage.floor("reuse", 2)
        table.add(FIRST, column, first)
        table.add(SECOND, column, second)


def measure_phone(stage: Stage, table: Table, column: str) -> None:
    """Fill the phone's column."""
    for _ in range(TIMES):
        with stage.phone() as phone:
            table.add(START, column, registered_at(phone) - phone.started_at)
            time.sleep(SETTLE_S)
            table.add(FIRST, column, dial(phone))
            table.add(SECOND, column, dial(phone))
    stage.kamailio.set_challenge(False)
    with stage.phone() as phone:
        registered_at(phone)
        table.add(CALL, column, *(dial(phone) for _ in range(CALLS)))
        measure_idle(phone, table, column)
    stage.kamailio.set_challenge(True)
    measure_resets(stage, table, column)
    measure_returns(stage, table, column)
    measure_blackholes(stage, table, column)


def measure_idle(phone: Phone, table: Table, column: str) -> None:
    """Leave a registered phone alone and see what it costs."""
    time.sleep(SETTLE_S)
    before_s = phone.processor_s()
    time.sleep(IDLE_S)
    table.add(PROCESSOR, column, 100 * (phone.processor_s() - before_s) / IDLE_S)
    resident, proportional = phone.memory_kib()
    table.add(RESIDENT, column, resident / 1024)
    table.add(PROPORTIONAL, column, proportional / 1024)


def measure_resets(stage: Stage, table: Table, column: str) -> None:
    """Reset the link; each time on a new phone, so that the back-off is none of the figure."""
    for _ in range(TIMES):
        with stage.phone() as phone:
            registered_at(phone)
            time.sleep(SETTLE_S)
            at = stage.reset(stage.wire.flows()[-1].client)
            table.add(RESET, column, registered_at(phone, at) - at)


def measure_returns(stage: Stage, table: Table, column: str) -> None:
    """Take the only proxy away for a while."""
    for away_s in AWAY_S:
        with stage.phone() as phone:
            registered_at(phone)
            stage.kamailio.running.kill()
            time.sleep(away_s)
            stage.kamailio.start()
            at = time.time()
            table.add(RETURN, column, registered_at(phone, at) - at)
        stage.start_ringer()


def measure_blackholes(stage: Stage, table: Table, column: str) -> None:
    """Let every packet vanish: with an idle phone, and with one that is then lifted."""
    for _ in range(OUTAGES):
        with stage.phone(keep_alive_s=KEEP_ALIVE_S) as phone:
            registered_at(phone)
            time.sleep(SETTLE_S)
            table.add(NOTICED, column, noticed_after(stage, phone, time.time()))
        with stage.phone() as phone:
            registered_at(phone)
            time.sleep(KEEP_ALIVE_S + SETTLE_S)
            at = time.time()
            stage.wire.blackhole(True)
            phone.send("hook", off=True)
            table.add(LIFTED, column, noticed_after(stage, phone, at))


def noticed_after(stage: Stage, phone: Phone, at: float) -> float:
    """Return how long after that moment the phone knew that nothing comes through."""
    stage.wire.blackhole(True)
    try:
        return float(phone.wait_for("unregistered", LIMIT_S, at)["t"]) - at
    finally:
        stage.wire.blackhole(False)


def registered_at(phone: Phone, since: float = 0.0) -> float:
    """Return when the phone was registered, in Unix seconds."""
    return float(phone.wait_for("registered", LIMIT_S, since)["t"])


def dial(phone: Phone) -> float:
    """Call and give up; return the seconds until it rang."""
    at = time.time()
    phone.send("dial", uri=f"sip:{ringer.USER}@{DOMAIN}")
    rang_at = float(phone.wait_for("ringing", LIMIT_S, at)["t"])
    phone.send("hangup")
    phone.wait_for("ended", LIMIT_S, at)
    return rang_at - at


def main() -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.link", description=__doc__)
    parser.add_argument("--floor", action="store_true", help="measure the bare client only")
    parser.add_argument("--two-proxies", action="store_true", help="measure only the second table")
    given = parser.parse_args()
    print("\n".join([*header(), MEDIAN]))
    with tempfile.TemporaryDirectory() as directory:
        if not given.two_proxies:
            print_link(Path(directory), only_floor=given.floor)
        if not given.floor:
            print_moves(Path(directory))
    if not given.floor and not given.two_proxies:
        print_rates()


def print_link(directory: Path, *, only_floor: bool) -> None:
    """Print the first table: one proxy."""
    table = new_table()
    for round_trip_s in ROUND_TRIPS_S:
        name = f"{round_trip_s * 1000:.0f} ms"
        with Stage(directory / name.replace(" ", ""), round_trip_s) as stage:
            measure_floor(stage, table, f"{name}, floor")
            if not only_floor:
                measure_phone(stage, table, f"{name}, phone")
    print("\n".join(["", *table.lines()]), flush=True)


def print_moves(directory: Path) -> None:
    """Print the second table: to the backup and home again, on the long wire."""
    table = failover.new_table()
    with Pair(directory / "pair", ROUND_TRIPS_S[-1]) as pair:
        failover.measure(pair, table)
    print("\n".join(["", *table.lines()]), flush=True)


def print_rates() -> None:
    """Print the last table: messages a second."""
    print("\n| measured | this phone | sipmessage |\n|---|---|---|")
    for name, ours, theirs in messages.rates():
        print(f"| {name} | {ours:.0f} | {theirs:.0f} |")


if __name__ == "__main__":
    main()
