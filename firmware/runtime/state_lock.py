"""Who uses a state folder: phones share it, a command that changes what is kept wants it alone.

The lock is on the folder itself: it leaves no file behind, and ends with its process.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.disk import make_folder


class StateInUseError(OSError):
    """A phone runs with this state folder."""


def _opened(folder: Path) -> int:
    make_folder(folder)
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def share(folder: Path) -> int | None:
    """Use the folder as long as this process lives; None where that cannot be: it says nothing."""
    try:
        descriptor = _opened(folder)
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return None  # A phone runs without, too.
    return descriptor


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Have the folder for oneself; StateInUseError where a phone runs with it."""
    descriptor = _opened(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StateInUseError("a phone runs with this state folder: stop it first") from None
    finally:
        os.close(descriptor)
