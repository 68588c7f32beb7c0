"""The web page at work: loaded when somebody comes to it, let go when they have gone.

Everything here runs on the phone's event loop and takes no time: what reads a disk or a hash runs
in a thread. An error of ours ends the request and not the phone: asyncio logs it.
"""

from __future__ import annotations

import asyncio
import socket

from drivers.http_listener import Listener
from firmware.runtime.surroundings import Surroundings
from firmware.runtime.web_administration import AdministrationPage
from firmware.runtime.web_api import Api
from firmware.runtime.web_certificate import server_context
from firmware.runtime.web_directory import DirectoryPage
from firmware.runtime.web_login import LogIn
from firmware.runtime.web_logs import LogPage
from firmware.runtime.web_parameters import ParameterPages
from firmware.runtime.web_reception import Reception
from firmware.runtime.web_site import Site
from firmware.runtime.web_status import StatusPage
from firmware.runtime.web_trace import TracePage

PARTS = (
    LogIn,
    StatusPage,
    ParameterPages,
    DirectoryPage,
    LogPage,
    TracePage,
    AdministrationPage,
    Api,
)
"""Each adds its routes."""


class WebServer:
    """The site, its reception and its connections."""

    def __init__(self, around: Surroundings, names: frozenset[str]) -> None:
        self._around, self._names = around, names
        self._reception = Reception(around, names)
        self._site = Site(self._reception.administrator)
        for part in PARTS:
            part(self._reception).add_to(self._site)
        self._listener: Listener | None = None

    def look(self) -> bool:
        """Look whether somebody is connected or logged in; the phone hears of it."""
        is_used = self._reception.note_use()
        return is_used or self._listener is None or not self._listener.is_idle

    async def start(self, server: socket.socket) -> None:
        """Accept who comes to this socket."""
        state = self._around.store.state_directory
        assert state is not None, "a running phone has a state folder"
        context, digest = await asyncio.to_thread(server_context, state, self._names)
        self._reception.digest = digest
        self._listener = Listener(self._site, context, takes_bodies=True)
        self._listener.start(server)

    async def stop(self) -> None:
        """Let go of everything but the socket."""
        self._reception.stop()
        if self._listener is not None:
            await self._listener.stop()
