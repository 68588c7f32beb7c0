"""Who is kept out of the virtual handset (T3), and how much anybody may send."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from board.board import Board
from board.desktop import client, desktop
from drivers import http_listener
from tests.unit.board.web import Page, encode, exchange, get, port_of, running, token_of

FILES = ("/", "/page.css", "/page.js", "/icon.svg")


def foreign_hosts(port: int) -> list[str]:
    return [
        f"phone.example:{port}",  # DNS rebinding: a foreign name that leads here.
        f"127.0.0.1.phone.example:{port}",
        f"127.0.0.2:{port}",
        "127.0.0.1",
        "localhost",
        f"127.0.0.1:{port + 1}",
        f"user@127.0.0.1:{port}",
    ]


def foreign_origins(port: int) -> list[str]:
    return [
        "http://phone.example",
        f"http://phone.example:{port}",
        f"https://127.0.0.1:{port}",
        f"http://127.0.0.1:{port + 1}",
        f"http://localhost:{port}",  # Ours, but not the one that the Host names.
        "null",
    ]


def test_the_page_and_its_files_are_there_under_both_names_of_the_loopback() -> None:
    async def scene() -> None:
        async with running() as board:
            for path in FILES:
                for name in ("127.0.0.1", "localhost"):
                    answer = await get(board, path, host=f"{name}:{port_of(board)}")
                    assert answer.status == 200
                    assert answer.body
                    assert token_of(board).encode() not in answer.body

    asyncio.run(scene())


def test_every_answer_carries_the_strict_headers() -> None:
    async def scene() -> None:
        async with running() as board:
            answers = [await get(board, path) for path in (*FILES, "/nothing", "/live")]
            answers.append(await get(board, host="phone.example"))
            assert [answer.status for answer in answers] == [200, 200, 200, 200, 404, 400, 403]
            for answer in answers:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["X-Frame-Options"] == "DENY"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert answer.headers["Cache-Control"] == "no-store"
                assert "Access-Control-Allow-Origin" not in answer.headers

    asyncio.run(scene())


def test_a_foreign_host_gets_neither_page_nor_socket() -> None:
    async def scene() -> None:
        async with running() as board:
            for host in foreign_hosts(port_of(board)):
                for path in FILES:
                    assert (await get(board, path, host=host)).status == 403, host
                page = await Page.open(board, host=host)
                assert page.status == 403, host
                await page.close()

    asyncio.run(scene())


def test_a_foreign_origin_gets_neither_page_nor_socket() -> None:
    async def scene() -> None:
        async with running() as board:
            for origin in foreign_origins(port_of(board)):
                assert (await get(board, origin=origin)).status == 403, origin
                page = await Page.open(board, origin=origin)
                assert page.status == 403, origin
                await page.close()
            page = await Page.open(board, origin="")
            assert page.status == 403  # Every browser says who opens a WebSocket.
            await page.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    "said",
    [{"token": "wrong"}, {"token": ""}, {"token": None}, {"token": 5}, {"key": "5"}, {}],
    ids=str,
)
def test_without_the_token_nothing_is_shown_and_nothing_pressed(said: dict[str, object]) -> None:
    async def scene() -> None:
        async with running() as board:
            pressed = list[str]()
            board.keypad.listen(pressed.append)
            page = await Page.open(board)
            page.say(**said)
            page.say(key="5")
            opcode, payload = await page.receive()
            assert (opcode, int.from_bytes(payload)) == (8, client.CloseCode.WRONG_TOKEN)
            assert await page.reader.read() == b""
            assert not pressed
            await page.close()

    asyncio.run(scene())


def test_a_page_that_does_not_show_its_token_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TOKEN_S", 0.05)

    async def scene() -> None:
        async with running() as board:
            page = await Page.open(board)
            async with asyncio.timeout(2):
                assert await page.reader.read() == b""
            await page.close()

    asyncio.run(scene())


def garbage(board: Board) -> list[bytes]:
    host = f"Host: 127.0.0.1:{port_of(board)}"
    return [
        b"\r\n\r\n",
        b"\x00\xff\xfe garbage\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        encode(["GET /", host]),
        encode(["GET / HTTP/2.0", host]),
        encode(["GET  / HTTP/1.1", host]),
        encode(["GET http://127.0.0.1/ HTTP/1.1", host]),
        encode(["POST / HTTP/1.1", host]),
        encode(["GET / HTTP/1.1", host, host]),
        encode(["GET / HTTP/1.1", host, "Origin: http://a", "origin: http://b"]),
        encode(["GET / HTTP/1.1", host, "Content-Length: 5"]),
        encode(["GET / HTTP/1.1", host, "Content-Length: -1"]),
        encode(["GET / HTTP/1.1", host, "Content-Length: many"]),
        encode(["GET / HTTP/1.1", host, "Transfer-Encoding: chunked"]),
        encode(["GET / HTTP/1.1", host, " folded: line"]),
    ]


def test_what_is_no_request_is_refused_without_a_word_on_the_terminal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async def scene() -> None:
        async with running() as board:
            for request in garbage(board):
                answer = await exchange(port_of(board), request)
                assert answer.startswith(b"HTTP/1.0 400"), request
            assert (await get(board)).status == 200

    asyncio.run(scene())
    assert capfd.readouterr() == ("", "")


def test_a_head_is_bounded_in_length_and_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_listener, "HEAD_S", 0.05)

    async def scene() -> None:
        async with running() as board:
            endless = b"GET / HTTP/1.1\r\nX: " + b"x" * (2 * http_listener.HEAD_BYTES_MAX)
            answer = await exchange(port_of(board), endless)
            assert answer.startswith(b"HTTP/1.0 431")
            assert await exchange(port_of(board), b"GET / HTTP/1.1\r\nHo") == b""
            assert (await get(board)).status == 200

    asyncio.run(scene())


def test_only_so_many_connections_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_listener, "CONNECTIONS_MAX", 3)

    async def scene() -> None:
        async with running() as board:
            held = [await asyncio.open_connection("127.0.0.1", port_of(board)) for _ in range(3)]
            await asyncio.sleep(0.05)
            with contextlib.suppress(ConnectionError):
                assert await exchange(port_of(board), b"GET / HTTP/1.1\r\n\r\n") == b""
            held[0][1].close()
            await asyncio.sleep(0.05)
            assert (await get(board)).status == 200
            for _, writer in held:
                writer.close()

    asyncio.run(scene())


@pytest.mark.parametrize("steps", range(10))
def test_a_browser_that_comes_as_the_page_goes_is_let_go(steps: int) -> None:
    """Whatever step of its arrival the stop meets: the system's, asyncio's, the page's own."""

    async def scene() -> bytes:
        loop = asyncio.get_running_loop()
        async with running() as board:
            browser = socket.create_connection(("127.0.0.1", port_of(board)), timeout=5)
            browser.setblocking(False)
            for _ in range(steps):
                await asyncio.sleep(0)
        with browser, contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                return await loop.sock_recv(browser, 1)
        return b""

    assert asyncio.run(scene()) == b""


