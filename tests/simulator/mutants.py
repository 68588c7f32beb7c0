"""Plant bugs and see that the simulator finds each: `python -m tests.simulator.mutants`.

A simulator that finds nothing proves nothing. Each bug of `planted` lives in a process of its own,
where an import hook changes the source of one module; there seeds are played until one fails.
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
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from firmware.frozen import frozen
from tests.simulator.bug import Bug
from tests.simulator.finding import Failed
from tests.simulator.planted import BUGS

SEEDS_MAX = 500
"""A bug that is not found by then is one that nobody looks for."""


@frozen
class Finding:
    """What became of a planted bug."""

    bug: str
    seeds: int
    check: str  # What failed; "" where the bug survived.

    def __str__(self) -> str:
        return f"{self.bug:44}{self.seeds:6}  {self.check or 'SURVIVED'}"


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


def play_planted(bug: Bug) -> Finding:
    """Play seeds with the bug in this process; nothing of the phone may be imported yet."""
    assert bug.module not in sys.modules, "too late to plant a bug"
    sys.meta_path.insert(0, Planter(bug))
    simulator = importlib.import_module(bug.world)
    for number in range(SEEDS_MAX):
        try:
            simulator.play(bug.first_seed + number)
        except Failed as failed:
            error = failed.error
            said = str(error).splitlines()[0] if str(error) else ""
            return Finding(bug.name, number + 1, f"{type(error).__name__}: {said}")
    return Finding(bug.name, SEEDS_MAX, "")


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
    if sys.argv[1:2] == ["--plant"]:
        (bug,) = [bug for bug in BUGS if bug.name == sys.argv[2]]
        finding = play_planted(bug)
        said = {"bug": finding.bug, "seeds": finding.seeds, "check": finding.check}
        sys.stdout.write(json.dumps(said))
        return 0
    began, survivors = time.perf_counter(), 0
    print(f"{'planted bug':44}{'seeds':>6}  found by")
    for finding in find_all():
        survivors += not finding.check
        print(finding, flush=True)
    print(f"{len(BUGS)} bugs, {survivors} survived, {time.perf_counter() - began:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
