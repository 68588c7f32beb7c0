"""`make bench-admin`: what the administrator's doors cost, and what they disturb; as tables.

Everything runs at the same time on the same machine: Kamailio, baresip, PipeWire with a card that
keeps time, a virtual handset with console and page. The floor is a bare event loop with the same
TLS and a pty (`bare_doors.py`), measured in the same run; a change of the configuration has a file
that is flushed to the same disk beside that. Each table has a phone of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.disk import save_flushed
from firmware.runtime.web_door import LOOK_S
from firmware.web.layout import NAVIGATION
from tests.bench import disturbed, door_cost
from tests.bench.admin_phone import API, PAGES, AdminPhone
from tests.bench.bare_doors import HOST
from tests.bench.call_stage import CallStage
from tests.bench.machine import header
from tests.bench.table import Table, at_share
from tests.bench.visitor import Visitor
from tests.lab.namespaces import ROOT
from tests.lab.processes import Program, memory_kib

ROUNDS = 30
KEYS = 300
CHANGES = 40
LIMIT_S = 15.0
STILL_S = 0.02
"""Between two keys of somebody who types as fast as anybody."""

FLOOR, IDLE, CALL = "bare loop", "idle", "in a call"
RATIOS = {"idle / bare": (IDLE, FLOOR), "in a call / bare": (CALL, FLOOR)}

PHONE = "this phone"
ALIVE = "sip persistent tls keep alive"


class BareDoors:
    """The floor, as a program; a context manager."""

    def __init__(self, folder: Path, length: int) -> None:
        folder.mkdir()
        self._folder = folder
        words = [sys.executable, "-m", "tests.bench.bare_doors", str(folder), str(length)]
        self._program = Program(words, directory=ROOT)

    def __enter__(self) -> BareDoors:
        said = json.loads(self._program.wait_for(HOST, LIMIT_S)[0].text)
        self.page, self.line = Visitor(said["page"]), said["line"]
        return self

    def __exit__(self, *_: object) -> None:
        self._program.stop()


def pages(stage: CallStage) -> Table:
    """Ask for every page, over and over."""
    table = Table((FLOOR, IDLE, CALL), RATIOS)
    with AdminPhone(stage) as phone:
        first = phone.visitor().timed("/")
        with BareDoors(stage.directory / "bare", len(first.body)) as bare:
            add_visits(table, FLOOR, bare.page)
        visitor = phone.visitor()
        add_visits(table, IDLE, visitor)
        add_each(table, IDLE, phone.program)
        with phone.talking():
            add_visits(table, CALL, visitor)
            add_each(table, CALL, phone.program)
    return table


def add_visits(table: Table, column: str, visitor: Visitor, rounds: int = ROUNDS) -> None:
    """Add what all pages take, and each."""
    visits = {path: [visitor.timed(path) for _ in range(rounds)] for path in PAGES}
    every = [visit for found in visits.values() for visit in found]
    for what, times in (
        ("first byte", [visit.first_s for visit in every]),
        ("complete", [visit.whole_s for visit in every]),
    ):
        for share in (0.5, 0.99):
            name = f"any page, to {what}, p{100 * share:.0f}"
            table.row(name, "ms")
            table.add(name, column, at_share(times, share))
    for path, title in NAVIGATION:
        name = f"{title}, complete, p50"
        table.row(name, "ms")
        table.add(name, column, at_share([visit.whole_s for visit in visits[path]], 0.5))


def add_each(table: Table, column: str, program: Visitor) -> None:
    """Add what each answer to a program takes."""
    for path in API:
        name = f"`{path}`, complete, p50"
        table.row(name, "ms")
        times = [program.timed(path).whole_s for _ in range(ROUNDS)]
        table.add(name, column, at_share(times, 0.5))


def memory(stage: CallStage) -> Table:
    """See what is taken when somebody comes, and what is given back."""
    table = Table((PHONE, "editor"))
    with AdminPhone(stage) as phone:

        def note(name: str, aim: str = "") -> None:
            table.row(name, "MiB", aim)
            table.add(name, PHONE, phone.phone.memory_kib()[0] / 1024)
            for editor in phone.phone.program.children:
                table.add(name, "editor", memory_kib(editor)[0] / 1024)

        note("RSS, nobody has ever come")
        for which in ("first", "second", "third"):
            visitor = phone.visitor()
            for path in PAGES:
                visitor.timed(path)
            note(f"somebody at the page, the {which} time")
            visitor.log_out()
            time.sleep(LOOK_S + 2.0)
            note(f"gone again, the {which} time", "as before" if which == "first" else "no more")
        for which in ("first", "second"):
            terminal = phone.terminal(dumb=False)
            terminal.ask("show")
            note(f"somebody at the console, the {which} time")
            terminal.close()
            time.sleep(2.0)
            note(f"gone from the console, the {which} time", "no more")
    return table


def keys(stage: CallStage) -> Table:
    """Type at the console; change a parameter by each door."""
    table = Table((FLOOR, IDLE, CALL), RATIOS)
    with BareDoors(stage.directory / "bare-line", 0) as bare, AdminPhone(stage) as phone:
        with opened(bare.line) as line:
            floor_s = echoes_s(line)
        page_s = [bare.page.timed("/").whole_s for _ in range(CHANGES)]
        disk_s = [flushed_s(phone.state / "flushed") for _ in range(CHANGES)]
        for name in ("dumb terminal", "VT100"):
            add_echoes(table, FLOOR, name, floor_s)
        for name in ("API", "console"):
            changes_s = [one + other for one, other in zip(page_s, disk_s, strict=True)]
            add_changes(table, FLOOR, name, changes_s)
        type_and_change(table, IDLE, phone)
        with phone.talking():
            type_and_change(table, CALL, phone)
    return table


def type_and_change(table: Table, column: str, phone: AdminPhone) -> None:
    """Add what keys and changes take of a phone as it is now."""
    for name, is_dumb in (("dumb terminal", True), ("VT100", False)):
        terminal = phone.terminal(dumb=is_dumb)
        terminal.read(0.5)
        add_echoes(table, column, name, echoes_s(terminal.descriptor))
        terminal.type(b"\x15")
        terminal.close()
    add_changes(table, column, "API", [set_by_api_s(phone, n) for n in range(CHANGES)])
    terminal = phone.terminal()
    times = []
    for number in range(CHANGES):
        began = time.perf_counter()
        said = terminal.ask(f"set {ALIVE} {value(number)}")
        times.append(time.perf_counter() - began)
        assert str(value(number)) in said, said
    terminal.close()
    add_changes(table, column, "console", times)


def value(number: int) -> int:
    """Return a value that is another one than the last, and below what any registrar asks for."""
    return 10 + number % 2


def set_by_api_s(phone: AdminPhone, number: int) -> float:
    """Set a parameter of the link; return the seconds until that is answered, and in force."""
    path = f"/api/parameters/{ALIVE.replace(' ', '%20')}"
    said = json.dumps({"value": str(value(number))})
    visit = phone.program.ask(path, "PUT", said, "application/json")
    assert visit.status == 200, visit
    link = json.loads(phone.program.timed("/api/link").body)
    assert link["keep_alive_s"] == value(number), link
    return visit.whole_s


def flushed_s(path: Path) -> float:
    """Flush a file to the disk as settings are; return the seconds."""
    began = time.perf_counter()
    save_flushed(path, b"x" * 200)
    return time.perf_counter() - began


def add_echoes(table: Table, column: str, name: str, times: list[float]) -> None:
    """Add what a key's echo takes."""
    for share in (0.5, 0.99):
        row = f"key to its echo, {name}, p{100 * share:.0f}"
        table.row(row, "ms")
        table.add(row, column, at_share(times, share))


