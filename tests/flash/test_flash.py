"""A card is written, or it is not taken for one: loop devices and files, everything real."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from board.image.flash.block_map import HEAD_BYTES, Range, read_block_map
from board.image.flash.medium import MARK
from tests.flash.desk import LONGEST_S, Desk, card_of, kill, loop_device
from tests.flash.small_card import (
    A_AT,
    B_AT,
    BOOT_AT,
    DATA_AT,
    IMAGE_MIB,
    KERNEL,
    MIB,
    SmallImage,
    run,
    sha256,
)  # fmt: skip


def has_all_blocks(path: Path, image: SmallImage) -> bool:
    """Whether every mapped block is the image's."""
    ranges = read_block_map(image.block_map).ranges
    assert sum(one.end - one.start for one in ranges) > 4 * MIB
    with path.open("rb") as found, image.path.open("rb") as wanted:
        return all(bytes_of(found, one) == bytes_of(wanted, one) for one in ranges)


def bytes_of(file: BinaryIO, one: Range) -> bytes:
    file.seek(one.start)
    return file.read(one.end - one.start)


def is_marked(path: Path) -> bool:
    """Whether nothing takes it for a card: no partition table, and the mark in its place."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return head.startswith(MARK) and head[len(MARK) :] == bytes(HEAD_BYTES - len(MARK))


def checked(path: Path, folder: Path) -> None:
    """Have every filesystem checked, as a card's."""
    for at in (A_AT, B_AT, DATA_AT):
        run("e2fsck", "-fn", f"{path}?offset={at}")
    with path.open("rb") as file:
        file.seek(BOOT_AT)
        (folder / "boot").write_bytes(file.read(A_AT - BOOT_AT))
    run("fsck.vfat", "-n", str(folder / "boot"))
    run("mcopy", "-i", str(folder / "boot"), "::/kernel", str(folder / "kernel"))
    assert (folder / "kernel").read_bytes() == KERNEL


def test_a_used_card_becomes_a_handsets_card(
    desk: Desk, card: Path, image: SmallImage, tmp_path: Path
) -> None:
    """Its old bytes stay where no filesystem looks. Nothing is replayed from an old journal."""
    card.write_bytes(b"\xa5" * (IMAGE_MIB * MIB))
    ended = desk.flash("--device", card, "--image", image.path, "--yes")
    assert ended.status == 0, ended.said
    assert f"Done: {card} (0.1 GiB, Lab Card) is a handset's card." in ended.said
    assert has_all_blocks(card, image)
    checked(card, tmp_path)
    dumped = desk.folder / "journal"
    run("debugfs", "-R", f"dump <8> {dumped}", f"{card}?offset={DATA_AT}")
    assert dumped.stat().st_size == MIB
    assert b"\xa5" not in dumped.read_bytes()
    assert b"\xa5" * 4096 in card.read_bytes()


@pytest.mark.parametrize("packer", ["zstd -q", "xz -k -0", "gzip -k -1"])
def test_a_packed_image_is_written_as_well(
    desk: Desk, image: SmallImage, tmp_path: Path, packer: str
) -> None:
    copy = SmallImage(tmp_path / "handset.img")
    shutil.copy(image.path, copy.path)
    shutil.copy(image.block_map, copy.block_map)
    run(*packer.split(), str(copy.path))
    copy.path.unlink()
    packed = next(path for path in tmp_path.glob("handset.img.*") if path != copy.block_map)
    ended = desk.flash("--to-file", tmp_path / "card.img", "--image", packed)
    assert ended.status == 0, ended.said
    assert has_all_blocks(tmp_path / "card.img", image)
    assert (tmp_path / "card.img").stat().st_size == IMAGE_MIB * MIB


def test_a_file_is_named_from_where_one_stands(
    desk: Desk, image: SmallImage, tmp_path: Path
) -> None:
    place = tmp_path / "a place"
    place.mkdir()
    image_there = place / "my image"
    shutil.copy(image.path, image_there)
    shutil.copy(image.block_map, place / "my image.bmap")
    ended = desk.flash("--to-file", "my card", "--image", "my image", where=place)
    assert ended.status == 0, ended.said
    assert has_all_blocks(place / "my card", image)


