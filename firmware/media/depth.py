"""When is the buffer's depth changed, and how roughly? The sound itself decides.

Theory of operation
-------------------
Too much slack is delay, too little is loss; both are mended by making the sound shorter or longer
(`stretch.py`). A change within a word is heard, and costs more of a listener's (and of `pesq`'s)
good opinion than the delay that it saves; the same change in a pause is not heard at all. So:

- in a pause, whatever is too much or too little is mended at once;
- while somebody speaks, what is too deep waits for a pause, but no longer than `PATIENCE_S`: music
  has no pauses, and clocks drift. From `FAR_TOO_DEEP_S` on it does not wait;
- too shallow waits only while it is little (`RATHER_SHALLOW_S`): the next late packet is a hole.

A pause is what is `PAUSE_SHARE` softer than the loudest of the last seconds, or nothing at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.frozen import frozen
from firmware.media.pitch import LAG_MAX_MS, SILENT
from firmware.media.stretch import ALIKE, HARDLY_ALIKE, NEARLY_THE_SAME

if TYPE_CHECKING:
    from firmware.media.interfaces import Samples

TOO_SHALLOW_S = 0.005
"""Slack under the target that is left alone: one step of the histogram."""

RATHER_SHALLOW_S = 0.05
"""Slack under the target that does not wait for a pause."""

TOO_DEEP = 0.4
"""Slack over the target that is left alone, as a share of it: the target itself is not quiet."""

FAR_TOO_DEEP_S = 0.2
"""Slack over the target at which a rough cut is better than the delay."""

WASTE_S = 0.005
"""Sound held ahead in vain that is left alone: less is hardly worth a cut."""

PATIENCE_S = 2.0
"""A pause comes at least so often when somebody speaks."""

PAUSE_SHARE = 0.003
"""Power under the loudest: 25 dB."""

PAUSE_FRAMES = 4
"""A pause is believed after 80 ms: stops within a word are shorter."""

LOUDEST_KEPT = 0.995
"""Of the loudest power, after each frame: it is half as much after 3 s."""


@frozen
class Change:
    """What to do to the sound."""

    is_longer: bool
    alike: float  # How like itself it has to be where it is cut.
    most_ms: float = LAG_MAX_MS


class Depth:
    """Watches one stream's sound and slack, a frame at a time."""

    def __init__(self) -> None:
        self._loudest = 0.0
        self._quiet = 0
        self._waited_s = 0.0  # For a pause, since the depth was right.

    def change(
        self, sound: Samples, frame_s: float, excess_s: float, target_s: float, steps: Steps
    ) -> Change | None:
        """Return what is to be done to this frame, if anything."""
        is_pause, wanted = self._is_pause(sound), _wanted(excess_s, target_s, steps)
        if wanted is None:
            self._waited_s = 0.0
            return None
        if is_pause:
            return wanted
        self._waited_s += frame_s
        is_urgent = wanted.alike == HARDLY_ALIKE or excess_s < -RATHER_SHALLOW_S
        return wanted if is_urgent or self._waited_s > PATIENCE_S else None

    def _is_pause(self, sound: Samples) -> bool:
        wide = sound.astype("f4")
        power = float(wide.dot(wide)) / max(len(wide), 1)
        self._loudest = max(self._loudest * LOUDEST_KEPT, power)
        is_quiet = power < max(self._loudest * PAUSE_SHARE, SILENT * SILENT)
        self._quiet = self._quiet + 1 if is_quiet else 0
        return self._quiet >= PAUSE_FRAMES


@frozen
class Steps:
    """In what steps the depth can change, and what is held ahead between two of them."""

    quantum_s: float
    waste_s: float


def _wanted(excess_s: float, target_s: float, steps: Steps) -> Change | None:
    """Return what would bring the depth to its target."""
    if excess_s < -TOO_SHALLOW_S:
        return Change(is_longer=True, alike=ALIKE)
    spare_s = excess_s - steps.quantum_s
    if spare_s > TOO_DEEP * target_s:
        alike = HARDLY_ALIKE if spare_s > FAR_TOO_DEEP_S else ALIKE
        return Change(is_longer=False, alike=alike)
    if excess_s > 0 and steps.waste_s > WASTE_S:
        return Change(is_longer=False, alike=NEARLY_THE_SAME, most_ms=steps.waste_s * 1000)
    return None
