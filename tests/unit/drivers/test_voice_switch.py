"""Several cards as one: which is open, which is heard, what they lost together."""

from __future__ import annotations

from drivers.fakes import FakeVoice
from drivers.interfaces import Voice, VoiceCounts, VoiceMode, VoiceWay
from drivers.voice_switch import VoiceSwitch

WAYS = {
    VoiceMode.HANDSET: VoiceWay("chip"),
    VoiceMode.HANDS_FREE: VoiceWay("chip", microphone_db=12.0),
    VoiceMode.HEADSET: VoiceWay("plug", earpiece_db=-3.0),
}


def switch() -> tuple[VoiceSwitch, dict[str, FakeVoice]]:
    cards: dict[str, FakeVoice] = {}

    def open_card(name: str) -> Voice:
        assert name not in cards, "one part for each card"
        cards[name] = FakeVoice()
        return cards[name]

    return VoiceSwitch(WAYS, open_card), cards


def test_only_the_card_in_use_is_open_and_is_heard() -> None:
    voice, cards = switch()
    chip, plug = cards["chip"], cards["plug"]
    part: Voice = voice
    ticks = list[int]()
    part.start(lambda: ticks.append(1))
    assert (chip.running, plug.running) == (True, False)
    part.use(VoiceMode.HEADSET)
    assert (chip.running, plug.running) == (False, True)
    frame = bytes([1]) * part.frame_bytes
    plug.spoken.append(frame)
    assert part.take() == frame
    part.give(frame)
    assert (len(chip.played), len(plug.played)) == (0, 1)
    plug.tick()
    chip.tick()
    assert len(ticks) == 1
    part.stop()
    assert (chip.running, plug.running) == (False, False)


def test_two_ways_by_one_card_close_nothing() -> None:
    voice, cards = switch()
    voice.start(lambda: None)
    chip = cards["chip"]
    chip.stop = None  # type: ignore[assignment, method-assign] # Whoever calls it, fails.
    assert voice.use(VoiceMode.HANDS_FREE).microphone_db == 12
    assert voice.use(VoiceMode.HANDSET).microphone_db == 0


def test_a_way_that_is_chosen_before_the_start_is_opened_with_it() -> None:
    voice, cards = switch()
    assert voice.use(VoiceMode.HEADSET) == WAYS[VoiceMode.HEADSET]
    assert not cards["plug"].running
    voice.start(lambda: None)
    assert (cards["chip"].running, cards["plug"].running) == (False, True)


def test_the_fault_is_that_of_the_card_in_use_and_losses_are_of_all() -> None:
    voice, cards = switch()
    cards["plug"].fault = "no plug"
    cards["plug"].counts = VoiceCounts(1, 2, 3, 4, 5)
    cards["chip"].counts = VoiceCounts(10, 20, 30, 40, 50)
    assert voice.fault == ""
    voice.use(VoiceMode.HEADSET)
    assert voice.fault == "no plug"
    assert voice.counts == VoiceCounts(11, 22, 33, 44, 55)
