"""/etc/hosts: the names that need no DNS.

A thread reads it, so that a slow disk holds nobody up, and only where it has changed. A disk that
says nothing at all leaves what was known before: the look-up goes on with that.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
from pathlib import Path

from config.files import read_bounded, reason
from firmware.frozen import frozen

log = logging.getLogger("handset.network")

HOSTS = Path("/etc/hosts")

HOSTS_BYTES_MAX = 256 * 1024
"""Some thousand names: what lies behind is not read."""

ADDRESSES_MAX = 8
"""Of one name: as many as DNS may say (`firmware.link.location`)."""

HOSTS_S = 0.5
"""How long the disk may take; the link's budget for a name is 5 s, and DNS wants most of it."""

Stamp = tuple[int, int, int]


@frozen
class Table:
    """What the file held when it was as `stamp` says; None: there was none."""

    stamp: Stamp | None = None
    fault: str = ""
    hosts: dict[str, tuple[str, ...]] | None = None


class HostsFile:
    """What it says, as it was read last."""

    def __init__(self, path: Path = HOSTS) -> None:
        self._path, self._table = path, Table()
        self._reading: asyncio.Task[Table] | None = None  # One for all who wait.
        self._has_begun = False  # What was read at the start waits for the first look.

    def addresses(self, name: str) -> tuple[str, ...]:
        """Return the addresses of a name, none where it is not there."""
        return (self._table.hosts or {}).get(name.rstrip(".").lower(), ())

    def begin(self) -> None:
        """Read it for the first look-up: a phone that starts waits for its disk anyway.

        A thread would be waited for until all is loaded that a phone needs besides its link.
        """
        self._take(_read(self._path, self._table))
        self._has_begun = True

    async def look(self) -> None:
        """Read it where it has changed; wait for the disk, but not longer than `HOSTS_S`."""
        if self._has_begun:
            self._has_begun = False
            return
        if self._reading is None or self._reading.done():
            work = asyncio.to_thread(_read, self._path, self._table)
            self._reading = asyncio.get_running_loop().create_task(work)
        reading = self._reading
        await asyncio.wait({reading}, timeout=HOSTS_S)
        if reading.done():
            self._take(reading.result())
        else:
            log.warning("the disk does not answer: %s is taken as it was", self._path)

    def _take(self, table: Table) -> None:
        if table.fault and table.fault != self._table.fault:
            log.warning("%s", table.fault)
        self._table = table


def _read(path: Path, before: Table) -> Table:
    """Return what it holds; what was read before, where it is as it was."""
    try:
        found = path.stat()
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp == before.stamp:
            return before
        data = read_bounded(path, HOSTS_BYTES_MAX)
    except FileNotFoundError:
        return Table()
    except OSError as error:
        return Table(fault=f"{path}: {reason(error)}")
    fault = ""
    if len(data) > HOSTS_BYTES_MAX:
        data = data[:HOSTS_BYTES_MAX].rpartition(b"\n")[0]
        fault = f"{path} is larger than {HOSTS_BYTES_MAX // 1024} KiB: its end is not read"
    return Table(stamp, fault, _parse(data.decode(errors="replace")))


def _parse(text: str) -> dict[str, tuple[str, ...]]:
    hosts: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if _is_address(address):
            for name in dict.fromkeys(name.lower() for name in names):
                hosts[name] = (*hosts.get(name, ()), address)[:ADDRESSES_MAX]
    return hosts


def _is_address(text: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(text))
    return False
