"""The web page at work: loaded when somebody comes to it, let go when they have gone.

Everything here runs on the phone's event loop and takes no time: what reads a disk or a hash runs
in a thread. An error of ours ends the request and not the phone: asyncio logs it.
"""

from __future__ import annotations

import asyncio
import socket

from drivers.http_listener import Listener
from firmware.runtime.surroundings import Surroundings
from firmware.runtime.web_certificate import server_context
from firmware.runtime.web_login import LogIn
from firmware.runtime.web_reception import Reception
from firmware.runtime.web_site import Site
from firmware.runtime.web_status import StatusPage


class WebServer:
    """The site, its reception and its connections."""

    def __init__(self, around: Surroundings, names: frozenset[str]) -> None:
        self._around, self._names = around, names
        self._reception = Reception(around, names)
        self._site = Site(self._reception.administrator)
        LogIn(self._reception).add_to(self._site)
        StatusPage(self._reception).add_to(self._site)
        self._listener: Listener | None = None

    @property
    def is_idle(self) -> bool:
        """Tell whether nobody is connected or logged in."""
        return self._listener is not None and self._listener.is_idle and self._reception.is_idle

    async def start(self, server: socket.socket) -> None:
        """Accept who comes to this socket."""
        state = self._around.store.state_directory
        assert state is not None, "a running phone has a state folder"
        context, _ = await asyncio.to_thread(server_context, state, self._names)
        self._listener = Listener(self._site, context, takes_bodies=True)
        self._listener.start(server)

    async def stop(self) -> None:
        """Let go of everything but the socket."""
        self._reception.stop()
        if self._listener is not None:
            await self._listener.stop()
