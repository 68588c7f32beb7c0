"""What the console's commands do: words in, what is to be said or done out.

A command is a function of what it sees (`Sight`) and of the words behind its name. It returns
`Say`, events for the world, or one of the longer ways to go on: a view that follows (`Follow`),
a question (`Question`), work outside (`Work`). `CommandError` says what is wrong with its words.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.console.certificates import certificates
from firmware.console.events import Restart, Say, SwitchTrace
from firmware.console.fetching import provision
from firmware.console.parameters import set_, show, shown_all, unset
from firmware.console.part_tests import test
from firmware.console.reports import (
    accounts_report,
    calls_report,
    link_line,
    link_report,
    outages_report,
    status_report,
)
from firmware.console.sight import Sight
from firmware.console.steps import CommandError, Exit, Follow, Question, Work
from firmware.console.token import token
from firmware.console.updates import update
from firmware.console.vocabulary import COMMANDS, LEVELS, ROLES, TOPICS
from firmware.frozen import frozen
from firmware.link.events import Role
from firmware.syslog.line import MODULES

Run = Callable[[Sight, str], list[object]]

OUTAGES_SHOWN = 10
OUTAGES_MAX = 1000
LOG_SHOWN = 30
LOG_MAX = 500


@frozen
class ReadLog:
    """Return the last lines of the log, as a tuple of texts."""

    count: int


@frozen
class ReadLogServer:
    """Return how it stands with the server of the log, as a text."""


@frozen
class SetLevel:
    """Let a module log from this level on; the result is None."""

    module: str
    level: str


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


@frozen
class Ping:
    """Try a proxy out; the result is a tuple of labels and texts."""

    role: Role


def _ping(_: Sight, words: str) -> list[object]:
    role = words.lower() or Role.PRIMARY.value
    if role not in ROLES:
        raise CommandError(f"ping {' or '.join(ROLES)}")
    return [Work(Ping(Role(role)), _ping_rows)]


def _ping_rows(sight: Sight, rows: object) -> list[object]:
    assert isinstance(rows, tuple)
    return [Say(sight.rows(list(rows)) if rows else "no such proxy is configured")]


def _trace(sight: Sight, words: str) -> list[object]:
    if not words:
        return [Say(", ".join(sorted(sight.traced)) or "nothing is traced")]
    topic, _, switch = words.lower().partition(" ")
    if topic not in TOPICS or switch.strip() not in {"on", "off"}:
        raise CommandError(f"trace {', '.join(TOPICS[:-1])} or {TOPICS[-1]}, then on or off")
    on = switch.strip() == "on"
    if on == (topic in sight.traced):
        return [Say(f"{topic} is {'' if on else 'not '}traced.")]
    (sight.traced.add if on else sight.traced.discard)(topic)
    return [SwitchTrace(topic, on)]


SUPPORT_OUTAGES = 50


def _support(_: Sight, words: str) -> list[object]:
    none_expected(words)
    return [Work(ReadLog(LOG_MAX), _bundle)]


def _bundle(sight: Sight, lines: object) -> list[object]:
    """Return all that somebody needs who helps from afar."""
    assert isinstance(lines, tuple)
    parts = {
        "phone": sight.rows(list(sight.about)),
        "status": status_report(sight),
        "link": link_report(sight),
        "accounts": accounts_report(sight),
        "calls": calls_report(sight),
        "outages": outages_report(sight, SUPPORT_OUTAGES),
        "parameters": shown_all(sight),
        "log": "\n".join(lines),
    }
    text = "\n".join(f"--- {title}\n{part}" for title, part in parts.items())
    return [Say(f"----- support begins\n{text}\n----- support ends")]


def _log(_: Sight, words: str) -> list[object]:
    first, *rest = words.split() or [""]
    if first == "level":
        return [_level(rest)]
    if words == "server":
        return [Work(ReadLogServer(), lambda _, told: [Say(str(told))])]
    return [Work(ReadLog(count_of(words, LOG_SHOWN, LOG_MAX)), _log_lines)]


def _level(words: list[str]) -> Work:
    module, level = words if len(words) == 2 else ("", "")
    if module not in MODULES or level not in LEVELS:
        known = f"{', '.join(MODULES)}; {', '.join(LEVELS)}"
        raise CommandError(f"log level MODULE LEVEL: {known}")
    told = Say(f"{module} logs {level} and worse, until the phone restarts.")
    return Work(SetLevel(module, level), lambda _, __: [told])


def _log_lines(_: Sight, lines: object) -> list[object]:
    assert isinstance(lines, tuple)
    return [Say("\n".join(lines) if lines else "nothing was logged")]


def _reboot(sight: Sight, words: str) -> list[object]:
    none_expected(words)
    count = len(sight.status.calls)
    calls = {0: "", 1: "The call ends. "}.get(count, f"{count} calls end. ")
    return [confirmed(f"{calls}Type yes to restart: ", "yes", "It restarts.", wipes=False)]


def _factory_reset(_: Sight, words: str) -> list[object]:
    none_expected(words)
    asked = "All that was set or remembered on this phone is lost. Type reset to do it: "
    return [confirmed(asked, "reset", "It restarts as on its first day.", wipes=True)]


def confirmed(prompt: str, word: str, told: str, *, wipes: bool) -> Question:
    """Return the question before a restart."""

    def answered(_: Sight, answer: str) -> list[object]:
        if answer.strip().lower() != word:
            return [Say("Nothing is done.")]
        return [Say(told), Restart(wipes)]

    return Question(prompt, answered)


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
    "show": show,
    "set": set_,
    "unset": unset,
    "log": _log,
    "trace": _trace,
    "support": _support,
    "certificates": certificates,
    "ping": _ping,
    "token": token,
    "provision": provision,
    "update": update,
    "test": test,
    "reboot": _reboot,
    "factory-reset": _factory_reset,
    "exit": _exit,
}
"""What each command does."""
