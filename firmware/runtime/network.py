"""Notice when the network changes (D6): an address, a carrier, a route.

The kernel tells it over netlink. One change comes as many messages, so the phone hears of it once,
a moment after the last.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from firmware.link.events import NetworkChanged

log = logging.getLogger("handset.network")

GROUPS = 0x1 | 0x10 | 0x100 | 0x40 | 0x400
"""RTMGRP_LINK, IPV4_IFADDR, IPV6_IFADDR, IPV4_ROUTE, IPV6_ROUTE (linux/rtnetlink.h)."""

SETTLE_S = 0.1
"""A cable that is plugged in causes a dozen messages within milliseconds."""

READ_BYTES = 64 * 1024


class NetworkWatch:
    """Feeds `NetworkChanged`."""

    def __init__(self, feed: Callable[[object], None]) -> None:
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start listening; a system that does not allow it is logged once."""
        try:
            watched = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            watched.setblocking(False)
            watched.bind((0, GROUPS))
        except OSError as error:
            log.warning("changes of the network are not noticed: %s", error)
            return
        self._socket = watched
        self._loop.add_reader(watched.fileno(), self._readable)

    def stop(self) -> None:
        """Stop listening."""
        if self._timer is not None:
            self._timer.cancel()
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _readable(self) -> None:
        assert self._socket is not None
        try:
            self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:  # ENOBUFS: more happened than fits. It is a change all the same.
            log.debug("netlink: %s", error)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(SETTLE_S, self._settled)

    def _settled(self) -> None:
        self._timer = None
        self._feed(NetworkChanged())
