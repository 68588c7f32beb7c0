"""The thread of some parts: it sleeps until one of them has something to do.

A part that takes time (a bus) or has to look again and again (keys) lives on a thread of its own,
away from the event loop. It does no waiting itself: `step(now)` does what is due and returns the
moment of the next step, None where only a wake-up brings news. So every part can be played in
simulated time, and an idle phone does not run at all.

A part that raises is wrong, not the world: its thread ends, `ended` says so, and whoever runs the
phone starts it anew.

What a part has to say goes to the event loop's thread (`tell`); the loop is the one that runs when
the worker is started.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Protocol

JOIN_S = 2.0
"""How long a bus may take to let a part go."""


class Stepper(Protocol):
    """A part that a worker drives."""

    def step(self, now: float) -> float | None:
        """Do what is due at `now` (monotonic seconds); return when to be called again."""

    def close(self) -> None:
        """Let go of the hardware; the last call."""


class Office(Protocol):
    """What a part needs of its worker."""

    def wake(self) -> None:
        """Have `step` called soon; from any thread."""

    def tell(self, listener: Callable[[], None]) -> None:
        """Call a listener on the event loop's thread."""


class Worker:
    """One thread for the parts that are `added` before the start."""

    def __init__(self, name: str) -> None:
        self.name, self.turns = name, 0
        self._parts: list[Stepper] = []
        self._woken = threading.Event()
        self._stepped = threading.Event()  # Every part was, once.
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self.ended = False  # Though nobody stopped it.
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, part: Stepper) -> None:
        """Have this part driven too."""
        assert self._thread is None, "it runs already"
        self._parts.append(part)

    def start(self) -> None:
        """Begin; what is told goes to the loop that runs here."""
        assert self._thread is None, "started twice"
        self._loop = asyncio.get_running_loop()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    async def first_step(self, within_s: float) -> None:
        """Wait until every part was stepped once, but no longer than that."""
        await asyncio.to_thread(self._stepped.wait, within_s)

    def stop(self) -> None:
        """End, and let every part go of its hardware."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._is_stopping = True
            self._woken.set()
            thread.join(JOIN_S)
        self._loop = None

    def wake(self) -> None:
        """Have every part stepped soon."""
        self._woken.set()

    def tell(self, listener: Callable[[], None]) -> None:
        """Call a listener on the loop's thread; nobody is told after the end."""
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(listener)

    def _run(self) -> None:
        try:
            self._drive()
        finally:
            self.ended = not self._is_stopping

    def _drive(self) -> None:
        while not self._is_stopping:
            self._woken.clear()  # Before the look: what happens during it brings another one.
            now = time.monotonic()
            moments = [part.step(now) for part in self._parts]
            self.turns += 1
            self._stepped.set()
            due = [moment for moment in moments if moment is not None]
            self._woken.wait(max(0.0, min(due) - time.monotonic()) if due else None)
        for part in self._parts:
            part.close()
