"""Digits during a call: as events in packets (RFC 4733), and as bodies of INFO requests.

Theory of operation
-------------------
*Sending events.* While a digit lasts, every packet says the same timestamp, that of its
beginning, and how long it has lasted. The first has the marker bit, the last says "end" and is
sent three times, since nobody repeats a lost packet. A digit too long for the 16 bits of duration
goes on as a new segment at the timestamp where the last one ended (2.5.1.3). Between two digits
there is a pause. The sender is asked once for each packet's worth of time, and while it has
something to send, voice is not sent.

*Receiving events.* A timestamp is a digit. It begins with the first packet of that timestamp,
wherever in the digit that was, and ends with an "end", with the next digit, or with 120 ms of
nothing: all three ends may be lost. What comes again or late, of a digit that is over, is nothing.

*INFO.* `application/dtmf-relay` has lines, `application/dtmf` just the digit. Some write 10 and
11 for * and #.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from firmware.frozen import frozen

DIGITS = "0123456789*#ABCD"
"""In the order of their event codes (RFC 4733 3.2)."""

VOLUME = 10
"""What we say of our digits: -10 dBm0."""

ENDS = 3
DURATION_MAX = 0xFFFF
PRESS_MS = 100
PRESS_MIN_MS = 70
PAUSE_MS = 60
QUEUE_MAX = 64
"""Digits that wait to be sent: a number pasted into a call, not a book."""

SILENCE_S = 0.12
SEGMENT_SLACK_MS = 200


@frozen
class TelephoneEvent:
    """The payload of RFC 4733: a digit, how loud, how long so far, and whether it is over."""

    digit: str
    duration: int  # Ticks.
    is_end: bool = False
    volume: int = VOLUME  # -dBm0.

    @classmethod
    def parse(cls, payload: bytes) -> TelephoneEvent | None:
        """Return the event; None where it is no digit (a flash, a fax) or no event at all."""
        if len(payload) < 4 or payload[0] >= len(DIGITS):
            return None
        return cls(
            DIGITS[payload[0]],
            int.from_bytes(payload[2:4], "big"),
            bool(payload[1] & 0x80),
            payload[1] & 0x3F,
        )

    def __bytes__(self) -> bytes:
        code, end = DIGITS.index(self.digit), 0x80 if self.is_end else 0
        return bytes((code, end | self.volume)) + self.duration.to_bytes(2, "big")


@frozen
class EventPacket:
    """A packet to send in place of voice."""

    payload: bytes
    timestamp: int
    marker: bool


@dataclass(slots=True)
class _Press:
    digit: str
    wanted: int | None  # Ticks; None: until the key is released.


class EventSender:
    """Digits that were pressed, into packets."""

    def __init__(self, clock_rate: int, ptime_ms: int) -> None:
        self._per_ms = clock_rate // 1000
        self._ticks = ptime_ms * self._per_ms
        self._queue: deque[_Press] = deque()
        self._timestamp = 0
        self._duration = 0
        self._ends = 0  # "End" packets that are still to be sent.
        self._pause = 0  # Ticks until the next digit may begin.

    def send(self, digit: str, duration_ms: int = PRESS_MS) -> bool:
        """Send a digit of that length after those that wait; False where too many wait."""
        assert digit in DIGITS, digit
        return self._add(_Press(digit, max(duration_ms, PRESS_MIN_MS) * self._per_ms))

    def press(self, digit: str) -> bool:
        """Send a digit until `release`; False where too many wait."""
        assert digit in DIGITS, digit
        self.release()
        return self._add(_Press(digit, None))

    def release(self) -> None:
        """Let the digit that is pressed end, though not before its least length."""
        if self._queue and self._queue[-1].wanted is None:
            self._queue[-1].wanted = PRESS_MIN_MS * self._per_ms

    def next_packet(self, timestamp: int) -> EventPacket | None:
        """Return what to send at this timestamp in place of voice; None: send voice."""
        if self._ends:
            return self._end()
        if self._pause > 0:
            self._pause -= self._ticks
            return None
        if not self._queue:
            return None
        return self._go_on(timestamp)

    def _add(self, press: _Press) -> bool:
        if len(self._queue) >= QUEUE_MAX:
            return False
        self._queue.append(press)
        return True

    def _go_on(self, timestamp: int) -> EventPacket:
        press = self._queue[0]
        begins = not self._duration
        if begins:
            self._timestamp = timestamp
        elif self._duration + self._ticks > DURATION_MAX:  # 2.5.1.3: a new segment.
            self._timestamp += self._duration
            if press.wanted is not None:
                press.wanted -= self._duration
            self._duration = 0
        self._duration += self._ticks
        if press.wanted is not None and self._duration >= press.wanted:
            self._ends = ENDS
            return self._end()
        event = TelephoneEvent(press.digit, self._duration)
        return EventPacket(bytes(event), self._timestamp, begins)

    def _end(self) -> EventPacket:
        event = TelephoneEvent(self._queue[0].digit, self._duration, is_end=True)
        self._ends -= 1
        if not self._ends:
            self._queue.popleft()
            self._duration = 0
            self._pause = PAUSE_MS * self._per_ms
        return EventPacket(bytes(event), self._timestamp, marker=False)


@frozen
class DigitStarted:
    """The far end has pressed a key."""

    digit: str
    volume: int  # -dBm0.


@frozen
class DigitEnded:
    """It has been released."""

    digit: str
    duration_ms: int


class EventReceiver:
    """Packets into digits."""

    def __init__(self, clock_rate: int) -> None:
        self._per_ms = clock_rate // 1000
        self._digit = ""  # The one that is pressed, "" for none.
        self._timestamp: int | None = None  # Of the last digit, pressed or over.
        self._begun = 0  # The timestamp of its first segment.
        self._duration = 0  # Of its last segment.
        self._silent_by: float | None = None
        self.ignored = 0

    def handle(self, payload: bytes, timestamp: int, now: float) -> list[DigitStarted | DigitEnded]:
        """Take a packet with its (extended) timestamp; return what it tells anew."""
        event = TelephoneEvent.parse(payload)
        if event is None:
            self.ignored += 1
            return []
        if self._timestamp is not None and timestamp < self._timestamp:
            return []  # Late, of a digit that is over.
        out: list[DigitStarted | DigitEnded] = []
        if timestamp != self._timestamp:
            out += self._another(event, timestamp)
        if self._digit:
            self._duration = max(self._duration, event.duration)
            self._silent_by = now + SILENCE_S
            if event.is_end:
                out += self._end()
        return out

    def wake(self, now: float) -> list[DigitStarted | DigitEnded]:
        """End a digit of which nothing came for too long."""
        return self._end() if self._silent_by is not None and self._silent_by <= now else []

    def deadline(self) -> float | None:
        """Return when a pressed digit ends unless something comes."""
        return self._silent_by

    def _another(self, event: TelephoneEvent, timestamp: int) -> list[DigitStarted | DigitEnded]:
        if self._digit == event.digit and self._is_segment(timestamp):
            self._timestamp, self._duration = timestamp, 0
            return []
        out = self._end()
        self._digit, self._timestamp, self._begun = event.digit, timestamp, timestamp
        self._duration = 0
        return [*out, DigitStarted(event.digit, event.volume)]

    def _is_segment(self, timestamp: int) -> bool:
        """Tell whether a timestamp continues a digit whose duration was full (2.5.1.3)."""
        assert self._timestamp is not None
        slack = SEGMENT_SLACK_MS * self._per_ms
        return DURATION_MAX - slack <= timestamp - self._timestamp <= DURATION_MAX

    def _end(self) -> list[DigitStarted | DigitEnded]:
        if not self._digit:
            return []
        assert self._timestamp is not None
        ticks = self._timestamp - self._begun + self._duration
        ended = DigitEnded(self._digit, ticks // self._per_ms)
        self._digit, self._silent_by = "", None
        return [ended]


RELAY = "application/dtmf-relay"
PLAIN = "application/dtmf"
SIGNAL = re.compile(r"^\s*signal\s*=\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
DURATION = re.compile(r"^\s*duration\s*=\s*([0-9]{1,5})\s*$", re.IGNORECASE | re.MULTILINE)
NUMBERED = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}


def info_body(digit: str, duration_ms: int = PRESS_MS) -> tuple[str, bytes]:
    """Return the content type and the body of an INFO that sends a digit."""
    return RELAY, f"Signal={digit}\r\nDuration={duration_ms}\r\n".encode()


def parse_info(content_type: str, body: bytes) -> tuple[str, int] | None:
    """Return the digit and its milliseconds; None where the body is no digit."""
    text = body.decode("ascii", "replace")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == RELAY:
        signal, duration = SIGNAL.search(text), DURATION.search(text)
        found, milliseconds = signal[1] if signal else "", int(duration[1]) if duration else 0
    elif media_type == PLAIN:
        found, milliseconds = text.strip(), 0
    else:
        return None
    digit = NUMBERED.get(found, found.upper())
    return (digit, milliseconds or PRESS_MS) if len(digit) == 1 and digit in DIGITS else None
