"""The commands of the script board: a line of JSON becomes a value, or an error in words.

A line is strict: a field that a command does not have is more likely a slip than a wish. What a
program wrote is quoted in the error, shortened, so that the error stays a line too.
"""

from __future__ import annotations

import json
from dataclasses import field

from firmware.frozen import frozen
from firmware.phone.events import KEYS, AnswerCall, DialTarget, EndCall, HoldCall
from firmware.runtime.line_pipe import LINE_BYTES_MAX

URI_CHARACTERS_MAX = 1024
"""Longer than any address that a proxy would take."""
QUOTED_CHARACTERS_MAX = 40

FIELDS: dict[str, dict[str, type]] = {
    "key": {"key": str, "held": bool},
    "hook": {"off": bool},
    "dial": {"uri": str, "account": int},
    "answer": {},
    "hangup": {},
    "hold": {"on": bool},
    "set": {"parameter": str, "value": str},
    "screen": {},
    "status": {},
    "stop": {},
}
"""What each command says, and of which type."""
OPTIONAL = {"account", "held"}
TYPE_NAMES = {str: "a string", bool: "true or false", int: "a number"}


class CommandError(ValueError):
    """A line that is no command, or one that cannot be done now; the text says why."""


@frozen
class PressKey:
    """Press a key of `KEYS`; `held`: and let it stay down for as long as counts."""

    key: str
    held: bool = False


@frozen
class MoveHook:
    """Lift the handset, or put it back."""

    off: bool


@frozen
class SetParameter:
    """Set a parameter on this phone, by the name that files have for it."""

    parameter: str
    value: str = field(repr=False)  # It may be a secret (T4).


@frozen
class SayScreen:
    """Say what the screen shows."""


@frozen
class SayStatus:
    """Say everything that is known."""


@frozen
class Stop:
    """Stop the phone."""


Command = (
    PressKey | MoveHook | DialTarget | AnswerCall | EndCall | HoldCall
    | SetParameter | SayScreen | SayStatus | Stop
)  # fmt: skip

PLAIN: dict[str, Command] = {
    "answer": AnswerCall(),
    "hangup": EndCall(),
    "screen": SayScreen(),
    "status": SayStatus(),
    "stop": Stop(),
}
"""The commands that are a word and nothing more."""


def parse_command(line: bytes | None) -> Command | None:
    """Return the command of a line, None for an empty one; raise `CommandError`.

    `line` is None where it was too long to be kept.
    """
    if line is None:
        raise CommandError(f"longer than {LINE_BYTES_MAX} bytes")
    if not line.strip():
        return None
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        raise CommandError("this is not JSON") from None
    if not isinstance(said, dict) or not isinstance(said.get("cmd"), str):
        raise CommandError('a command is an object with "cmd"')
    name = said.pop("cmd")
    check_fields(name, said)
    match name:
        case "key":
            return key_command(said["key"], said.get("held", False))
        case "hook":
            return MoveHook(said["off"])
        case "hold":
            return HoldCall(said["on"])
        case "set":
            return SetParameter(said["parameter"], said["value"])
        case "dial":
            return dial_command(said["uri"], said.get("account", 0))
        case _:
            return PLAIN[name]


def check_fields(name: str, said: dict[str, object]) -> None:
    """Raise `CommandError` for a field that is missing, unknown or of the wrong type."""
    if name not in FIELDS:
        raise CommandError(f"there is no command {quoted(name)}: use {', '.join(FIELDS)}")
    for word in said:
        if word not in FIELDS[name]:
            raise CommandError(f"{name} has no field {quoted(word)}")
    for word, kind in FIELDS[name].items():
        missing = word not in said
        if (missing and word not in OPTIONAL) or (not missing and type(said[word]) is not kind):
            raise CommandError(f'{name} needs "{word}", {TYPE_NAMES[kind]}')


def key_command(key: str, held: bool) -> PressKey:
    """Return the press of a key; raise `CommandError` where there is no such key."""
    if key not in KEYS:
        raise CommandError(f"there is no key {quoted(key)}: use {' '.join(KEYS)}")
    return PressKey(key, held)


def dial_command(uri: str, account: int) -> DialTarget:
    """Return the call to make; raise `CommandError` for what cannot be an address."""
    if not 0 < len(uri) <= URI_CHARACTERS_MAX or not uri.isprintable() or " " in uri:
        raise CommandError(f"{quoted(uri)} is no number and no URI")
    if account < 0:
        raise CommandError("accounts have numbers from 1; 0 leaves the choice to the phone")
    return DialTarget(uri, account)


def quoted(text: str) -> str:
    """Return a program's text for an error: quoted, printable and short."""
    short = text[:QUOTED_CHARACTERS_MAX]
    return ascii(short if short == text else short + "...")
