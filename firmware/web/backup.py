"""The settings of this phone as a file, and back.

The file is a `.cfg` like those of a server, so it may also be served to other phones. It has what
was set on this phone and no secret: each that is set is named in a comment. What is restored is set
on top of what is there. One line that is wrong, and nothing is changed; what the files lock, and
what this phone does not know, is left out and named.
"""

from __future__ import annotations

from dataclasses import field

from config.admin_password import ADMIN_PASSWORD
from config.cfg_file import parse_file, write_statement
from config.configuration import Configuration
from config.layers import LOCAL, Key
from config.parameters import find, parse, text_of, written
from config.problem import ConfigError, without_credentials
from firmware.frozen import frozen
from firmware.web.parameter_form import Changes

HEADER = "# What was set on this phone, without its secrets.\n"

LEFT_OUT_MAX = 20
"""Lines that are named."""


@frozen
class Restored:
    """What a file changes, why it changes nothing, and what of it is left out."""

    changes: Changes = field(default_factory=dict, repr=False)
    problems: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def backup(held: Configuration) -> str:
    """Return the file."""
    lines = [HEADER]
    for (name, account), entry in sorted(held.entries.items()):
        parameter = find(name)
        if entry.origin != LOCAL or parameter is None:
            continue
        text = text_of(entry.value)
        if parameter.secret or without_credentials(text) != text:
            lines.append(f"# {written(name, account)}: it is set, and not in this file\n")
        else:
            lines.append(write_statement(name, account, text))
    return "".join(lines)


def restore(held: Configuration, data: bytes) -> Restored:
    """Read the file."""
    parsed = parse_file(data, "line")
    problems = [str(problem) for problem in parsed.problems]
    changes, left_out = dict[Key, str | None](), list[str]()
    for one in parsed.statements:
        if find(one.name) is None:
            left_out.append(f"{one.place}: {one.written}: not known to this phone")
        elif one.name == ADMIN_PASSWORD:
            left_out.append(f"{one.place}: {one.written}: it is chosen on its own")
        elif not held.may_change(one.name, one.account):
            left_out.append(f"{one.place}: {one.written}: set by the files of the phone")
        else:
            try:
                parse(one.name, one.account, one.value)
            except ConfigError as error:
                problems.append(f"{one.place}: {error}")
            changes[one.name, one.account] = one.value
    if problems:
        return Restored({}, tuple(problems[:LEFT_OUT_MAX]))
    return Restored(changes, (), tuple(left_out[:LEFT_OUT_MAX]))
