"""Reading files that a configuration names: bounded, and never waiting for a pipe."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_bounded(path: Path, size_max: int) -> bytes:
    """Return the file's bytes, at most `size_max` and one more that tells that it is larger.

    OSError where it cannot be read, also where it is a folder, a pipe or a device.
    """
    # Without O_NONBLOCK a pipe put in a file's place would hold the phone up for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
        return file.read(size_max + 1)


def reason(error: OSError) -> str:
    """Return why a file operation failed, in the system's words."""
    return error.strerror or str(error)
