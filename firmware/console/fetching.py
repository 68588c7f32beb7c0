"""Configuration files fetched at once, for who asks at the console: what came and what changed."""

from __future__ import annotations

from firmware.console.events import Say
from firmware.console.parameters import WAITS
from firmware.console.sight import Rows, Sight
from firmware.console.steps import CommandError, Work
from firmware.frozen import frozen
from firmware.provision.events import ProvisionStatus


@frozen
class FetchNow:
    """Ask the server now, whoever uses the phone; the result is a `ProvisionStatus`, or None."""


def provision(_: Sight, words: str) -> list[object]:
    """Fetch now; each file is said as it comes."""
    if words:
        raise CommandError(f'nothing goes behind it, and "{words[:40]}" does')
    return [Work(FetchNow(), _fetched)]


def _fetched(sight: Sight, result: object) -> list[object]:
    if not isinstance(result, ProvisionStatus):
        raise CommandError("the phone has only begun: try again in a moment")
    return [Say(sight.rows(fetched_rows(result)))]


def fetched_rows(status: ProvisionStatus) -> Rows:
    """Return where provisioning stands, as labels and values."""
    return [
        ("Server", status.server),
        ("State", status.state),
        *(("Changed", text) for text in status.changed),
        *(("Refused", text) for text in status.faults),
        ("", WAITS if status.waits else ""),
    ]
