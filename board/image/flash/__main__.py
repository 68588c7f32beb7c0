"""`python3 -m board.image.flash COMMAND`: what `flash.sh` asks; a refusal is one line and exit 1.

`cards` lists, `device` judges a disk. `sizes` reads a block map, `image` judges an image on its
standard input and writes its head and the map of its rest. `begin`, `compare` and `finish` are the
steps around bmaptool. `wifi` makes the settings of a network, with the passphrase that it reads.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from board.image.flash import medium
from board.image.flash.block_map import read_block_map
from board.image.flash.cards import Disk, all_disks, cards, refusal
from board.image.flash.error import FlashError
from board.image.flash.judge_image import judge_image
from board.image.flash.progress import Progress
from board.image.flash.wifi import wifi_settings


def main() -> int:
    """Do what the arguments say; return 1 after a refusal, which is printed."""
    given = _parser().parse_args()
    try:
        _do(given)
    except FlashError as refused:
        print(refused, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or 'Reading'}: {error.strerror}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m board.image.flash", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("cards")
    device = commands.add_parser("device")
    device.add_argument("path")
    device.add_argument("bytes", type=int)
    sizes = commands.add_parser("sizes")
    sizes.add_argument("map", type=Path)
    image = commands.add_parser("image")
    image.add_argument("map", type=Path)
    image.add_argument("folder", type=Path)
    begin = commands.add_parser("begin")
    begin.add_argument("path", type=Path)
    for name in ("compare", "finish"):
        command = commands.add_parser(name)
        command.add_argument("path", type=Path)
        command.add_argument("file", type=Path)
    wifi = commands.add_parser("wifi")
    wifi.add_argument("ssid")
    wifi.add_argument("country")
    return parser


def _do(given: argparse.Namespace) -> None:
    match given.command:
        case "cards":
            _list(cards(all_disks()))
        case "device":
            _judge_device(given.path, given.bytes)
        case "sizes":
            block_map = read_block_map(given.map)
            print(block_map.image_bytes, block_map.mapped_bytes)
        case "image":
            _judge_image(given.map, given.folder)
        case "begin":
            medium.begin(given.path)
        case "compare":
            block_map = read_block_map(given.file)
            progress = Progress("Reading back", block_map.mapped_bytes)
            medium.compare(given.path, block_map, progress)
        case "finish":
            medium.finish(given.path, given.file.read_bytes())
        case _:  # wifi
            passphrase = sys.stdin.readline().rstrip("\r\n")
            sys.stdout.write(wifi_settings(given.ssid, passphrase, given.country))


def _list(found: list[Disk]) -> None:
    """Print a line for each card."""
    for card in found:
        state = f", mounted at {card.all_mounts[0]}" if card.all_mounts else ""
        unfinished = ", not finished" if medium.is_unfinished(Path(card.path)) else ""
        print(f"{card.path}  {card}{state}{unfinished}")


def _judge_device(path: str, needed: int) -> None:
    """Refuse what must not be written; print what it is."""
    found = all_disks()
    reason = refusal(found, path, needed)
    if reason:
        raise FlashError(reason)
    medium.check_free(Path(path))
    print(next(disk for disk in found if disk.path == path))


def _judge_image(path: Path, folder: Path) -> None:
    """Write the image's head and the map of its rest, print where its data lie."""
    block_map = read_block_map(path)
    progress = Progress("Reading the image", block_map.mapped_bytes)
    judged = judge_image(sys.stdin.buffer, block_map, progress)
    (folder / "head").write_bytes(judged.head)
    (folder / "rest.bmap").write_text(str(judged.rest))
    print(judged.partitions[3].start)


if __name__ == "__main__":
    sys.exit(main())
