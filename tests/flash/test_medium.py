"""The head of a card: written last, read back, and whether it is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from board.image.flash import medium
from board.image.flash.block_map import HEAD_BYTES
from board.image.flash.error import FlashError

HEAD = bytes(range(256)) * (HEAD_BYTES // 256)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "card"
    path.write_bytes(bytes(HEAD_BYTES + 4096))
    return path


def test_a_head_is_written_and_nothing_else(file: Path) -> None:
    medium.finish(file, HEAD)
    assert file.read_bytes() == HEAD + bytes(4096)


def test_the_first_sectors_come_last(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[int] = []
    write = os.pwrite

    def written(descriptor: int, data: bytes, start: int) -> int:
        starts.append(start)
        return write(descriptor, data, start)

    monkeypatch.setattr(os, "pwrite", written)
    medium.finish(file, HEAD)
    assert starts == [4096, 0]


def test_a_card_that_only_says_that_it_has_written_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "pwrite", lambda _descriptor, data, _start: len(data))
    with pytest.raises(FlashError, match="has not kept its first blocks: the card is broken"):
        medium.finish(file, HEAD)


def test_a_card_that_was_begun_is_not_finished(file: Path) -> None:
    assert not medium.is_unfinished(file)
    medium.begin(file)
    assert medium.is_unfinished(file)
    medium.finish(file, HEAD)
    assert not medium.is_unfinished(file)
