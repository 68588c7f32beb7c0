"""Lines out of bytes: keys, pastes, noise, breaks, typing ahead, an editor beside the phone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmware.console.completion import complete
from firmware.console.editor import AHEAD_MAX, LINE_MAX, Above, Edit, Editor, Forward, Write
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

PROMPT = Ask("> ")


def asked(ask: Ask = PROMPT, *, forwards: bool = False) -> Editor:
    editor = Editor(complete)
    editor.forward(on=forwards)
    editor.ask(ask)
    return editor


def shown(out: list[object]) -> str:
    return "".join(item.text for item in out if isinstance(item, Write))


def lines(out: list[object]) -> list[str]:
    return [item.text for item in out if isinstance(item, LineEntered)]


def test_a_line_is_edited() -> None:
    editor = asked()
    out = editor.typed(b"statux\x7fs\r")
    assert shown(out) == "statux\b \bs\r\n"
    assert lines(out) == ["status"]
    editor.ask(PROMPT)
    assert lines(editor.typed(b"one two\x17\x17three\x08\x08\r")) == ["thr"]
    editor.ask(PROMPT)
    assert lines(editor.typed("nothing\x15Grüße\n".encode())) == ["Grüße"]


def test_either_end_of_a_line_ends_it_and_both_end_one() -> None:
    editor = asked()
    heard: list[str] = []
    for byte in b"a\rb\nc\r\nd\n\re\r":
        for line in lines(editor.typed(bytes([byte]))):
            heard.append(line)
            editor.ask(PROMPT)
    assert heard == ["a", "b", "c", "d", "", "e"]


def test_what_is_hidden_is_never_echoed() -> None:
    editor = asked(Ask("Password: ", hidden=True))
    out = editor.typed(b"secret\x7f\x7f\x7f\x15hunter2\t\r")
    assert shown(out) == "\r\n"
    assert lines(out) == ["hunter2"]


def test_keys_that_mean_nothing_and_noise_leave_nothing() -> None:
    editor = asked()
    noise = b"\x00\x01\xff\xfe\x80\x1b[A\x1b[1;5C\x1bOP\x1b[200~\x1bx\x9b"
    out = editor.typed(b"li" + noise + b"nk\r")
    assert lines(out) == ["link"]
    assert shown(out) == "link\r\n"


def test_the_terminal_that_answers_is_known() -> None:
    editor = asked(Ask("Password: ", hidden=True))
    assert editor.typed(b"\x1b[50;132R") == [TerminalIs(50, 132)]
    assert editor.typed(b"\x1b[1;1R") == [TerminalIs(4, 20)], "no terminal is so small"
    assert editor.typed(b"\x1b[50R\x1b[a;bR") == []


def test_a_line_and_what_is_typed_ahead_are_bounded() -> None:
    editor = asked()
    out = editor.typed(b"x" * (LINE_MAX + 10) + b"\r")
    assert lines(out) == ["x" * LINE_MAX]
    assert shown(out).endswith("\a" * 10 + "\r\n")
    for _ in range(10):
        assert editor.typed(b"y" * AHEAD_MAX) == []
    assert len(editor._ahead) == AHEAD_MAX


def test_what_is_typed_ahead_answers_the_next_questions() -> None:
    editor = asked()
    assert lines(editor.typed(b"one\rtwo\rthr")) == ["one"]
    assert lines(editor.ask(PROMPT)) == ["two"]
    out = editor.ask(PROMPT)
    assert shown(out) == "> thr"
    assert lines(editor.typed(b"ee\r")) == ["three"]


def test_ctrl_c_is_heard_at_any_time_and_forgets_what_was_typed() -> None:
    editor = asked()
    assert editor.typed(b"abc\x03") == [*(Write(c) for c in "abc"), Write("^C\r\n"), Interrupted()]
    assert editor.typed(b"one\rtwo\x03three") == [Interrupted()]
    assert shown(editor.ask(PROMPT)) == "> three"


def test_ctrl_d_leaves_from_an_empty_line_only() -> None:
    editor = asked()
    assert InputEnded() not in editor.typed(b"a\x04")
    editor.typed(b"\x7f")
    assert editor.typed(b"\x04") == [InputEnded()]


def test_what_is_said_meanwhile_does_not_tear_the_line() -> None:
    editor = asked()
    editor.typed(b"sta")
    assert shown(editor.say(Say("news\nmore"))) == "\r     \rnews\r\nmore\r\n> sta"
    assert lines(editor.typed(b"tus\r")) == ["status"]


def test_what_far_ends_say_moves_no_terminal() -> None:
    said = shown(asked().say(Say("Eve\x1b[2J\x9b\x07\r\u202e<6\x00>")))
    assert said == "\r  \rEve?[2J????<6?>\r\n> "


def test_a_view_is_shown_in_one_line_until_a_key() -> None:
    editor = asked()
    editor.typed(b"link\r")
    assert shown(editor.watch(Watch("up, 12 ms"))) == "\rup, 12 ms"
    assert shown(editor.watch(Watch("down"))) == "\rdown     "
    assert editor.typed(b"q") == [KeyTouched()]
    assert shown(editor.ask(PROMPT)) == "\r\n> ", "the key is not typed into the next line"


def test_tab_completes_or_shows_what_there_is() -> None:
    editor = asked()
    assert shown(editor.typed(b"sta\t")) == "status "
    assert shown(editor.typed(b"\x15help ou\t")).endswith("help outages ")
    editor.typed(b"\x15")
    assert shown(editor.typed(b"\t")).startswith("\r  \raccounts  calls  certificates  exit  ")
    assert shown(editor.typed(b"zzz\t")) == "zzz\a"


def test_the_editor_beside_the_phone_gets_commands_only() -> None:
    editor = asked(forwards=True)
    assert editor.typed(b"sta\t") == [Forward(b"sta\t")]
    assert editor.say(Say("news")) == [Above("news\r\n")]
    assert editor.typed(b"\r\nsecret\r") == [Forward(b"\r")], "what follows may be for nobody else"
    assert editor.line_came("status") == [LineEntered("status")]
    out = editor.ask(Ask("Password: ", hidden=True))
    assert lines(out) == ["secret"]
    assert not [item for item in out if isinstance(item, Forward | Edit)]
    assert editor.ask(PROMPT) == [Edit("> ")]


def test_when_the_editor_beside_the_phone_is_gone_its_line_is_lost() -> None:
    editor = asked(forwards=True)
    assert editor.forward(on=False) is True
    editor = asked()
    assert editor.forward(on=True) is False
    assert lines(editor.typed(b"ab\r")) == ["ab"], "a line that was begun here is ended here"
    assert editor.ask(PROMPT) == [Edit("> ")]


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_whatever_comes_is_printable_lines_and_no_error(pieces: list[bytes]) -> None:
    editor = asked()
    for piece in pieces:
        for line in lines(editor.typed(piece)):
            assert line.isprintable()
            assert len(line) <= LINE_MAX
        editor.ask(PROMPT)
    editor.typed(b"\x03\x03")
    editor.ask(PROMPT)
    editor.typed(b"zz\x15")
    assert lines(editor.typed(b"status\r"))[-1:] == ["status"]
