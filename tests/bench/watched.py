"""The phone, with a watch on its sound card: `python -m tests.bench.watched ...` as `firmware`.

A frame is lost when somebody is late: this phone, or the card. Who it was is seen from where the
two meet, in PortAudio's thread, which calls for a frame every 20 ms:

    the card calls | waits for the interpreter | swaps a frame for a frame | the card goes on

What lies between the first bar and the last is this phone's (`hold_s`): PortAudio says when it
called. Held for half a frame or more, the card may lose one through us. A card that was let go at
once, and calls late all the same, was late by itself: its own thread, its server, the machine. An
empty ring is this phone's too, unless the card comes again at once, in a hurry to make up for that,
or the sound's thread was ready for half a frame and had no processor (`unserved_s`, as the kernel
counts it): that is the machine's.

Each loss is a line of JSON in the file that `CARD_WATCH` names.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drivers.interfaces import FRAME_S
from drivers.voice import SoundCard
from firmware.__main__ import main
from firmware.runtime.voice import VoiceEngine

FILE = "CARD_WATCH"

HELD_S = FRAME_S / 2
HURRY_S = FRAME_S / 2
UNSERVED_S = FRAME_S / 2

MODULE = "tests.bench.watched"


@dataclass(frozen=True, slots=True)
class Loss:
    """One frame that was lost, and what was seen of it. Times in seconds."""

    at: float  # As `time.time` has it.
    kind: str
    gap_s: float  # Between the card's last two calls.
    hold_s: float  # How long it was held by this phone, in the longer of the two.
    unserved_s: float  # How long the sound's thread waited for a processor between them.
    is_ours: bool

    def __str__(self) -> str:
        whose = "this phone's" if self.is_ours else "others'"
        clock = time.strftime("%H:%M:%S", time.localtime(self.at))
        gap, hold = f"{self.gap_s * 1000:.1f} ms", f"{self.hold_s * 1000:.1f} ms"
        unserved = f"{self.unserved_s * 1000:.1f} ms"
        seen = f"the card called {gap} apart, held for {hold}, no processor for {unserved}"
        return f"{clock} {self.kind}: {seen}: {whose}"


def is_lost_here(kind: str, gap_s: float, hold_s: float, unserved_s: float) -> bool:
    """Tell whether this phone lost a frame."""
    if kind == "late":
        return gap_s >= HURRY_S and unserved_s < UNSERVED_S
    return hold_s >= HELD_S


class Watch:
    """Stands between PortAudio and the card's driver; the first of `clocks` measures.

    `unserved` tells how long the sound's thread has waited for a processor since it was there.
    """

    def __init__(
        self,
        path: Path,
        clocks: tuple[Callable[[], float], ...],
        unserved: Callable[[], float],
    ) -> None:
        self._path, self._clocks, self._unserved = path, clocks, unserved
        self._called_at = self._hold_s = self._unserved_s = 0.0

    def exchange(self, card: SoundCard, exchange: Callable[..., None], *given: Any) -> None:
        """Let the driver swap its frame, and write down what was lost."""
        began = self._clocks[0]()
        waited_s = self._waited_s(given[3].currentTime)
        lost = card.counts
        exchange(card, *given)
        hold_s = waited_s + self._clocks[0]() - began
        gap_s = began - waited_s - self._called_at
        longer_s = max(hold_s, self._hold_s)
        before_s, self._unserved_s = self._unserved_s, self._unserved()
        unserved_s = self._unserved_s - before_s
        for kind in ("underflows", "overflows", "late"):
            if getattr(card.counts, kind) > getattr(lost, kind):
                is_ours = is_lost_here(kind, gap_s, longer_s, unserved_s)
                self._write(Loss(time.time(), kind, gap_s, longer_s, unserved_s, is_ours))
        self._called_at, self._hold_s = began - waited_s, hold_s

    def _waited_s(self, called_at: float) -> float:
        """Return how long ago PortAudio called; its clock is one of the system's."""
        return max(0.0, min((clock() - called_at for clock in self._clocks), key=abs))

    def _write(self, loss: Loss) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(loss)) + "\n")


def losses(path: Path) -> list[Loss]:
    """Read what was written down."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Loss(**json.loads(line)) for line in lines]


def unserved_s() -> float:
    """Return how long the sound's thread was ready and had no processor."""
    for thread in threading.enumerate():
        if thread.name == VoiceEngine.name:
            schedule = Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text()
            return int(schedule.split()[1]) / 1e9
    return 0.0


def watch() -> None:
    """Have every card watched."""
    watcher = Watch(Path(os.environ[FILE]), (time.monotonic, time.time), unserved_s)
    exchange = SoundCard._exchange

    def watched(card: SoundCard, *given: Any) -> None:
        watcher.exchange(card, exchange, *given)

    SoundCard._exchange = watched  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    watch()
    sys.exit(main())
