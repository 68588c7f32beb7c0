"""Block maps, partitions and Wi-Fi settings: bytes to values and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.image.flash.block_map import HEAD_BYTES, BlockMap, Range, read_block_map
from board.image.flash.error import FlashError
from board.image.flash.partitions import partitions
from board.image.flash.wifi import wifi_settings
from tests.flash.small_card import DATA_AT, IMAGE_MIB, MIB, SmallImage

MAP = BlockMap(10_000_000, 4096, (Range(0, 8192, "a" * 64), Range(2_002_944, 10_000_000, "b" * 64)))


def test_a_map_that_is_written_is_read_as_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.bmap"
    path.write_text(str(MAP))
    assert read_block_map(path) == MAP
    assert MAP.mapped_bytes == 8192 + 10_000_000 - 2_002_944


def test_pieces_end_where_partitions_may_begin() -> None:
    pieces = [(start, end) for _, start, end in MAP.pieces()]
    assert pieces[:3] == [(0, 8192), (2_002_944, 2 * MIB), (2 * MIB, 3 * MIB)]
    assert pieces[-1] == (9 * MIB, 10_000_000)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("> 0-1 <", "> 0-2 <", "is damaged"),
        ("<BmapFileChecksum>", "<Other>", "is no block map"),
        ("a" * 64, "a" * 63 + "c", "is damaged"),
    ],
)
def test_a_map_that_was_changed_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "x.bmap"
    path.write_text(str(MAP).replace(old, new))
    with pytest.raises(FlashError, match=words):
        read_block_map(path)


@pytest.mark.parametrize(
    "ranges",
    [
        (),
        (Range(8192, 12288, "a" * 64), Range(0, 4096, "b" * 64)),
        (Range(0, 8192, "a" * 64), Range(4096, 12288, "b" * 64)),
        (Range(12_288_000, 12_292_096, "a" * 64),),
    ],
)  # fmt: skip
def test_a_map_that_contradicts_itself_is_refused(
    tmp_path: Path, ranges: tuple[Range, ...]
) -> None:
    path = tmp_path / "x.bmap"
    path.write_text(str(BlockMap(10_000_000, 4096, ranges)))
    with pytest.raises(FlashError, match="contradicts itself"):
        read_block_map(path)


def test_the_partitions_of_a_card_are_found(image: SmallImage) -> None:
    with image.path.open("rb") as file:
        found = partitions(file.read(HEAD_BYTES), IMAGE_MIB * MIB)
    assert [one.start // MIB for one in found] == [1, 36, 40, 44]
    assert found[3].start == DATA_AT
    assert found[3].size == 9 * MIB


@pytest.mark.parametrize(
    ("at", "new", "words"),
    [
        (510, b"\0\0", "no partition table"),
        (450, b"\x83", "has other partitions"),
        (450 + 48, b"\0", "has other partitions"),
        (454, b"\x40", "Partition 1 of the image lies where it must not"),
        (454 + 16, b"\x01", "Partition 2 of the image lies where it must not"),
        (458 + 48, b"\0\0\x10\0", "Partition 4 of the image lies where it must not"),
    ],
)
def test_other_partitions_are_no_card(image: SmallImage, at: int, new: bytes, words: str) -> None:
    with image.path.open("rb") as file:
        head = bytearray(file.read(HEAD_BYTES))
    head[at : at + len(new)] = new
    with pytest.raises(FlashError, match=words):
        partitions(bytes(head), IMAGE_MIB * MIB)


def test_a_wifi_key_is_the_one_of_the_standard() -> None:
    """IEEE 802.11i, H.4.3, its first vector."""
    written = wifi_settings("IEEE", "password", "DE")
    assert "\tpsk=f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e\n" in written
    assert "\tssid=49454545\n" in written
    assert "country=DE\n" in written
    assert "password" not in written


def test_a_wifi_key_in_hex_is_taken_as_it_is() -> None:
    assert f"\tpsk={'ab' * 32}\n" in wifi_settings("x", "AB" * 32, "")


@pytest.mark.parametrize(
    ("ssid", "passphrase", "country", "words"),
    [
        ("x", "seven77", "", "8 to 63 characters"),
        ("x", "x" * 64, "", "8 to 63 characters"),
        ("x", "pässword", "", "8 to 63 characters"),
        ("ü" * 17, "password", "", "1 to 32 bytes"),
        ("x", "password", "de", "two capital letters"),
    ],
)
def test_what_no_network_can_have_is_refused(
    ssid: str, passphrase: str, country: str, words: str
) -> None:
    with pytest.raises(FlashError, match=words):
        wifi_settings(ssid, passphrase, country)
