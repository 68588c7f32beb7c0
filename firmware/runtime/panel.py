"""The panel: the parts that a person meets, joined with the phone.

Keys and hook become events for the phone. What the phone wants shown, lit and rung goes to the
parts. A screen is drawn only when it differs from the one before, and sent to the display only when
its pixels or its words do: a bus to a real display takes tens of milliseconds for a picture. Of the
screens that come in one turn of the loop only the last is drawn: nobody would see the others.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.interfaces import LampPattern, Melody, Parts
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
from firmware.phone.render import render
from firmware.phone.ring_tones import VOLUME_MAX, notes_of
from firmware.phone.screen import lines

Feed = Callable[[object], None]
"""Hands an event to the phone; called on the thread of the event loop."""

Soon = Callable[[Callable[[], None]], object]
"""Has something done in the event loop's next turn."""

CONTRAST_MAX = 10
"""Of the setting: as bright as the display can be."""


class Panel:
    """Between the parts of a board and a phone."""

    def __init__(self, parts: Parts, feed: Feed, soon: Soon) -> None:
        self._parts, self._feed, self._soon = parts, feed, soon
        self._wanted: Show | None = None
        self._drawn: Show | None = None
        self._shown: tuple[bytes, tuple[str, ...]] | None = None

    def start(self) -> None:
        """Listen to the parts; a handset that is off the hook already counts as lifted now."""
        self._parts.keypad.listen(self._key_pressed, self._key_held)
        self._parts.hook.listen(self._hook_moved)
        if self._parts.hook.lifted:
            self._feed(HookLifted())

    def take(self, output: object) -> None:
        """Do what an output of the phone says; leave those that are not for a person."""
        match output:
            case Show():
                self._wanted = output
                self._soon(self._draw)
            case SetRinger(on) | SampleRing(on):
                self._parts.ringer.ring(on)
            case TuneRinger():
                self._parts.ringer.tune(melody_of(output))
            case SetDisplay(contrast, dim_s):
                self._parts.display.adjust(contrast / CONTRAST_MAX, dim_s)
            case SetLamp(pattern):
                self._parts.lamp.show(LampPattern(pattern.value))
            case _:
                pass  # For somebody else.

    def _key_pressed(self, key: str) -> None:
        self._feed(KeyPressed(key))

    def _key_held(self, key: str) -> None:
        self._feed(KeyHeld(key))

    def _hook_moved(self, lifted: bool) -> None:
        self._feed(HookLifted() if lifted else HookReplaced())

    def _draw(self) -> None:
        show = self._wanted
        if show is None or show == self._drawn:
            return
        self._drawn = show
        image = render(show.screen, show.language, self._parts.display.size)
        words = tuple(lines(show.screen, show.language))
        shown = (image.tobytes(), words)
        if shown != self._shown:
            self._shown = shown
            self._parts.display.show(image, words)


def melody_of(tune: TuneRinger) -> Melody:
    """Return what the ringer plays."""
    notes = notes_of(tune.tone, tune.ring)
    timed = tuple((float(hertz), length_ms / 1000) for hertz, length_ms in notes)
    return Melody(timed, tune.volume / VOLUME_MAX)
