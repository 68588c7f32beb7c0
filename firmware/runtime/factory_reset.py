"""Factory reset: all that was set or remembered on this phone is gone; its identity stays.

A mark is put into the state folder first and taken away last. Who finds it at a start goes on with
the reset, so a power cut never leaves half of one. The phone itself only puts the mark, stops and
starts anew; the command `wipe` does all of it at once.
"""

from __future__ import annotations

import logging
from pathlib import Path

from config.disk import flush_folder, make_folder, write_flushed
from config.fetched import wipe_copies
from config.files import reason
from config.local_file import wipe_local
from firmware.runtime import pasted_files
from firmware.runtime.keepers import FILES
from firmware.runtime.options import (
    BUNDLE,
    CRASH_NOTE,
    INSTALLING,
    RESET_MARK,
    TRIED,
    WEB_CERTIFICATE,
)

log = logging.getLogger("handset")


def begin(folder: Path) -> None:
    """Put the mark: from now on it will be done; OSError where the disk refuses."""
    make_folder(folder)
    write_flushed(folder / RESET_MARK, b"")
    flush_folder(folder)


def ask(folder: Path) -> str:
    """Do the same; return what is wrong, as a sentence."""
    try:
        begin(folder)
    except OSError as error:
        problem = f"the factory reset is not done: {reason(error)}"
        log.warning("%s", problem)
        return problem
    return ""


def finish(folder: Path) -> None:
    """Remove what was set or remembered, and the mark."""
    for file in FILES:
        file.wipe(folder)
    wipe_copies(folder)
    pasted_files.wipe(folder)
    for name in (WEB_CERTIFICATE, CRASH_NOTE, BUNDLE, INSTALLING, TRIED):
        (folder / name).unlink(missing_ok=True)
    wipe_local(folder)
    (folder / RESET_MARK).unlink(missing_ok=True)
    flush_folder(folder)


def finish_begun(folder: Path) -> str:
    """Go on with a reset that was begun; return what is wrong, as a sentence."""
    try:
        finish(folder)
    except OSError as error:
        return f"the factory reset is not done: {reason(error)}"
    return ""
