"""The log to the system's journal, field by field, where systemd has started the phone.

systemd says so by JOURNAL_STREAM: the device and inode of the stream that standard error leads to
(systemd.exec(5)). Where standard error leads elsewhere, or there is no socket, the log stays there.
The socket never blocks: what the journal has no room for is counted, and told with the next line.
"""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

from firmware.runtime.log_lines import line_of
from firmware.syslog.journal import entry
from firmware.syslog.line import lost

SOCKET = Path("/run/systemd/journal/socket")


class JournalHandler(logging.Handler):
    """A handler that writes datagrams; raises OSError where there is no journal."""

    def __init__(self, path: Path = SOCKET) -> None:
        super().__init__()
        self._path = str(path)
        self._lost = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.connect(self._path)
        except OSError:
            self._socket.close()
            raise

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line to the journal."""
        line = line_of(record)
        if self._lost:
            self._lost = 0 if self._sends(entry(lost(self._lost))) else self._lost
        if not self._sends(entry(line)):
            self._lost += 1

    def _sends(self, datagram: bytes) -> bool:
        try:
            self._socket.send(datagram)
        except OSError:
            return self._sends_anew(datagram)
        return True

    def _sends_anew(self, datagram: bytes) -> bool:
        """Try once more by the path: a journal that was started anew has another socket."""
        try:
            self._socket.connect(self._path)
            self._socket.send(datagram)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()
        super().close()


def leads_to_journal(descriptor: int, stream: str) -> bool:
    """Tell whether a descriptor is the stream that JOURNAL_STREAM names."""
    found = os.fstat(descriptor)
    return stream == f"{found.st_dev}:{found.st_ino}"
