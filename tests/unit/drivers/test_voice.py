"""The sound card driver over a PortAudio of our own: rings, losses, a card that comes and goes."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from drivers import voice
from drivers.fakes import FakePartError, FakeVoice
from drivers.interfaces import Voice, VoiceCounts
from drivers.real_time import CARD
from drivers.voice import CUSHION, GONE_LOOKS, NO_DEVICE, QUIET_LOOKS, RING_MAX, SoundCard

FRAME = 1920
WAIT_S = 10.0


class PortAudioError(Exception):
    """As `sounddevice` has it: the words first, the number second."""


class Stream:
    """A stream that the test drives."""

    def __init__(self, **wanted: Any) -> None:
        self.wanted = wanted
        self.active = True
        self.closed = False

    def start(self) -> None:
        """Begin."""

    def close(self, ignore_errors: bool) -> None:
        assert ignore_errors
        self.closed = True

    def call(self, captured: bytes, **flags: bool) -> bytes:
        """Do what PortAudio's thread does once a period."""
        status = SimpleNamespace(input_overflow=False, output_underflow=False)
        for name, value in flags.items():
            setattr(status, name, value)
        played = bytearray(FRAME)
        self.wanted["callback"](captured, memoryview(played), FRAME // 2, None, status)
        return bytes(played)


class PortAudio(ModuleType):
    """The module that the driver imports."""

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.PortAudioError = PortAudioError
        self.streams: list[Stream] = []
        self.looks = 0
        self.error: Exception | None = None

    def _terminate(self) -> None:
        self.looks += 1

    def _initialize(self) -> None:
        assert not [stream for stream in self.streams if not stream.closed], "a stream is open"

    def RawStream(self, **wanted: Any) -> Stream:  # noqa: N802 (its name there)
        if self.error is not None:
            raise self.error
        self.streams.append(Stream(**wanted))
        return self.streams[-1]


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> PortAudio:
    module = PortAudio()
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


@pytest.fixture
def card(portaudio: PortAudio) -> Iterator[SoundCard]:
    card = SoundCard("Handset")
    yield card
    card.stop()


def wait_until(done: Callable[[], object]) -> None:
    by = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < by, "it did not happen"
        time.sleep(0.005)


def opened(card: SoundCard, portaudio: PortAudio, tick: Callable[[], None]) -> Stream:
    card.start(tick)
    wait_until(lambda: portaudio.streams)
    return portaudio.streams[-1]


def frame(number: int) -> bytes:
    return bytes([number]) * FRAME


def test_the_card_is_opened_by_name_in_both_directions(
    card: SoundCard, portaudio: PortAudio
) -> None:
    stream = opened(card, portaudio, lambda: None)
    del stream.wanted["callback"]
    assert stream.wanted == {
        "samplerate": 48_000, "blocksize": 960, "device": "Handset",
        "channels": 1, "dtype": "int16", "latency": "low",
    }  # fmt: skip
    assert portaudio.looks == 1, "devices that came since are seen"


def test_the_cards_own_thread_asks_for_a_real_time_priority_once(
    card: SoundCard, portaudio: PortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(voice, "ask_for_real_time", asked.append)
    stream = opened(card, portaudio, lambda: card.give(card.take()))
    for number in range(1, 4):
        stream.call(frame(number))
    assert asked == [CARD]
    card.stop()
    portaudio.streams.clear()
    opened(card, portaudio, lambda: None).call(frame(1))
    assert asked == [CARD, CARD], "PortAudio has made another thread"


def test_frames_cross_in_order_behind_the_cushion(card: SoundCard, portaudio: PortAudio) -> None:
    stream = opened(card, portaudio, lambda: card.give(card.take()))
    played = [stream.call(frame(number)) for number in range(1, 6)]
    wait_until(lambda: not card.fault)
    assert played[CUSHION:] == [frame(number) for number in range(1, 6 - CUSHION)]
    assert not any(played[0])


def test_an_owner_who_gives_nothing_plays_silence_and_it_is_counted(
    card: SoundCard, portaudio: PortAudio
) -> None:
    stream = opened(card, portaudio, lambda: None)
    played = [stream.call(frame(1)) for _ in range(CUSHION + 3)]
    assert not any(any(one) for one in played)
    assert card.counts.late >= 3


def test_rings_are_bounded_and_lose_the_oldest(card: SoundCard, portaudio: PortAudio) -> None:
    stream = opened(card, portaudio, lambda: None)
    for number in range(1, RING_MAX + 3):
        stream.call(frame(number))
    assert card.take() == frame(3)
    assert card.counts.dropped == 2
    for number in range(RING_MAX + 1):
        card.give(frame(number))
    assert card.counts.dropped >= 3


def test_the_cards_own_losses_are_counted(card: SoundCard, portaudio: PortAudio) -> None:
    stream = opened(card, portaudio, lambda: None)
    stream.call(frame(1), input_overflow=True)
    stream.call(frame(1), output_underflow=True)
    assert (card.counts.overflows, card.counts.underflows) == (1, 1)


def test_a_microphone_that_has_heard_nothing_gives_silence(card: SoundCard) -> None:
    assert card.take() == bytes(FRAME)


def test_a_frame_of_another_size_is_a_mistake_of_ours(card: SoundCard) -> None:
    with pytest.raises(AssertionError):
        card.give(b"12")


def test_a_card_that_says_nothing_is_gone_and_time_is_kept(
    card: SoundCard, portaudio: PortAudio
) -> None:
    ticks = threading.Semaphore(0)
    stream = opened(card, portaudio, ticks.release)
    stream.call(frame(1))
    wait_until(lambda: card.fault)
    assert card.fault == 'the sound card "Handset" is gone'
    assert stream.closed
    while ticks.acquire(blocking=False):
        continue
    assert ticks.acquire(timeout=WAIT_S), "ticks without a card"
    wait_until(lambda: len(portaudio.streams) > 1)
    portaudio.streams[-1].call(frame(2))
    wait_until(lambda: not card.fault)
    assert card.counts.restarts == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            PortAudioError("Error opening RawStream: Invalid device [PaErrorCode -9996]", -9996),
            'no sound card "Handset": Error opening RawStream: Invalid device',
        ),
        (
            ValueError("No input device matching 'Handset'"),
            "no sound card \"Handset\": No input device matching 'Handset'",
        ),
    ],
)
def test_a_card_that_cannot_be_opened_is_named(
    card: SoundCard, portaudio: PortAudio, error: Exception, words: str
) -> None:
    portaudio.error = error
    ticks = threading.Semaphore(0)
    card.start(ticks.release)
    wait_until(lambda: card.fault)
    assert card.fault == words
    assert ticks.acquire(timeout=WAIT_S)
    portaudio.error = None
    wait_until(lambda: portaudio.streams)
    portaudio.streams[-1].call(frame(1))
    wait_until(lambda: not card.fault)
    assert card.counts.restarts == 0, "it was never there before"


