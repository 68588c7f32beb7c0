"""The panel: the parts that a person meets, joined with the phone.

Keys and hook become events for the phone. What the phone wants shown, lit and rung goes to the
parts. A screen is drawn only when it differs from the one before, and sent to the display only when
its pixels or its words do: a bus to a real display takes tens of milliseconds for a picture. Of the
screens that come in one turn of the loop only the last is drawn: nobody would see the others.

A text that has no room moves (`firmware/phone/scrolling.py`). Only the panel knows, since only it
knows how wide the display is; it has a timer while something moves, and none otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from drivers.interfaces import Display, Lamp, LampPattern, Melody, Parts, SoftKeys
from firmware.phone.events import (
    HookLifted,
    HookReplaced,
    KeyHeld,
    KeyPressed,
    SampleRing,
    SetDisplay,
    SetLamp,
    SetRinger,
    Show,
    TuneRinger,
)
from firmware.phone.render import draw
from firmware.phone.ring_tones import VOLUME_MAX, notes_of
from firmware.phone.screen import labels, lines
from firmware.phone.scrolling import STILL_S, Scrolling

Feed = Callable[[object], None]
"""Hands an event to the phone; called on the thread of the event loop."""

CONTRAST_MAX = 10
"""Of the setting: as bright as the display can be."""


class Loop(Protocol):
    """An event loop, as far as a panel needs one."""

    def call_soon(self, callback: Callable[[], None]) -> asyncio.Handle:
        """Call in the next turn."""

    def time(self) -> float:
        """Return the moment, in monotonic seconds."""

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Call at a moment."""


class Panel:
    """Between the parts of a board and a phone."""

    def __init__(self, parts: Parts, feed: Feed, loop: Loop) -> None:
        self._parts, self._feed, self._loop = parts, feed, loop
        self._scrolling = Scrolling(loop.time())
        self._timer: asyncio.TimerHandle | None = None
        self._wanted: Show | None = None
        self._drawn: Show | None = None
        self._shown: tuple[bytes, tuple[str, ...], SoftKeys] | None = None
        self._lifted = False  # As the phone was told.
        self._pattern = LampPattern.OFF
        self._borrower: Callable[[str], None] | None = None  # Of keys and hook.
        self._lent: set[str] = set()  # What else is tried out, and not the phone's meanwhile.

    def start(self) -> None:
        """Listen to the parts; a handset that is off the hook already counts as lifted now."""
        self._parts.keypad.listen(self._key_pressed, self._key_held)
        self._parts.hook.listen(self._hook_moved)
        if self._parts.hook.lifted:
            self._tell_hook(True)

    # Parts that are tried out: they are the phone's again afterwards, as it wants them by then.

    @contextmanager
    def lend_keys(self, heard: Callable[[str], None]) -> Iterator[None]:
        """Let somebody else hear keys and hook, in words."""
        self._borrower = heard
        try:
            yield
        finally:
            self._borrower = None
            if self._parts.hook.lifted is not self._lifted:
                self._hook_moved(self._parts.hook.lifted)

    @contextmanager
    def lend_display(self) -> Iterator[Display]:
        """Let somebody else show pictures."""
        self._lent.add("display")
        try:
            yield self._parts.display
        finally:
            self._lent.discard("display")
            self._shown = self._drawn = None
            self._loop.call_soon(self._draw)

    @contextmanager
    def lend_lamp(self) -> Iterator[Lamp]:
        """Let somebody else light the lamp."""
        self._lent.add("lamp")
        try:
            yield self._parts.lamp
        finally:
            self._lent.discard("lamp")
            self._parts.lamp.show(self._pattern)

    def take(self, output: object) -> None:
        """Do what an output of the phone says; leave those that are not for a person."""
        match output:
            case Show():
                self._wanted = output
                self._loop.call_soon(self._draw)
            case SetRinger(on) | SampleRing(on):
                self._parts.ringer.ring(on)
            case TuneRinger():
                self._parts.ringer.tune(melody_of(output))
            case SetDisplay(contrast, dim_s):
                self._parts.display.adjust(contrast / CONTRAST_MAX, dim_s)
                self._scrolling.still_s = dim_s or STILL_S
            case SetLamp(pattern):
                self._pattern = LampPattern(pattern.value)
                if "lamp" not in self._lent:
                    self._parts.lamp.show(self._pattern)
            case _:
                pass  # For somebody else.

    def _key_pressed(self, key: str) -> None:
        self._touched()
        if self._borrower is not None:
            self._borrower(f"key {key}")
        else:
            self._feed(KeyPressed(key))

    def _key_held(self, key: str) -> None:
        if self._borrower is not None:
            self._borrower(f"key {key} is held")
        else:
            self._feed(KeyHeld(key))

    def _hook_moved(self, lifted: bool) -> None:
        self._touched()
        if self._borrower is not None:
            self._borrower("handset lifted" if lifted else "handset put back")
        else:
            self._tell_hook(lifted)

    def _tell_hook(self, lifted: bool) -> None:
        self._lifted = lifted
        self._feed(HookLifted() if lifted else HookReplaced())

    def _draw(self) -> None:
        show = self._wanted
        if show is None or show == self._drawn or "display" in self._lent:
            return
        self._drawn = show
        self._paint(show)

    def _paint(self, show: Show) -> None:
        """Let the display show a screen where that is another picture, or says something else."""
        size, scrolling = self._parts.display.size, self._scrolling
        drawn = draw(show.screen, show.language, size, scrolling.moved)
        if scrolling.follow(drawn.moving, self._loop.time()):
            drawn = draw(show.screen, show.language, size, scrolling.moved)
        self._arm()
        words = tuple(lines(show.screen, show.language))
        keys = labels(show.screen, show.language)
        shown = (drawn.image.tobytes(), words, keys)
        if shown != self._shown:
            self._shown = shown
            self._parts.display.show(drawn.image, words, keys)

    # What moves.

    def _touched(self) -> None:
        self._scrolling.touch(self._loop.time())
        self._arm()

    def _arm(self) -> None:
        """Have a timer for the next step of what moves, and for nothing else."""
        self.stop()
        due = self._scrolling.deadline()
        if due is not None:
            self._timer = self._loop.call_at(due, self._step)

    def _step(self) -> None:
        """Let the text move; a timer may run a hair early."""
        now = max(self._loop.time(), self._scrolling.deadline() or 0.0)
        shown = None if "display" in self._lent else self._drawn
        if self._scrolling.wake(now) and shown is not None:
            self._paint(shown)
        else:
            self._arm()

    def stop(self) -> None:
        """Let nothing move any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None


def melody_of(tune: TuneRinger) -> Melody:
    """Return what the ringer plays."""
    notes = notes_of(tune.tone, tune.ring)
    timed = tuple((float(hertz), length_ms / 1000) for hertz, length_ms in notes)
    return Melody(timed, tune.volume / VOLUME_MAX)
