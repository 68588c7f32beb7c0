"""The parameters at the console: what holds, where it comes from, what may be set (L5).

Everything is from the one table; nothing of a parameter is known here. A secret is asked for and
not shown, never taken from a line: what is typed into one stands on the terminal (T4).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from config.admin_password import ADMIN_PASSWORD, length_problem
from config.configuration import DEFAULT, Configuration
from config.layers import LOCAL
from config.parameter import Parameter
from config.parameters import PARAMETERS, canonical, find, parse, split_line, written
from config.problem import ConfigError
from firmware.console.events import Say, Secret
from firmware.console.sight import Rows, Sight
from firmware.console.steps import CommandError, Question, Work
from firmware.frozen import frozen
from firmware.provision.events import Change

WAITS = (
    "It counts when the phone starts anew: by itself, once nobody uses it and you have left; reboot"
    " does it now."
)


@frozen
class SetParameter:
    """Keep this value on this phone; `ParameterKept` is the result."""

    name: str
    account: int
    text: Secret


@frozen
class UnsetParameter:
    """Forget the value that was set on this phone; `ParameterKept` is the result."""

    name: str
    account: int


@frozen
class ParameterKept:
    """The configuration with the change, and what is different; else `problem` says why not."""

    configuration: Configuration | None = None
    problem: str = ""
    changed: tuple[Change, ...] = ()


def named(words: str) -> tuple[str, int, str]:
    """Return the parameter that a line begins with, its account, and what stands behind it."""
    parts = words.split()
    for end in range(len(parts), 0, -1):
        name, account = split_line(" ".join(parts[:end]).rstrip(" :="))
        parameter = find(name)
        if parameter is None or ("<" in parameter.name and end > _words_of(parameter)):
            continue
        return name, account, _rest(words, end)
    raise CommandError(f'there is no parameter "{words[:60]}": Tab shows what there is')


def _words_of(parameter: Parameter) -> int:
    return len(parameter.name.split())


def _rest(words: str, count: int) -> str:
    """Return what stands behind so many words, as it was typed."""
    rest = (words.split(None, count)[count:] or [""])[0].strip()
    is_quoted = len(rest) > 1 and rest[0] == rest[-1] == '"'
    return rest[1:-1] if is_quoted else rest


def show(sight: Sight, words: str) -> list[object]:
    """Say what holds: of one parameter everything, of many their values."""
    if not words:
        return [Say(shown_all(sight))]
    try:
        name, account, rest = named(words)
    except CommandError:
        rest = words
    if rest:
        keys = _beginning(sight.configuration, canonical(words))
        if not keys:
            raise CommandError(f'no parameter begins with "{words[:60]}"')
        return [Say(_list(sight, keys))]
    return [Say(_one(sight, name, account))]


def shown_all(sight: Sight) -> str:
    """Return everything that is set, secrets masked."""
    return _list(sight, sorted(sight.configuration.entries)) or "all parameters are default"


def _beginning(configuration: Configuration, start: str) -> list[tuple[str, int]]:
    """Return the parameters whose names begin so: of all accounts, and those set for one."""
    every = [(canonical(parameter.name), 0) for parameter in PARAMETERS]
    own = [key for key in configuration.entries if key[1] or find(key[0]) not in PARAMETERS]
    keys = {*every, *own}
    return sorted(key for key in keys if written(*key).startswith(start) and find(key[0]))


def _list(sight: Sight, keys: Iterable[tuple[str, int]]) -> str:
    held = sight.configuration
    lines = (
        f"{written(name, account)}: {held.text(name, account)} ({held.origin(name, account)})"
        for name, account in keys
    )
    return "\n".join(lines)


def _one(sight: Sight, name: str, account: int) -> str:
    held, parameter = sight.configuration, find(name)
    assert parameter is not None, name
    default = "" if parameter.secret else parameter.default
    rows: Rows = [
        ("Value", held.text(name, account) or "empty"),
        ("From", held.origin(name, account)),
        ("May be set", _lock(held, name, account)),
        ("Values", parameter.kind.allowed),
        ("Default", default or "empty"),
        ("Applied", parameter.applied),
        ("Meaning", parameter.help + ("" if parameter.built else " Without effect yet.")),
    ]
    return f"{written(name, account)}\n{sight.rows(rows)}"


def _lock(held: Configuration, name: str, account: int) -> str:
    if held.locked(name, account):
        return f"no, locked by {held.ruling(name, account).origin}"
    return "yes" if held.may_change(name, account) else "no, forced by the files"


def set_(sight: Sight, words: str) -> list[object]:
    """Set a parameter on this phone."""
    name, account, text = named(words)
    parameter = find(name)
    assert parameter is not None, name
    whole = written(name, account)
    if not sight.configuration.may_change(name, account):
        raise CommandError(f"{whole}: may not be set, {_lock(sight.configuration, name, account)}")
    if parameter.secret:
        if text:
            raise CommandError(f"a secret is not typed into a line: type set {whole}, and wait")
        once = partial(_take_secret, name, account)
        return [Question(f"New value of {whole}: ", once, hidden=True)]
    if not text and _end(words) != '""':
        raise CommandError(f'{whole} wants a value, "" for none: {parameter.kind.allowed}')
    return [_keep(name, account, text)]


def _end(words: str) -> str:
    return words.strip()[-2:]


def _take_secret(name: str, account: int, _: Sight, text: str) -> list[object]:
    if name == ADMIN_PASSWORD and (problem := length_problem(text)):
        raise CommandError(problem)

    def again(_: Sight, second: str) -> list[object]:
        if second != text:
            raise CommandError("that was another one: nothing is changed")
        return [_keep(name, account, text)]

    return [Question("Once more: ", again, hidden=True)]


def _keep(name: str, account: int, text: str) -> Work:
    try:
        parse(name, account, text)
    except ConfigError as error:
        raise CommandError(str(error)) from None
    return Work(SetParameter(name, account, Secret(text)), _kept)


def unset(sight: Sight, words: str) -> list[object]:
    """Forget what was set on this phone."""
    name, account, rest = named(words)
    if rest:
        raise CommandError(f'nothing goes behind {written(name, account)}, and "{rest[:40]}" does')
    entry = sight.configuration.entries.get((name, account))
    if entry is None or entry.origin != LOCAL:
        origin = sight.configuration.origin(name, account)
        where = "it is default" if origin == DEFAULT else f"it is from {origin}"
        raise CommandError(f"{written(name, account)} was not set on this phone: {where}")
    return [Work(UnsetParameter(name, account), _kept)]


def _kept(sight: Sight, result: object) -> list[object]:
    """Say what has changed, and whether that counts already."""
    assert isinstance(result, ParameterKept)
    if result.configuration is None:
        raise CommandError(f"nothing is changed: {result.problem}")
    sight.configuration = result.configuration
    if not result.changed:
        return [Say("It is as it was.")]
    waits = any(change.needs_restart for change in result.changed)
    when = WAITS if waits else "It counts from now on."
    return [Say("\n".join([*(change.text for change in result.changed), when]))]
