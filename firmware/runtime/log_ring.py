"""The last lines of the log, in memory, for whoever asks at the phone itself.

It is bounded in lines and in their length. What is logged holds no secret (T4).
"""

from __future__ import annotations

import logging
from collections import deque

LINES_MAX = 500
LINE_MAX = 300
"""Characters of a line: a message of SIP in a trace is cut."""

FORMAT = logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s")


class LogRing(logging.Handler):
    """A handler that remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=LINES_MAX)
        self.setFormatter(FORMAT)

    def emit(self, record: logging.LogRecord) -> None:
        """Remember a line; of a longer text its first one."""
        first, _, more = self.format(record).partition("\n")
        self.lines.append(first[:LINE_MAX] + (" ..." if more or len(first) > LINE_MAX else ""))


def begin() -> None:
    """Remember what is logged from now on."""
    if not _rings():
        logging.getLogger().addHandler(LogRing())


def last_lines() -> tuple[str, ...]:
    """Return what is remembered, the newest last."""
    return tuple(line for ring in _rings() for line in ring.lines)


def _rings() -> list[LogRing]:
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, LogRing)]
