"""The layers of a configuration put on each other: the server's files, then local settings.

Within the server's files the last occurrence of a parameter wins, with its marks: an unlocked copy
in a later file unlocks. A local value wins over the server's unless the parameter is locked (`!`)
or forced (`^`: the local value is thrown away). A value that its parameter does not take is
reported, and the statement counts as if it were not there: the last good value stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from config.cfg_file import Statement
from config.kinds import Value
from config.parameters import find, parse
from config.problem import ConfigError, Problems

LOCAL = "local"
"""The origin of a value that was set on the phone."""

Key = tuple[str, int]
"""A parameter's canonical name, and the N of `sip lineN` or 0."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A value that is set, by whom, and whether the phone may change it."""

    value: Value = field(repr=False)  # It may be a secret (T4).
    origin: str  # "startup.cfg:12" or "local".
    locked: bool = False
    forced: bool = False


Layer = dict[Key, Entry]


class Layers(NamedTuple):
    """All layers as one, and the local settings that a forced value has thrown away."""

    entries: Mapping[Key, Entry]
    thrown_away: tuple[Key, ...]


def server_layer(
    statements: Iterable[Statement], problems: Problems, unknown: dict[Key, Statement]
) -> Layer:
    """Return what the server's files set, in the order in which they are read."""
    layer: Layer = {}
    for statement in statements:
        value = _value(statement, problems, unknown)
        if value is not None:
            entry = Entry(value, statement.place, statement.locked, statement.forced)
            layer[statement.name, statement.account] = entry
    return layer


def local_layer(statements: Iterable[Statement], problems: Problems) -> Layer:
    """Return what was set on the phone. What is unknown comes from a newer version; it waits."""
    layer: Layer = {}
    for statement in statements:
        value = _value(statement, problems, {})
        if value is not None:
            layer[statement.name, statement.account] = Entry(value, LOCAL)
    return layer


def _value(statement: Statement, problems: Problems, unknown: dict[Key, Statement]) -> Value | None:
    """Return a statement's value, None where it has none to give."""
    if find(statement.name) is None:
        unknown[statement.name, statement.account] = statement
        return None
    try:
        return parse(statement.name, statement.account, statement.value)
    except ConfigError as error:
        problems.add(str(error), statement.file, statement.line)
        return None


def combine(server: Layer, local: Layer) -> Layers:
    """Put the local layer on the server's."""
    entries = dict(server)
    thrown_away = tuple(key for key in local if key in server and server[key].forced)
    for key, entry in local.items():
        if key not in thrown_away and not governing(server, key).locked:
            entries[key] = entry
    return Layers(entries, thrown_away)


NOT_SET = Entry(value="", origin="default")


def governing(server: Mapping[Key, Entry], key: Key) -> Entry:
    """Return the server's entry whose lock holds for this key.

    A line's own, else that of all lines: a parameter locked for all is not opened by setting it
    for one.
    """
    name, _ = key
    return server.get(key) or server.get((name, 0)) or NOT_SET
