"""The phone's instance id (RFC 5626 4.1): one UUID for its whole life, kept in the state folder.

And identifiers that live for a moment.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from pathlib import Path

from config.disk import save_flushed

NAMESPACE = uuid.UUID("6f3c8a52-7d0e-4b7c-9a44-2f1d9d5b8e10")
"""For phones that cannot write: a UUID from the hardware address is constant too."""


def instance_id(state: Path, mac: str) -> str:
    """Return this phone's `urn:uuid:`; made from `mac` where the state folder cannot keep it."""
    file = state / "instance"
    try:
        return uuid.UUID(file.read_text(encoding="ascii").strip()).urn
    except (OSError, ValueError):
        pass  # The first start, or a torn file: it is written anew below.
    made = uuid.uuid4()
    try:
        save_flushed(file, f"{made}\n".encode())
    except OSError:
        return uuid.uuid5(NAMESPACE, mac).urn
    return made.urn


def ids() -> Iterator[str]:
    """Yield identifiers that nobody can guess: tags, branches, Call-IDs, cnonces."""
    while True:
        yield secrets.token_hex(12)
