"""The outage log on disk (S3): whole or not at all, and never a reason not to start.

Saving writes `outages.json.new`, flushes it, renames it to `outages.json` and flushes the folder:
at each of these steps one whole file is on disk. A checksum over the entries tells a damaged file.
One that this phone cannot use (damaged, foreign, of a newer version) is renamed to
`outages.json.aside`, so that somebody may look at it, and the log begins anew; a sentence says so.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from config.disk import flush_folder, make_folder, write_flushed
from config.files import read_bounded, reason
from firmware.frozen import frozen
from firmware.phone.outage import OUTAGES_MAX, Outage
from firmware.runtime.outage_json import outage_fields, outage_of

NAME = "outages.json"
DRAFT = "outages.json.new"
ASIDE = "outages.json.aside"

FORMAT = "handset outage log"
VERSION = 1

FILE_BYTES_MAX = 512 * 1024
"""A full log of the longest entries in the longest letters has 420 KB; a usual one 60 KB."""


@frozen
class Kept:
    """What was on disk, and what is wrong with it, as a sentence.

    Where not `replaceable`, the file could not be moved out of the way: nothing may be saved.
    """

    outages: tuple[Outage, ...] = ()
    problem: str = ""
    replaceable: bool = True


class NewerVersionError(ValueError):
    """A file that a newer version of the phone wrote."""


def read_log(folder: Path) -> Kept:
    """Return the log in this folder; what cannot be used is put aside."""
    try:
        return Kept(_parsed(read_bounded(folder / NAME, FILE_BYTES_MAX)))
    except FileNotFoundError:
        return Kept()  # A phone's first start.
    except OSError as error:
        return _put_aside(folder, f"cannot be read: {reason(error)}")
    except NewerVersionError:
        return _put_aside(folder, "is of a newer version")
    except (ValueError, RecursionError):
        return _put_aside(folder, "is damaged")


def save_log(folder: Path, outages: tuple[Outage, ...]) -> None:
    """Save the log in place of the one before; OSError where that cannot be done."""
    entries = [outage_fields(outage) for outage in outages]
    whole = {"format": FORMAT, "version": VERSION, "checksum": _checksum(entries)}
    data = json.dumps(whole | {"outages": entries}, ensure_ascii=False) + "\n"
    try:
        make_folder(folder)
        write_flushed(folder / DRAFT, data.encode())
        os.replace(folder / DRAFT, folder / NAME)
        flush_folder(folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(folder / DRAFT)  # A full disk needs the room.
        raise


def _parsed(data: bytes) -> tuple[Outage, ...]:
    """Return the entries of a file; ValueError where it is none of ours."""
    if len(data) > FILE_BYTES_MAX:
        raise ValueError("too large")
    whole = json.loads(data)
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise ValueError("foreign")
    version, entries = whole.get("version"), whole.get("outages")
    if type(version) is int and version > VERSION:
        raise NewerVersionError
    if version != VERSION:
        raise ValueError("a version that there is not")
    if not isinstance(entries, list) or len(entries) > OUTAGES_MAX:
        raise ValueError("no list of entries, or too long a one")
    if whole.get("checksum") != _checksum(entries):
        raise ValueError("the checksum is wrong")
    return tuple(outage_of(entry) for entry in entries)


def _checksum(entries: list[object] | list[dict[str, object]]) -> str:
    return hashlib.sha256(json.dumps(entries).encode()).hexdigest()


def _put_aside(folder: Path, problem: str) -> Kept:
    """Keep a file that cannot be used; of several the last."""
    try:
        os.replace(folder / NAME, folder / ASIDE)
    except OSError as error:
        text = f"{problem}, and cannot be moved: {reason(error)}; nothing is kept"
        return Kept(problem=f"the outage log {text}", replaceable=False)
    return Kept(problem=f"the outage log {problem}; it is kept as {ASIDE}")