def test_whoever_types_another_name_writes_nothing(
    desk: Desk, card: Path, image: SmallImage
) -> None:
    before = sha256(card)
    for typed in ("yes\n", ""):
        ended = desk.flash("--device", card, "--image", image.path, typed=typed)
        assert ended.status == 1
        assert f"All of {card} (0.1 GiB, Lab Card) will be lost." in ended.said
        assert ended.said.endswith("Nothing was written.\n")
    assert sha256(card) == before


def test_whoever_types_the_devices_name_writes_it(
    desk: Desk, card: Path, image: SmallImage
) -> None:
    ended = desk.flash("--device", card, "--image", image.path, typed=f"{card.name}\n")
    assert ended.status == 0, ended.said
    assert has_all_blocks(card, image)


def test_a_file_that_is_there_is_asked_for_and_written_anew(
    desk: Desk, image: SmallImage, tmp_path: Path
) -> None:
    target = tmp_path / "card.img"
    target.write_bytes(b"mine" * MIB)
    ended = desk.flash("--to-file", target, "--image", image.path, typed="no\n")
    assert ended.status == 1
    assert target.read_bytes() == b"mine" * MIB
    assert desk.flash("--to-file", target, "--image", image.path, "--yes").status == 0
    assert has_all_blocks(target, image)
    assert b"mine" not in target.read_bytes()


def test_a_card_that_keeps_something_else_is_not_taken(
    desk: Desk, card: Path, image: SmallImage
) -> None:
    """One bit, in the last block that is written."""
    last = read_block_map(image.block_map).ranges[-1].end - 1
    flipped = image.path.read_bytes()[last] ^ 1
    desk.put_in_front(
        "bmaptool",
        f"/usr/bin/bmaptool \"$@\" && printf '\\x{flipped:02x}' |"
        f" dd of={card} bs=1 seek={last} conv=notrunc,fsync status=none\n",
    )
    ended = desk.flash("--device", card, "--image", image.path, "--yes", "--hostname", "desk-7")
    assert ended.status == 1
    assert f"{card} has not kept what was written" in ended.said
    assert "is not finished: nothing will take it for a card" in ended.said
    assert is_marked(card)
    assert "desk-7" not in run("debugfs", "-R", "cat /site/hostname", f"{card}?offset={DATA_AT}")


def test_a_card_that_fails_in_the_middle_is_not_taken(
    desk: Desk, image: SmallImage, tmp_path: Path
) -> None:
    """It says that it has room for the image, and has four MiB."""
    small = tmp_path / "small"
    small.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=4M", "card", str(small))
    try:
        run("truncate", "-s", f"{IMAGE_MIB}M", str(small / "card"))
        with loop_device(small / "card") as device:
            desk.call_a_card(device)
            ended = desk.flash("--device", device, "--image", image.path, "--yes")
            assert ended.status == 1
            assert f"{device} is not finished" in ended.said
            assert is_marked(device)
    finally:
        run("umount", str(small))


def half_written(desk: Desk, image: SmallImage) -> None:
    """Put a slow card's writer in front: it stands still in the middle."""
    half = IMAGE_MIB // 2
    desk.put_in_front(
        "bmaptool",
        f"dd if={image.path} of=${{@: -1}} bs=1M skip=1 seek=1 count={half} conv=notrunc,fsync\n"
        f"touch {desk.folder}/half\nexec sleep 600\n",
    )


def wait_for(path: Path) -> None:
    ends = time.monotonic() + LONGEST_S
    while not path.exists():
        assert time.monotonic() < ends, f"{path} never came"
        time.sleep(0.02)


def test_a_power_cut_in_the_middle_leaves_no_card(
    desk: Desk, card: Path, image: SmallImage, tmp_path: Path
) -> None:
    """And what was there before is no card either; written again, it is one."""
    assert desk.flash("--device", card, "--image", image.path, "--yes").status == 0
    half_written(desk, image)
    process = desk.start("--device", card, "--image", image.path, "--yes")
    wait_for(desk.folder / "half")
    kill(process)
    assert is_marked(card)
    shutil.rmtree(desk.scratch)
    desk.scratch.mkdir()
    assert ", not finished" in desk.flash().out
    (desk.programs / "bmaptool").unlink()
    assert desk.flash("--device", card, "--image", image.path, "--yes").status == 0
    assert has_all_blocks(card, image)
    assert ", not finished" not in desk.flash().out


