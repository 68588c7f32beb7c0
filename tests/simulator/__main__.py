"""Play seeds: `python -m tests.simulator 1000`, or one with its trace: `--seed 7`.

There are four worlds: one phone and its proxies, two handsets that call each other (`--world
calls`), a phone among far ends that try everything (`--world peers`), and one person at the keys of
a phone (`--world keys`).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from itertools import chain

from tests.simulator.finding import Failed

PHONE = "tests.simulator.simulator"
WORLDS = {
    "phone": PHONE,
    "calls": "tests.simulator.handsets.world",
    "peers": "tests.simulator.peers.world",
    "keys": "tests.simulator.keys.world",
}
"""Modules with a `play` each."""

TRACE_LINES = 60


def try_seed(world: str, seed: int) -> tuple[str, dict[str, int]]:
    """Play a seed; return what was wrong, and what was seen."""
    try:
        return "", import_module(world).play(seed).seen()
    except Failed as failure:
        return "\n".join([str(failure), *failure.world.trace.lines(TRACE_LINES)]), {}


PROGRESS = 250
"""After so many seeds a long run says how far it is."""

FAILURES_MAX = 100
"""A run goes on after a failure, so that one run shows them all; after so many it is over."""


def play_many(
    first: int,
    count: int,
    told: Callable[[int, str], None] = lambda played, failure: None,
    world: str = PHONE,
) -> tuple[list[str], dict[str, int]]:
    """Play seeds on all cores. `told` hears of each, in order, and what was wrong with it."""
    total: dict[str, int] = {}
    failures: list[str] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(partial(try_seed, world), range(first, first + count), chunksize=8)
        for played, (failure, seen) in enumerate(results, 1):
            told(played, failure)
            for key, number in seen.items():
                total[key] = total.get(key, 0) + number
            if failure:
                failures.append(failure)
            if len(failures) >= FAILURES_MAX:
                pool.shutdown(wait=False, cancel_futures=True)
                break
    return failures, total


def show_seed(world: str, seed: int) -> int:
    """Print the trace of one seed."""
    try:
        played, failure = import_module(world).play(seed), ""
    except Failed as failed:
        played, failure = failed.world, str(failed)
    print("\n".join(chain(played.trace.lines(), [failure or f"seed {seed} ended well"])))
    return 1 if failure else 0


def _title(failure: str) -> str:
    """Return a failure without its trace."""
    return failure.partition("\n")[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="?", default=200, help="how many seeds to play")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="play this one and print its trace")
    parser.add_argument("--world", choices=WORLDS, default="phone", help="which of them")
    chosen = parser.parse_args()
    world = WORLDS[chosen.world]
    if chosen.seed is not None:
        return show_seed(world, chosen.seed)
    began = time.perf_counter()

    def tell(played: int, failure: str) -> None:
        if failure:
            print(failure, flush=True)  # At once: a long run is looked at while it goes on.
        if played % PROGRESS == 0:
            print(f"{played} seeds, {time.perf_counter() - began:.0f} s", file=sys.stderr)

    failures, seen = play_many(chosen.first, chosen.seeds, tell, world)
    took_s = time.perf_counter() - began
    end = f"{len(failures)} failed:" if failures else "all ended well"
    print("\n".join([f"{chosen.seeds} seeds, {took_s:.0f} s, {end}", *map(_title, failures)]))
    print(seen)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
