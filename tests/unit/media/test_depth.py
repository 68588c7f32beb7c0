"""When the buffer's depth is changed: at once in a pause, within a word only where it must be."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.depth import (
    FAR_TOO_DEEP_S,
    PATIENCE_S,
    PAUSE_FRAMES,
    RATHER_SHALLOW_S,
    Change,
    Depth,
    Steps,
)
from firmware.media.formats import G722, OPUS, PCMU, Codec
from firmware.media.jitter import AdaptiveJitterBuffer
from firmware.media.stretch import ALIKE, HARDLY_ALIKE
from tests.unit.media.network import Network, play
from tests.unit.media.sounds import Samples, noise, speech

FRAME_S = 0.02
TARGET_S = 0.02
STEPS = Steps(quantum_s=0.02, waste_s=0.0)
WORD, BREATH = noise(8000, FRAME_S, level=3000), noise(8000, FRAME_S, level=100, seed=8)
SILENCE = np.zeros(160, np.int16)
DEEP_S, SHALLOW_S = 0.1, -0.02


def after(depth: Depth, excess_s: float, *sounds: Samples) -> list[Change | None]:
    return [depth.change(sound, FRAME_S, excess_s, TARGET_S, STEPS) for sound in sounds]


@pytest.mark.parametrize("pause", [BREATH, SILENCE], ids=["breath", "silence"])
@pytest.mark.parametrize("excess_s", [DEEP_S, SHALLOW_S])
def test_a_pause_is_used_and_a_word_is_left_alone(pause: Samples, excess_s: float) -> None:
    depth = Depth()
    assert after(depth, excess_s, *[WORD] * 50) == [None] * 50
    changes = after(depth, excess_s, *[pause] * (PAUSE_FRAMES + 1))
    assert changes[: PAUSE_FRAMES - 1] == [None] * (PAUSE_FRAMES - 1), "a stop within a word"
    assert changes[-2:] == [Change(is_longer=excess_s < 0, alike=ALIKE)] * 2
    assert after(depth, excess_s, WORD) == [None]


def test_what_is_heard_while_the_depth_is_right_counts_too() -> None:
    """A pause is one beside the words before it, whenever the depth begins to be wrong."""
    depth = Depth()
    assert after(depth, 0.0, *[WORD] * 50, *[BREATH] * PAUSE_FRAMES) == [None] * 54
    assert after(depth, DEEP_S, BREATH) == [Change(is_longer=False, alike=ALIKE)]
    assert after(depth, 0.0, *[WORD] * 50) == [None] * 50
    assert after(depth, DEEP_S, BREATH) == [None], "the pause before the words is over"


def test_a_soft_voice_that_takes_over_from_a_loud_one_is_no_pause_for_ever() -> None:
    depth = Depth()
    after(depth, 0.0, *[WORD] * 50)
    assert after(depth, 0.0, *[BREATH] * 1400) == [None] * 1400
    assert after(depth, DEEP_S, BREATH) == [None]


def test_music_has_no_pauses_and_is_not_waited_for_for_ever() -> None:
    depth, patience = Depth(), round(PATIENCE_S / FRAME_S)
    changes = after(depth, DEEP_S, *[WORD] * (patience + 2))
    assert changes[: patience - 1] == [None] * (patience - 1)
    assert changes[-1] is not None
    assert after(depth, 0.0, WORD) == [None]
    assert after(depth, DEEP_S, WORD) == [None], "the wait begins anew"


def test_what_cannot_wait_does_not() -> None:
    far_too_deep_s = FAR_TOO_DEEP_S + STEPS.quantum_s + 0.01
    assert after(Depth(), far_too_deep_s, WORD) == [Change(is_longer=False, alike=HARDLY_ALIKE)]
    assert after(Depth(), -RATHER_SHALLOW_S - 0.01, WORD) == [Change(is_longer=True, alike=ALIKE)]


@pytest.mark.parametrize("of", [PCMU, G722, OPUS])
def test_speech_is_only_cut_in_its_pauses(monkeypatch: pytest.MonkeyPatch, of: Codec) -> None:
    cut: list[float] = []
    note = AdaptiveJitterBuffer._note_scaled

    def noted(buffer: AdaptiveJitterBuffer, sound: Samples, scaled: Samples, size: int) -> Samples:
        if len(scaled) != size:
            cut.append(float(np.abs(sound[:size].astype(int)).max()))
        return note(buffer, sound, scaled, size)

    monkeypatch.setattr(AdaptiveJitterBuffer, "_note_scaled", noted)
    heard = play(of, speech(of.sample_rate), Network(jitter_s=0.005))
    assert heard.statistics.shortened >= 4
    assert heard.depths_ms[-10] < 50
    assert max(cut) < 500, "of 16000 where somebody speaks"
