"""The sound's thread on real sockets: two phones hear each other, floods, faults, the end."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from drivers.fakes import FakeVoice
from drivers.interfaces import FRAME_S, VoiceCounts, VoiceMode, VoiceWay
from drivers.real_time import CALLER, LOOP, SOUND
from firmware.media.events import (
    AudioMode,
    PacketReceived,
    PlayTone,
    SetVolume,
    SoundFault,
    UseAudio,
)
from firmware.media.formats import PCMA
from firmware.media.plan import Endpoint, Format, MediaPlan
from firmware.media.tone_table import ToneKind
from firmware.media.voices import Said, Voices
from firmware.phone.events import SoundHealth, StartVoice, StopVoice
from firmware.runtime import voice
from firmware.runtime.call_sockets import DATAGRAMS_MAX
from firmware.runtime.voice import TICKS_MAX, VoiceEngine
from firmware.settings import VoiceSettings
from tests.unit.media.ends import PLAN, key
from tests.unit.media.sounds import frames, pitch, sine
from tests.unit.runtime.wire import WAIT_S, run, until

HOST = "127.0.0.1"
RATE = 48_000
FRAME = 960
CALL = 3


class Clock:
    """The time of both cards: it passes with their frames, however busy the machine is."""

    def __init__(self) -> None:
        self.now = 1000.0

    def read(self) -> float:
        return self.now


class Phone:
    """An engine with a sound card to speak into."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.card = FakeVoice()
        self.told: list[object] = []
        self.broken = False
        self.port = free_ports()
        self.engine = VoiceEngine(
            self.card,
            self.told.append,
            self._break,
            Random(self.port),  # Two phones that draw the same numbers collide for ever.
            VoiceSettings(),
            clock.read,
        )

    def _break(self) -> None:
        self.broken = True

    def plan(self, other: Phone) -> MediaPlan:
        form = Format(8, PCMA)
        return replace(
            PLAN,
            local_port=self.port,
            remote=Endpoint(HOST, other.port),
            remote_rtcp=Endpoint(HOST, other.port),
            sends=form,
            receives=(form,),
            key_out=key(self.port),
            key_in=key(other.port),
        )

    @property
    def heard(self) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        return np.frombuffer(b"".join(self.card.played), np.int16)


def free_ports() -> int:
    """Return an even port that is free, with the one above it."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
            first.bind(("", 0))
            port: int = first.getsockname()[1] & ~1
        if are_free(port):
            return port


def are_free(port: int) -> bool:
    """Tell whether a call could have this port and the one above it."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as low,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as high,
    ):
        try:
            low.bind(("", port))
            high.bind(("", port + 1))
        except OSError:
            return False
        return True


@asynccontextmanager
async def phones(count: int = 2) -> AsyncIterator[list[Phone]]:
    before = set(os.listdir("/proc/self/fd"))
    clock = Clock()
    made = [Phone(clock) for _ in range(count)]
    try:
        yield made
    finally:
        for phone in made:
            phone.engine.stop()
        assert not [thread for thread in threading.enumerate() if thread.name == "sound"]
        assert len(os.listdir("/proc/self/fd")) <= len(before)


async def calling(first: Phone, second: Phone) -> None:
    for phone, other in ((first, second), (second, first)):
        phone.engine.take(StartVoice(CALL, phone.plan(other)))
        await until(lambda phone=phone: phone.card.running)  # type: ignore[misc] # bound now


async def let_pass(here: Phone, there: Phone, number: int) -> None:
    """Let frames pass on both cards, each carried out before the next."""
    for _ in range(number):
        here.clock.now += 0.02
        for phone in (here, there):
            await tick(phone)


async def tick(phone: Phone) -> None:
    before = phone.card.frames_played
    phone.card.tick()
    async with asyncio.timeout(WAIT_S):
        while phone.card.frames_played == before:
            await asyncio.sleep(0.001)


