"""Parts that behave like the real ones without hardware.

A fake has the methods of its part for the phone above, and a hand for whoever stands before it:
`press()`, `lift()`, `replace()`. It refuses what the real part could not do, such as a handset
lifted twice. What the phone showed is kept, the last `HISTORY_MAX` of it. The virtual handset is
made of these parts: `changed` tells it that there is something new to draw.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from PIL import Image

from drivers.interfaces import (
    DISPLAY_SIZE,
    FRAME_S,
    KEYS,
    NO_KEYS,
    LampPattern,
    Melody,
    SoftKeys,
    VoiceCounts,
    VoiceMode,
    VoiceWay,
    nobody,
)

HISTORY_MAX = 100
"""What a part remembers of its past: enough for a look back in a test, bounded for a long run."""


class FakePartError(ValueError):
    """A hand did what the real part would not let it do."""


class FakeKeypad:
    """Keys to press."""

    def __init__(self) -> None:
        self.fault = ""
        self.down = frozenset[str]()
        self.history: deque[str] = deque(maxlen=HISTORY_MAX)
        self._pressed: Callable[[str], None] = nobody
        self._held: Callable[[str], None] = nobody

    def listen(self, pressed: Callable[[str], None], held: Callable[[str], None] = nobody) -> None:
        self._pressed, self._held = pressed, held

    def press(self, key: str) -> None:
        """Press a key; raise `FakePartError` where there is none of that name."""
        if key not in KEYS:
            raise FakePartError(f"there is no key {key[:20]!r}")
        self.history.append(key)
        self._pressed(key)

    def hold(self, key: str) -> None:
        """Let a key that was pressed stay down until it counts as held."""
        if key not in KEYS:
            raise FakePartError(f"there is no key {key[:20]!r}")
        self._held(key)


class FakeHook:
    """A handset to lift and put back."""

    def __init__(self, changed: Callable[[], None] = nobody) -> None:
        self.fault = ""
        self.lifted = False
        self._moved: Callable[[bool], None] = nobody
        self._changed = changed

    def listen(self, moved: Callable[[bool], None]) -> None:
        self._moved = moved

    def lift(self) -> None:
        """Take the handset off the hook."""
        self._move(lifted=True)

    def replace(self) -> None:
        """Put the handset back."""
        self._move(lifted=False)

    def _move(self, *, lifted: bool) -> None:
        if lifted == self.lifted:
            raise FakePartError(f"the handset is {'off' if lifted else 'on'} the hook already")
        self.lifted = lifted
        self._changed()
        self._moved(lifted)


class FakeLamp:
    """A lamp to look at."""

    def __init__(self, changed: Callable[[], None] = nobody) -> None:
        self.fault = ""
        self.pattern = LampPattern.OFF
        self.history: deque[LampPattern] = deque(maxlen=HISTORY_MAX)
        self._changed = changed

    def show(self, pattern: LampPattern) -> None:
        self.pattern = pattern
        self.history.append(pattern)
        self._changed()


class FakeRinger:
    """A ringer to listen to."""

    def __init__(self, changed: Callable[[], None] = nobody) -> None:
        self.fault = ""
        self.ringing = False
        self.melody = Melody(())
        self.history: deque[bool] = deque(maxlen=HISTORY_MAX)
        self._changed = changed

    def tune(self, melody: Melody) -> None:
        self.melody = melody
        self._changed()

    def ring(self, ringing: bool) -> None:
        self.ringing = ringing
        self.history.append(ringing)
        self._changed()


class FakeDisplay:
    """A screen to look at: the last image, and the words of the screens before it."""

    def __init__(
        self, changed: Callable[[], None] = nobody, size: tuple[int, int] = DISPLAY_SIZE
    ) -> None:
        self.fault = ""
        self.size = size
        self.image = Image.new("1", size)
        self.words: tuple[str, ...] = ()
        self.keys = NO_KEYS
        self.brightness, self.dim_s = 1.0, 0.0
        self.history: deque[tuple[str, ...]] = deque(maxlen=HISTORY_MAX)
        self._changed = changed

    def show(self, image: Image.Image, words: tuple[str, ...], keys: SoftKeys = NO_KEYS) -> None:
        assert image.mode == "1", f"a 1-bit image, not {image.mode}"
        assert image.size == self.size, f"{self.size}, not {image.size}"
        self.image, self.words, self.keys = image.copy(), words, keys
        self.history.append(words)
        self._changed()

    def adjust(self, brightness: float, dim_s: float) -> None:
        self.brightness, self.dim_s = brightness, dim_s

    @property
    def pixels(self) -> bytes:
        """The image as a frame buffer: row by row, eight pixels a byte, the leftmost first."""
        return self.image.tobytes()


class FakeSerialLine:
    """A terminal to type at, and to read from."""

    def __init__(self) -> None:
        self.fault = ""
        self.place = "fake"
        self.running = False
        self.history: deque[bytes] = deque(maxlen=HISTORY_MAX)
        self._heard: Callable[[bytes], None] = nobody

    def listen(self, heard: Callable[[bytes], None]) -> None:
        self._heard = heard

    def write(self, data: bytes) -> None:
        self.history.append(data)

    def forget(self) -> None:
        """Nothing waits here."""

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def type(self, text: str) -> None:
        """Type a text; what is typed while nobody reads is lost."""
        if self.running:
            self._heard(text.encode())


class FakeVoice:
    """A microphone to speak into and an earpiece to listen at; `tick` lets 20 ms pass."""

    def __init__(self, rate: int = 48_000) -> None:
        self.rate = rate
        self.frame_bytes = round(rate * FRAME_S) * 2
        self.keeps_time = True
        self.fault = ""
        self.counts = VoiceCounts()
        self.mode = VoiceMode.HANDSET
        self.ways: dict[VoiceMode, VoiceWay] = {}
        self.spoken: deque[bytes] = deque()
        """What the microphone hears, frame by frame; afterwards it hears silence."""
        self.played: deque[bytes] = deque(maxlen=HISTORY_MAX)
        self.frames_played = 0
        self.running = False
        self._ticked: Callable[[], None] = nobody

    def use(self, mode: VoiceMode) -> VoiceWay:
        self.mode = mode
        return self.ways.get(mode, VoiceWay())

    def start(self, tick: Callable[[], None]) -> None:
        if self.running:
            raise FakePartError("the sound is on already")
        self.running, self._ticked = True, tick

    def stop(self) -> None:
        self.running, self._ticked = False, nobody

    def take(self) -> bytes:
        return self.spoken.popleft() if self.spoken else bytes(self.frame_bytes)

    def give(self, frame: bytes) -> None:
        if len(frame) != self.frame_bytes:
            raise FakePartError(f"a frame has {self.frame_bytes} bytes, not {len(frame)}")
        self.frames_played += 1
        self.played.append(frame)

    def tick(self) -> None:
        """Let one frame pass."""
        self._ticked()
