"""One file by TFTP, as a machine (RFC 1350, with the options of RFC 2347, 2348 and 2349).

Theory of operation
-------------------
    ASKING    the request is out: OACK or DATA 1 tells that it is served, and from which port
    READING   each DATA is acknowledged; a short one is the last
    OVER      done, or failed with a sentence

What gets no answer goes again, after 1, 2 and 4 s; the whole may take `TOTAL_S`. Only the port that
answered first is heard from then on (RFC 1350 4); a datagram from another one is told so. A block
that comes again is acknowledged again, and never counted twice. The size is bounded: by what the
server says (tsize), and by what has come.
"""

from __future__ import annotations

import struct
from enum import Enum

from firmware.frozen import frozen
from firmware.machine import earliest, is_due

READ, DATA, ACK, ERROR, OPTIONS = 1, 3, 4, 5, 6
"""Opcodes (RFC 1350 5, RFC 2347)."""

NOT_FOUND, UNKNOWN_PORT, NO_SUCH_OPTION = 1, 5, 8
"""Error codes of them."""

ERROR_WORDS = {
    2: "access denied",
    4: "an operation that is not allowed",
    NO_SUCH_OPTION: "an option that it does not know",
}

BLOCK_BYTES = 1400
"""A block fits one frame of an Ethernet (RFC 2348 asks for no more)."""

USUAL_BLOCK_BYTES = 512
REPEAT_S = (1.0, 2.0, 4.0)
TOTAL_S = 30.0
NAME_BYTES_MAX = 400
"""Of a request; it fits one datagram of any network."""


@frozen
class Datagram:
    """What came, from which port of the server, or what goes there."""

    port: int
    data: bytes


@frozen
class TftpEnd:
    """The transfer is over: the file, or why there is none."""

    data: bytes | None = None
    reason: str = ""
    is_absent: bool = False


class State(Enum):
    """Where a transfer stands."""

    ASKING = "asking"
    READING = "reading"
    OVER = "over"


LEGAL: dict[State, set[State]] = {
    State.ASKING: {State.READING, State.OVER},
    State.READING: {State.OVER},
    State.OVER: set(),
}


class TftpError(ValueError):
    """The server is wrong; the text says how."""


class TftpRead:
    """One transfer; `port` is the server's well-known one."""

    def __init__(self, name: str, port: int, size_max: int, now: float) -> None:
        self.state = State.ASKING
        self._port, self._size_max = port, size_max
        self._block_bytes = USUAL_BLOCK_BYTES
        self._blocks: list[bytes] = []
        self._size = 0
        options = ("octet", "blksize", str(BLOCK_BYTES), "tsize", "0")
        words = b"\0".join(word.encode() for word in (name, *options))
        self._last = Datagram(port, struct.pack("!H", READ) + words + b"\0")
        self._repeats = 0
        self._repeat_at: float | None = now
        self._over_by: float | None = now + TOTAL_S

    def deadline(self) -> float | None:
        return earliest((self._repeat_at, self._over_by))

    def wake(self, now: float) -> list[object]:
        if is_due(self._over_by, now):
            return self._end(TftpEnd(reason=f"not complete within {TOTAL_S:.0f} s"))
        if not is_due(self._repeat_at, now):
            return []
        if self._repeats > len(REPEAT_S):
            return self._end(TftpEnd(reason="no answer"))
        self._repeat_at = now + REPEAT_S[min(self._repeats, len(REPEAT_S) - 1)]
        self._repeats += 1
        return [self._last]

    def handle(self, event: Datagram, now: float) -> list[object]:
        if self.state is State.OVER:
            return []
        if self.state is State.READING and event.port != self._port:
            return [Datagram(event.port, _error(UNKNOWN_PORT, "another transfer"))]
        try:
            return self._take(event, now)
        except TftpError as error:
            refusal = Datagram(event.port, _error(0, str(error)))
            return [refusal, *self._end(TftpEnd(reason=str(error)))]

    def _take(self, event: Datagram, now: float) -> list[object]:
        code, rest = event.data[:2], event.data[2:]
        opcode = int.from_bytes(code, "big") if len(code) == 2 else 0
        if opcode == ERROR:
            return self._end(_failure(rest))
        if opcode == OPTIONS and self.state is State.ASKING:
            self._agree(rest)
            return self._acknowledge(event.port, 0, now)
        if opcode == DATA and len(rest) >= 2:
            return self._block(event.port, int.from_bytes(rest[:2], "big"), rest[2:], now)
        if opcode == OPTIONS:
            return [self._last]  # Our answer to it was lost.
        raise TftpError("an answer that is no TFTP")

    def _agree(self, rest: bytes) -> None:
        """Take the options that the server grants (RFC 2347)."""
        words = [word.decode("ascii", "replace") for word in rest.split(b"\0")[:-1]]
        granted = dict(zip((word.lower() for word in words[::2]), words[1::2], strict=False))
        self._block_bytes = _number(granted.get("blksize", str(USUAL_BLOCK_BYTES)))
        if not 8 <= self._block_bytes <= BLOCK_BYTES:
            raise TftpError("a block size that nobody asked for")
        self._check_size(_number(granted.get("tsize", "0")))

    def _block(self, port: int, number: int, data: bytes, now: float) -> list[object]:
        wanted = len(self._blocks) + 1
        if number == wanted - 1 and self._blocks:
            return [self._last]  # It comes again: the acknowledgement was lost.
        if number != wanted:
            return []  # Older still.
        if len(data) > self._block_bytes:
            raise TftpError("a block larger than agreed")
        self._check_size(self._size + len(data))
        self._size += len(data)
        self._blocks.append(data)
        out = self._acknowledge(port, number, now)
        is_last = len(data) < self._block_bytes
        return [*out, *self._end(TftpEnd(b"".join(self._blocks)))] if is_last else out

    def _check_size(self, size: int) -> None:
        if size > self._size_max:
            raise TftpError(f"larger than {self._size_max} bytes")

    def _acknowledge(self, port: int, number: int, now: float) -> list[object]:
        self._port = port
        self._enter(State.READING)
        self._last = Datagram(port, struct.pack("!HH", ACK, number))
        self._repeats, self._repeat_at = 1, now + REPEAT_S[0]
        return [self._last]

    def _end(self, end: TftpEnd) -> list[object]:
        self._enter(State.OVER)
        return [end]

    def _enter(self, state: State) -> None:
        """Go to another state; one that is over waits for nothing."""
        if state is not self.state:
            assert state in LEGAL[self.state], (self.state, state)
            self.state = state
        if state is State.OVER:
            self._repeat_at = self._over_by = None


def is_name(name: str) -> bool:
    """Tell whether a name can be asked for at all."""
    return "\0" not in name and len(name.encode()) <= NAME_BYTES_MAX


def _error(code: int, text: str) -> bytes:
    return struct.pack("!HH", ERROR, code) + text.encode() + b"\0"


def _failure(rest: bytes) -> TftpEnd:
    code = int.from_bytes(rest[:2], "big")
    if code == NOT_FOUND:
        return TftpEnd(reason="not found", is_absent=True)
    text = rest[2:].partition(b"\0")[0][:60].decode("ascii", "replace")
    words = ERROR_WORDS.get(code) or "".join(c if c.isprintable() else "?" for c in text)
    return TftpEnd(reason=f"the server says: {words or 'error'}")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise TftpError("an option that is no number")
    return int(text)