def add_changes(table: Table, column: str, name: str, times: list[float]) -> None:
    """Add what a change takes."""
    for share in (0.5, 0.99):
        row = f"set by the {name}: kept, in force and answered, p{100 * share:.0f}"
        table.row(row, "ms")
        table.add(row, column, at_share(times, share))


@contextmanager
def opened(device: str) -> Iterator[int]:
    """Open a line."""
    descriptor = os.open(device, os.O_RDWR | os.O_NOCTTY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def echoes_s(line: int, keys: int = KEYS) -> list[float]:
    """Type; return the seconds from each key to the first byte that comes back."""
    times = []
    for _ in range(keys):
        began = time.perf_counter()
        os.write(line, b"x")
        heard = select.select([line], [], [], LIMIT_S)[0]
        times.append(time.perf_counter() - began)
        assert heard, "no echo"
        time.sleep(STILL_S)
        os.read(line, 65536)
    return times


DOORS = "doors"
ORDINARY_SOUND = "ordinary-sound"
"""The same where the system allows no real-time priority."""
MEASURES = ("pages", "memory", "sound", ORDINARY_SOUND, "keys", DOORS)


def main(arguments: list[str]) -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.admin", description=__doc__)
    parser.add_argument("--only", choices=MEASURES, help="one of the tables")
    parser.add_argument("--seconds", type=float, default=40.0, help="of each storm beside a call")
    given = parser.parse_args(arguments)
    print("\n".join(header()), f"Load: {os.getloadavg()[0]:.1f} when it began.", end="\n\n")
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        tables: dict[str, Callable[[CallStage], Table]] = {
            "pages": pages,
            "memory": memory,
            "sound": lambda stage: disturbed.measure(stage, given.seconds),
            ORDINARY_SOUND: lambda stage: disturbed.measure(stage, given.seconds),
            "keys": keys,
        }
        for name, measure in tables.items():
            if given.only in {None, name}:
                watch, has_priorities = folder / f"{name}.lost", name != ORDINARY_SOUND
                with CallStage(folder / name, watch, has_priorities) as stage:
                    print("\n".join(measure(stage).lines()), end="\n\n", flush=True)
        if given.only in {None, DOORS}:
            print("\n".join(door_cost.measure(folder / "compiled").lines()), end="\n\n")
    print(f"Load: {os.getloadavg()[0]:.1f} when it ended.")


if __name__ == "__main__":
    main(sys.argv[1:])
