"""What the console's commands do: words in, what is to be said or done out.

A command is a function of what it sees (`Sight`) and of the words behind its name. It returns
`Say`, events for the world, or one of the longer ways to go on: a view that follows (`Follow`),
a question (`Question`), work outside (`Work`). `CommandError` says what is wrong with its words.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.console.events import Say
from firmware.console.reports import (
    accounts_report,
    calls_report,
    link_line,
    link_report,
    outages_report,
    status_report,
)
from firmware.console.sight import Sight
from firmware.console.steps import CommandError, Exit, Follow
from firmware.console.vocabulary import COMMANDS

Run = Callable[[Sight, str], list[object]]

OUTAGES_SHOWN = 10
OUTAGES_MAX = 1000


def run(sight: Sight, line: str) -> list[object]:
    """Do what a line says."""
    name, _, words = line.strip().partition(" ")
    if not name:
        return []
    deed = DEEDS.get(name.lower())
    if deed is None:
        raise CommandError(f'there is no command "{name[:40]}": type help')
    return deed(sight, words.strip())


def _help(sight: Sight, words: str) -> list[object]:
    if not words:
        return [
            Say(sight.rows([(c.usage.partition(" ")[0], c.summary) for c in COMMANDS.values()]))
        ]
    command = COMMANDS.get(words.lower())
    if command is None:
        raise CommandError(f'there is no command "{words[:40]}": type help')
    return [Say("\n".join([command.usage, *sight.wrapped(command.help or command.summary)]))]


def _said(report: Callable[[Sight], str]) -> Run:
    """Return a command that only says something."""

    def deed(sight: Sight, words: str) -> list[object]:
        none_expected(words)
        return [Say(report(sight))]

    return deed


def none_expected(words: str) -> None:
    """Raise CommandError where something stands behind a command that takes nothing."""
    if words:
        raise CommandError(f'nothing goes behind it, and "{words[:40]}" does')


def _outages(sight: Sight, words: str) -> list[object]:
    return [Say(outages_report(sight, count_of(words, OUTAGES_SHOWN, OUTAGES_MAX)))]


def count_of(words: str, usual: int, most: int) -> int:
    """Return a number from 1 to `most`, the usual one where nothing is said."""
    if not words:
        return usual
    if not (words.isascii() and words.isdigit() and len(words) < 10 and 1 <= int(words) <= most):
        raise CommandError(f'"{words[:40]}" is no number from 1 to {most}')
    return int(words)


def _link(sight: Sight, words: str) -> list[object]:
    none_expected(words)
    return [
        Say(link_report(sight)),
        Say("Live, until a key is pressed:"),
        Follow(lambda seen: link_line(seen.status.link, seen.now), tests_link=True),
    ]


def _exit(_: Sight, words: str) -> list[object]:
    none_expected(words)
    return [Exit()]


DEEDS: dict[str, Run] = {
    "help": _help,
    "status": _said(status_report),
    "link": _link,
    "accounts": _said(accounts_report),
    "calls": _said(calls_report),
    "outages": _outages,
    "exit": _exit,
}
"""What each command does."""
