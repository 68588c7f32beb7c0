"""Plant bugs and see that the simulator finds each: `python -m tests.simulator.mutants`.

A simulator that finds nothing proves nothing. Each bug of `planted` lives in a process of its own,
where an import hook changes the source of one module; there seeds are played until one fails, from
the seed on where it was found last time. That one is kept in `found.json`, written anew here.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from firmware.frozen import frozen
from tests.simulator.bug import Bug
from tests.simulator.finding import Failed
from tests.simulator.planted import BUGS

SEEDS_MAX = 500
"""A bug that is not found by then is one that nobody looks for."""

FOUND = Path(__file__).with_name("found.json")
"""The seed where each bug was found last time, by the bug's name."""


@frozen
class Finding:
    """What became of a planted bug."""

    bug: str
    first_seed: int  # Where it was looked for first,
    seed: int  # and last.
    check: str  # What failed; "" where the bug survived.

    def __str__(self) -> str:
        seeds = self.seed - self.first_seed + 1
        return f"{self.bug:64}{seeds:6}  {self.check or 'SURVIVED'}"


class Planter(MetaPathFinder):
    """Gives one module with its bug, and leaves all others alone."""

    def __init__(self, bug: Bug) -> None:
        self._bug = bug

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find the module of the bug."""
        if fullname != self._bug.module:
            return None
        spec = PathFinder.find_spec(fullname, path)
        assert spec is not None, f"no module {fullname}"
        assert spec.origin is not None
        spec.loader = Buggy(self._bug, spec.origin)
        return spec


class Buggy(SourceFileLoader):
    """Compiles the changed text, past every cache."""

    def __init__(self, bug: Bug, path: str) -> None:
        super().__init__(bug.module, path)
        self._bug = bug

    def get_code(self, fullname: str) -> CodeType:
        """Plant the bug."""
        text = self.get_source(fullname) or ""
        times = text.count(self._bug.old)
        assert times == 1, f"{self._bug.name}: its place stands {times} times in {fullname}"
        return compile(text.replace(self._bug.old, self._bug.new), self.path, "exec")


def last_found() -> dict[str, int]:
    """Return the seeds of the last time."""
    found: dict[str, int] = json.loads(FOUND.read_text())
    return found


def play_planted(bug: Bug, first_seed: int) -> Finding:
    """Play seeds with the bug in this process; nothing of the phone may be imported yet."""
    assert bug.module not in sys.modules, "too late to plant a bug"
    sys.meta_path.insert(0, Planter(bug))
    simulator = importlib.import_module(bug.world)
    for seed in range(first_seed, first_seed + SEEDS_MAX):
        try:
            simulator.play(seed)
        except Failed as failed:
            error = failed.error
            said = str(error).splitlines()[0] if str(error) else ""
            return Finding(bug.name, first_seed, seed, f"{type(error).__name__}: {said}")
    return Finding(bug.name, first_seed, first_seed + SEEDS_MAX - 1, "")


def find(bug: Bug) -> Finding:
    """Plant a bug in a fresh process."""
    command = [sys.executable, "-m", "tests.simulator.mutants", "--plant", bug.name]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{bug.name}: {run.stderr}"
    return Finding(**json.loads(run.stdout))


def find_all(bugs: Sequence[Bug] = BUGS) -> Iterable[Finding]:
    """Plant every bug, on all cores."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(find, bugs)


def main() -> int:
    found = last_found()
    if sys.argv[1:2] == ["--plant"]:
        (bug,) = [bug for bug in BUGS if bug.name == sys.argv[2]]
        sys.stdout.write(json.dumps(asdict(play_planted(bug, found.get(bug.name, 0)))))
        return 0
    began, survivors = time.perf_counter(), 0
    print(f"{'planted bug':64}{'seeds':>6}  found by")
    for finding in find_all():
        survivors += not finding.check
        found[finding.bug] = finding.seed if finding.check else finding.first_seed
        print(finding, flush=True)
    kept = {bug.name: found[bug.name] for bug in BUGS}
    FOUND.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    print(f"{len(BUGS)} bugs, {survivors} survived, {time.perf_counter() - began:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
