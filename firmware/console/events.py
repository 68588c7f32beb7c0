"""The words between the console, its terminal and the world outside."""

from __future__ import annotations

from dataclasses import field

from config.configuration import Configuration
from firmware.frozen import frozen


# From the terminal.
@frozen
class LineEntered:
    """A line, as an answer to `Ask`; it may be a secret."""

    text: str = field(repr=False)


@frozen
class Interrupted:
    """The person gave up what they were at (Ctrl-C)."""


@frozen
class InputEnded:
    """The person is done (Ctrl-D in an empty line)."""


@frozen
class KeyTouched:
    """A key, while `Watch` is shown."""


@frozen
class TerminalIs:
    """The terminal answered: it obeys a VT100's sequences, and is so large."""

    rows: int
    columns: int


# From the world.
@frozen
class ConfigurationIs:
    """The configuration that is in force."""

    configuration: Configuration


@frozen
class PasswordChecked:
    """Whether the password was the administrator's."""

    is_right: bool


@frozen
class PasswordKept:
    """A new password counts from now on; else `problem` says why not."""

    problem: str = ""


@frozen
class WorkDone:
    """What became of the work that a command had done outside."""

    number: int
    result: object


@frozen
class Heard:
    """Something that is traced."""

    text: str


# To the terminal.
@frozen
class Say:
    """Print lines; what stands half typed is not torn."""

    text: str


@frozen
class Ask:
    """Ask for a line. What is typed is not shown where `hidden`."""

    prompt: str
    hidden: bool = False


@frozen
class Watch:
    """Show this in place of the last such line; the next key ends it."""

    text: str


# To the world.
@frozen
class Secret:
    """A text that no repr shows."""

    text: str = field(repr=False)


@frozen
class CheckPassword:
    """Is this the administrator's? `PasswordChecked` answers."""

    password: Secret


@frozen
class KeepPassword:
    """Keep the administrator's password, as a hash; `PasswordKept` answers."""

    password: Secret


@frozen
class ShowCode:
    """Show the one-time code on the phone's own screen, "": no more (T3)."""

    code: Secret


@frozen
class SwitchTrace:
    """Let somebody hear of a topic, or no longer."""

    topic: str
    on: bool


@frozen
class Restart:
    """Start the phone anew; `wipes`: without all that was set or remembered on it."""

    wipes: bool


@frozen
class TestLinkNow:
    """Have the link tested, as if somebody wanted to call."""


@frozen
class Do:
    """Have this work done for a command; `WorkDone` with its number answers."""

    number: int
    request: object


@frozen
class StopWork:
    """Nobody waits for this work any more: let it end."""

    number: int


@frozen
class Arrived:
    """Somebody has logged in."""


@frozen
class Left:
    """Nobody is logged in any more."""
