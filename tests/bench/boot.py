"""`make bench-boot`: how many instructions a start takes, here and on an ARM, beside a bare Python.

Seconds depend on the machine and on what else it does; instructions do not. The handset's process
(`handset_device.py`) runs under QEMU until its first picture stands, and until the lab's exchange
has answered its REGISTER with all that a start imports; `python -c pass` is the unit. The first
run of each fills Python's cache of compiled files and is not counted. The second table is of what
is imported before that REGISTER, part by part, each on top of those above it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.bench import handset_device
from tests.bench.emulated import Arm, Native, build_plugin
from tests.bench.machine import environment, header
from tests.bench.table import Table
from tests.lab.background import Background
from tests.lab.desk import Desk
from tests.lab.namespaces import ROOT

Machine = Native | Arm

RUNS = 3
LIMIT_S = 300.0

BARE = "`python -c pass`"
SCREEN, REGISTERED = "start to the first screen", "start to registered"
SCREEN_RATIO, REGISTERED_RATIO = "the same, in bare interpreters", "the same, in bare interpreters "
MILLION = 1e6

PARTS = {
    "Python's own library, TLS with it": "argparse asyncio logging pathlib uuid",
    "settings, and the program's own frame": "firmware.runtime.start config.configuration",
    "board, pictures, Pillow": (
        "board.handset PIL.ImageDraw PIL.ImageFont firmware.phone.screen firmware.phone.render"
        " firmware.runtime.languages"
    ),
    "SIP, transactions, link": "firmware.link.link firmware.transaction.layer firmware.sip.auth",
    "calls and what they agree on": "firmware.agent.agent firmware.media.negotiation",
    "the phone's machine and screens": "firmware.phone.phone",
    "certificates: cryptography": "cryptography.x509 firmware.runtime.in_force",
    "sockets, files, doors that are shut": "firmware.runtime.application",
}
"""Modules by what they are for, in the order in which a start comes to them."""

NOT_IMPORTS = "all that is no import, to the answer"
"""Pictures, threads, files, TLS, the REGISTER, its challenge and the answer."""


class Boot:
    """Starts of one machine, counted."""

    def __init__(self, machine: Machine, desk: Desk, folder: Path) -> None:
        self._machine, self._desk, self._folder = machine, desk, folder
        self._plugin = build_plugin(folder)
        self._number = 0

    def bare(self) -> float:
        """Return the millions of instructions of an interpreter that does nothing."""
        return self._count(self._start("-c", "pass"))

    def screen(self) -> float:
        """Return those until the first picture stands."""
        return self._count(self._start(*self._phone(handset_device.SCREEN)))

    def registered(self) -> float:
        """Return those until the phone is registered."""
        known = len(self._desk.primary.counters.registrations)
        process = self._start(*self._phone(handset_device.REGISTERED))
        by = time.monotonic() + LIMIT_S
        while len(self._desk.primary.counters.registrations) == known:
            assert process.poll() is None, "it has ended"
            assert time.monotonic() < by, "it does not register"
            time.sleep(0.005)
        return self._count(process)

    def imports(self, *modules: str) -> float:
        """Return those of an interpreter that imports modules."""
        words = ("-c", "".join(f"import {module}\n" for module in modules))
        self._count(self._start(*words))  # Not counted: it compiles.
        return self._count(self._start(*words))

    def _phone(self, wish: str) -> list[str]:
        self._number += 1
        state = self._folder / f"{self._machine.name}-{self._number}"
        state.mkdir()
        module = handset_device.__name__
        return ["-m", module, "handset", str(self._desk.directory), str(state), wish]

    def _start(self, *words: str) -> subprocess.Popen[str]:
        machine = self._machine
        counting = ("-plugin", f"{self._plugin},out={self._folder / 'count'}")
        return subprocess.Popen(
            [*machine.words, *counting, machine.python, *words],
            env=environment(self._folder / f"{machine.name}.cache", PYTHONPATH=machine.path),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _count(self, process: subprocess.Popen[str]) -> float:
        _, errors = process.communicate("go\n", timeout=LIMIT_S)
        assert process.returncode == 0, errors[-4000:]
        return int((self._folder / "count").read_text()) / MILLION


def measure(table: Table, parts: Table, machines: tuple[Machine, ...], folder: Path) -> None:
    """Fill the tables."""
    with Background() as background:
        desk = Desk(folder / "desk", accounts=1, port=0, sound_device="none")
        background.run(desk.start())
        try:
            for machine in machines:
                machine.prepare()
                boot = Boot(machine, desk, folder)
                registered = add_boot(table, machine.name, boot)
                add_parts(parts, machine.name, boot, registered)
        finally:
            background.run(desk.stop())


def add_parts(parts: Table, column: str, boot: Boot, registered: float) -> None:
    """Add what each part takes, and what is left of a whole start."""
    before = boot.bare()
    parts.add(BARE, column, before)
    known: list[str] = []
    for name, modules in PARTS.items():
        known += modules.split()
        counted = boot.imports(*known)
        parts.add(name, column, counted - before)
        before = counted
    parts.add(NOT_IMPORTS, column, registered - before)


def add_boot(table: Table, column: str, boot: Boot) -> float:
    """Add the counts of one machine; return the median to registered."""
    boot.registered()  # Not counted: it compiles.
    bare = boot.bare()
    table.add(BARE, column, bare)
    for name, ratio, count in (
        (SCREEN, SCREEN_RATIO, boot.screen),
        (REGISTERED, REGISTERED_RATIO, boot.registered),
    ):
        counts = [count() for _ in range(RUNS)]
        table.add(name, column, *counts)
        table.add(ratio, column, *[counted / bare for counted in counts])
    return median(counts)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.boot", description=__doc__)
    parser.add_argument("--arm", type=Path, default=ROOT / ".run/arm64", help="where its Python is")
    given = parser.parse_args()
    machines = (Native(), Arm(given.arm))
    table = Table(tuple(machine.name for machine in machines))
    table.row(BARE, "million")
    for name, ratio in ((SCREEN, SCREEN_RATIO), (REGISTERED, REGISTERED_RATIO)):
        table.row(name, "million")
        table.row(ratio, "")
    parts = Table(tuple(machine.name for machine in machines))
    for name in (BARE, *PARTS, NOT_IMPORTS):
        parts.row(name, "million")
    with tempfile.TemporaryDirectory() as folder:
        measure(table, parts, machines, Path(folder))
    print("\n".join([*header(), "", *table.lines(), "", *parts.lines()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
