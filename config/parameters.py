"""The one table of parameters: names, kinds, ranges, defaults, units, help, scope.

Reading, checking, the reference page and the shipped startup.cfg all come from it. Names are not
case-sensitive and runs of spaces count as one. `sip lineN ...` (N = 1-9) is the form of
`sip ...` for one account; here that is the parameter's name and an account number, 0 for all.
"""

from __future__ import annotations

import re

from config.kinds import Value
from config.parameter import Group, Parameter
from config.problem import ConfigError, shown
from config.table_administration import ADMINISTRATION
from config.table_link import ACCOUNTS, LINK, PROXIES
from config.table_phone import FEATURES

__all__ = [
    "ACCOUNTS_MAX",
    "MASK",
    "PARAMETERS",
    "Group",
    "Parameter",
    "canonical",
    "find",
    "parse",
    "split_line",
    "text_of",
    "written",
]

ACCOUNTS_MAX = 9
"""Accounts of one phone: `sip line1` to `sip line9`."""

MASK = "****"
"""What a secret looks like outside (T4)."""

PARAMETERS: tuple[Parameter, ...] = (*LINK, *PROXIES, *ACCOUNTS, *FEATURES, *ADMINISTRATION)

LINE = re.compile(r"(sips?) line([1-9]) (.+)")
NUMBER = re.compile(r"[0-9]+")


def canonical(name: str) -> str:
    """Return a name as it is compared: in lower case, with single spaces."""
    return " ".join(name.lower().split())


_BY_NAME = {canonical(parameter.name): parameter for parameter in PARAMETERS}
_BY_START = {
    canonical(parameter.name.partition("<")[0]) + " ": parameter
    for parameter in PARAMETERS
    if "<" in parameter.name
}


def find(name: str) -> Parameter | None:
    """Return the parameter of that name (without `lineN`), None where it is not known."""
    known = canonical(name)
    if "<" in known:
        return None  # The table's own way of writing "any words".
    return _BY_NAME.get(known) or _numbered(known) or _begun(known)


def _numbered(name: str) -> Parameter | None:
    """Return `softkeyN type` for `softkey7 type`."""
    found = NUMBER.search(name)
    if found is None:
        return None
    parameter = _BY_NAME.get(f"{name[: found.start()]}n{name[found.end() :]}")
    number = found[0]
    good = len(number) <= 2 and number[0] != "0" and parameter is not None
    return parameter if good and parameter and int(number) <= parameter.numbers else None


def _begun(name: str) -> Parameter | None:
    """Return `log module <name>` for `log module link`."""
    matches = (found for start, found in _BY_START.items() if name.startswith(start))
    return next(matches, None)


def split_line(name: str) -> tuple[str, int]:
    """Return ("sip password", 3) for `sip line3 password`, and account 0 for every other name."""
    known = canonical(name)
    found = LINE.fullmatch(known)
    return (f"{found[1]} {found[3]}", int(found[2])) if found else (known, 0)


def written(name: str, account: int) -> str:
    """Return the name as a file writes it for that account: the inverse of `split_line`."""
    if not account:
        return name
    first, _, rest = name.partition(" ")
    return f"{first} line{account} {rest}"


def parse(name: str, account: int, text: str) -> Value:
    """Return the value of a known parameter; ConfigError says what is wrong, by name."""
    parameter = find(name)
    assert parameter is not None, name
    if account and not parameter.per_line:
        raise ConfigError(f"{written(name, account)}: {parameter.whole_phone_reason}")
    try:
        return parameter.kind.parse(text)
    except ValueError as error:
        quoted = MASK if parameter.secret else shown(text)
        raise ConfigError(f'{written(name, account)}: "{quoted}" {error}') from None


def text_of(value: Value) -> str:
    """Return a value as a file writes it."""
    return str(int(value)) if isinstance(value, bool) else str(value)
