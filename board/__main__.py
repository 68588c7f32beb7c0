"""`python -m board`: `wiring` prints how handsets are wired, `boot` the lines of config.txt that
switch on the buses of one, `check` tries its parts, `splash` writes what its display shows while
the system starts."""

from __future__ import annotations

import argparse
import asyncio
import sys

from board.board import BoardError, open_board
from board.check import Check
from board.handset import HANDSETS
from board.splash import splash
from board.wiring_page import boot_lines, wiring_page


def main() -> int:
    """Do what the arguments say; return 1 where a part does not work."""
    parser = argparse.ArgumentParser(prog="python -m board", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("wiring", help="print the wiring of every handset as Markdown")
    booter = commands.add_parser("boot", help="print the lines of config.txt for one")
    booter.add_argument("--board", choices=HANDSETS, default="handset")
    commands.add_parser("splash", help="write the picture of a start, as it crosses the bus")
    checker = commands.add_parser("check", help="walk through every part of a handset")
    checker.add_argument("--board", choices=HANDSETS, default="handset")
    checker.add_argument("--sound", default="", metavar="NAME", help="a part of the card's name")
    given = parser.parse_args()
    if given.command == "wiring":
        sys.stdout.write(wiring_page(tuple(HANDSETS.values())))
        return 0
    if given.command == "splash":
        sys.stdout.buffer.write(splash(HANDSETS["handset"].display))
        return 0
    if given.command == "boot":
        print(*boot_lines(HANDSETS[given.board]), sep="\n")
        return 0
    try:
        return asyncio.run(_check(given.board, given.sound))
    except BoardError as error:
        print(error)
        return 1


async def _check(name: str, sound_device: str) -> int:
    board = open_board(name, sound_device=sound_device)
    await board.start()
    try:
        return 0 if await Check(board, _ask, print).run() else 1
    finally:
        await board.stop()


async def _ask(question: str) -> bool:
    """Ask on the terminal; an end of input is a no."""
    print(f"{question} [y/n] ", end="", flush=True)
    answer = await asyncio.to_thread(sys.stdin.readline)
    return answer.strip().lower() in {"y", "yes"}


if __name__ == "__main__":
    sys.exit(main())