async def speak(here: Phone, there: Phone, hertz: float) -> float:
    """Speak for two seconds; return the pitch that was heard."""
    here.card.spoken.extend(one.tobytes() for one in frames(sine(hertz, RATE, 2.0), FRAME))
    await let_pass(here, there, 100)
    return pitch(there.heard[-RATE // 2 :], RATE)


def test_two_phones_hear_each_other() -> None:
    async def play() -> None:
        async with phones() as (here, there):
            await calling(here, there)
            assert await speak(here, there, 440) == pytest.approx(440, abs=2)
            assert await speak(there, here, 660) == pytest.approx(660, abs=2)
            assert not here.broken

    run(play())


def test_the_thread_turns_when_it_is_woken_in_a_call_and_out_of_one() -> None:
    async def play() -> None:
        async with phones() as (here, there):
            here.engine.wake()
            assert here.engine.turns == 0, "there is no thread yet"
            await calling(here, there)
            turns = here.engine.turns
            here.engine.wake()
            await until(lambda: here.engine.turns > turns)
            here.engine.take(StopVoice(CALL))
            await until(lambda: not here.card.running)
            await asyncio.sleep(0.05)
            turns = here.engine.turns
            await asyncio.sleep(0.1)
            assert here.engine.turns == turns, "it sleeps"
            here.engine.wake()
            await until(lambda: here.engine.turns > turns)
            assert here.card.frames_played == 0, "to be woken is no tick"

    run(play())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int, int]]:
    """Return what the scheduler is asked from now on: by whom, for which thread, for what."""
    asked: list[tuple[str, int, int, int]] = []

    def set_scheduler(thread: int, policy: int, wanted: os.sched_param) -> None:
        asked.append((threading.current_thread().name, thread, policy, wanted.sched_priority))

    monkeypatch.setattr(os, "sched_setscheduler", set_scheduler)
    return asked


def test_sound_asks_for_a_real_time_priority_and_lends_one_to_the_loop_while_there_is_sound(
    asked: list[tuple[str, int, int, int]],
) -> None:
    real_time = os.SCHED_RR | os.SCHED_RESET_ON_FORK
    ordinary = os.SCHED_OTHER | os.SCHED_RESET_ON_FORK
    loop = threading.get_native_id()

    async def play() -> None:
        async with phones() as (here, there):
            here.engine.take(StartVoice(CALL, here.plan(there)))
            await until(lambda: here.card.running)
            assert asked == [
                ("sound", CALLER, real_time, SOUND),
                ("sound", loop, real_time, LOOP),
            ]
            here.engine.take(StopVoice(CALL))
            await until(lambda: len(asked) > 2)
            assert not here.card.running
            assert asked[2:] == [("sound", loop, ordinary, 0)]
            here.engine.take(PlayTone(ToneKind.DIAL))
            await until(lambda: here.card.running)
            assert asked[3:] == [("sound", loop, real_time, LOOP)]

    run(play())
    assert asked[4:] == [("sound", loop, ordinary, 0)], "the phone has ended"


def test_sound_goes_on_without_a_real_time_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[int] = []

    def set_scheduler(thread: int, policy: int, wanted: os.sched_param) -> None:
        refused.append(wanted.sched_priority)
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", set_scheduler)

    async def play() -> None:
        async with phones() as (here, there):
            await calling(here, there)
            assert await speak(here, there, 440) == pytest.approx(440, abs=2)

    run(play())
    assert sorted(refused) == [LOOP, LOOP, SOUND, SOUND]


def test_a_call_that_is_over_closes_card_and_ports() -> None:
    async def play() -> None:
        async with phones() as (here, there):
            await calling(here, there)
            here.engine.take(StopVoice(CALL))
            await until(lambda: not here.card.running)
            assert are_free(here.port)
            assert not are_free(there.port)

    run(play())


def test_a_port_that_is_taken_is_told_and_the_phone_lives() -> None:
    async def play() -> None:
        async with phones() as (here, there):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
                taken.bind(("", here.port + 1))
                here.engine.take(StartVoice(CALL, here.plan(there)))
                await until(lambda: bool(here.told))
            (fault,) = here.told
            assert isinstance(fault, SoundFault)
            assert fault.call == CALL
            assert f"port {here.port}" in fault.text
            assert "in use" in fault.text
            here.engine.take(StopVoice(CALL))
            await calling(here, there)
            assert await speak(here, there, 440) == pytest.approx(440, abs=2)

    run(play())


