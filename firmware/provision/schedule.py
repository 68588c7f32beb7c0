"""When configuration is fetched anew by itself (`auto resync time`): a sum of wall-clock values."""

from __future__ import annotations

from firmware.provision.server import Resync

DAY_S = 86_400.0


def next_resync(resync: Resync, last_unix_s: float, unix_s: float, offset_s: float) -> float:
    """Return the next Unix time of an appointment: at its time of day, and days after the last.

    `offset_s` is the local offset from UTC. Days of 24 hours: when clocks are put forward or back
    the offset changes, and this is asked again.
    """
    earliest_s = max(unix_s, _midnight(last_unix_s, offset_s) + resync.days * DAY_S)
    at = _midnight(earliest_s, offset_s) + resync.minute * 60.0
    return at if at > unix_s and at >= earliest_s else at + DAY_S


def _midnight(unix_s: float, offset_s: float) -> float:
    """Return when the local day of a moment began."""
    return (unix_s + offset_s) // DAY_S * DAY_S - offset_s
