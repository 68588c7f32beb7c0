"""What a door takes to load: its modules, imported beside all that a phone has loaded by then.

A program of its own for each: `python -m tests.bench.door_cost FIRST THEN`, two lists of modules.
Prints one line of JSON: processor seconds, modules, KiB of memory.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

from tests.bench.machine import environment
from tests.bench.table import Table
from tests.lab.namespaces import ROOT
from tests.lab.processes import memory_kib

TIMES = 9

RUNTIME = "firmware.runtime."


def modules(*names: str) -> tuple[str, ...]:
    """Return modules of the runtime by their whole names."""
    return tuple(f"{RUNTIME}{name}" for name in names)


PHONE = modules(
    "application", "script", "panel", "voice", "keepers", "settings_keeper", "pin_keeper"
) + modules("provisioning", "setter", "device_facts")
LOG = modules("logs")
SHUT = modules("doors", "surroundings")
PAGES = modules(
    "web_login", "web_status", "web_parameters", "web_directory", "web_logs", "web_trace"
) + modules("web_administration", "web_certificate")

DOORS = {
    "log and syslog": (PHONE, LOG),
    "both doors, shut": (PHONE + LOG, SHUT),
    "console": (PHONE + LOG + SHUT, modules("console_session")),
    "console's line editor, a process of its own": ((), modules("line_editor")),
    "web page": (PHONE + LOG + SHUT, PAGES),
    "API and metrics beside it": (PHONE + LOG + SHUT + PAGES, modules("web_api", "web_server")),
}
"""What was loaded before, and what the door loads."""

BARE = "`python -c pass`"
COLUMNS = TIME, MODULES, MEMORY = "processor, ms", "modules", "memory, KiB"


def measure(folder: Path) -> Table:
    """Load every door several times."""
    table = Table(COLUMNS)
    table.row(BARE, "")
    words = [sys.executable, "-c", "pass"]
    for _ in range(TIMES):
        before_s = children_s()
        subprocess.run(words, env=environment(folder), check=True)
        table.add(BARE, TIME, (children_s() - before_s) * 1000)
    for name, (first, then) in DOORS.items():
        table.row(name, "")
        load(folder, first, then)  # Not counted: it compiles.
        for _ in range(TIMES):
            for column, value in zip(COLUMNS, load(folder, first, then), strict=True):
                table.add(name, column, value)
    return table


def children_s() -> float:
    """Return the processor time of all processes that have ended under this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def load(folder: Path, first: tuple[str, ...], then: tuple[str, ...]) -> tuple[float, float, float]:
    """Load a door in a process of its own; return what it took, column by column."""
    words = [sys.executable, "-m", __name__, ",".join(first), ",".join(then)]
    done = subprocess.run(
        words, cwd=ROOT, env=environment(folder), capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    return said["s"] * 1000, said["modules"], said["kib"]


def main(first: str, then: str) -> None:
    """Import the one list, then the other one, and say what that took."""
    for name in filter(None, first.split(",")):
        import_module(name)
    known, kib, began = len(sys.modules), memory_kib(os.getpid())[0], time.process_time()
    for name in then.split(","):
        import_module(name)
    took_s = time.process_time() - began
    grown = memory_kib(os.getpid())[0] - kib
    print(json.dumps({"s": took_s, "modules": len(sys.modules) - known, "kib": grown}))


if __name__ == "__main__":
    main(*sys.argv[1:])
