"""Another firmware for the phone, asked for at the console: `update [URI]`, `update status`."""

from __future__ import annotations

from firmware.console.events import Say
from firmware.console.sight import Rows, Sight
from firmware.console.steps import CommandError, Work
from firmware.frozen import frozen
from firmware.provision.server import checked_update_uri
from firmware.provision.update_events import UpdateStatus

SOON = "It goes on by itself when nobody uses the phone: update status says how far it is."


@frozen
class BeginUpdate:
    """Fetch and install another firmware; the result is why not, "" where it begins."""

    uri: str


@frozen
class ReadUpdate:
    """Return where updates stand, as an `UpdateStatus`."""


def update(_: Sight, words: str) -> list[object]:
    """Begin an update, or say how far one is."""
    if words.lower() == "status":
        return [Work(ReadUpdate(), _stands)]
    try:
        uri = checked_update_uri(words) if words else ""
    except ValueError as error:
        raise CommandError(f"no update from there: {error}") from None
    return [Work(BeginUpdate(uri), _begun)]


def _begun(_: Sight, refusal: object) -> list[object]:
    if refusal:
        raise CommandError(str(refusal))
    return [Say(SOON)]


def _stands(sight: Sight, status: object) -> list[object]:
    assert isinstance(status, UpdateStatus)
    return [Say(sight.rows(update_rows(status)))]


def update_rows(status: UpdateStatus) -> Rows:
    """Return where updates stand, as labels and values."""
    return [
        ("State", status.state),
        ("Done", f"{status.done[0]} %" if status.done else ""),
        ("Now", status.doing),
        ("From", status.uri),
        ("Because", status.why),
        ("Fleet", status.fleet),
    ]