def test_a_flood_from_a_stranger_is_not_heard_and_does_not_stop_the_call() -> None:
    async def play() -> None:
        async with phones() as (here, there):
            await calling(here, there)
            for number in range(20):
                send(there.port, *[os.urandom(172) for _ in range(DATAGRAMS_MAX)])
                if number % 10 == 0:
                    await let_pass(here, there, 1)
            assert await speak(here, there, 440) == pytest.approx(440, abs=2)
            assert not there.broken

    run(play())


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return what the voices are given, as it comes."""
    given: list[bytes] = []
    take = Voices.received

    def noted(voices: Voices, call: int, packet: PacketReceived, now: float) -> Said:
        given.append(packet.data)
        return take(voices, call, packet, now)

    monkeypatch.setattr(Voices, "received", noted)
    return given


def send(to: int, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for datagram in datagrams:
            stranger.sendto(datagram, (HOST, to))


def test_a_card_that_holds_its_ticks_back_does_not_keep_packets_waiting(
    received: list[bytes],
) -> None:
    async def play() -> None:
        async with phones() as (here, there):
            await calling(here, there)
            before = here.card.frames_played
            await tick(there)
            await until(lambda: bool(received))
            assert here.card.frames_played == before

    run(play())


def test_what_is_left_of_a_flood_waits_for_no_tick(
    received: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        async with phones() as (here, there):
            await calling(here, there)
            send(here.port, *[b"flood"] * 3 * DATAGRAMS_MAX)
            here.engine.take(PlayTone(None))  # One look.
            await until(lambda: len(received) >= 3 * DATAGRAMS_MAX)
            assert received == [b"flood"] * 3 * DATAGRAMS_MAX

    monkeypatch.setattr(voice, "QUIET_S", 2 * WAIT_S)
    run(play())


def test_a_report_is_taken_in_with_the_next_frame(received: list[bytes]) -> None:
    """What waits in its port meanwhile would be added to the round trip."""

    async def play() -> None:
        async with phones() as (here, there):
            await calling(here, there)
            await let_pass(here, there, 1)  # What is due was looked at a moment ago.
            send(here.port + 1, b"report")
            await let_pass(here, there, 1)
            assert b"report" in received

    run(play())


def test_without_a_card_the_thread_keeps_time_itself() -> None:
    """Fifty frames a second by its own clock; orders in between let none pass."""

    async def play() -> None:
        async with phones(1) as (phone,):
            phone.card.keeps_time = False
            phone.engine.take(PlayTone(ToneKind.DIAL))
            await until(lambda: phone.card.running)
            began = phone.clock.now
            for number in range(1, 20):
                phone.clock.now = began + number * FRAME_S - 0.001
                phone.engine.take(SetVolume(0))
                await asyncio.sleep(0.005)
                assert phone.card.frames_played == number - 1
                phone.clock.now += 0.002
                await until(lambda number=number: phone.card.frames_played == number)  # type: ignore[misc] # bound now
            phone.clock.now += 3 * FRAME_S
            await until(lambda: phone.card.frames_played == 22)

    run(play())


def test_the_way_of_sound_is_the_cards_with_its_gains() -> None:
    async def play() -> None:
        async with phones(1) as (phone,):
            phone.card.ways[VoiceMode.HANDS_FREE] = VoiceWay(earpiece_db=-18.0)
            phone.engine.take(PlayTone(ToneKind.DIAL))
            await until(lambda: phone.card.running)
            for _ in range(5):
                await tick(phone)
            loud = np.abs(np.frombuffer(phone.card.played[-1], np.int16)).max()
            phone.engine.take(UseAudio(AudioMode.HANDS_FREE))
            await until(lambda: phone.card.mode is VoiceMode.HANDS_FREE)
            for _ in range(5):
                await tick(phone)
            soft = np.abs(np.frombuffer(phone.card.played[-1], np.int16)).max()
            assert soft == pytest.approx(loud / 8, rel=0.1)

    run(play())


def test_a_tone_needs_no_call() -> None:
    async def play() -> None:
        async with phones(1) as (phone,):
            phone.engine.take(PlayTone(ToneKind.DIAL))
            await until(lambda: phone.card.running)
            for _ in range(50):
                phone.clock.now += 0.02
                await tick(phone)
            assert phone.heard.any()
            phone.engine.take(PlayTone(None))
            await until(lambda: not phone.card.running)

    run(play())


def test_a_fault_of_the_card_is_told_when_it_begins_and_when_it_ends() -> None:
    async def play() -> None:
        async with phones() as (here, there):
            here.card.fault = "the sound card is gone"
            await calling(here, there)
            await until(lambda: SoundFault(0, "the sound card is gone") in told_at(here))
            here.card.fault = ""
            await until(lambda: SoundFault(0, "") in told_at(here))
            told = [each for each in here.told if isinstance(each, SoundFault)]
            assert told == [SoundFault(0, "the sound card is gone"), SoundFault(0, "")]

    run(play())


def told_at(phone: Phone) -> list[object]:
    """Return what was told, after another frame."""
    phone.clock.now += 0.02
    phone.card.tick()
    return phone.told


def test_what_was_lost_here_is_told_once_for_each_change() -> None:
    async def play() -> None:
        async with phones() as (here, there):
            here.card.counts = VoiceCounts(1, 2, 3, 4, 5)
            await calling(here, there)
            lost = SoundHealth(0, 1, 2, 3, 4, 5)
            await until(lambda: lost in told_at(here))
            here.card.counts = VoiceCounts(1, 2, 4, 4, 5)
            await until(lambda: replace(lost, late=4) in told_at(here))
            assert [each.late for each in here.told if isinstance(each, SoundHealth)] == [3, 4]

    run(play())


def test_ticks_that_the_thread_could_not_serve_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with phones() as (here, there):
            await calling(here, there)
            here.card.tick()
            await until(began.is_set)
            for _ in range(TICKS_MAX + 4):
                here.card.tick()
            held.set()
            await until(lambda: here.card.frames_played == 1 + TICKS_MAX)
            assert here.engine.health.held_up == 4, "older ones are past"

    began, held, exchange = threading.Event(), threading.Event(), Voices.exchange

    def slow(voices: Voices, captured: bytes, now: float) -> tuple[bytes, Said]:
        began.set()
        held.wait(WAIT_S)
        return exchange(voices, captured, now)

    monkeypatch.setattr(Voices, "exchange", slow)
    run(play())


def test_a_thread_that_computes_gives_way_to_sound_within_a_millisecond() -> None:
    async def play() -> None:
        async with phones(1) as (phone,):
            phone.engine.take(PlayTone(ToneKind.DIAL))
            await until(lambda: phone.card.running)
            assert sys.getswitchinterval() <= 0.001

    before = sys.getswitchinterval()
    try:
        sys.setswitchinterval(0.005)
        run(play())
    finally:
        sys.setswitchinterval(before)


ALONE = """
import asyncio, gc, os
from random import Random
from drivers.voice import NO_DEVICE, SoundCard
from firmware.media.events import PlayTone
from firmware.media.tone_table import ToneKind
from firmware.runtime.voice import VoiceEngine
from firmware.settings import VoiceSettings

