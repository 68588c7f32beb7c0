"""Whether the system's clock follows a time server: the kernel is asked (adjtimex(2)).

Whoever keeps the clock (systemd-timesyncd, chrony, ntpd) tells the kernel how far it may be off,
and the kernel lets that grow while nobody does. The rule is that of `timedatectl`: a largest error
of less than 16 s. No program is asked, so none has to be there.

A service that may not set clocks may not ask either, with the same call. systemd-timesyncd, which
Debian has, touches a file each time it has set the clock: where the kernel does not answer, that is
looked at, as old as the kernel would let it grow.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

ERROR_MAX_US = 16_000_000
"""NTP_PHASE_LIMIT of the kernel: from here on it says that nobody keeps the clock."""


TOLD = Path("/run/systemd/timesync/synchronized")

TOLD_S = 32_000
"""How long the kernel lets the largest error grow to 16 s: by 500 millionths."""


class Timex(ctypes.Structure):
    """The beginning of `struct timex`, and room for all of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),  # 0: nothing is set.
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # Microseconds.
        ("rest", ctypes.c_byte * 512),
    )


def adjtimex(timex: Timex) -> int:
    """Ask the kernel; -1 where it does not answer."""
    result: int = _library().adjtimex(ctypes.byref(timex))
    return result


@cache
def _library() -> ctypes.CDLL:
    """Return the C library; to open it anew for each question would leave garbage each time."""
    return ctypes.CDLL(None)


def is_synchronised(ask: Callable[[Timex], int] = adjtimex, told: Path = TOLD) -> bool:
    """Tell whether somebody keeps the clock right."""
    timex = Timex()
    return timex.maxerror < ERROR_MAX_US if ask(timex) >= 0 else _was_told(told)


def _was_told(told: Path) -> bool:
    try:
        return abs(time.time() - told.stat().st_mtime) < TOLD_S
    except OSError:
        return False
