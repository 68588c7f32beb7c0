"""The text of .cfg files: any bytes give statements or problems, in bounded time and memory."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config.cfg_file import (
    FILE_BYTES_MAX,
    LINE_BYTES_MAX,
    LINES_MAX,
    Statement,
    parse_file,
    write_statement,
)
from config.kinds import CONTROL
from config.problem import PROBLEMS_MAX

FILE = "startup.cfg"

LINES = [
    ("sip proxy ip: pbx", ("sip proxy ip", 0, "pbx", "")),
    ("sip proxy ip:pbx", ("sip proxy ip", 0, "pbx", "")),
    ("  SIP \t Proxy   IP  :  pbx  ", ("sip proxy ip", 0, "pbx", "")),
    ("sip proxy ip: pbx # the new one", ("sip proxy ip", 0, "pbx", "")),
    ("sip proxy ip: pbx#new", ("sip proxy ip", 0, "pbx", "")),
    ("sip proxy ip: 2001:db8::1", ("sip proxy ip", 0, "2001:db8::1", "")),
    ("sip proxy ip:", ("sip proxy ip", 0, "", "")),
    ("sip proxy ip: # none", ("sip proxy ip", 0, "", "")),
    ('sip dial plan: "x+#|xx+*"', ("sip dial plan", 0, "x+#|xx+*", "")),
    ('sip dial plan: "x+#" # ends with #', ("sip dial plan", 0, "x+#", "")),
    ('sip password: ""', ("sip password", 0, "", "")),
    ('sip password: " a "', ("sip password", 0, " a ", "")),
    ('sip password: "say ""hi"""', ("sip password", 0, 'say "hi"', "")),
    ('sip password: a"b', ("sip password", 0, 'a"b', "")),
    (r'sip password: "a\b"', ("sip password", 0, r"a\b", "")),
    ("sip password: a  b", ("sip password", 0, "a  b", "")),
    ("!sip proxy ip: pbx", ("sip proxy ip", 0, "pbx", "!")),
    ("^sip proxy ip: pbx", ("sip proxy ip", 0, "pbx", "^")),
    ("!^sip proxy ip: pbx", ("sip proxy ip", 0, "pbx", "!^")),
    ("^ ! sip proxy ip: pbx", ("sip proxy ip", 0, "pbx", "!^")),
    ("sip line1 password: a", ("sip password", 1, "a", "")),
    ("!sip  LINE9 password: a", ("sip password", 9, "a", "!")),
    ("sip line10 password: a", ("sip line10 password", 0, "a", "")),
    ("sip display name: Jürgen", ("sip display name", 0, "Jürgen", "")),
]

WRONG_LINES = [
    ("sip proxy ip", 'no colon: a line is "name: value"'),
    ("sip password hunter2 # why: see below", 'no colon: a line is "name: value"'),
    ("my secret is hunter2", 'no colon: a line is "name: value"'),
    (": hunter2", "no name before the colon"),
    ("!: hunter2", "no name before the colon"),
    ("log module \x1b[2J: hunter2", "the name holds a character that cannot be printed"),
    ('sip password: "hunter2', "the value's quotation mark is never closed"),
    ('sip password: "hunter2""', "the value's quotation mark is never closed"),
    ('sip password: "hunter" 2', "text after the closing quotation mark"),
]


@pytest.mark.parametrize(("line", "meant"), LINES)
def test_a_line_becomes_a_statement(line: str, meant: tuple[str, int, str, str]) -> None:
    parsed = parse_file(f"# comment\r\n\r\n{line}\r\n".encode(), FILE)
    name, account, value, marks = meant
    wanted = Statement(name, account, value, "!" in marks, "^" in marks, FILE, 3)
    assert parsed == ((wanted,), ())


@pytest.mark.parametrize(("line", "why"), WRONG_LINES)
def test_a_wrong_line_is_a_problem_and_the_rest_is_read(line: str, why: str) -> None:
    parsed = parse_file(f"{line}\nsip proxy ip: pbx\n".encode(), FILE)
    assert [str(problem) for problem in parsed.problems] == [f"startup.cfg:1: {why}"]
    assert [statement.value for statement in parsed.statements] == ["pbx"]
    assert "hunter" not in repr(parsed)  # T4: the line may hold a password.


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_byte_order_mark_and_line_ends(mark: bytes, end: bytes) -> None:
    parsed = parse_file(mark + b"sip proxy ip: a" + end + b"sip proxy port: 5", FILE)
    assert [(s.name, s.value, s.line) for s in parsed.statements] == [
        ("sip proxy ip", "a", 1),
        ("sip proxy port", "5", 2),
    ]
    assert not parsed.problems


