"""The local settings on disk: saved so that a power cut loses at most the change in progress.

Saving writes `local.cfg.new`, flushes it, renames `local.cfg` to `local.cfg.previous`, renames the
new file to `local.cfg` and flushes the folder. At each of these steps one whole file is on disk.
The last line is a checksum over all before it: a torn or damaged file is noticed, the previous one
is read instead, and a problem says so. A damaged `local.cfg` never takes the place of a good
previous one. Only the phone may read the files: they hold passwords (T4).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from config.cfg_file import FILE_BYTES_MAX, Statement, parse_file, write_statement
from config.disk import draft_of, flush_folder, save_flushed
from config.files import read_bounded, reason
from config.problem import ConfigError, Problem

NAME = "local.cfg"
PREVIOUS = "local.cfg.previous"
DRAFT = draft_of(Path(NAME)).name

HEADER = "# Settings made on this phone. The phone writes this file; do not change it by hand.\n"

FORMAT = 1
"""Of this file, as a comment in it; where none stands it is 1.

A parameter more, or a value more of one, is no other format: an older phone passes it over and
keeps it. What an older phone would read wrongly is.
"""

FORMAT_LINE = re.compile(rb"^# format: (\d{1,6})$", re.MULTILINE)
NEWER = "local.cfg.newer"
"""What a newer phone has left, once an older one saves; nobody but a person takes it back."""

CHECKSUM = b"# checksum: "


class NewerFormatError(ValueError):
    """A file that an older version of the phone cannot read."""


class LocalSettings(NamedTuple):
    """What was read, and what was wrong.

    Where not `replaceable`, the system does not let the file be read: it may be whole, and saving
    over it would lose it.
    """

    statements: tuple[Statement, ...] = ()
    problems: tuple[Problem, ...] = ()
    replaceable: bool = True


def read_local(folder: Path) -> LocalSettings:
    """Return the settings in this folder: of the last good file, none where there is none."""
    file = str(folder / NAME)
    try:
        return _parsed(folder, NAME)
    except FileNotFoundError:
        if not os.path.isfile(folder / PREVIOUS):
            return LocalSettings()  # A phone's first start.
        return _fallen_back(folder, Problem("missing: saving was interrupted", file))
    except OSError as error:
        unreadable = Problem(f"cannot be read: {reason(error)}", file)
        return _fallen_back(folder, unreadable)._replace(replaceable=False)
    except ValueError as error:
        return _fallen_back(folder, Problem(str(error), file))


def _fallen_back(folder: Path, problem: Problem) -> LocalSettings:
    """Return the settings saved before the ones that `problem` made unreadable."""
    try:
        previous = _parsed(folder, PREVIOUS)
    except (OSError, ValueError):
        nothing = f"{problem.text}; no setting made on this phone is used"
        return LocalSettings(problems=(Problem(nothing, problem.file),))
    used = Problem(f"{problem.text}; the settings saved before are used", problem.file)
    return LocalSettings(previous.statements, (used, *previous.problems))


def _parsed(folder: Path, name: str) -> LocalSettings:
    data = read_bounded(folder / name, FILE_BYTES_MAX)
    body, mark, checksum = data.rpartition(CHECKSUM)
    if not mark or checksum.strip() != _checksum(body):
        raise ValueError("damaged: its checksum is wrong")
    written_in = FORMAT_LINE.search(body)
    if written_in and int(written_in[1]) > FORMAT:
        raise NewerFormatError("written by a newer version of the phone")
    parsed = parse_file(body, name)
    return LocalSettings(parsed.statements, parsed.problems)


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def save_local(folder: Path, settings: Iterable[tuple[str, int, str]]) -> None:
    """Save (name, account, value) triples in place of all before; ConfigError names the path."""
    lines = "".join(write_statement(*setting) for setting in settings)
    body = f"{HEADER}{lines}# format: {FORMAT}\n".encode()
    data = body + CHECKSUM + _checksum(body) + b"\n"
    if len(data) > FILE_BYTES_MAX:
        raise ConfigError(f"{folder / NAME}: larger than {FILE_BYTES_MAX} bytes; not saved")
    try:
        save_flushed(folder / NAME, data, _place_of_the_one_before(folder))
    except OSError as error:
        raise ConfigError(f"{folder / NAME}: cannot be saved: {reason(error)}") from error


def wipe_local(folder: Path) -> None:
    """Remove the settings made on this phone, and what is left of earlier ones."""
    for name in (PREVIOUS, DRAFT, NEWER, NAME):
        (folder / name).unlink(missing_ok=True)
    flush_folder(folder)


def _place_of_the_one_before(folder: Path) -> Path | None:
    """Return what becomes of the file that is there, None where it is not worth keeping."""
    try:
        _parsed(folder, NAME)
    except NewerFormatError:
        return folder / NEWER
    except (OSError, ValueError):
        return None
    return folder / PREVIOUS
