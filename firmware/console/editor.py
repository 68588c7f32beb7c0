"""What stands between the bytes of a terminal and the console's lines.

Theory of operation
-------------------
A line is asked for (`Ask`), or nothing is. While nothing is asked for, what is typed waits, and
Ctrl-C is heard; while something is shown that goes on (`Watch`), the next key ends it. While a line
is asked for, it is edited: here, with the little that any terminal can show, or by an editor beside
the phone (`Forward`), which is used for commands only: what is hidden is read here.

Bytes come from a wire: they may be noise, a break, half a character, a sequence of a key that is
not known. Whatever is no text and no key that means something is dropped; a line is bounded, and so
is what is typed ahead. `terminal_query` is written when somebody arrives: a VT100 answers with its
size, any other terminal shows a few characters, which are wiped at once.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from firmware.console.completion import Candidates
from firmware.console.events import (
    Ask,
    InputEnded,
    Interrupted,
    KeyTouched,
    LineEntered,
    Say,
    TerminalIs,
    Watch,
)
from firmware.frozen import frozen

LINE_MAX = 1024
"""Characters of a line: more than the longest parameter."""

AHEAD_MAX = 16_384
"""Bytes that are typed ahead: a chain of certificates in one paste."""

SEQUENCE_MAX = 32
"""Characters of a key's sequence; what is longer is noise."""

TERMINAL_QUERY = "\x1b7\x1b[999;999H\x1b[6n\x1b8\r" + " " * 20 + "\r"
"""Where is the cursor, sent as far down and right as it goes?"""

SIZE = re.compile(r"\[([0-9]{1,3});([0-9]{1,3})R")
ROWS_MIN, COLUMNS_MIN = 4, 20

INTERRUPT, END, WIPE_LINE, WIPE_WORD, TAB, ESCAPE = "\x03", "\x04", "\x15", "\x17", "\t", "\x1b"
ERASE = "\x08\x7f"
BELL = "\a"


@frozen
class Write:
    """Write this to the terminal."""

    text: str


@frozen
class Forward:
    """Give these bytes to the editor beside the phone."""

    data: bytes


@frozen
class Edit:
    """Let the editor beside the phone edit a line."""

    prompt: str


@frozen
class Above:
    """Let it print this above that line."""

    text: str


