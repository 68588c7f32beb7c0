"""HTTP over a socket of one's own: what asyncio does not do for one that it has not opened."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from microdot import Request, Response

from drivers.http_listener import Listener


class Application:
    """Notes how the socket of a request is set."""

    def __init__(self) -> None:
        self.delays = list[int]()

    def room(self, _: Request) -> int:
        return 0

    async def answer(self, request: Request) -> Response:
        connection: Any = request.sock[1]
        sock = connection._writer.get_extra_info("socket")
        self.delays.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return Response("here")


def test_an_answer_does_not_wait_for_acknowledgements() -> None:
    async def scene() -> list[int]:
        application = Application()
        listener = Listener(application)
        with socket.create_server(("127.0.0.1", 0)) as server:
            listener.start(server)
            reader, writer = await asyncio.open_connection(*server.getsockname())
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            async with asyncio.timeout(5):
                assert (await reader.read()).endswith(b"here")
            writer.close()
            await listener.stop()
        return application.delays

    assert asyncio.run(scene()) == [1]
