"""HTTP over a socket of one's own: what asyncio does not do for one that it has not opened."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from microdot import Request, Response

from drivers.http_listener import Listener, _forget_frames
from firmware.runtime.web_certificate import server_context


class Application:
    """Notes how the socket of a request is set."""

    def __init__(self) -> None:
        self.delays = list[int]()

    def taker(self, _: Request) -> None:
        return None

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


Address = tuple[str, int]


def secured(address: Address, *, trusts: bool = True) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    if trusts:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(address, timeout=5)
    return context.wrap_socket(plain, server_hostname="localhost")


def read_all(address: Address) -> None:
    with secured(address) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while sock.recv(4096):
            pass


def go_before_the_head(address: Address) -> None:
    secured(address).close()


def distrust(address: Address) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        secured(address, trusts=False)


def speak_no_tls(address: Address) -> None:
    with socket.create_connection(address, timeout=5) as sock, suppress(ConnectionError):
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while sock.recv(4096):
            pass


@pytest.fixture
def _nobody_looks_for_garbage() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_what_an_error_saw_is_let_go_of_with_all_that_it_came_of() -> None:
    """A reset while TLS says goodbye: the stream keeps an error, that one another, with frames."""

    def reset() -> Exception:
        try:
            try:
                raise ssl.SSLWantReadError
            except ssl.SSLWantReadError:
                raise ConnectionResetError from None
        except ConnectionResetError as error:
            return error

    kept = reset()
    inner = kept.__context__
    assert inner is not None
    assert inner.__traceback__ is not None
    _forget_frames(kept)
    assert kept.__context__ is None
    assert [error.__traceback__ for error in (kept, inner)] == [None, None]


@pytest.mark.usefixtures("_nobody_looks_for_garbage")
@pytest.mark.parametrize("visit", [read_all, go_before_the_head, distrust, speak_no_tls])
def test_a_connection_that_is_over_leaves_no_tls_behind(
    tmp_path: Path, visit: Callable[[Address], None]
) -> None:
    def left() -> int:
        return sum(isinstance(thing, ssl.SSLObject) for thing in gc.get_objects())

    async def scene() -> tuple[int, int]:
        context, _ = server_context(tmp_path, {"localhost"})
        listener = Listener(Application(), context)
        with socket.create_server(("127.0.0.1", 0)) as server:
            listener.start(server)
            before = left()
            await asyncio.to_thread(visit, server.getsockname())
            async with asyncio.timeout(5):
                while not listener.is_idle:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)  # What was to be called soon has been.
            after = left()
            await listener.stop()
        return before, after

    before, after = asyncio.run(scene())
    assert after == before