@pytest.mark.parametrize("step", ["compare", "finish"])
def test_a_power_cut_before_the_end_leaves_no_card(
    desk: Desk, card: Path, image: SmallImage, step: str
) -> None:
    """At the step that reads back, and at the last one, which has not begun."""
    desk.put_in_front(
        "python3",
        f'[[ " $* " != *" {step} "* ]] || {{ touch {desk.folder}/half; exec sleep 600; }}\n'
        f'exec "{shutil.which("python3")}" "$@"\n',
    )
    process = desk.start("--device", card, "--image", image.path, "--yes", "--hostname", "desk-7")
    wait_for(desk.folder / "half")
    kill(process)
    assert is_marked(card)


def test_whoever_stops_it_is_told_what_the_card_is(
    desk: Desk, card: Path, image: SmallImage
) -> None:
    half_written(desk, image)
    process = desk.start("--device", card, "--image", image.path, "--yes")
    wait_for(desk.folder / "half")
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=LONGEST_S)[0]
    assert process.returncode == 1
    assert f"{card} is not finished: nothing will take it for a card. Write it again." in said
    assert not list(desk.scratch.iterdir())
    assert is_marked(card)


def test_check_writes_not_one_byte(
    desk: Desk, card: Path, image: SmallImage, tmp_path: Path
) -> None:
    before = [sha256(path) for path in (card, image.path, image.block_map)]
    config = tmp_path / "startup.cfg"
    config.write_text("https server: files.example.org\n")
    files = sorted(tmp_path.rglob("*"))
    ended = desk.flash(
        "--check", "--device", card, "--image", image.path, "--config", config, "--hostname", "x"
    )
    assert ended.status == 0, ended.said
    assert "All is well: nothing was written." in ended.said
    assert [sha256(path) for path in (card, image.path, image.block_map)] == before
    assert sorted(tmp_path.rglob("*")) == files


def test_check_of_a_file_makes_none(desk: Desk, image: SmallImage, tmp_path: Path) -> None:
    target = tmp_path / "card.img"
    assert desk.flash("--check", "--to-file", target, "--image", image.path).status == 0
    assert not target.exists()


def test_a_loop_device_is_no_card(desk: Desk, image: SmallImage, tmp_path: Path) -> None:
    """By the system's own lsblk."""
    with card_of(tmp_path, IMAGE_MIB) as device:
        before = sha256(device)
        ended = desk.flash("--device", device, "--image", image.path, "--yes")
        assert ended.status == 1
        assert "is no card: the system does not call it removable." in ended.said
        assert sha256(device) == before


def test_a_card_that_is_too_small_is_refused(desk: Desk, image: SmallImage, tmp_path: Path) -> None:
    with card_of(tmp_path, IMAGE_MIB - 1) as device:
        desk.call_a_card(device)
        before = sha256(device)
        ended = desk.flash("--device", device, "--image", image.path, "--yes")
        assert ended.status == 1
        assert f"{device} is too small" in ended.said
        assert sha256(device) == before


def test_a_mounted_card_is_refused(
    desk: Desk, card: Path, image: SmallImage, tmp_path: Path
) -> None:
    """By what lsblk tells of it, and by the kernel where lsblk is behind the times."""
    place = tmp_path / "place"
    place.mkdir()
    run("mke2fs", "-q", "-F", str(card))
    run("mount", str(card), str(place))
    try:
        behind = desk.flash("--device", card, "--image", image.path, "--yes")
        desk.call_a_card(card)
        told = desk.flash("--device", card, "--image", image.path, "--yes")
        assert place.is_mount()
    finally:
        run("umount", str(place))
    assert behind.status == told.status == 1
    assert behind.said == f"{card} cannot be opened: Device or resource busy.\n"
    assert f"{card} is mounted at {place}" in told.said
    run("e2fsck", "-fn", str(card))


@pytest.mark.parametrize(
    ("device", "words"),
    [("/dev/null", "is no disk"), ("/dev/nothing", "is no disk"), ("README.md", "is no disk")],
)
def test_what_is_no_disk_is_refused(desk: Desk, image: SmallImage, device: str, words: str) -> None:
    ended = desk.flash("--device", device, "--image", image.path, "--yes")
    assert ended.status == 1
    assert words in ended.said
