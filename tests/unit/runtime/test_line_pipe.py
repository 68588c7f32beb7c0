"""Lines between two programs: cut at every place, too long, unread, broken, ended."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from firmware.runtime import line_pipe
from firmware.runtime.line_pipe import (
    LINE_BYTES_MAX,
    QUEUE_LINES_MAX,
    LineCutter,
    LineReader,
    LineWriter,
)


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            with_error_ignored(end)


def with_error_ignored(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return  # The test closed it.


@given(some.binary(max_size=200), some.lists(some.integers(0, 200), max_size=10))
def test_lines_are_the_same_wherever_the_stream_is_cut(stream: bytes, cuts: list[int]) -> None:
    cutter, lines, at = LineCutter(), list[bytes | None](), 0
    for cut in [*sorted(cuts), len(stream)]:
        lines += cutter.cut(stream[at:cut])
        at = max(at, cut)
    lines += cutter.last()
    whole = stream.split(b"\n")
    assert lines == (whole if whole[-1] else whole[:-1])


@pytest.mark.parametrize("step", [1000, LINE_BYTES_MAX, 10 * LINE_BYTES_MAX])
def test_a_line_that_is_too_long_is_one_none_and_takes_no_room(step: int) -> None:
    stream = b"a\n" + b"x" * (3 * LINE_BYTES_MAX) + b"\nb\n" + b"y" * LINE_BYTES_MAX + b"\nc\n"
    cutter, lines = LineCutter(), list[bytes | None]()
    for at in range(0, len(stream), step):
        lines += cutter.cut(stream[at : at + step])
        assert len(cutter._rest) <= LINE_BYTES_MAX
    assert lines == [b"a", None, b"b", b"y" * LINE_BYTES_MAX, b"c"]
    assert cutter.last() == []


def test_a_long_line_without_an_end_is_told_once() -> None:
    cutter = LineCutter()
    assert cutter.cut(b"x" * (LINE_BYTES_MAX + 1)) == [None]
    assert cutter.cut(b"x" * LINE_BYTES_MAX) == []
    assert cutter.last() == []


def read_all(descriptor: int) -> list[bytes | None]:
    async def scene() -> list[bytes | None]:
        async with asyncio.timeout(5):
            return [line async for line in LineReader(descriptor)]

    return asyncio.run(scene())


def test_lines_come_from_a_pipe_and_the_last_one_needs_no_end() -> None:
    with pipe() as (near, far):
        os.write(far, b"one\ntwo\nthree")
        os.close(far)
        assert read_all(near) == [b"one", b"two", b"three"]


def test_lines_come_from_a_file_and_from_nothing(tmp_path: Path) -> None:
    file = tmp_path / "commands"
    file.write_bytes(b"one\n" * 5000)
    for path, lines in ((file, [b"one"] * 5000), (Path("/dev/null"), [])):
        descriptor = os.open(path, os.O_RDONLY)
        assert read_all(descriptor) == lines
        os.close(descriptor)


def test_a_descriptor_that_somebody_set_non_blocking_is_waited_for() -> None:
    async def scene() -> None:
        with pipe() as (near, far):
            fcntl.fcntl(near, fcntl.F_SETFL, os.O_NONBLOCK)
            lines = aiter(LineReader(near))
            asyncio.get_running_loop().call_later(0.05, os.write, far, b"late\n")
            async with asyncio.timeout(5):
                assert await anext(lines) == b"late"
            os.close(far)
            async with asyncio.timeout(5):
                assert [line async for line in lines] == []

    asyncio.run(scene())


def test_the_reader_stops_after_the_line_it_is_at() -> None:
    async def scene() -> None:
        with pipe() as (near, far):
            os.write(far, b"one\ntwo\nthr")
            reader, seen = LineReader(near), list[bytes | None]()
            async with asyncio.timeout(5):
                async for line in reader:
                    seen.append(line)
                    reader.stop()
            assert seen == [b"one"]
            os.close(far)

    asyncio.run(scene())


def test_the_reader_does_not_read_ahead_of_the_loop() -> None:
    async def scene() -> None:
        with pipe() as (near, far):
            fcntl.fcntl(far, fcntl.F_SETFL, os.O_NONBLOCK)
            lines, written = aiter(LineReader(near)), 0
            for _ in range(30):
                try:
                    written += os.write(far, b"x\n" * 32768)
                except BlockingIOError:
                    await asyncio.sleep(0.01)
            assert written <= 3 * 65536  # What is in the pipe, and one chunk or two beside.
            async with asyncio.timeout(5):
                assert await anext(lines) == b"x"
            os.close(far)
            await lines.aclose()  # type: ignore[attr-defined]  # It is an asynchronous generator.

    asyncio.run(scene())


def test_lines_go_out_in_order_and_at_once() -> None:
    async def scene() -> None:
        with pipe() as (near, far):
            writer = LineWriter(far, lambda: None)
            writer.put(b"one", replaceable=False)
            assert await asyncio.to_thread(os.read, near, 100) == b"one\n"
            for number in range(50):
                writer.put(b"%d" % number, replaceable=True)
            await writer.close()
            expected = b"".join(b"%d\n" % number for number in range(50))
            assert os.read(near, 10_000) == expected
            assert writer.lost == 0

    asyncio.run(scene())


def test_an_unread_output_never_stops_the_loop_and_loses_what_is_replaceable_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line_pipe, "FLUSH_S", 0.05)

    async def scene() -> None:
        with pipe() as (near, far):
            writer = LineWriter(far, lambda: None)
            writer.put(b"f" * 200_000, replaceable=False)  # Fills the pipe; the thread is stuck.
            while len(writer._lines):
                await asyncio.sleep(0.001)
            began = time.monotonic()
            for number in range(QUEUE_LINES_MAX):
                writer.put(b"screen", replaceable=True)
                writer.put(b"fact %d" % number, replaceable=False)
            assert time.monotonic() - began < 1
            assert writer.lost == QUEUE_LINES_MAX
            kept = [line for line, _ in writer._lines]
            assert kept == [b"fact %d\n" % number for number in range(QUEUE_LINES_MAX)]
            assert not writer.has_room
            writer.put(b"one more", replaceable=False)
            assert writer._lines[0][0] == b"fact 1\n"
            await writer.close()  # Nobody reads: it gives up in time.
            drain = asyncio.to_thread(read_until_end, near)
            await asyncio.sleep(0)
            reading = asyncio.ensure_future(drain)
            await asyncio.to_thread(writer._thread.join, 5)
            os.close(far)
            assert (await reading).endswith(b"one more\n")

    asyncio.run(scene())


def read_until_end(descriptor: int) -> bytes:
    data = b""
    while chunk := os.read(descriptor, 65536):
        data += chunk
    return data


def test_an_output_that_nobody_can_read_is_reported_once() -> None:
    async def scene() -> None:
        with pipe() as (near, far):
            broken = asyncio.Event()
            writer = LineWriter(far, broken.set)
            os.close(near)
            writer.put(b"hello", replaceable=False)
            async with asyncio.timeout(5):
                await broken.wait()
            writer.put(b"still no error", replaceable=False)
            await writer.close()

    asyncio.run(scene())
