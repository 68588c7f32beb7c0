"""The web page as a door: nothing but a listening socket until somebody knocks.

The server is loaded then, and let go when nobody was there for a while, so that a phone that nobody
administers starts and lives without it. The door opens a moment after the start: what registers the
phone comes first. Its address is told to the phone, which shows it as a QR code.

A port that cannot be had is a warning on the screen; the phone runs.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from config.configuration import Configuration
from firmware.frozen import frozen
from firmware.phone.events import FactsTold, WarningsChanged
from firmware.phone.facts import WEB
from firmware.runtime.device_facts import address
from firmware.runtime.options import Place
from firmware.runtime.surroundings import Surroundings
from firmware.runtime.tasks import Tasks
from firmware.web.hosts import address_of, own_names

if TYPE_CHECKING:
    from firmware.runtime.web_server import WebServer

log = logging.getLogger("handset.web")

ENABLED, PORT, NAME = "web interface enabled", "web interface port", "web interface name"

OPEN_S = 1.0
"""After the start."""

LOOK_S = 60.0
"""Whether somebody is still there."""

BACKLOG = 16

LOOPBACK = "127.0.0.1"


@frozen
class Wanted:
    """What the parameters say."""

    is_enabled: bool
    port: int
    name: str


class WebDoor:
    """Between a port and the web page."""

    def __init__(self, around: Surroundings, place: Place, warn: Callable[[object], None]) -> None:
        self._around, self._place, self._warn = around, place, warn
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._socket: socket.socket | None = None
        self._server: WebServer | None = None
        self._opened: Wanted | None = None  # What the parameters said then.
        self._told = ""
        self._turn = asyncio.Lock()  # It is opened, closed and loaded by one at a time.
        self._tasks = Tasks()

    def start(self) -> None:
        """Open it, soon."""
        self._timer = self._loop.call_later(OPEN_S, self._begin, self._follow)

    def renew(self) -> None:
        """Follow what the parameters say now, and where the phone is."""
        if self._opened is not None:
            self._begin(self._follow)

    async def stop(self) -> None:
        """Close it."""
        if self._timer is not None:
            self._timer.cancel()
        await self._tasks.finish()
        await self._close()

    def _begin(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        self._tasks.begin(work())

    async def _follow(self) -> None:
        """Open or close, as the parameters say."""
        async with self._turn:
            wanted = self._wanted(self._around.configuration())
            if wanted != self._opened:
                await self._close()
                self._opened = wanted
                self._open(wanted)
            self._tell(wanted)

    def _wanted(self, configuration: Configuration) -> Wanted:
        port = configuration.value(PORT) if self._place.port is None else self._place.port
        is_enabled, name = bool(configuration.value(ENABLED)), str(configuration.value(NAME))
        return Wanted(is_enabled, int(port), name)

    def _open(self, wanted: Wanted) -> None:
        self._warn(WarningsChanged(()))
        if not wanted.is_enabled:
            return
        try:
            self._socket = listening(self._place, wanted.port)
        except OSError as error:
            words = os.strerror(error.errno or errno.EADDRINUSE).lower()
            text = f"the web page cannot be on port {wanted.port} ({PORT}): {words}"
            log.warning("%s", text)
            self._warn(WarningsChanged((text,)))
            return
        self._loop.add_reader(self._socket, self._knocked)

    def _tell(self, wanted: Wanted) -> None:
        """Let the phone show where the page is."""
        where = ""
        if self._socket is not None:
            host = LOOPBACK if self._place.is_desk else wanted.name or address()
            where = address_of(host, self._socket.getsockname()[1]) if host else ""
        if where == self._told:
            return
        self._told = where
        self._around.feed(FactsTold(WEB, (("", where),) if where else ()))
        if self._place.is_desk and where:
            print(f"The administrator's page is at {where}", flush=True)

    def _knocked(self) -> None:
        """Somebody has come: from now on the server listens."""
        assert self._socket is not None
        self._loop.remove_reader(self._socket)
        self._begin(self._serve)

    async def _serve(self) -> None:
        from firmware.runtime.web_server import WebServer

        async with self._turn:
            if self._socket is None or self._server is not None:
                return  # It was closed meanwhile, or somebody has come before.
            names = own_names(socket.gethostname(), str(self._around.configuration().value(NAME)))
            self._server = WebServer(self._around, names)
            await self._server.start(self._socket)
            self._look_later()

    def _look_later(self) -> None:
        self._timer = self._loop.call_later(LOOK_S, self._begin, self._look)

    async def _look(self) -> None:
        """Let the server go when nobody is there."""
        async with self._turn:
            if self._server is None or self._socket is None:
                return
            if self._server.look():
                self._look_later()
                return
            await self._stop_server()
            self._loop.add_reader(self._socket, self._knocked)

    async def _stop_server(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    async def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._stop_server()
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None


def listening(place: Place, port: int) -> socket.socket:
    """Listen; raise OSError where the port cannot be had."""
    if place.is_desk:
        return socket.create_server((LOOPBACK, port), backlog=BACKLOG)
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    return socket.create_server(("", port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
