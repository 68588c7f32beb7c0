"""How bright a display is and where its picture stands: an OLED burns in what it always shows.

Pure. The state of the link is on the screen at all times (L12), so nothing is ever switched off.
A display that nobody touched for `DIM_S` is dim; after `WANDER_S` its picture also moves by one
pixel each `WANDER_STEP_S`, round a square, so that no edge stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass

DIM_S = 60.0

WANDER_S = 600.0

WANDER_STEP_S = 60.0

PLACES = ((0, 0), (1, 0), (1, 1), (0, 1))

DIM_CONTRAST = 0x08


@dataclass(frozen=True, slots=True)
class Care:
    """The contrast of a moment, the picture's place in pixels, and until when that holds."""

    contrast: int
    place: tuple[int, int]
    until: float


def care(touched_at: float, now: float, contrast: int, dim_s: float = DIM_S) -> Care:
    """Return what is good for the display; `contrast` is that of a display in use.

    `dim_s` 0: it is never dim, and moves all the same.
    """
    idle_s = now - touched_at
    wander_s = max(WANDER_S, dim_s)
    if dim_s and idle_s < dim_s:
        return Care(contrast, PLACES[0], touched_at + dim_s)
    dim = min(contrast, DIM_CONTRAST) if dim_s else contrast
    if idle_s < wander_s:
        return Care(dim, PLACES[0], touched_at + wander_s)
    steps = int((idle_s - wander_s) / WANDER_STEP_S + 1e-6) + 1
    until = touched_at + wander_s + steps * WANDER_STEP_S
    return Care(dim, PLACES[steps % len(PLACES)], until)
