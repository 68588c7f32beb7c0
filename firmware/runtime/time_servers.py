"""`time serverN` for systemd-timesyncd, which keeps the clock: a file that it reads beside its own.

The phone may set no clock and write to no folder of the system's. The service gives it a folder of
its own that is gone with a restart of the machine (systemd's `RuntimeDirectory=`, which says where
in RUNTIME_DIRECTORY); there it puts the servers, and systemd links the file to where timesyncd
looks and starts timesyncd anew when it changes. Where there is no such folder, as on a desk, whose
clock is not the phone's to keep, nothing is done.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from config.configuration import Configuration
from config.files import reason
from config.table_administration import TIME_SERVERS_MAX

log = logging.getLogger("handset.clock")

FOLDER = "RUNTIME_DIRECTORY"
NAME = "timesyncd.conf"
MODE = 0o644
"""Timesyncd is another user, and nothing in it is secret."""


def give_time_servers(configuration: Configuration, folder: str | None = None) -> None:
    """Let timesyncd have the servers that are set; where none is, it goes by its own."""
    where = os.environ.get(FOLDER, "") if folder is None else folder
    if not where:
        return
    path, text = Path(where) / NAME, timesyncd_text(configuration)
    try:
        if path.exists() and path.read_text() == text:
            return
        draft = path.with_name(f"{NAME}.new")
        draft.write_text(text)
        draft.chmod(MODE)
        draft.replace(path)
    except OSError as error:
        log.warning("the time servers cannot be told: %s", reason(error))
        return
    log.info("the time comes from %s", ", ".join(time_servers(configuration)) or "the usual place")


def time_servers(configuration: Configuration) -> list[str]:
    """Return the servers that are set, in their order."""
    numbers = range(1, TIME_SERVERS_MAX + 1)
    named = (str(configuration.value(f"time server{number}")) for number in numbers)
    return list(filter(None, named))


def timesyncd_text(configuration: Configuration) -> str:
    """Return the file, which says nothing where nothing is set (timesyncd.conf(5))."""
    servers = time_servers(configuration)
    head = "# Written by the phone: time server1 to time server3.\n[Time]\n"
    return f"{head}NTP={' '.join(servers)}\n" if servers else head