def test_only_so_many_pages_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desktop, "PAGES_MAX", 2)

    async def scene() -> None:
        async with running() as board:
            pages = [await Page.let_in(board) for _ in range(2)]
            for page in pages:
                await page.next_state()
            late = await Page.let_in(board)
            assert await late.close_code() == client.CloseCode.TOO_MANY_PAGES
            await pages[0].close()
            await asyncio.sleep(0.05)
            later = await Page.let_in(board)
            await later.next_state()
            for page in (pages[1], late, later):
                await page.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b'"key"',
        b"[" * 500,
        b"\xff\xfe",
        b'{"key": "5", "key": "x"}',
        b'{"key": "soft3"}',
        b'{"key": 5}',
        b'{"held": "soft3"}',
        b'{"lifted": "yes"}',
        b'{"fault": "stop", "on": true}',
        b'{"token": "again"}',
        b" " * 600,
        b'{"key": "' + b"5" * 60_000 + b'"}',
    ],
    ids=lambda payload: repr(payload[:30]),
)
def test_a_page_that_sends_nonsense_is_closed_and_the_phone_goes_on(
    payload: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scene() -> None:
        async with running() as board:
            pressed = list[str]()
            board.keypad.listen(pressed.append)
            page = await Page.let_in(board)
            page.send(payload)
            page.say(key="hold")  # What follows an empty message is still heard, no other.
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                if payload:
                    assert await page.close_code() == client.CloseCode.BAD_MESSAGE
                else:
                    await page.next_state()
            await page.close()
            good = await Page.let_in(board)
            await good.next_state()
            good.say(key="5")
            while not pressed or pressed[-1] != "5":
                await asyncio.sleep(0.01)
            assert pressed in (["5"], ["hold", "5"])
            await good.close()

    asyncio.run(scene())
    assert capfd.readouterr() == ("", "")
