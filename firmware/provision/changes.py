"""What is different between two configurations, in words without secrets (T4)."""

from __future__ import annotations

from config.configuration import Configuration
from config.parameters import MASK, find, written
from config.problem import shown
from firmware.provision.events import Change


def changes(before: Configuration, after: Configuration) -> tuple[Change, ...]:
    """Return every parameter whose value is another one, by name.

    The table says what a phone in use goes by at once. All else, and which accounts there are, is
    read when the phone starts.
    """
    staying = {0, *before.accounts()} if before.accounts() == after.accounts() else set[int]()
    out = []
    for name, account in sorted({*before.entries, *after.entries}):
        if before.value(name, account) == after.value(name, account):
            continue
        parameter = find(name)
        assert parameter is not None
        old, new = before.text(name, account), after.text(name, account)
        words = MASK if parameter.secret else f"{shown(old) or 'empty'} -> {shown(new) or 'empty'}"
        is_live = parameter.at_once or not parameter.built
        makes_accounts = parameter.per_line and account not in staying
        origin = after.origin(name, account)
        text = f"{written(name, account)}: {words} ({origin})"
        out.append(Change(text, needs_restart=makes_accounts or not is_live))
    return tuple(out)
