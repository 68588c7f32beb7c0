"""A page as the sound card: its WebSocket's guards and bounds, the ring between two clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from board.board import Board
from board.desktop.browser_voice import CUSHION, FRAME_BYTES, NO_LINE, RING_MAX, BrowserVoice
from board.desktop.client import CloseCode
from drivers.interfaces import Voice, VoiceCounts, VoiceMode, VoiceWay
from tests.unit.board.test_desktop import until
from tests.unit.board.web import BINARY, TEXT, Page, get, running, token_of

SILENCE = bytes(FRAME_BYTES)


def frame(number: int) -> bytes:
    return bytes([number]) * FRAME_BYTES


class Ear:
    """A page that takes what it is given."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def offer(self, frame: bytes) -> None:
        self.heard.append(frame)


@pytest.fixture
def line() -> Iterator[tuple[BrowserVoice, Ear]]:
    async def connect() -> tuple[BrowserVoice, Ear]:
        voice, ear = BrowserVoice(), Ear()
        voice.connect(ear)
        return voice, ear

    voice, ear = asyncio.run(connect())
    voice.start(lambda: None)
    yield voice, ear
    voice.stop()


def test_nothing_is_taken_before_there_is_a_cushion(line: tuple[BrowserVoice, Ear]) -> None:
    voice, ear = line
    for number in range(1, CUSHION):
        voice.hear(ear, frame(number))
        assert voice.take() == SILENCE
    voice.hear(ear, frame(CUSHION))
    assert [voice.take() for _ in range(CUSHION + 1)] == [
        *(frame(number) for number in range(1, CUSHION + 1)),
        SILENCE,
    ]
    voice.hear(ear, frame(1))
    assert voice.take() == SILENCE, "and it fills again first"
    assert voice.counts == VoiceCounts(late=1)


def test_a_page_whose_clock_is_fast_never_makes_the_delay_grow(
    line: tuple[BrowserVoice, Ear],
) -> None:
    voice, ear = line
    for number in range(RING_MAX + 1):
        voice.hear(ear, frame(number))
    taken = [voice.take() for _ in range(CUSHION)]
    assert taken == [frame(number) for number in range(RING_MAX + 1 - CUSHION, RING_MAX + 1)]
    assert voice.counts == VoiceCounts(dropped=RING_MAX + 1 - CUSHION)
    for _ in range(10_000):
        voice.hear(ear, frame(1))
    assert len(voice._captured) <= RING_MAX


def test_only_the_page_that_has_the_sound_is_heard(line: tuple[BrowserVoice, Ear]) -> None:
    voice, ear = line
    for _ in range(CUSHION):
        voice.hear(Ear(), frame(9))
    assert voice.take() == SILENCE
    voice.disconnect(Ear())
    assert voice.fault == ""
    voice.disconnect(ear)
    assert voice.fault == NO_LINE
    part: Voice = voice
    assert part.use(VoiceMode.HANDS_FREE) == VoiceWay()
    assert not part.keeps_time


def test_a_page_is_heard_and_hears() -> None:
    async def scene() -> None:
        async with running(sound_device="browser") as board:
            watcher = await Page.let_in(board)
            await watcher.state_where(sound=False)
            page = await speaking(board)
            await watcher.state_where(sound=True)
            voice = board.voice
            voice.start(lambda: None)
            for number in range(CUSHION):
                page.send(frame(number + 1), BINARY)
            await until(lambda: voice.take() == frame(1))
            await asyncio.to_thread(voice.give, frame(7))
            assert await page.receive() == (BINARY, frame(7))
            await page.close()
            await watcher.state_where(sound=False)
            await watcher.close()

    asyncio.run(scene())


async def speaking(board: Board) -> Page:
    page = await Page.open(board, path="/sound")
    page.say(token=token_of(board))
    return page


def test_the_sound_has_the_guards_of_the_page() -> None:
    async def scene() -> None:
        async with running(sound_device="browser") as board:
            for wrong in ({"origin": "http://evil.test"}, {"origin": ""}, {"host": "evil.test"}):
                page = await Page.open(board, path="/sound", **wrong)
                assert page.status == 403
                await page.close()
            page = await Page.open(board, path="/sound")
            page.say(token="wrong")
            assert await page.close_code() == CloseCode.WRONG_TOKEN
            await page.close()
            page = await Page.open(board, path="/sound")
            page.send(b"[]", BINARY)  # Before any token.
            assert await page.close_code() == CloseCode.BAD_MESSAGE
            await page.close()
            assert board.voice.fault == NO_LINE
        async with running() as board:
            page = await Page.open(board, path="/sound")
            assert page.status == 404
            await page.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("opcode", "payload"),
    [(TEXT, b"{}"), (BINARY, b"short"), (BINARY, bytes(FRAME_BYTES - 2)), (TEXT, b"x" * 1920)],
)
def test_what_is_no_frame_ends_the_sound(opcode: int, payload: bytes) -> None:
    async def scene() -> None:
        async with running(sound_device="browser") as board:
            page = await speaking(board)
            page.send(payload, opcode)
            assert await page.close_code() == CloseCode.BAD_MESSAGE
            await page.close()
            await until(lambda: board.voice.fault == NO_LINE)

    asyncio.run(scene())


def test_a_second_page_takes_over_and_the_first_is_told() -> None:
    async def scene() -> None:
        async with running(sound_device="browser") as board:
            first = await speaking(board)
            await until(lambda: not board.voice.fault)
            second = await speaking(board)
            assert await first.close_code() == CloseCode.TAKEN_OVER
            await first.close()
            await asyncio.to_thread(board.voice.give, frame(3))
            assert await second.receive() == (BINARY, frame(3))
            assert board.voice.fault == ""
            await second.close()

    asyncio.run(scene())


def test_a_page_that_does_not_read_costs_a_few_frames_of_memory() -> None:
    async def scene() -> None:
        async with running(sound_device="browser") as board:
            page = await speaking(board)
            await until(lambda: not board.voice.fault)
            for number in range(5_000):
                board.voice.give(frame(number % 200))
            await asyncio.sleep(0.1)
            assert len(board.voice._line._frames) <= RING_MAX  # type: ignore[attr-defined]
            await page.close()

    asyncio.run(scene())


def test_the_microphone_is_allowed_to_this_page_alone() -> None:
    async def scene() -> None:
        async with running(sound_device="browser") as board:
            answer = await get(board, "/worklet.js")
            assert answer.status == 200
            assert "microphone=(self)" in answer.headers["Permissions-Policy"]

    asyncio.run(scene())
