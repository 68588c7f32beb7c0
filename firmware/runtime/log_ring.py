"""The last lines of the log, in memory, for whoever asks at the phone itself.

It is bounded in lines and in their length. What is logged holds no secret (T4). Who sends the log
elsewhere hears each line whole, and begins with what is remembered.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from firmware.runtime.log_lines import line_of, shown
from firmware.syslog.line import LogLine

LINES_MAX = 500
LINE_MAX = 300
"""Characters of a line: a message of SIP in a trace is cut."""

Taker = Callable[[LogLine], None]
"""Called by whatever thread logs."""


class LogRing(logging.Handler):
    """A handler that remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[LogLine] = deque(maxlen=LINES_MAX)
        self.takers: list[Taker] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Remember a line; of a longer text its first one."""
        line = line_of(record)
        first, _, more = line.text.partition("\n")
        rest = " ..." if more or len(first) > LINE_MAX else ""
        self.lines.append(replace(line, text=first[:LINE_MAX] + rest))
        for taker in self.takers:
            taker(line)


def begin() -> None:
    """Remember what is logged from now on."""
    if not _rings():
        logging.getLogger().addHandler(LogRing())


def last_lines() -> tuple[str, ...]:
    """Return what is remembered, the newest last."""
    return tuple(shown(line) for ring in _rings() for line in ring.lines)


def listen(taker: Taker) -> tuple[LogLine, ...]:
    """Let somebody hear each line from now on; return those that went before."""
    before: list[LogLine] = []
    for ring in _rings():
        ring.acquire()
        before += ring.lines
        ring.takers.append(taker)
        ring.release()
    return tuple(before)


def listen_no_more(taker: Taker) -> None:
    """Let somebody hear no more."""
    for ring in _rings():
        if taker in ring.takers:
            ring.takers.remove(taker)


def _rings() -> list[LogRing]:
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, LogRing)]
