"""Notice when the network changes (D6): an address, a carrier, a route.

The kernel tells it over netlink. One change comes as many messages, so the phone looks once, a
moment after the last, whether what matters is another picture (`netlink.py`); most messages are
about lifetimes or other machines' interfaces. A carrier that was lost counts even when it is back
by then.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from firmware.link.events import NetworkChanged
from firmware.runtime.netlink import NEW_LINK, Fact, link_state, messages, picture

log = logging.getLogger("handset.network")

GROUPS = 0x1 | 0x10 | 0x100 | 0x40 | 0x400
"""RTMGRP_LINK, IPV4_IFADDR, IPV6_IFADDR, IPV4_ROUTE, IPV6_ROUTE (linux/rtnetlink.h)."""

SETTLE_S = 0.1
"""A cable that is plugged in causes a dozen messages within milliseconds."""

SETTLE_MAX_S = 1.0
"""Messages that never end do not keep the phone from looking."""

READ_BYTES = 64 * 1024


class NetworkWatch:
    """Feeds `NetworkChanged`."""

    def __init__(
        self,
        feed: Callable[[object], None],
        look: Callable[[], frozenset[Fact]] = picture,
    ) -> None:
        self._feed = feed
        self._look = look
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0  # The first message of a burst.
        self._seen: frozenset[Fact] = frozenset()
        self._has_changed = False  # Whatever the picture says.

    def start(self) -> None:
        """Start listening; a system that does not allow it is logged once."""
        try:
            watched = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            watched.setblocking(False)
            watched.bind((0, GROUPS))
        except OSError as error:
            log.warning("changes of the network are not noticed: %s", error)
            return
        self._socket, self._seen = watched, self._pictured()
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
            self._note(self._socket.recv(READ_BYTES))
        except BlockingIOError:
            return
        except OSError as error:  # ENOBUFS: more happened than fits. It is a change all the same.
            log.debug("netlink: %s", error)
            self._has_changed = True
        now = self._loop.time()
        if self._timer is None:
            self._since = now
        else:
            self._timer.cancel()
        at = min(now + SETTLE_S, max(now, self._since + SETTLE_MAX_S))
        self._timer = self._loop.call_at(at, self._settled)

    def _note(self, data: bytes) -> None:
        """See whether an interface of ours lost its carrier, if only for a moment."""
        for kind, body in messages(data):
            if kind == NEW_LINK:
                index, is_up = link_state(body)
                self._has_changed |= not is_up and ("link", index, True) in self._seen

    def _settled(self) -> None:
        self._timer = None
        seen = self._pictured()
        has_changed, self._has_changed = self._has_changed or seen != self._seen, False
        self._seen = seen
        if has_changed:
            self._feed(NetworkChanged())

    def _pictured(self) -> frozenset[Fact]:
        try:
            return self._look()
        except OSError as error:
            log.debug("netlink: %s", error)
            return frozenset()
