"""A form with one large file, read as it comes (RFC 7578): fields first, then the file in pieces.

    BEGINS   the first boundary
    HEAD     what stands before a part's content
    FIELD    a field: short, and kept
    FILE     the file: handed on, never kept
    ENDED    the last boundary

Nothing but a head, a field, or what may be the beginning of a boundary is held back.
"""

from __future__ import annotations

from enum import Enum

from firmware.web.forms import BOUNDARY, DISPOSITION, PARTED, FormError

HEAD_MAX = 2048
FIELD_MAX = 1024
FIELDS_MAX = 8
NOT_WHOLE = "the form is not whole"


class State(Enum):
    """What comes next."""

    BEGINS = "begins"
    HEAD = "head"
    FIELD = "field"
    FILE = "file"
    ENDED = "ended"


class UploadReader:
    """Takes the bytes of one body; FormError where they are no such form."""

    def __init__(self, content_type: str) -> None:
        kind, found = content_type.partition(";")[0], BOUNDARY.search(content_type)
        if kind.strip().lower() != PARTED or found is None:
            raise FormError("this is not what a form sends")
        self._mark = b"\r\n--" + found[1].encode()
        self._held = bytearray(b"\r\n")  # The first boundary has no line before it.
        self._name = ""
        self.state = State.BEGINS
        self.fields: dict[str, str] = {}
        self.file = ""  # The name of the field that the file is of, once its first byte may come.

    def feed(self, data: bytes) -> bytes:
        """Take some bytes; return those among them that are the file's."""
        self._held += data
        out = bytearray()
        while self._step(out):
            pass
        return bytes(out)

    def end(self) -> None:
        """Nothing more comes."""
        if self.state is not State.ENDED:
            raise FormError(NOT_WHOLE)

    def _step(self, out: bytearray) -> bool:
        """Go one part further; tell whether there may be more to do."""
        if self.state is State.ENDED:
            self._held.clear()
            return False
        if self.state is State.HEAD:
            return self._read_head()
        at = self._held.find(self._mark)
        behind = at + len(self._mark)
        if at < 0 or len(self._held) < behind + 2:
            self._let_go(out, at)
            return False
        self._take(bytes(self._held[:at]), out)
        self._begin_part(bytes(self._held[behind : behind + 2]))
        del self._held[: behind + 2]
        return True

    def _let_go(self, out: bytearray, at: int) -> None:
        """Hand on what is no boundary for certain; nothing else may grow."""
        if self.state is State.FILE:
            safe = at if at >= 0 else max(0, len(self._held) - len(self._mark) + 1)
            out += self._held[:safe]
            del self._held[:safe]
        elif self._is_wrong_or_long:
            raise FormError(NOT_WHOLE)

    @property
    def _is_wrong_or_long(self) -> bool:
        """Tell whether what is held back can be no beginning of a form, or no field."""
        held, mark = self._held, self._mark
        begins_otherwise = self.state is State.BEGINS and not mark.startswith(held[: len(mark)])
        return begins_otherwise or len(held) > FIELD_MAX + len(mark)

    def _take(self, content: bytes, out: bytearray) -> None:
        """A part, or what stands before the first one, ends."""
        if self.state is State.FILE:
            out += content
        elif self.state is State.FIELD:
            if len(content) > FIELD_MAX:
                raise FormError(NOT_WHOLE)
            self.fields[self._name] = content.decode(errors="replace")
        elif content:
            raise FormError(NOT_WHOLE)

    def _begin_part(self, what: bytes) -> None:
        if what == b"--" and self.state is not State.BEGINS:
            self.state = State.ENDED
        elif what == b"\r\n" and len(self.fields) < FIELDS_MAX:
            self.state = State.HEAD
        else:
            raise FormError(NOT_WHOLE)

    def _read_head(self) -> bool:
        head, end, _ = self._held.partition(b"\r\n\r\n")
        if len(head) > HEAD_MAX:
            raise FormError(NOT_WHOLE)
        if not end:
            return False
        found = DISPOSITION.search(bytes(head))
        if found is None or (found[2] and self.file):
            raise FormError(NOT_WHOLE)  # A second file has no place.
        self._name = found[1].decode(errors="replace")
        self.state = State.FILE if found[2] else State.FIELD
        if found[2]:
            self.file = self._name
        # An empty part's boundary begins with the line end of its head.
        del self._held[: len(head) + 4]
        return True
