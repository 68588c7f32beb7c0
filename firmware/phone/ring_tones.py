"""The ring tones, as data: which notes follow each other, and for how long.

A tone is phrases, each played so many times, and then all again. A note is its pitch in hertz, 0
for silence, and its length in milliseconds. A warble of two pitches is told from which side it
comes; a single one is not. They sound on a piezo, which has one voice and no softness.
"""

from __future__ import annotations

from itertools import cycle

from firmware.agent.events import Ring
from firmware.frozen import frozen

Note = tuple[int, int]
Phrase = tuple[tuple[Note, ...], int]


@frozen
class RingTone:
    """A ring tone by its name, which is translated."""

    name: str
    phrases: tuple[Phrase, ...]

    @property
    def notes(self) -> tuple[Note, ...]:
        """All notes of one round."""
        return tuple(note for phrase, times in self.phrases for note in phrase * times)


WARBLE = ((1000, 50), (1250, 50))
LOW_WARBLE = ((620, 60), (780, 60))

RING_TONES = {
    tone.name: tone
    for tone in (
        RingTone("Classic", ((WARBLE, 10), (((0, 3000),), 1))),
        RingTone("Double", ((WARBLE, 4), (((0, 200),), 1), (WARBLE, 4), (((0, 2000),), 1))),
        RingTone("Deep", ((LOW_WARBLE, 8), (((0, 3000),), 1))),
        RingTone("Chime", ((((1047, 350), (0, 50), (784, 600), (0, 3000)), 1),)),
        RingTone("Rising", ((((784, 120), (988, 120), (1175, 120), (1568, 240)), 2),
                            (((0, 2600),), 1))),
        RingTone("Falling", ((((1568, 120), (1175, 120), (988, 120), (784, 240)), 2),
                             (((0, 2600),), 1))),
        RingTone("Urgent", ((((2000, 80), (0, 80)), 6), (((0, 1040),), 1))),
    )
}  # fmt: skip
"""Every ring tone by its name."""

CADENCES: dict[Ring, tuple[tuple[int, int], ...]] = {
    Ring.INTERNAL: ((1000, 3000),),
    Ring.EXTERNAL: ((800, 400), (800, 4000)),
    Ring.PRIORITY: ((400, 200), (400, 200), (800, 4000)),
    Ring.GROUP: ((300, 200), (1000, 200), (300, 4000)),
    Ring.SPLASH: ((500, 60_000),),
}
"""Milliseconds of ringing and of silence, of calls that the proxy distinguishes: the patterns of
GR-506-CORE, which exchanges call Bellcore-dr2 to -dr5. A splash is heard once a minute."""


def notes_of(tone: str, ring: Ring) -> tuple[Note, ...]:
    """Return a round of a tone: the person's own, in the cadence that tells who calls."""
    notes = RING_TONES[tone].notes
    if ring not in CADENCES:
        return notes
    heard = notes[:-1]  # The last one is the pause that every tone ends with.
    return tuple(
        note for on_ms, off_ms in CADENCES[ring] for note in (*_filled(heard, on_ms), (0, off_ms))
    )


def _filled(notes: tuple[Note, ...], length_ms: int) -> list[Note]:
    """Return notes one after the other, and again, until the time is full."""
    filled: list[Note] = []
    for pitch, note_ms in cycle(notes):
        left_ms = length_ms - sum(ms for _, ms in filled)
        if left_ms <= 0:
            break
        filled.append((pitch, min(note_ms, left_ms)))
    return filled


VOLUME_MAX = 8
"""The loudest; 0 is silent."""
