"""What is different between two configurations, in words without secrets (T4)."""

from __future__ import annotations

from config.configuration import Configuration
from config.parameters import MASK, find, written
from config.problem import shown
from firmware.phone.preferences import PARAMETERS
from firmware.provision.events import Change

LIVE_STARTS = (
    *("auto resync ", "configuration ", "dhcp ", "download ", "https ", "http ", "tftp "),
    "log ",
)
"""What the provisioner itself and the log take over at once."""

DOORS = frozenset(
    {
        *("admin password", "console timeout"),
        *("web interface enabled", "web interface port", "web interface name"),
    }
)
"""What console and web page look at each time."""


def changes(before: Configuration, after: Configuration) -> tuple[Change, ...]:
    """Return every parameter whose value is another one, by name.

    What a person may set on the phone, and where files come from, is taken over at once. All else
    is read when the phone starts.
    """
    keys = sorted({*before.entries, *after.entries})
    out = []
    for name, account in keys:
        if before.value(name, account) == after.value(name, account):
            continue
        parameter = find(name)
        assert parameter is not None
        old, new = before.text(name, account), after.text(name, account)
        words = MASK if parameter.secret else f"{shown(old) or 'empty'} -> {shown(new) or 'empty'}"
        is_looked_at = name in PARAMETERS or name in DOORS
        is_live = is_looked_at or name.startswith(LIVE_STARTS) or not parameter.built
        origin = after.origin(name, account)
        text = f"{written(name, account)}: {words} ({origin})"
        out.append(Change(text, needs_restart=not is_live))
    return tuple(out)
