"""The text of a .cfg file, as statements.

One `name: value` a line. `#` starts a comment, also after a value. A value that holds `#`, or
spaces at its ends, stands in double quotes; inside them two double quotes are one. `!` before a
name locks the parameter, `^` throws a local value away; both may stand there, in any order. UTF-8
with or without a byte order mark, LF or CRLF.

Whatever is wrong is a problem with file and line, and the rest of the file is still read. No
problem quotes a line: it might hold a password (T4). Size, line length and number of lines are
bounded, and the time is linear in the size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from config.parameters import split_line, written
from config.problem import Problem, Problems, place

FILE_BYTES_MAX = 1024 * 1024
"""A real file has some ten thousand bytes."""

LINES_MAX = 10_000
"""A real file has some hundred lines."""

LINE_BYTES_MAX = 4096
"""The longest value is a file name of 1024 characters, each at most four bytes."""

UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
QUOTED = re.compile(r'"((?:[^"]|"")*+)"(.*)')


@dataclass(frozen=True, slots=True)
class Statement:
    """One `name: value` of a file. The value may be a secret, so it is not in the repr (T4)."""

    name: str  # Canonical, without `lineN`.
    account: int  # The N of `sip lineN`; 0: all accounts.
    value: str = field(repr=False)
    locked: bool = False
    forced: bool = False
    file: str = ""
    line: int = 0

    @property
    def written(self) -> str:
        """The name as it stands in the file."""
        return written(self.name, self.account)

    @property
    def place(self) -> str:
        """Where it stands: "startup.cfg:12"."""
        return place(self.file, self.line)


class ParsedFile(NamedTuple):
    """What a file says, and what is wrong with it."""

    statements: tuple[Statement, ...] = ()
    problems: tuple[Problem, ...] = ()


def parse_file(data: bytes, file: str) -> ParsedFile:
    """Return the statements and problems of a file called `file`; any bytes will do."""
    problems = Problems()
    if data.startswith(UTF16_MARKS):
        problems.add("the file is UTF-16; save it as UTF-8", file)
        return ParsedFile(problems=problems.all())
    statements: list[Statement] = []
    for number, line in _lines(data, file, problems):
        try:
            statement = _parse_line(line, file, number)
        except ValueError as error:
            problems.add(str(error), file, number)
        else:
            statements += [statement] if statement else []
    return ParsedFile(tuple(statements), problems.all())


def _lines(data: bytes, file: str, problems: Problems) -> Iterator[tuple[int, bytes]]:
    """Yield the numbered lines that are within the bounds."""
    bounded = data[:FILE_BYTES_MAX].removeprefix(UTF8_MARK)
    if len(data) > FILE_BYTES_MAX:
        bounded = bounded[: bounded.rfind(b"\n") + 1]
        problems.add(f"larger than {FILE_BYTES_MAX} bytes; the rest is not read", file)
    lines = bounded.split(b"\n", LINES_MAX)
    rest = lines.pop() if len(lines) > LINES_MAX else b""
    if rest:
        problems.add(f"more than {LINES_MAX} lines; the rest is not read", file)
    yield from enumerate(lines, 1)


def _parse_line(data: bytes, file: str, number: int) -> Statement | None:
    """Return the statement of a line, None where it has none; ValueError says what is wrong."""
    line = _text(data).strip()
    if not line or line.startswith("#"):
        return None
    head, colon, rest = line.partition(":")
    if not colon or "#" in head:
        raise ValueError('no colon: a line is "name: value"')
    marks, name = _marks(head)
    if not name:
        raise ValueError("no name before the colon")
    base, account = split_line(name)
    if not base.isprintable():
        raise ValueError("the name holds a character that cannot be printed")
    value = _value(rest.strip())
    return Statement(base, account, value, "!" in marks, "^" in marks, file, number)


def _text(data: bytes) -> str:
    if len(data) > LINE_BYTES_MAX:
        raise ValueError(f"longer than {LINE_BYTES_MAX} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None


def _marks(head: str) -> tuple[str, str]:
    """Return the marks before a name, each at most once, and the name."""
    marks, name = "", head.strip()
    while name[:1] in {"!", "^"} and name[0] not in marks:
        marks, name = marks + name[0], name[1:].lstrip()
    return marks, name


def _value(text: str) -> str:
    """Return what is left of a value without its quotes and comment."""
    if not text.startswith('"'):
        return text.partition("#")[0].rstrip()
    found = QUOTED.fullmatch(text)
    if found is None:
        raise ValueError("the value's quotation mark is never closed")
    after = found[2].strip()
    if after and not after.startswith("#"):
        raise ValueError("text after the closing quotation mark")
    return found[1].replace('""', '"')


def write_statement(name: str, account: int, value: str) -> str:
    """Return a line that reads back as this; the value holds no line break."""
    assert "\n" not in value
    quoted = value.replace('"', '""')
    return f'{written(name, account)}: "{quoted}"\n'
