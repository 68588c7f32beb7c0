"""What strangers may do to the web page's port: nothing that anybody would notice."""

from __future__ import annotations

import asyncio
import select
import socket
import time
from pathlib import Path

import pytest

from drivers import http_listener
from tests.unit.web.rig import Browser, page


def head(browser: Browser, first: str, *lines: str) -> bytes:
    whole = [first, f"Host: {browser.host}", f"Origin: https://{browser.host}", *lines, "", ""]
    return "\r\n".join(whole).encode("latin-1")


def test_what_is_no_request_is_refused(tmp_path: Path) -> None:
    smuggled = "GET /login HTTP/1.1\r\nHost: x\r\n\r\n"
    post = "POST /login HTTP/1.1"

    async def scene() -> None:
        async with page(tmp_path) as browser:
            for first, lines, status in (
                ("GET /login HTTP/2.0", [], 400),
                ("GET  /login HTTP/1.1", [], 400),
                ("get /login HTTP/1.1", [], 400),
                ("GET http://127.0.0.1/login HTTP/1.1", [], 400),
                ("GET /login?%zz HTTP/1.1", [], 400),
                ("GET /login?%ff HTTP/1.1", [], 400),
                ("GET /login HTTP/1.1", [" folded: line"], 400),
                ("GET /login HTTP/1.1", ["Host: other"], 400),
                ("GET /login HTTP/1.1", ["Name : value"], 400),
                ("GET /login HTTP/1.1", ["Bare: a\nInjected: b"], 400),
                (post, ["Content-Length: 5", "Content-Length: 5"], 400),
                (post, ["Content-Length: +5"], 400),
                (post, ["Content-Length: 0x5"], 400),
                (post, ["Content-Length: 5, 5"], 400),
                (post, ["Content-Length: 99999999999"], 400),
                (post, ["Transfer-Encoding: chunked", "Content-Length: 4"], 400),
                (post, ["Transfer-Encoding: chunked"], 411),
                (post, ["Transfer-Encoding: xchunked"], 411),
                ("DELETE /login HTTP/1.1", [], 405),
                ("OPTIONS /login HTTP/1.1", [], 405),
            ):
                answer = await browser.exchange(head(browser, first, *lines))
                assert answer.startswith(b"HTTP/1.0 %d " % status), (first, lines, answer[:80])
            twice = await browser.exchange(head(browser, "GET /login HTTP/1.1") + smuggled.encode())
            assert twice.count(b"HTTP/1.0") == 1, "what follows a request is not read"
            assert (await browser.get("/login")).status == 200

    asyncio.run(scene())


def test_a_body_is_taken_only_where_there_is_room(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            huge = b"password=" + b"x" * 300_000
            assert (await browser.ask("POST", "/login", huge)).status == 413
            assert (await browser.ask("POST", "/logout", huge)).status == 413
            endless = head(browser, "POST /login HTTP/1.1", "Content-Length: 4000000000")
            started = time.monotonic()
            assert (await browser.exchange(endless + b"x")).startswith(b"HTTP/1.0 413")
            assert time.monotonic() - started < 4
            assert (await browser.get("/login")).status == 200

    asyncio.run(scene())


def test_a_stranger_has_room_for_a_password_and_no_more(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            form = b"sip+user+name=" + b"x" * 20_000
            assert (await browser.ask("POST", "/link", form)).status == 413
            await browser.log_in()
            assert (await browser.ask("POST", "/link", form)).status == 303

    asyncio.run(scene())


def test_a_form_waits_for_the_word_that_it_may_come(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            lines = ["Content-Length: 10", "Expect: 100-continue"]
            kind = "Content-Type: application/x-www-form-urlencoded"
            reader, writer = await browser.open()
            writer.write(head(browser, "POST /login HTTP/1.1", kind, *lines))
            async with asyncio.timeout(5):
                assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
                writer.write(b"password=x")
                assert (await reader.read()).startswith(b"HTTP/1.0 403")
            writer.transport.abort()

    asyncio.run(scene())


def test_heads_bodies_and_handshakes_have_their_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HANDSHAKE_S", "HEAD_S", "BODY_S"):
        monkeypatch.setattr(http_listener, name, 0.2)

    async def scene() -> None:
        async with page(tmp_path) as browser:
            assert await browser.exchange(b"GET /login HTTP/1.1\r\nHo") == b""
            slow = head(browser, "POST /login HTTP/1.1", "Content-Length: 10")
            assert await browser.exchange(slow + b"pass") == b""
            reader, writer = await asyncio.open_connection("127.0.0.1", browser.port)
            async with asyncio.timeout(5):
                assert await reader.read() == b"", "nothing said in the handshake's time"
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", browser.port)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")  # No TLS at all.
            async with asyncio.timeout(5):
                await reader.read()
            writer.close()
            monkeypatch.undo()
            assert (await browser.get("/login")).status == 200

    asyncio.run(scene())


async def connect(port: int) -> socket.socket:
    made = socket.socket()
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
    return made


def still_open(held: list[socket.socket]) -> int:
    """Return how many the phone has not closed: nothing can be read of them yet."""
    look = select.poll()
    for one in held:
        look.register(one, select.POLLIN)
    return len(held) - len(look.poll(0))


async def answers(browser: Browser) -> bool:
    try:
        return (await browser.get("/login")).status == 200
    except OSError:
        return False


def test_a_thousand_connections_do_no_harm(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            assert (await browser.get("/login")).status == 200
            held = [await connect(browser.port) for _ in range(1000)]
            async with asyncio.timeout(10):
                while still_open(held) > http_listener.OF_ONE_PEER_MAX:
                    await asyncio.sleep(0.01)
            assert still_open(held) == http_listener.OF_ONE_PEER_MAX
            for browsers in held:
                browsers.close()
            async with asyncio.timeout(5):
                while not await answers(browser):
                    await asyncio.sleep(0.01)

    asyncio.run(scene())


def test_all_together_hold_only_so_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_listener, "CONNECTIONS_MAX", 3)

    async def scene() -> None:
        async with page(tmp_path) as browser:
            assert (await browser.get("/login")).status == 200
            held = [await connect(browser.port) for _ in range(6)]
            async with asyncio.timeout(5):
                while still_open(held) > 3:
                    await asyncio.sleep(0.01)
            assert still_open(held) == 3
            for one in held:
                one.close()

    asyncio.run(scene())


def test_whoever_waits_for_a_page_that_goes_calls_nobody_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_listener, "HANDSHAKES_MAX", 1)
    monkeypatch.setattr(http_listener, "HANDSHAKES_S", 0.2)

    async def scene() -> None:
        faults = list[object]()
        asyncio.get_running_loop().set_exception_handler(lambda _, what: faults.append(what))
        async with page(tmp_path) as browser:
            assert (await browser.get("/login")).status == 200
        await asyncio.sleep(0.3)
        assert faults == [], "nobody listens to a socket that is closed"

    asyncio.run(scene())


def test_handshakes_are_spread_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_listener, "HANDSHAKES_MAX", 4)
    monkeypatch.setattr(http_listener, "HANDSHAKES_S", 0.5)

    async def scene() -> float:
        async with page(tmp_path) as browser:
            started = time.monotonic()
            for _ in range(13):
                assert (await browser.get("/login")).status == 200
            return time.monotonic() - started

    assert asyncio.run(scene()) >= 1.5, "four at once, and four in each half second"
