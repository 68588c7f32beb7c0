"""What the virtual handset shows and obeys, as a page sees it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from microdot.websocket import WebSocket
from PIL import Image

from board.board import Board, Fault, FaultGroup
from board.desktop import client
from board.desktop.client import Client, CloseCode
from drivers import http_listener
from drivers.interfaces import DISPLAY_SIZE, KEYS, LampPattern
from tests.unit.board.web import Page, running


def picture(seed: int) -> Image.Image:
    """Return a picture that differs in every byte from that of another seed."""
    return Image.frombytes("1", DISPLAY_SIZE, bytes((seed + i) & 255 for i in range(1024)))


def show(board: Board, seed: int, *words: str) -> None:
    board.display.show(picture(seed), words)


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def test_the_page_gets_the_very_pixels_and_each_later_picture() -> None:
    async def scene() -> None:
        async with running() as board:
            show(board, 1)
            page = await Page.let_in(board)
            assert await page.next_pixels() == picture(1).tobytes()
            show(board, 2)
            assert await page.next_pixels() == picture(2).tobytes()
            await page.close()

    asyncio.run(scene())


def test_the_state_says_lamp_ringer_hook_and_words() -> None:
    async def scene() -> None:
        async with running() as board:
            page = await Page.let_in(board)
            assert await page.next_state() == {
                "lamp": "off",
                "ringing": False,
                "melody": None,
                "lifted": False,
                "words": [],
                "keys": ["", ""],
                "faults": None,
                "notice": "",
                "sound": None,
            }
            board.lamp.show(LampPattern.FLASHING)
            await page.state_where(lamp="flashing")
            board.ringer.ring(True)
            await page.state_where(ringing=True)
            show(board, 3, "201 registered", "primary 23 ms")
            await page.state_where(words=["201 registered", "primary 23 ms"])
            page.say(lifted=True)
            await page.state_where(lifted=True)
            await page.close()

    asyncio.run(scene())


def test_keys_and_hook_of_the_page_reach_the_phone() -> None:
    async def scene() -> None:
        async with running() as board:
            heard = list[object]()
            board.keypad.listen(heard.append, lambda key: heard.append(("held", key)))
            board.hook.listen(heard.append)
            page = await Page.let_in(board)
            page.say(lifted=True)
            for key in KEYS:
                page.say(key=key)
            page.say(held="#")
            page.say(lifted=False)
            await until(lambda: len(heard) == len(KEYS) + 3)
            assert heard == [True, *KEYS, ("held", "#"), False]
            await page.close()

    asyncio.run(scene())


def test_two_pages_show_one_phone_and_may_reach_for_the_same_handset() -> None:
    async def scene() -> None:
        async with running() as board:
            moves = list[bool]()
            board.hook.listen(moves.append)
            pages = [await Page.let_in(board) for _ in range(2)]
            for page in pages:
                page.say(lifted=True)
            for page in pages:
                await page.state_where(lifted=True)
            pages[0].say(lifted=False)
            for page in pages:
                await page.state_where(lifted=False)
                await page.close()
            assert moves == [True, False]

    asyncio.run(scene())


def test_a_page_that_stands_still_still_hears_a_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BEAT_S", 0.03)

    async def scene() -> None:
        async with running() as board:
            show(board, 1)
            page = await Page.let_in(board)
            await page.next_pixels()
            kinds = [(await page.receive())[0] for _ in range(5)]
            assert kinds == [1, 1, 1, 1, 1]  # The state again and again, the same picture never.
            await page.close()

    asyncio.run(scene())


class StuckSocket(WebSocket):
    """A WebSocket to a page that reads when it likes."""

    def __init__(self) -> None:
        self.reads = asyncio.Semaphore(0)
        self.sent: list[bytes | str] = []

    async def send(self, data: bytes | str, opcode: int | None = None) -> None:
        await self.reads.acquire()
        self.sent.append(data)


def test_a_page_that_reads_slowly_gets_the_newest_picture_and_no_queue() -> None:
    async def scene() -> None:
        pixels, socket = [b"0"], StuckSocket()
        page = Client(socket)
        push = asyncio.create_task(page.push(lambda: "state", lambda: pixels[0]))
        await asyncio.sleep(0)
        for number in range(1, 1000):
            pixels[0] = b"%d" % number
            page.changed()
            await asyncio.sleep(0)
        for _ in range(3):
            socket.reads.release()
        await until(lambda: len(socket.sent) == 3)
        assert socket.sent == [b"0", "state", b"999"]
        push.cancel()

    asyncio.run(scene())


def test_a_browser_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_listener, "WRITE_S", 0.05)

    async def scene() -> None:
        near, far = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=near)
        with pytest.raises(OSError, match="does not read"):
            await http_listener.Connection(reader, writer).awrite(bytes(10_000_000) + b"\r\n\r\n")
        writer.transport.abort()
        far.close()
        await asyncio.sleep(0)

    asyncio.run(scene())


class Plugs:
    """Two faults, one of which is stuck."""

    def __init__(self) -> None:
        self.on: set[str] = set()

    def groups(self) -> list[FaultGroup]:
        stop = Fault("stop", "Stopped", is_on="stop" in self.on, key="p")
        stuck = Fault("stuck", "Stuck", happens_once=True)
        return [FaultGroup("One", "well", (stop,)), FaultGroup("Two", "", (stuck,))]

    async def set_fault(self, name: str, on: bool) -> None:
        if name == "stuck":
            raise OSError(98, "Address already in use")
        await asyncio.sleep(0)
        (self.on.add if on else self.on.discard)(name)


def offered(*, stopped: bool) -> list[dict[str, object]]:
    """Return the faults as a page is told of them."""
    stop = {"name": "stop", "label": "Stopped", "is_on": stopped, "happens_once": False, "key": "p"}
    stuck = {"name": "stuck", "label": "Stuck", "is_on": False, "happens_once": True, "key": ""}
    return [
        {"title": "One", "note": "well", "faults": [stop]},
        {"title": "Two", "note": "", "faults": [stuck]},
    ]


def test_faults_are_offered_switched_and_shown_as_they_are() -> None:
    async def scene() -> None:
        async with running(faults=Plugs()) as board:
            page = await Page.let_in(board)
            state = await page.next_state()
            assert state["faults"] == offered(stopped=False)
            page.say(fault="stop", on=True)
            await page.state_where(faults=offered(stopped=True))
            page.say(fault="stuck", on=True)
            await page.state_where(notice="stuck: Address already in use")
            page.say(fault="stop", on=False)
            state = await page.state_where(notice="")
            assert state["faults"] == offered(stopped=False)
            page.say(fault="fire", on=True)
            assert await page.close_code() == CloseCode.BAD_MESSAGE
            await page.close()

    asyncio.run(scene())


def test_a_board_that_stops_tells_its_pages() -> None:
    async def scene() -> None:
        async with running() as board:
            page = await Page.let_in(board)
            await page.next_state()
        assert await page.close_code() == CloseCode.GOING_AWAY
        await page.close()

    asyncio.run(scene())


def test_a_page_that_vanishes_leaves_nothing_behind() -> None:
    async def scene() -> None:
        async with running() as board:
            for _ in range(10):
                page = await Page.let_in(board)
                await page.next_state()
                page.writer.transport.abort()
            await until(lambda: len(asyncio.all_tasks()) == 1)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scene())
