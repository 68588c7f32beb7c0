"""A proxy tried out for the administrator: name, TCP, TLS, a ping, OPTIONS, each timed for itself.

It is a connection of its own, which carries no SIP: that goes over the link alone (L4, L10), and
so does the OPTIONS that comes last, where the link is to that proxy. The rest is made of the
link's own parts, so that what is refused here would be refused there, in the same words (I1, I2);
the files are read anew, and DNS is asked anew. It ends with the pong, `PONG_S` after TLS at the
latest.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

from config.configuration import Configuration
from firmware.link.connection import SIPS_PORT
from firmware.link.events import (
    Address,
    Close,
    Connect,
    Connected,
    Lost,
    Proxy,
    Received,
    Resolve,
    Resolved,
    TcpConnected,
    Write,
)
from firmware.runtime.from_configuration import tls_files
from firmware.runtime.resolver import Resolver
from firmware.runtime.tls import TlsContexts
from firmware.runtime.transport import Transport

STEP_S = 5.0
"""For a look-up, for TCP, for TLS: what the link gives them too."""

PONG_S = 1.5
"""L10: a candidate is closed within 2 s of the end of its handshake."""

PING = b"\r\n\r\n"

Rows = list[tuple[str, str]]


class Pinger:
    """One try at a time; `ask` sends OPTIONS over the link, and returns what came of it."""

    def __init__(self, ask: Callable[[Proxy], Awaitable[str]]) -> None:
        self._turn, self._ask = asyncio.Lock(), ask

    async def ping(
        self, proxy: Proxy, configuration: Configuration, directory: Path
    ) -> tuple[tuple[str, str], ...]:
        """Return what was met, step by step, by label."""
        async with self._turn:
            heard: asyncio.Queue[object] = asyncio.Queue()
            contexts = TlsContexts(tls_files(configuration, directory))
            transport = Transport(heard.put_nowait, contexts, Resolver(SystemRandom()))
            try:
                rows = await _Try(transport, heard).run(proxy)
                return (*rows, ("OPTIONS", await self._ask(proxy)))
            finally:
                transport.stop()


class _Try:
    """One connection from name to pong."""

    def __init__(self, transport: Transport, heard: asyncio.Queue[object]) -> None:
        self._transport, self._heard = transport, heard
        self._rows: Rows = []
        self._began = 0.0

    async def run(self, proxy: Proxy) -> Rows:
        """Go as far as it leads; return the rows."""
        self._rows.append(("Proxy", f"{proxy.role.value} {proxy}"))
        address = await self._address(proxy)
        if address is None:
            return self._rows
        tcp = await self._step("TCP", Connect(2, proxy.name, address))
        if not isinstance(tcp, TcpConnected):
            return self._rows
        self._note("TCP", str(address))
        tls = await self._step("TLS")
        if not isinstance(tls, Connected):
            return self._rows
        self._note("TLS", f"{tls.facts.version}, {tls.facts.cipher}, certificate accepted")
        pong = await self._step("Ping", Write(2, PING), PONG_S)
        if isinstance(pong, Received):
            self._note("Ping", "answered")
        self._transport.do(Close(2))
        return self._rows

    async def _address(self, proxy: Proxy) -> Address | None:
        """Return the first address of the proxy, None where there is none."""
        with suppress(ValueError):
            ipaddress.ip_address(proxy.host)
            return Address(proxy.host, proxy.port or SIPS_PORT)
        resolved = await self._step("Name", Resolve(1, proxy))
        if not isinstance(resolved, Resolved):
            return None
        self._note("Name", ", ".join(str(address) for address in resolved.addresses))
        return resolved.addresses[0]

    async def _step(
        self, label: str, command: Resolve | Connect | Write | None = None, wait_s: float = STEP_S
    ) -> object:
        """Do the next step; return what came of it, and note it where that ends the try."""
        self._began = time.monotonic()
        if command is not None:
            self._transport.do(command)
        try:
            event = await asyncio.wait_for(self._heard.get(), wait_s)
        except TimeoutError:
            self._rows.append((label, f"no answer within {wait_s:g} s"))
            return None
        if isinstance(event, Lost):
            self._note(label, f"failed: {event.failure.text}")
        return event

    def _note(self, label: str, text: str) -> None:
        took_ms = (time.monotonic() - self._began) * 1000
        self._rows.append((label, f"{took_ms:.1f} ms: {text}"))
