"""Sound in a thread of its own: the card's ticks, the sockets of RTP, every call's voice.

Theory of operation
-------------------
    event loop --take()--> queue -.                 .-> card
    card ------tick()----> queue -| one thread,     | -> sockets
    sockets ---at each tick-----> | `Voices`        | -> event loop (`feed`)

A frame has to be there within 20 ms, whatever the event loop is busy with: a screen, a web page, a
burst of messages. So sound has its own thread. `Voices` is a pure machine that lives in this thread
only; what goes in and out crosses by a queue and by the loop's thread-safe call.

The thread wakes once a frame, by the card's tick. What came meanwhile waits in the sockets, and
the kernel says when it came (`call_sockets.py`); then a frame is swapped with the card and sent.
To be woken by each datagram too would cost half as much again, and win nothing: nobody hears a
packet before the next frame. Reports are read as often, since a round trip is measured by when
they came, and a machine is told of nothing before what it was told last. Of a flood, only
`DATAGRAMS_MAX` are read between two looks at the ticks. A card that holds its ticks back for
`QUIET_S` does not keep the packets waiting. Where there is no card, the thread's own clock ticks:
it sleeps from tick to tick, and an order waits for the next one.

Else the queue is the only bell: the card's thread, which is a real-time one, puts a word into it,
and neither waits nor lets go of the interpreter for that.

Nothing of this runs while there is neither a call nor a tone: the card is closed, the thread
sleeps.

A call's two ports are opened with its first plan (RTP, and the one above it for RTCP). A port that
cannot be had is told as `SoundFault`, and the call goes on without sound.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from enum import Enum, auto
from queue import Empty, SimpleQueue
from random import Random
from typing import TYPE_CHECKING

from drivers.interfaces import FRAME_S, Voice, VoiceMode
from drivers.real_time import LOOP, SOUND, ask_for_real_time, give_up_real_time
from firmware.media.events import (
    HushCall,
    MuteMicrophone,
    PlayTone,
    SayDigit,
    SetVolume,
    SoundFault,
    SoundReport,
    UseAudio,
)
from firmware.media.plan import MediaPlan
from firmware.phone.events import SoundHealth, StartVoice, StopVoice
from firmware.runtime.call_sockets import DATAGRAMS_MAX, CallSockets, family
from firmware.settings import VoiceSettings

if TYPE_CHECKING:
    from firmware.media.voices import Said, Voices

TICKS_MAX = 5
"""Frames that are made up for after the thread was held up; older ones are past."""

QUIET_S = 0.1
"""Without a tick; a card that is being opened has none."""

TURN_S = 0.0005
"""How long a thread that computes keeps the interpreter from the card's and the sound's; 5 ms, as
Python has it, are a quarter of a frame, and twice that where the frame needs two turns."""

DUE_S = 0.1
"""How often it is asked what is due: nobody hears it."""

LOOK_S = 1.0
"""How often the card is asked whether anything is wrong."""

JOIN_S = 3.0

Order = (
    StartVoice | StopVoice | PlayTone | MuteMicrophone | HushCall | SetVolume | SayDigit | UseAudio
)
"""What the phone wants of its sound."""


class Bell(Enum):
    """Why the thread is woken, besides an order."""

    TICK = auto()
    END = auto()


class VoiceEngine:
    """The thread. `take` and `stop` are called on the event loop."""

    name = "sound"

    def __init__(
        self,
        voice: Voice,
        feed: Callable[[object], None],
        broken: Callable[[], None],
        random: Random,
        settings: VoiceSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.turns = 0  # Of the thread.
        self._voice = voice
        self._clock = clock
        self._feed = feed
        self._broken = broken  # The thread has ended by itself: the phone has to stop.
        self._random = random
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_native_id()
        self._has_lent = False  # A priority to that thread.
        self._words: SimpleQueue[Order | Bell] = SimpleQueue()
        self._ticks = 0
        self._ticks_done = 0
        self._tick_at = 0.0  # The next one of our own clock.
        self._sockets: dict[int, CallSockets] = {}
        self._has_more = False  # Datagrams wait that there was no time to read.
        self._now = 0.0  # As it was told last: a machine's time does not go back.
        self._is_running = False
        self._fault = ""
        self._health = SoundHealth()
        self._due_at = self._look_at = 0.0
        self._held_up = 0  # Frames that were given up because the thread was.
        self._thread: threading.Thread | None = None

    def take(self, output: object) -> None:
        """Carry out what concerns sound; anything else is for others."""
        if isinstance(output, Order):
            if self._thread is None:
                self._thread = threading.Thread(target=self._main, name=self.name, daemon=True)
                self._thread.start()
            self._words.put(output)

    def stop(self) -> None:
        """End the thread, every call's sound, and close the card."""
        if self._thread is not None and self._thread.is_alive():
            self._words.put(Bell.END)
            self._thread.join(JOIN_S)

    def wake(self) -> None:
        """Let the thread turn, where there is one."""
        if self._thread is not None:
            self._words.put(Bell.TICK)

    @property
    def health(self) -> SoundHealth:
        """What was lost here since the start."""
        lost = self._voice.counts
        return SoundHealth(
            held_up=self._held_up,
            overflows=lost.overflows,
            underflows=lost.underflows,
            late=lost.late,
            dropped=lost.dropped,
            restarts=lost.restarts,
        )

    def _tick(self) -> None:
        """On the card's thread: a frame has passed."""
        self._ticks += 1
        if self._words.empty():  # Else it is woken by what is there, and sees the number.
            self._words.put(Bell.TICK)

    # The thread.

    def _main(self) -> None:
        sys.setswitchinterval(TURN_S)
        is_done = False
        try:
            self._live()
            is_done = True
        finally:
            if not is_done:  # The exception itself is printed by threading's own hook.
                self._loop.call_soon_threadsafe(self._broken)

    def _live(self) -> None:
        # numpy's library would start a thread for each processor, and each would spin for 0.1 s,
        # in the first moments of the first call; no product of ours is large enough to need them.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        # The codecs, and numpy with them, are loaded here: the phone has long registered.
        from firmware.media.voices import Voices

        # To look through all objects for garbage holds the interpreter for three frames. What is
        # loaded by now stays for good: it is not looked at again.
        gc.freeze()
        ask_for_real_time(SOUND)  # Now: what is loaded may take its time.
        voices = Voices(self._voice.rate, self._settings.country, self._random)
        while self._obey(voices, self._wait(voices)):
            self._run_card(voices)
            self._read(voices)
            self._exchange(voices)
            if self._clock() >= self._due_at:
                self._do_what_is_due(voices)
            self.turns += 1
        for call in tuple(voices.plans):
            self._end(voices, call)
        if self._is_running:
            self._close_card()

    def _wait(self, voices: Voices) -> Order | Bell:
        """Sleep until a tick or an order; what is due between two ticks can wait for the next, and
        so can an order where our own clock ticks."""
        if not (voices.is_idle or self._voice.keeps_time):
            time.sleep(self._patience_s())
            return Bell.TICK if self._words.empty() else self._words.get()
        try:
            return self._words.get(timeout=None if voices.is_idle else self._patience_s())
        except Empty:
            return Bell.TICK

    def _patience_s(self) -> float:
        if self._has_more:
            self._has_more = False
            return 0.0
        if self._voice.keeps_time:
            return QUIET_S
        return max(0.0, self._tick_at - self._clock())

    def _obey(self, voices: Voices, word: Order | Bell) -> bool:
        """Carry out the order that came, and those behind it; False where one of them is to end."""
        while True:
            match word:
                case Bell.TICK:
                    pass
                case Bell.END:
                    return False
                case StartVoice(call, plan):
                    self._begin(voices, call, plan)
                case StopVoice(call):
                    self._end(voices, call)
                case UseAudio(mode):
                    way = self._voice.use(VoiceMode(mode.value))
                    voices.use(way.microphone_db, way.earpiece_db)
                case _:
                    self._carry_out(voices.wish(word, self._clock()))
            if self._words.empty():
                return True
            word = self._words.get()

    def _run_card(self, voices: Voices) -> None:
        """Have the card open while there is something to hear, and no longer."""
        if voices.is_idle == self._is_running:
            self._is_running = not voices.is_idle
            if self._is_running:
                self._open_card()
            else:
                self._close_card()

    def _open_card(self) -> None:
        # Whoever has the interpreter and no processor keeps sound from both.
        self._has_lent = ask_for_real_time(LOOP, self._loop_thread)
        self._ticks_done = self._ticks
        self._tick_at = self._clock() + FRAME_S
        self._voice.start(self._tick)

    def _close_card(self) -> None:
        self._voice.stop()
        if self._has_lent:
            give_up_real_time(self._loop_thread)

    def _exchange(self, voices: Voices) -> None:
        """Swap a frame with the card for each tick."""
        if not self._voice.keeps_time:
            self._keep_time()
        while self._is_running and self._ticks_done < self._ticks:
            past = max(0, self._ticks - self._ticks_done - TICKS_MAX)
            self._held_up += past
            self._ticks_done += past + 1
            self._now = self._clock()
            played, out = voices.exchange(self._voice.take(), self._now)
            self._voice.give(played)
            self._carry_out(out)

    def _keep_time(self) -> None:
        """Tick by our own clock; its moments do not drift."""
        late_s = self._clock() - self._tick_at
        if late_s >= 0:
            passed = 1 + int(late_s / FRAME_S)
            self._ticks += passed
            self._tick_at += passed * FRAME_S

    def _read(self, voices: Voices) -> None:
        """Take in what came to the ports of every call."""
        now = self._clock()
        for call, sockets in self._sockets.items():
            arrived = sockets.arrived(self._now, now)
            self._has_more |= len(arrived) >= DATAGRAMS_MAX
            for packet, at in arrived:
                self._carry_out(voices.received(call, packet, at))
        self._now = now

    def _do_what_is_due(self, voices: Voices) -> None:
        """Our reports, warnings, the state of the card."""
        self._now = self._clock()
        self._due_at = self._now + DUE_S
        self._carry_out(voices.wake(self._now))
        self._look_at_card(self._now)

    def _carry_out(self, said: Said) -> None:
        for item in said:
            if isinstance(item, SoundReport):
                self._tell(item)
            elif item[0] in self._sockets:
                self._sockets[item[0]].send(item[1])

    def _tell(self, event: object) -> None:
        self._loop.call_soon_threadsafe(self._feed, event)

    # Calls.

    def _begin(self, voices: Voices, call: int, plan: MediaPlan) -> None:
        """Open the ports with the first plan, or with one that leads into the other family."""
        sockets = self._sockets.get(call)
        if sockets is not None and sockets.family != family(plan.remote):
            self._close(call)
            sockets = None
        if sockets is None:
            self._open(call, plan)
        self._carry_out(voices.agreed(call, plan, self._clock()))

    def _open(self, call: int, plan: MediaPlan) -> None:
        try:
            self._sockets[call] = CallSockets(plan, self._settings)
        except OSError as error:
            words = (error.strerror or str(error)).lower()
            self._tell(SoundFault(call, f"no sound: port {plan.local_port}: {words}"))

    def _end(self, voices: Voices, call: int) -> None:
        self._carry_out(voices.over(call, self._clock()))
        self._close(call)

    def _close(self, call: int) -> None:
        sockets = self._sockets.pop(call, None)
        if sockets is not None:
            sockets.close()

    def _look_at_card(self, now: float) -> None:
        """Tell when the card's trouble begins and ends, and what was lost."""
        if not self._is_running or now < self._look_at:
            return
        self._look_at = now + LOOK_S
        health = self.health
        if health != self._health:
            self._health = health
            self._tell(health)
        if self._voice.fault != self._fault:
            self._fault = self._voice.fault
            self._tell(SoundFault(0, self._fault))