async def main():
    card = SoundCard(NO_DEVICE)
    played = asyncio.Event()
    loop = asyncio.get_running_loop()
    card.give = lambda frame: loop.call_soon_threadsafe(played.set)
    engine = VoiceEngine(card, print, print, Random(1), VoiceSettings())
    engine.take(PlayTone(ToneKind.DIAL))
    await played.wait()
    print(len(os.listdir("/proc/self/task")), len(gc.get_objects()) < gc.get_freeze_count())
    engine.stop()

asyncio.run(main())
"""


def test_sound_brings_one_thread_and_most_objects_are_never_looked_through_for_garbage() -> None:
    """A library that computes with a thread for each processor lets them spin when it is loaded."""
    words = [sys.executable, "-c", ALONE]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["2", "True"]


def test_what_is_none_of_its_business_starts_nothing() -> None:
    async def play() -> None:
        async with phones(1) as (phone,):
            phone.engine.take(object())
            await asyncio.sleep(0.05)
            assert not phone.card.running
            assert not [thread for thread in threading.enumerate() if thread.name == "sound"]

    run(play())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_of_a_mistake_of_ours_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with phones(1) as (phone,):
            phone.engine.take(PlayTone(ToneKind.DIAL))
            await until(lambda: phone.card.running)
            phone.card.tick()
            await until(lambda: phone.broken)

    def wrong(*_: object) -> None:
        raise AssertionError("a mistake of ours")

    monkeypatch.setattr(Voices, "exchange", wrong)
    run(play())
