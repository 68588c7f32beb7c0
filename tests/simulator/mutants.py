"""Planted bugs: `python -m tests.simulator.mutants` plants each and plays seeds until one finds it.

A bug is a small change of one file's text, of the kind that other phones had. It is planted in a
process of its own while the module is imported, and the text it replaces has to stand there exactly
once: a bug that no longer fits the code is an error, not a bug that was found.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tests.simulator.planted import BUGS, Bug

ROOT = Path(__file__).parents[2]
SEEDS_MAX = 150
"""A bug that shows less often than that needs a check of its own."""

FOUND, SURVIVED = 0, 3  # Python's own 1 is an error.
PROCESSES = os.cpu_count() or 1


class Planter(importlib.abc.MetaPathFinder):
    """Finds the one module that has the bug, and loads it changed."""

    def __init__(self, bug: Bug) -> None:
        self.bug = bug

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.bug.module:
            return None
        source = ROOT / (fullname.replace(".", "/") + ".py")
        return importlib.machinery.ModuleSpec(
            fullname, Changed(fullname, str(source), self.bug), origin=str(source)
        )


class Changed(importlib.machinery.SourceFileLoader):
    """Loads a file with the bug in it."""

    def __init__(self, name: str, path: str, bug: Bug) -> None:
        super().__init__(name, path)
        self.bug = bug

    def get_code(self, fullname: str) -> object:  # type: ignore[override] # it is a code object
        text = Path(self.path).read_text()
        return compile(self.bug.plant(text), self.path, "exec")


@dataclass
class Verdict:
    """What became of a bug: how many seeds it took, and what found it."""

    bug: Bug
    found: bool
    text: str


def hunt(bug: Bug) -> Verdict:
    """Look for one bug in a process of its own."""
    command = [sys.executable, "-m", "tests.simulator.mutants", "--hunt", bug.name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {FOUND, SURVIVED}, f"{bug.name}: {done.stderr}"
    return Verdict(bug, done.returncode == FOUND, done.stdout.strip())


def hunt_here(name: str) -> int:
    """Plant a bug in this process and play seeds until one fails."""
    bug = next(bug for bug in BUGS if bug.name == name)
    sys.meta_path.insert(0, Planter(bug))
    from tests.simulator.__main__ import try_seed

    for seed in range(SEEDS_MAX):
        failure, _ = try_seed(seed)
        if failure:
            print(f"{seed + 1} | {failure.splitlines()[0][:110]}")
            return FOUND
    print(f"{SEEDS_MAX} | not found")
    return SURVIVED


def hunt_all() -> list[Verdict]:
    """Look for every bug, on all cores."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        return list(pool.map(hunt, BUGS))


def main() -> int:
    """Print a table of every bug; fail where one survives."""
    if sys.argv[1:2] == ["--hunt"]:
        return hunt_here(sys.argv[2])
    verdicts = hunt_all()
    print("| bug | seeds | found by |\n|---|---|---|")
    for verdict in verdicts:
        print(f"| {verdict.bug.name} | {verdict.text} |")
    survivors = [verdict.bug.name for verdict in verdicts if not verdict.found]
    print(f"{len(verdicts) - len(survivors)} of {len(verdicts)} found")
    return SURVIVED if survivors else FOUND


if __name__ == "__main__":
    sys.exit(main())
