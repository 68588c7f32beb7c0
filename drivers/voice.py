"""The sound card, through PortAudio (`sounddevice`): both directions, 20 ms at a time.

Theory of operation
-------------------
    PortAudio's thread      captured frame -> ring, ring -> frame to play, `tick`     nothing else
    the owner's thread      `take` a captured frame, `give` one to play
    our own thread          opens the card, watches it, keeps time while there is none

The real-time thread never waits: a ring that is full loses its oldest frame, one that is empty
plays silence, and each loss is counted. `CUSHION` frames of silence are queued at the start, so
that an owner who is late by less than that is not heard.

A card that cannot be opened, or that is gone (it was unplugged), does not stop the call: silence is
captured, and `tick` comes from our own clock, so the call goes on, silent but in time. The card is
looked for again every `RETRY_S`; `fault` says meanwhile what is wrong. PortAudio knows only the
devices that were there when it was initialised, so it is initialised anew for each look.

*When is a card gone?* When PortAudio says so, or when the card says nothing: some cards that are
gone do not end, and some can still be opened, and never call. But a machine may hang for half a
second, and then no thread runs, ours neither: a card is not gone for that. So time is not compared;
our thread looks every `LOOK_S`, and after a hang it finds one silence, not five. From `QUIET_LOOKS`
in a row on it keeps time for a card that may come back, after `GONE_LOOKS` it gives the card up.

Where no card is wanted (`NO_DEVICE`) there is no thread either: the owner keeps time, at a tenth of
the price (`keeps_time`), and nobody hears the rate.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from drivers.interfaces import FRAME_S, VoiceCounts, VoiceMode, VoiceWay
from drivers.real_time import CARD, ask_for_real_time

RATE = 48_000
"""Samples a second: what cards speak by themselves, and Opus too."""

SAMPLE_BYTES = 2

CUSHION = 1
"""Frames of silence queued at the start."""

RING_MAX = 6
"""Frames in each direction: 120 ms. A delay longer than this is worse than a loss."""

SILENT_RATE = 8_000
"""Samples a second where there is no card: nothing to convert for most codecs."""

LOOK_S = 0.2
QUIET_LOOKS = 2
GONE_LOOKS = 5
"""Looks in a row that found the card silent: 0.2 to 0.4 s, and 0.8 to 1 s."""

OPEN_S = 1.0
"""How long a card that was opened may take to call."""

RETRY_S = 2.0

CLOSE_S = 2.0
"""How long a card may take to be closed; one that was unplugged may never be."""


NO_DEVICE = "none"
"""The name that means: no card, silence that keeps time."""


class SoundCardError(OSError):
    """The card cannot be used; the text says which and why."""


@dataclass(slots=True)
class _Losses:
    """Counters that one thread each writes."""

    overflows: int = 0
    underflows: int = 0
    late: int = 0
    dropped: int = 0
    restarts: int = 0


class SoundCard:
    """One sound card; `device` is a part of its name, "" the system's own choice, or "none"."""

    def __init__(self, device: str = "") -> None:
        self.keeps_time = device != NO_DEVICE
        self.rate = RATE if self.keeps_time else SILENT_RATE
        self.frame_bytes = round(self.rate * FRAME_S) * SAMPLE_BYTES
        self.fault = ""
        self._device = device
        self._silence = bytes(self.frame_bytes)
        self._captured: deque[bytes] = deque(maxlen=RING_MAX)
        self._playing: deque[bytes] = deque(maxlen=RING_MAX)
        self._losses = _Losses()
        self._tick: Callable[[], None] = _nobody
        self._opened_at = self._called_at = 0.0
        self._has_asked = False  # For a real-time priority.
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def use(self, mode: VoiceMode) -> VoiceWay:
        """One card is one way, whatever the mode."""
        return VoiceWay(self._device)

    def start(self, tick: Callable[[], None]) -> None:
        """Begin; `tick` is called from another thread every 20 ms and returns at once."""
        assert self._thread is None, "started twice"
        if not self.keeps_time:
            return
        self._tick = tick
        self._captured.clear()
        self._playing.clear()
        self._playing.extend([self._silence] * CUSHION)
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, name="voice", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; no tick follows."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            self._tick = _nobody
            thread.join(CLOSE_S)

    def take(self) -> bytes:
        """Return the oldest captured frame; silence where none has come."""
        try:
            return self._captured.popleft()
        except IndexError:
            return self._silence

    def give(self, frame: bytes) -> None:
        """Queue a frame to play; a full ring loses its oldest."""
        assert len(frame) == self.frame_bytes, f"a frame of {len(frame)} bytes"
        if not self.keeps_time:
            return
        if len(self._playing) == RING_MAX:
            self._losses.dropped += 1
        self._playing.append(frame)

    @property
    def counts(self) -> VoiceCounts:
        """What was lost since the start."""
        lost = replace(self._losses)
        return VoiceCounts(lost.overflows, lost.underflows, lost.late, lost.dropped, lost.restarts)

    # PortAudio's thread.

    def _exchange(self, captured: Any, played: Any, frames: int, clock: Any, status: Any) -> None:
        """Swap a frame for a frame."""
        if not self._has_asked:
            self._has_asked = True  # Once for each thread that PortAudio makes.
            ask_for_real_time(CARD)
        self._called_at = time.monotonic()
        if status:
            self._losses.overflows += status.input_overflow
            self._losses.underflows += status.output_underflow
        if len(self._captured) == RING_MAX:
            self._losses.dropped += 1
        self._captured.append(bytes(captured))
        played[:] = self._next_to_play()
        self._tick()

    def _next_to_play(self) -> bytes:
        try:
            return self._playing.popleft()
        except IndexError:
            self._losses.late += 1
            return self._silence

    # Our own thread.

    def _watch(self) -> None:
        """Keep the card open, or keep time without it."""
        worked = False
        while not self._stopping.is_set():
            try:
                stream = self._open()
            except SoundCardError as error:
                self.fault = str(error)
                self._keep_time(RETRY_S)
                continue
            has_called = partial(self._has_called_since, self._opened_at)
            self._keep_time(OPEN_S, until=has_called)
            if has_called():
                self.fault = ""
                self._losses.restarts += worked
                worked = True
                self._watch_stream(stream)
            _close(stream)
            if self._stopping.is_set():
                return  # Closed by us: nothing is wrong.
            self.fault = f"the sound card {self._name} is gone"
            self._keep_time(RETRY_S)

    def _has_called_since(self, moment: float) -> bool:
        return self._called_at > moment

    def _watch_stream(self, stream: Any) -> None:
        """Return when the card is gone, or at the end; keep time for one that is only quiet."""
        silent_looks, seen = 0, self._called_at
        while stream.active and silent_looks < GONE_LOOKS and not self._stopping.is_set():
            if silent_looks < QUIET_LOOKS:
                self._stopping.wait(LOOK_S)
            else:
                self._keep_time(LOOK_S, until=partial(self._has_called_since, seen))
            silent_looks = silent_looks + 1 if self._called_at == seen else 0
            seen = self._called_at

    def _keep_time(self, for_s: float, until: Callable[[], bool] = lambda: False) -> None:
        """Tick by our own clock; the moments do not drift with the time that ticks take."""
        began = time.monotonic()
        for number in range(1, round(for_s / FRAME_S) + 1):
            # A tenth of the price of waiting for the event: a call without a card is 50 of these
            # a second.
            time.sleep(max(0.0, began + number * FRAME_S - time.monotonic()))
            if self._stopping.is_set() or until():
                return
            if self._playing:
                self._playing.popleft()  # Nobody hears it.
            self._tick()

    def _not_there(self, error: Exception) -> str:
        """Say which card is missing; of the system's own choice PortAudio's words say nothing."""
        return f"no sound card {self._name}: {_words(error)}" if self._device else "no sound card"

    @property
    def _name(self) -> str:
        return f'"{self._device}"' if self._device else "of this system"

    def _open(self) -> Any:
        """Open and start the card; raise SoundCardError with the reason."""
        try:
            # A system without PortAudio raises OSError here. The package brings no types.
            import sounddevice  # type: ignore[import-untyped] # noqa: PLC0415
        except OSError as error:
            raise SoundCardError("PortAudio is not installed (libportaudio2)") from error
        try:
            _look_again(sounddevice)
            stream = sounddevice.RawStream(
                samplerate=self.rate,
                blocksize=self.frame_bytes // SAMPLE_BYTES,
                device=self._device or None,
                channels=1,
                dtype="int16",
                latency="low",
                callback=self._exchange,
            )
            self._opened_at = time.monotonic()
            self._has_asked = False
            stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise SoundCardError(self._not_there(error)) from error
        return stream


def _nobody() -> None:
    """Hear no tick: the listener before the start and after the end."""


def _look_again(sounddevice: Any) -> None:
    """Let PortAudio see the devices that there are now; no stream may be open."""
    sounddevice._terminate()
    sounddevice._initialize()


def _close(stream: Any) -> None:
    """Close a stream that may be of a card that is gone, without waiting for it for ever."""
    closing = threading.Thread(target=lambda: stream.close(ignore_errors=True), daemon=True)
    closing.start()
    closing.join(CLOSE_S)


def _words(error: Exception) -> str:
    """Say PortAudio's reason: its first line, without its error number."""
    text = str(error.args[0] if error.args else error).splitlines()[0]
    return text.partition(" [PaErrorCode")[0].rstrip(".")