def test_bytes_that_are_no_utf8_cost_one_line() -> None:
    parsed = parse_file(b"sip display name: J\xfcrgen\nsip proxy ip: pbx", FILE)
    assert [str(problem) for problem in parsed.problems] == ["startup.cfg:1: not UTF-8 text"]
    assert len(parsed.statements) == 1


def test_a_utf16_file_is_named_as_such_once() -> None:
    parsed = parse_file("sip proxy ip: pbx\n".encode("utf-16"), FILE)
    assert [str(p) for p in parsed.problems] == [
        "startup.cfg: the file is UTF-16; save it as UTF-8"
    ]


def test_a_file_too_large_is_cut_at_a_line() -> None:
    line = b"# " + b"x" * 997 + b"\n"
    data = line * (FILE_BYTES_MAX // len(line)) + b"sip proxy ip: " + b"a" * 1000
    parsed = parse_file(data, FILE)
    assert parsed.statements == ()
    assert [str(p) for p in parsed.problems] == [
        f"startup.cfg: larger than {FILE_BYTES_MAX} bytes; the rest is not read"
    ]


def test_too_many_lines_are_cut() -> None:
    parsed = parse_file(b"a: 1\n" * (LINES_MAX + 1), FILE)
    assert len(parsed.statements) == LINES_MAX
    assert str(parsed.problems[0]).startswith(f"startup.cfg: more than {LINES_MAX} lines")
    assert not parse_file(b"a: 1\n" * LINES_MAX, FILE).problems


def test_a_line_too_long_costs_itself() -> None:
    parsed = parse_file(b"a: " + b"x" * LINE_BYTES_MAX + b"\nb: 2\n", FILE)
    assert [statement.name for statement in parsed.statements] == ["b"]
    assert [str(p) for p in parsed.problems] == [
        f"startup.cfg:1: longer than {LINE_BYTES_MAX} bytes"
    ]


def test_problems_are_bounded() -> None:
    problems = parse_file(b"nonsense\n" * 5000, FILE).problems
    assert len(problems) == PROBLEMS_MAX + 1
    assert str(problems[-1]) == "4900 more problems are not listed"


@given(st.binary(max_size=300))
@example(b'a:"' + b'"' * 99)
def test_any_bytes_are_read(data: bytes) -> None:
    parsed = parse_file(data, FILE)
    lines = data.count(b"\n") + 1
    assert len(parsed.statements) + len(parsed.problems) <= lines
    assert all(1 <= statement.line <= lines for statement in parsed.statements)


WORDS = st.text('!^# "\t:aB1ü', max_size=12)


@given(st.lists(WORDS, max_size=8))
def test_any_text_gives_one_thing_per_line(lines: list[str]) -> None:
    parsed = parse_file("\n".join(lines).encode(), FILE)
    found = sorted([s.line for s in parsed.statements] + [p.line for p in parsed.problems])
    said = [n for n, text in enumerate(lines, 1) if text.strip() and text.strip()[0] != "#"]
    assert found == said


@given(st.text().filter(lambda text: not CONTROL.search(text)), st.integers(0, 9))
def test_what_is_written_reads_back(value: str, account: int) -> None:
    parsed = parse_file(write_statement("sip password", account, value).encode(), FILE)
    assert parsed == ((Statement("sip password", account, value, file=FILE, line=1),), ())


@pytest.mark.parametrize("piece", [b'a: "', b'""', b"a:b\n", b"!^", b"\xff", b" ", b'a:"b" x\n'])
def test_time_grows_with_the_size_and_no_faster(piece: bytes) -> None:
    def cost(size: int) -> float:
        data = piece * (size // len(piece))
        started = time.perf_counter()
        parse_file(data, FILE)
        return time.perf_counter() - started

    best = min(cost(FILE_BYTES_MAX) for _ in range(3))
    assert best < 2.0  # A slow machine takes 0.3 s; anything quadratic takes minutes.