class Editor:
    """One terminal. Its methods return what is to be written, heard and forwarded, in order."""

    def __init__(self, complete: Callable[[str], Candidates]) -> None:
        self._forwards = False  # Commands are edited beside the phone, from the next one on.
        self._complete = complete
        self._asked: Ask | None = None
        self._forwarding = False  # The line that is asked for is edited there.
        self._shown = 0  # Columns of what `Watch` shows.
        self._watching = False
        self._line = ""
        self._ahead = bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._sequence: str | None = None
        self._after_return = False  # The line feed of a pair ends nothing.

    def forward(self, *, on: bool) -> bool:
        """Have the next commands edited beside the phone, or none any more.

        Return whether the line that is asked for was, and is lost with that.
        """
        lost = self._forwarding and not on
        self._forwards, self._forwarding = on, self._forwarding and on
        return lost

    # From the console.

    def say(self, said: Say) -> list[object]:
        """Print lines above what stands half typed."""
        text = "".join(f"{line}\r\n" for line in clean(said.text).split("\n"))
        if self._forwarding:
            return [Above(text)]
        return [Write(self._unshown() + text + self._redrawn())]

    def watch(self, watch: Watch) -> list[object]:
        """Show a line in place of the last such."""
        text = clean(watch.text)
        self._asked, self._watching = None, True
        padded = text.ljust(self._shown)
        self._shown = len(text)
        return [Write(f"\r{padded}")]

    def ask(self, ask: Ask) -> list[object]:
        """Ask for a line; what was typed ahead is the beginning of the answer."""
        begun = self._unshown()
        self._asked, self._line = ask, ""
        self._forwarding = self._forwards and not ask.hidden
        ahead = bytes(self._ahead)
        self._ahead.clear()
        if self._forwarding:
            written: list[object] = [Write(begun)] if begun else []
            return [*written, Edit(ask.prompt), *self.typed(ahead)]
        return [Write(begun + ask.prompt), *self.typed(ahead)]

    # From the terminal.

    def typed(self, data: bytes) -> list[object]:
        """Take the bytes that came."""
        out: list[object] = []
        for at, byte in enumerate(data):
            if self._asked is None:
                return out + self._wait_with(data[at:])
            if self._forwarding:
                return out + self._forward(data[at:])
            for character in self._decoder.decode(bytes([byte])):
                out += self._take(character)
        return out

    def line_came(self, line: str) -> list[object]:
        """The editor beside the phone has a line."""
        self._asked, self._forwarding = None, False
        return [LineEntered(line[:LINE_MAX])]

    def _wait_with(self, data: bytes) -> list[object]:
        """Keep what is typed while nothing is asked for."""
        if self._watching:
            if INTERRUPT.encode() in data:  # Whoever gives up does not want what they typed ahead.
                self._ahead.clear()
            return [KeyTouched()]
        rest = data.rpartition(INTERRUPT.encode())
        if rest[1]:
            self._ahead.clear()
        self._ahead += rest[2][: AHEAD_MAX - len(self._ahead)]
        return [Interrupted()] if rest[1] else []

    def _forward(self, data: bytes) -> list[object]:
        """Give the editor beside the phone one line at most: the next may be nobody else's."""
        if self._after_return and data[:1] == b"\n":
            data = data[1:]
        self._after_return = False
        found = re.search(rb"[\r\n]", data)
        if found is None:
            return [Forward(data)] if data else []
        line, rest = data[: found.end()], data[found.end() :]
        self._after_return = line.endswith(b"\r")
        self._asked = None
        return [Forward(line), *self._wait_with(rest)]

    def _take(self, character: str) -> list[object]:
        """Take a character of a line that is edited here."""
        if self._sequence is not None:
            return self._go_on_with_sequence(character)
        pair = self._after_return and character == "\n"
        self._after_return = character == "\r"
        if pair:
            return []
        if character in "\r\n":
            return self._end_line()
        if character in ERASE:
            return self._erase(1)
        keys: dict[str, Callable[[], list[object]]] = {
            INTERRUPT: self._interrupt,
            END: lambda: [] if self._line else [InputEnded()],
            WIPE_LINE: lambda: self._erase(len(self._line)),
            WIPE_WORD: lambda: self._erase(len(self._line) - _word_start(self._line)),
            TAB: self._tab,
            ESCAPE: self._begin_sequence,
        }
        if character in keys:
            return keys[character]()
        return self._insert(character) if character.isprintable() else []

    def _insert(self, text: str) -> list[object]:
        assert self._asked is not None
        if len(self._line) + len(text) > LINE_MAX:
            return [Write(BELL)]
        self._line += text
        return [] if self._asked.hidden else [Write(text)]

    def _erase(self, count: int) -> list[object]:
        assert self._asked is not None
        count = min(count, len(self._line))
        self._line = self._line[: len(self._line) - count]
        return [] if self._asked.hidden or not count else [Write("\b \b" * count)]

    def _end_line(self) -> list[object]:
        assert self._asked is not None
        line, asked, self._asked, self._line = self._line, self._asked, None, ""
        end: list[object] = [Write("\r\n")] if asked.prompt else []
        return [*end, LineEntered(line)]

    def _interrupt(self) -> list[object]:
        asked, self._asked, self._line = self._asked, None, ""
        self._ahead.clear()
        end: list[object] = [Write("^C\r\n")] if asked and asked.prompt else []
        return [*end, Interrupted()]

    def _tab(self) -> list[object]:
        """Complete as far as there is one way only, else show the ways."""
        if self._asked is None or self._asked.hidden:
            return []
        found = self._complete(self._line)
        if found.common:
            return self._insert(found.common)
        return self.say(Say("  ".join(found.words))) if found.words else [Write(BELL)]

    def _begin_sequence(self) -> list[object]:
        self._sequence = ""
        return []

    def _go_on_with_sequence(self, character: str) -> list[object]:
        """Read a key's sequence to its end: ESC and one character, or ESC [ and its parameters."""
        assert self._sequence is not None
        self._sequence += character
        is_long = self._sequence[0] in "[O"
        begun = len(self._sequence) == 1 or character in "0123456789;?"
        if is_long and begun and len(self._sequence) < SEQUENCE_MAX:
            return []
        sequence, self._sequence = self._sequence, None
        found = SIZE.fullmatch(sequence)
        if found is None:
            return []  # A key that means nothing here.
        rows, columns = int(found[1]), int(found[2])
        return [TerminalIs(max(rows, ROWS_MIN), max(columns, COLUMNS_MIN))]

    # What stands on the terminal.

    def _unshown(self) -> str:
        """Return what takes away the line that stands there half typed."""
        if self._watching:
            self._watching, self._shown = False, 0
            return "\r\n"
        if self._asked is None or self._forwarding or not self._asked.prompt:
            return ""
        length = len(self._asked.prompt) + (0 if self._asked.hidden else len(self._line))
        return f"\r{' ' * length}\r"

    def _redrawn(self) -> str:
        if self._asked is None or self._forwarding:
            return ""
        return self._asked.prompt + ("" if self._asked.hidden else self._line)


def clean(text: str) -> str:
    """Return a text that moves no terminal: names and reasons come from far ends."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text.expandtabs())


def _word_start(line: str) -> int:
    return line.rstrip().rfind(" ") + 1
