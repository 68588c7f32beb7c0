"""An image that is none, or no more, is refused before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from board.image import in_use
from tests.flash.desk import Desk
from tests.flash.small_card import A_AT, DATA_AT, MIB, SmallImage, make_image, run


@pytest.fixture
def copy(image: SmallImage, tmp_path: Path) -> SmallImage:
    """An image that a test may spoil."""
    path = tmp_path / "handset.img"
    run("cp", "--sparse=always", str(image.path), str(path))
    shutil.copy(image.block_map, f"{path}.bmap")
    return SmallImage(path)


def change(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def refused(desk: Desk, image: Path) -> str:
    """Have an image written, which is refused; return why."""
    target = desk.folder / "card.img"
    ended = desk.flash("--to-file", target, "--image", image)
    assert ended.status == 1
    assert not target.exists()
    return ended.said


def test_one_bit_is_enough(desk: Desk, copy: SmallImage) -> None:
    change(copy.path, A_AT + 1024 + 4, b"\xff")
    assert "The image is damaged: the bytes " in refused(desk, copy.path)


def test_an_image_without_its_map_is_refused(desk: Desk, copy: SmallImage) -> None:
    copy.block_map.unlink()
    assert "There is no block map handset.img.bmap beside the image" in refused(desk, copy.path)


def test_an_image_that_was_cut_short_is_refused(desk: Desk, copy: SmallImage) -> None:
    run("truncate", "-s", "50M", str(copy.path))
    assert "is not as long as its block map says" in refused(desk, copy.path)


@pytest.mark.parametrize("kept", [0.2, 0.999])
def test_a_packed_image_that_was_cut_short_is_refused(
    desk: Desk, copy: SmallImage, kept: float
) -> None:
    run("gzip", "-1", str(copy.path))
    packed = copy.path.with_name("handset.img.gz")
    data = packed.read_bytes()
    packed.write_bytes(data[: int(len(data) * kept)])
    said = refused(desk, packed)
    assert "The image ends before it should." in said or "cannot be unpacked" in said


def test_a_packed_image_whose_own_checksum_is_wrong_is_refused(
    desk: Desk, copy: SmallImage
) -> None:
    """The last that its unpacker reads."""
    run("gzip", "-1", str(copy.path))
    packed = copy.path.with_name("handset.img.gz")
    data = packed.read_bytes()
    packed.write_bytes(data[:-8] + bytes(8))
    assert f"{packed} is damaged: it cannot be unpacked." in refused(desk, packed)


def test_a_file_that_is_no_image_is_refused(desk: Desk, tmp_path: Path) -> None:
    other = SmallImage(tmp_path / "other.img")
    other.path.write_bytes(b"other" * MIB)
    other.make_block_map()
    assert "no partition table" in refused(desk, other.path)


def test_a_data_partition_of_another_name_is_refused(desk: Desk, tmp_path: Path) -> None:
    other = make_image(tmp_path / "other.img", data_label="else")
    assert "Partition 4 of the image is not called data." in refused(desk, other.path)


def test_a_partition_without_its_filesystem_is_refused(desk: Desk, copy: SmallImage) -> None:
    change(copy.path, DATA_AT, bytes(4096))
    copy.make_block_map()
    assert "Partition 4 of the image holds no ext4." in refused(desk, copy.path)


def test_an_image_that_is_not_there_is_refused(desk: Desk, tmp_path: Path) -> None:
    assert f"There is no file {tmp_path}/x.img (--image)." in refused(desk, tmp_path / "x.img")


def test_what_a_filesystem_uses_is_no_hole(copy: SmallImage) -> None:
    """A sparse copy makes holes of every zero; after they are filled, all that is used is there."""
    filled = in_use.fill(copy.path)
    assert filled > 3 * MIB, "three journals of a MiB each"
    copy.make_block_map()
    assert in_use.fill(copy.path) == 0