def test_a_system_without_any_card_says_just_that(portaudio: PortAudio) -> None:
    portaudio.error = PortAudioError("Error querying device -1")
    card = SoundCard()
    card.start(lambda: None)
    try:
        wait_until(lambda: card.fault)
        assert card.fault == "no sound card"
    finally:
        card.stop()


def test_a_system_without_portaudio_says_so(
    card: SoundCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Missing:
        """An import that fails as that of `sounddevice` does."""

        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice")
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    card.start(lambda: None)
    wait_until(lambda: card.fault)
    assert card.fault == "PortAudio is not installed (libportaudio2)"


def test_where_no_card_is_wanted_nothing_runs_and_nothing_is_lost() -> None:
    before = set(threading.enumerate())
    card = SoundCard(NO_DEVICE)
    assert not card.keeps_time, "its owner does"
    card.start(lambda: None)
    assert set(threading.enumerate()) <= before
    for _ in range(2 * RING_MAX):
        assert not any(card.take())
        card.give(bytes(card.frame_bytes))
    card.stop()
    assert card.counts == VoiceCounts()
    assert not card.fault, "nothing is wrong"


def test_without_a_card_the_end_waits_for_one_frame_and_no_longer(
    card: SoundCard, portaudio: PortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice, "RETRY_S", 2 * WAIT_S)
    monkeypatch.setattr(voice, "CLOSE_S", WAIT_S)
    portaudio.error = PortAudioError("Error querying device -1")
    before, ticked = set(threading.enumerate()), threading.Event()
    card.start(ticked.set)
    assert ticked.wait(WAIT_S)
    card.stop()
    assert set(threading.enumerate()) <= before


class Looks(threading.Event):
    """The moments at which the card is looked at; the test says when, however long that takes."""

    def __init__(self) -> None:
        super().__init__()
        self._due, self._waiting = threading.Semaphore(0), threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self._waiting.release()
        assert self._due.acquire(timeout=WAIT_S)
        return self.is_set()

    def set(self) -> None:
        super().set()
        self._due.release()

    def pass_by(self) -> None:
        """Let one look happen; return when the next is waited for."""
        assert self._waiting.acquire(timeout=WAIT_S)
        self._due.release()


@pytest.fixture
def looks(card: SoundCard, monkeypatch: pytest.MonkeyPatch) -> Looks:
    looks = Looks()
    monkeypatch.setattr(card, "_stopping", looks)
    return looks


def test_a_card_is_not_gone_when_the_whole_machine_hung(
    card: SoundCard, portaudio: PortAudio, looks: Looks
) -> None:
    stream = opened(card, portaudio, lambda: None)
    for _ in range(2 * GONE_LOOKS):
        stream.call(frame(1))
        looks.pass_by()  # It called since the last look,
        looks.pass_by()  # and after a hang the first look may come before its next call,
        card._called_at -= 3600  # however long the hang was.
    assert not stream.closed
    assert (card.fault, card.counts.restarts) == ("", 0)


def test_time_is_kept_for_a_card_that_is_quiet_and_may_come_back(
    card: SoundCard, portaudio: PortAudio, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice, "LOOK_S", 2 * WAIT_S)
    ticks = threading.Semaphore(0)
    stream = opened(card, portaudio, ticks.release)
    stream.call(frame(1))
    for _ in range(QUIET_LOOKS):
        looks.pass_by()
    while ticks.acquire(blocking=False):
        continue  # Of the card, and of before it was open.
    for _ in range(3):
        assert ticks.acquire(timeout=WAIT_S), "our own"
    stream.call(frame(2))
    looks.pass_by()
    assert not stream.closed
    assert (card.fault, card.counts.restarts) == ("", 0)


def test_a_card_can_be_started_again(card: SoundCard, portaudio: PortAudio) -> None:
    stream = opened(card, portaudio, lambda: None)
    stream.call(frame(1))
    card.stop()
    wait_until(lambda: portaudio.streams[0].closed)
    assert not card.fault, "it was closed, and is not gone"
    card.start(lambda: None)
    wait_until(lambda: len(portaudio.streams) == 2)


def test_the_fake_is_a_voice() -> None:
    voice = FakeVoice()
    part: Voice = voice
    heard: list[bytes] = []
    part.start(lambda: heard.append(part.take()))
    voice.spoken.append(frame(1))
    voice.tick()
    voice.tick()
    assert heard == [frame(1), bytes(FRAME)]
    part.give(frame(2))
    assert list(voice.played) == [frame(2)]
    with pytest.raises(FakePartError):
        part.give(b"")
    with pytest.raises(FakePartError):
        part.start(voice.tick)
    part.stop()
    voice.tick()
    assert len(heard) == 2
