"""Lines of JSON become commands, or an error in words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from firmware.phone.events import KEYS, AnswerCall, DialTarget, EndCall, HoldCall
from firmware.runtime.commands import (
    Command,
    CommandError,
    MoveHook,
    PressKey,
    SayScreen,
    SayStatus,
    SetParameter,
    Stop,
    parse_command,
)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        *((json.dumps({"cmd": "key", "key": key}), PressKey(key)) for key in KEYS),
        ('{"cmd": "key", "key": "#", "held": true}', PressKey("#", held=True)),
        ('{"cmd": "key", "key": "#", "held": false}', PressKey("#")),
        ('{"cmd": "hook", "off": true}', MoveHook(True)),
        ('{"off": false, "cmd": "hook"}\r', MoveHook(False)),
        ('{"cmd": "dial", "uri": "600"}', DialTarget("600")),
        ('{"cmd":"dial","uri":"sip:a@b.c;x=y","account":2}', DialTarget("sip:a@b.c;x=y", 2)),
        ('  {"cmd": "answer"}  ', AnswerCall()),
        ('{"cmd": "hangup"}', EndCall()),
        ('{"cmd": "hold", "on": true}', HoldCall(True)),
        ('{"cmd": "set", "parameter": "a b", "value": "1"}', SetParameter("a b", "1")),
        ('{"cmd": "screen"}', SayScreen()),
        ('{"cmd": "status"}', SayStatus()),
        ('{"cmd": "stop"}', Stop()),
        ("", None),
        ("  \t\r", None),
    ],
)
def test_a_command_is_understood(line: str, command: Command | None) -> None:
    assert parse_command(line.encode()) == command


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (None, "longer than 65536 bytes"),
        (b"hello", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"1" * 60_000, "not JSON"),
        (b"NaN", "an object with"),
        (b"[]", "an object with"),
        (b'"stop"', "an object with"),
        (b"{}", "an object with"),
        (b'{"cmd": 5}', "an object with"),
        (b'{"cmd": "reboot"}', "no command 'reboot': use key, hook, dial"),
        (b'{"cmd": "hold"}', 'hold needs "on", true or false'),
        (b'{"cmd": "key"}', 'key needs "key", a string'),
        (b'{"cmd": "key", "key": 5}', 'key needs "key", a string'),
        (b'{"cmd": "key", "key": "A"}', "no key 'A': use 1 2 3"),
        (b'{"cmd": "key", "key": "55"}', "no key '55'"),
        (b'{"cmd": "key", "key": "5", "held": 1}', 'key needs "held", true or false'),
        (b'{"cmd": "hook", "off": 1}', 'hook needs "off", true or false'),
        (b'{"cmd": "hook", "off": true, "of": 1}', "hook has no field 'of'"),
        (b'{"cmd": "stop", "now": true}', "stop has no field 'now'"),
        (b'{"cmd": "dial"}', 'dial needs "uri", a string'),
        (b'{"cmd": "dial", "uri": ""}', "no number and no URI"),
        (b'{"cmd": "dial", "uri": "sip:a b"}', "no number and no URI"),
        (b'{"cmd": "dial", "uri": "6\\r\\n00"}', "no number and no URI"),
        (b'{"cmd": "dial", "uri": "\\ud800"}', "no number and no URI"),
        (b'{"cmd": "dial", "uri": "6", "account": true}', 'dial needs "account", a number'),
        (b'{"cmd": "dial", "uri": "6", "account": 1.5}', 'dial needs "account", a number'),
        (b'{"cmd": "dial", "uri": "6", "account": -1}', "accounts have numbers from 1"),
        (b'{"cmd": "dial", "uri": "' + b"6" * 2000 + b'"}', "'6666666666"),
        (b'{"cmd": "' + b"x" * 2000 + b'"}', "no command 'xxxxxxxx"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_command_is_an_error_in_a_short_line(line: bytes | None, words: str) -> None:
    with pytest.raises(CommandError) as raised:
        parse_command(line)
    assert words in str(raised.value)
    assert len(str(raised.value)) < 200
    assert str(raised.value).isprintable()


values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner),
)
names = some.sampled_from(["cmd", "key", "off", "uri", "account", "x"])
words = some.sampled_from(["key", "hook", "dial", "answer", "stop", "5", "soft1", "sip:a@b"])


def outcome(line: bytes) -> Command | str | None:
    """Return the command, or what the error says."""
    try:
        return parse_command(line)
    except CommandError as error:
        return str(error)


@given(some.dictionaries(names, words | values) | values)
def test_any_json_is_a_command_or_an_error(said: object) -> None:
    result = outcome(json.dumps(said).encode())
    assert result is not None
    assert not isinstance(result, str) or result.isprintable()


@given(some.binary(max_size=100))
def test_any_bytes_are_a_command_or_an_error(line: bytes) -> None:
    result = outcome(line)
    assert result is not None or not line.strip()
    assert not isinstance(result, str) or result.isprintable()
