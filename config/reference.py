"""Pages that are generated from the table of parameters: the reference and startup.cfg.

`make generated` writes them; a test compares them with the table.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from config.parameters import MASK, PARAMETERS, Group, Parameter

REFERENCE = """\
# Parameters

Generated from the table in `config/parameters.py` by `make generated`.

The files are read in this order, and later wins: `startup.cfg` (or `aastra.cfg`, its older name),
`<model>.cfg`, `<mac>.cfg` (twelve upper-case hexadecimal digits), then what was set on the phone
itself. A line is `name: value`. Names are not case-sensitive. `#` starts a comment; a value with
`#` in it stands in double quotes, and two double quotes inside them are one.

- `!name: value` locks the parameter: it is read-only on the phone.
- `^name: value` throws away what was set on the phone.
- `sip lineN ...` (N = 1-9) sets a parameter for one account, where the column "line" says yes.
  An empty value there leaves it to the setting of all accounts.
- A value that is not allowed is reported with its file and line, and the last good one stays.

`python -m config check DIR` reads a folder as the phone would and prints what is wrong with it.

A change counts at once, in a call too: a link that has to be another one (proxy, certificates,
where it leaves from) is made anew within a second or so, calls are kept. What is "applied when
idle" waits until nobody uses the phone, which then starts anew by itself; so do accounts that are
added or taken away.

Parameters with a dagger (†) are known by name: their values are checked, but have no effect yet.
"""

STARTUP = """\
# startup.cfg: every parameter with its default.
#
# Generated from the table in config/parameters.py. To change a parameter, take the "#" away that
# stands before its name. "sip lineN ..." (N = 1-9) sets a "sip ..." parameter for one account.
# "!" before a name locks it on the phone, "^" throws away what was set there.
"""

TITLE_UNDERLINE = "-" * 60
COMMENT_WIDTH = 96


def reference() -> str:
    """Return the parameter reference as Markdown."""
    return "\n".join([REFERENCE, *(line for group in Group for line in _chapter(group))]) + "\n"


def _chapter(group: Group) -> Iterator[str]:
    yield f"## {group.value}\n"
    yield "| name | values | default | line | applied | meaning |"
    yield "|---|---|---|---|---|---|"
    for parameter in _members(group):
        yield f"| {' | '.join(_cells(parameter))} |"
    yield ""


def _members(group: Group) -> Iterator[Parameter]:
    return (parameter for parameter in PARAMETERS if parameter.group is group)


def _cells(parameter: Parameter) -> tuple[str, ...]:
    dagger = "" if parameter.built else " †"
    default = f"`{_bar(parameter.default)}`" if parameter.default else ""
    line = "yes" if parameter.per_line else ""
    meaning = parameter.help + _secret(parameter) + _numbers(parameter)
    name, values = f"`{parameter.name}`{dagger}", _bar(_values(parameter))
    return name, values, default, line, parameter.applied, _bar(meaning)


def _bar(text: str) -> str:
    """Return the text fit for a cell of a table."""
    return text.replace("|", "\\|")


def _values(parameter: Parameter) -> str:
    # The characters of a dial plan would be taken for Markdown.
    allowed = parameter.kind.allowed
    before, colon, after = allowed.partition(": ")
    return f"{before}{colon}`{after}`" if colon else allowed


def _secret(parameter: Parameter) -> str:
    return f" A secret: shown as `{MASK}`." if parameter.secret else ""


def _numbers(parameter: Parameter) -> str:
    return f" N is 1 to {parameter.numbers}." if parameter.numbers else ""


def startup() -> str:
    """Return the startup.cfg that is shipped: every parameter explained, none set."""
    return "\n".join([STARTUP, *(line for group in Group for line in _section(group))])


def _section(group: Group) -> Iterator[str]:
    yield f"# {TITLE_UNDERLINE}\n# {group.value}\n# {TITLE_UNDERLINE}\n"
    for parameter in _members(group):
        yield _explained(parameter)


def _explained(parameter: Parameter) -> str:
    effect = "" if parameter.built else " Known by name, without effect yet."
    meaning = _comment(f"{parameter.help}{_numbers(parameter)}{effect}")
    values = _comment(f"Values: {parameter.kind.allowed}.")
    return f"{meaning}\n{values}\n#{parameter.name}: {_quoted(parameter.default)}".rstrip() + "\n"


def _comment(text: str) -> str:
    return "\n".join(f"# {line}" for line in textwrap.wrap(text, COMMENT_WIDTH))


def _quoted(value: str) -> str:
    return f'"{value}"' if "#" in value else value
