"""Writing files so that a power cut never leaves half of one: flushed first, then renamed.

Only the phone may read what it writes (T4).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where it is not there."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)


def write_flushed(path: Path, data: bytes) -> None:
    """Write a file that is on the disk, and not only on its way there, on return."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        os.fchmod(descriptor, FILE_MODE)  # One left by an earlier cut may be open to all.
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def draft_of(path: Path) -> Path:
    """Return the file in which the next content of `path` is written."""
    return path.with_name(f"{path.name}.new")


def save_flushed(path: Path, data: bytes, previous: Path | None = None) -> None:
    """Put a file in place of the one before, which becomes `previous` where that is given.

    At each step one whole file is on the disk. OSError where the disk refuses: nothing has changed.
    """
    draft = draft_of(path)
    try:
        make_folder(path.parent)
        write_flushed(draft, data)
        if previous is not None:
            os.replace(path, previous)
        os.replace(draft, path)
        flush_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(draft)  # A full disk needs the room.
        raise


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
