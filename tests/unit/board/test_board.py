"""Which boards there are, and how they open and close."""

from __future__ import annotations

import asyncio
import socket

import pytest

from board.board import Board, BoardError, open_board
from drivers.fakes import FakeDisplay, FakeHook, FakeKeypad, FakeLamp, FakeRinger, FakeVoice
from drivers.interfaces import Parts
from tests.unit.board.web import get, port_of, running


def plain_board() -> Board:
    return Board(FakeKeypad(), FakeHook(), FakeLamp(), FakeRinger(), FakeDisplay(), FakeVoice())


def test_a_board_that_does_not_exist_is_an_error_that_names_it() -> None:
    with pytest.raises(BoardError, match='no board "toaster"'):
        open_board("toaster")


def test_a_board_without_a_service_has_nothing_to_start() -> None:
    async def scene() -> None:
        board = plain_board()
        parts: Parts = board  # mypy proves that a board is what the phone wants.
        await board.start()
        assert board.address == ""
        assert not parts.hook.lifted
        await board.stop()

    asyncio.run(scene())


def test_the_desktop_is_served_from_start_to_stop() -> None:
    async def scene() -> None:
        board = open_board("desktop", page_port=0)
        await board.stop()  # Before the start: nothing to do.
        assert board.address == ""
        await board.start()
        port = port_of(board)
        assert (await get(board)).status == 200
        await board.stop()
        assert board.address == ""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    asyncio.run(scene())


def test_a_port_that_is_taken_or_impossible_is_an_error_in_words() -> None:
    async def scene() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(BoardError, match=rf"cannot be at 127.0.0.1:{port}: .*in use"):
                await open_board("desktop", page_port=port).start()
        with pytest.raises(BoardError, match=r"cannot be at 127\.0\.0\.1:99999"):
            await open_board("desktop", page_port=99999).start()

    asyncio.run(scene())


def test_every_start_has_a_key_of_its_own_unless_one_is_given() -> None:
    async def scene() -> None:
        async with running() as one, running() as other:
            assert one.address.split("#")[1] != other.address.split("#")[1]
            assert len(one.address.split("#")[1]) == 32
        async with running(token="kept") as board:
            assert board.address == f"http://127.0.0.1:{port_of(board)}/#kept"

    asyncio.run(scene())
