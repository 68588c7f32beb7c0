"""The fuzz target of the configuration: any bytes as the server's file and as the local settings.

Reading never raises: each line of the files is a statement, a problem in words, or says nothing.
What follows from it is always a whole phone's settings, and no problem shows a password (T4).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from config.cfg_file import Statement, parse_file, write_statement
from config.checks import check_settings
from config.configuration import Configuration
from config.kinds import CONTROL
from config.layers import combine, local_layer, server_layer
from config.parameters import ACCOUNTS_MAX, MASK, find, parse, text_of
from config.problem import PROBLEMS_MAX, Problems
from firmware.settings import stack_settings

DIVIDER = b"\n=====\n"
"""Before it the server's file, behind it the local settings."""

SHIPPED = "startup.cfg"
LOCAL = "local.cfg"

_TELLING = re.compile(r"[A-Za-z0-9]{6,}")


def cfg(data: bytes) -> None:
    """Check two files on each other, and the settings that they give."""
    server, _, local = data.partition(DIVIDER)
    statements = _statements(server, SHIPPED)
    set_here = _statements(local, LOCAL)
    problems = Problems()
    unknown: dict[tuple[str, int], Statement] = {}
    layer = server_layer(statements, problems, unknown)
    layers = combine(layer, local_layer(set_here, problems))
    found = Configuration(layers.entries, layer, problems.all(), tuple(unknown.values()))
    assert len(found.problems) <= PROBLEMS_MAX + 1
    said = [str(problem) for problem in (*found.problems, *check_settings(found))]
    assert all(line.isprintable() for line in said)
    _check_values(found)
    settings = stack_settings(found, said, None, "urn:uuid:0", "handset")
    shown = "\n".join((*said, repr(found), repr(settings), *_texts(found)))
    _check_secrets((*statements, *set_here), data, shown)


def _statements(data: bytes, file: str) -> tuple[Statement, ...]:
    parsed = parse_file(data, file)
    assert len(parsed.statements) + len(parsed.problems) <= data.count(b"\n") + 1
    assert all(str(problem).isprintable() for problem in parsed.problems)
    for one in parsed.statements:
        if find(one.name) and not CONTROL.search(one.value):  # What the phone may have to save.
            line = write_statement(one.name, one.account, one.value)
            (again,) = parse_file(line.encode(), file).statements
            assert (again.name, again.account, again.value) == (one.name, one.account, one.value)
    return parsed.statements


def _check_values(found: Configuration) -> None:
    """Check that each value that holds is one that its parameter takes."""
    for (name, account), entry in found.entries.items():
        assert parse(name, account, text_of(entry.value)) == entry.value
        assert found.origin(name, account)
    for account in found.accounts():
        assert found.value("sip user name", account)


def _texts(found: Configuration) -> list[str]:
    """Return every value that is set, and what holds of it for each line, as a person reads it."""
    names = {name for name, _ in found.entries}
    return [found.text(name, account) for name in names for account in range(ACCOUNTS_MAX + 1)]


def _check_secrets(statements: Iterable[Statement], data: bytes, shown: str) -> None:
    for statement in statements:
        parameter = find(statement.name)
        if parameter is None or not parameter.secret or not _TELLING.fullmatch(statement.value):
            continue
        if data.count(statement.value.encode()) == 1 and statement.value != MASK:
            assert statement.value not in shown, f"{statement.name} is shown"
