"""One file by TFTP: the datagrams of `firmware/provision/tftp.py` on a socket of their own."""

from __future__ import annotations

import asyncio
from typing import cast

from firmware.link.events import Address
from firmware.provision.tftp import Datagram, TftpEnd, TftpRead
from firmware.runtime.alarm import Alarm
from firmware.runtime.failures import tcp_failure


class TftpClient(asyncio.DatagramProtocol):
    """A transfer from one address; use it once."""

    def __init__(self, name: str, address: Address, size_max: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._address, self._alarm = address, Alarm(lambda: self._turn([]))
        self._machine = TftpRead(name, address.port, size_max, self._alarm.now)
        self._end: asyncio.Future[TftpEnd] = self._loop.create_future()
        self._transport: asyncio.DatagramTransport | None = None

    async def read(self) -> TftpEnd:
        """Return the file, or why there is none."""
        try:
            # No port of the server is fixed: it answers from another one (RFC 1350 4).
            family = {True: "::", False: "0.0.0.0"}[":" in self._address.host]  # noqa: S104
            await self._loop.create_datagram_endpoint(lambda: self, local_addr=(family, 0))
            self._turn([])
            return await self._end
        except OSError as error:
            return TftpEnd(reason=tcp_failure(error, self._address).text)
        finally:
            self._alarm.stop()
            if self._transport is not None:
                self._transport.abort()
                await asyncio.sleep(0)  # The loop closes the socket in its next turn.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        # Before 3.12 asyncio's own is none by its class.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take what the server sent; other machines are not heard."""
        if addr[0] == self._address.host:
            self._turn(self._machine.handle(Datagram(addr[1], data), self._alarm.now))

    def error_received(self, exc: Exception) -> None:
        """Hear that the network refused a datagram: nobody there, no way."""
        assert isinstance(exc, OSError)
        if not self._end.done():
            self._end.set_result(TftpEnd(reason=tcp_failure(exc, self._address).text))

    def _turn(self, outputs: list[object]) -> None:
        assert self._transport is not None
        while True:
            for output in outputs:
                if isinstance(output, Datagram):
                    self._transport.sendto(output.data, (self._address.host, output.port))
                elif isinstance(output, TftpEnd) and not self._end.done():
                    self._end.set_result(output)
            due = self._machine.deadline()
            if due is None or due > self._alarm.now:
                break
            outputs = self._machine.wake(self._alarm.now)
        self._alarm.set(due)
