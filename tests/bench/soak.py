"""`make soak-call MINUTES=30`: one real call for long; fails where something is lost or grows.

The phone talks with baresip through Kamailio, encrypted, on PipeWire's card: a tone comes, and the
microphone hears the earpiece. Each half minute is one line of the table, with what `SoundHealth`
has counted; what was lost at the card is told apart by `watched.py`: late was this phone, or the
card. At the end: nothing was lost by this phone, the jitter buffer is no deeper than it was at the
beginning by more than a frame and a half, nothing was left out of the stream, and memory is flat.

On the device the service gives the sound real-time priority. So everything here asks for it too,
and says whether it was granted: without it, the table of a busy machine tells of the machine.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.call_stage import CallStage, health
from tests.bench.clicks import MOUTH
from tests.bench.machine import header
from tests.bench.watched import Loss, losses
from tests.interop.baresip import Baresip
from tests.interop.phone import Event, Phone

CODEC, TONE_HZ = "PCMU", 440
SETTLE_S = 30.0
"""Caches and buffers are full by then."""

PRIORITY = 20
"""Above everything that has no real-time priority, below what the kernel itself needs."""

STEP_S = 30.0
GROWTH_KIB_MAX = 1024
DEEPER_MS_MAX = 30
DEEPEST_MS = 200
"""A buffer that has learnt of a busy machine; what drifts away passes it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is seen of the phone at one moment."""

    minute: float
    memory_kib: int
    processor_s: float
    depths_ms: tuple[int, ...]  # One for each report since the last sample.
    concealed_ms: int
    waited_s: float  # For a processor that another program had.
    lost: Event  # Frames, by this phone and their kinds.

    def __str__(self) -> str:
        depth = f"{median(self.depths_ms):.0f}" if self.depths_ms else "-"
        cells = (f"{self.minute:.1f}", f"{self.memory_kib / 1024:.1f}", f"{self.processor_s:.1f}")
        lost = ", ".join(f"{number} {kind}" for kind, number in self.lost.items() if number)
        more = (depth, str(self.concealed_ms), f"{self.waited_s:.1f}", lost or "0")
        return "| " + " | ".join([*cells, *more]) + " |"


HEAD = (
    "| minute | RSS, MiB | processor, s | buffer, ms | concealed, ms"
    " | waited for a processor, s | frames lost |"
)


def samples(phone: Phone, minutes: float) -> Iterator[Sample]:
    """Watch a call; yield what is seen every half minute."""
    began, at, start = time.monotonic(), time.time(), health(phone)
    concealed = 0
    while (passed_s := time.monotonic() - began) < minutes * 60:
        time.sleep(min(STEP_S, minutes * 60 - passed_s))
        facts = qualities(phone, at)
        concealed = facts[-1]["concealed_ms"] if facts else concealed
        now = health(phone)
        yield Sample(
            (time.monotonic() - began) / 60,
            phone.memory_kib()[0],
            phone.processor_s(),
            tuple(fact["depth_ms"] for fact in facts),
            concealed,
            phone.program.waited_s(),
            {kind: now[kind] - start[kind] for kind in now},
        )
        at = time.time()
        phone.program.forget()


def qualities(phone: Phone, since: float) -> list[Event]:
    """Return the reports since that moment."""
    return [event for event in phone.events("sound", since) if event["fact"] == "quality"]


AT_THE_CARD = ("underflows", "overflows", "late")
"""What may be lost by the card itself; anything else is lost by this phone."""


def faults(seen: list[Sample], lost: list[Loss]) -> Iterator[str]:
    """Yield what is wrong, as sentences."""
    first, last = seen[0], seen[-1]
    ours = [loss for loss in lost if loss.is_ours]
    if ours:
        yield f"{len(ours)} frames were lost at the card by this phone"
    others = {kind: number for kind, number in last.lost.items() if kind not in AT_THE_CARD}
    if any(others.values()):
        yield f"frames were lost by this phone: {others}"
    if last.memory_kib - first.memory_kib > GROWTH_KIB_MAX:
        yield f"memory grew by {last.memory_kib - first.memory_kib} KiB"
    depths = [depth for sample in seen for depth in sample.depths_ms]
    third = max(1, len(depths) // 3)
    deeper_ms = median(depths[-third:]) - median(depths[:third])
    if deeper_ms > DEEPER_MS_MAX:
        yield f"the jitter buffer became {deeper_ms:.0f} ms deeper"
    if max(depths) > DEEPEST_MS:
        yield f"the jitter buffer was {max(depths)} ms deep"


def talk(phone: Phone, peer: Baresip, minutes: float, watch: Path) -> list[str]:
    """Let them talk and print what is seen; return what is wrong."""
    time.sleep(SETTLE_S)
    before = len(losses(watch))
    print(HEAD, "|---" * 7 + "|", sep="\n", flush=True)
    theirs_s, seen = peer.processor_s(), []
    for sample in samples(phone, minutes):
        print(sample, flush=True)
        seen.append(sample)
    print(f"\nbaresip's processor time meanwhile: {peer.processor_s() - theirs_s:.1f} s.")
    print(f"Load: {os.getloadavg()[0]:.1f} when it ended.")
    gone = [] if phone.status()["calls"] else ["the call is over"]
    lost = losses(watch)[before:]
    print(*lost, sep="\n")
    counted = sum(seen[-1].lost[kind] for kind in AT_THE_CARD)
    unseen = [] if len(lost) >= counted else [f"{counted} lost at the card, {len(lost)} watched"]
    return [*gone, *unseen, *faults(seen, lost)]


def ask_for_priority() -> str:
    """Ask for real-time priority, for this program and all that it starts; say what came of it."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError:
        return "Without real-time priority: it was not granted."
    return f"With real-time priority (FIFO, {PRIORITY}) for all that takes part."


def main() -> int:
    """Hold the call, print the table, and say what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    parser.add_argument("minutes", type=float)
    given = parser.parse_args()
    print("\n".join(header()), f"Load: {os.getloadavg()[0]:.1f} when it began.")
    print(ask_for_priority(), end="\n\n")
    with tempfile.TemporaryDirectory() as directory:
        watch = Path(directory) / "lost"
        stage = CallStage(Path(directory) / "stage", watch)
        with stage, stage.talking(MOUTH, CODEC, TONE_HZ) as (phone, peer):
            wrong = talk(phone, peer, given.minutes, watch)
        print("\n".join(wrong or ["Nothing was lost by this phone, nothing grew."]))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
