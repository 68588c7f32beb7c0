"""The pictures beside the words, drawn as text: "#" is a lit pixel."""

from __future__ import annotations

from firmware.phone.font import Rows
from firmware.phone.screen import CallStage, LinkIcon


def _read(drawing: str) -> Rows:
    return tuple(drawing.split())


LINK: dict[LinkIcon, Rows] = {
    LinkIcon.UP: _read("""
        .......##
        .......##
        ....##.##
        ....##.##
        .##.##.##
        .##.##.##
        .##.##.##
    """),
    LinkIcon.UNPROVEN: _read("""
        .....###.
        ....#...#
        ........#
        .##...##.
        .##...#..
        .##......
        .##...#..
    """),
    LinkIcon.TRYING: _read("""
        .........
        .........
        .........
        .........
        .........
        .##.##.##
        .##.##.##
    """),
    LinkIcon.DOWN: _read("""
        ....#...#
        .....#.#.
        ......#..
        .##..#.#.
        .##.#...#
        .##......
        .##......
    """),
}

CALL: dict[CallStage, Rows] = {
    CallStage.CALLING: _read("""
        ..#####
        .....##
        ....#.#
        ...#..#
        ..#...#
        .#.....
        #......
    """),
    CallStage.RINGING: _read("""
        ..#####
        .....##
        ....#.#
        ...#..#
        ..#...#
        .#.....
        #......
    """),
    CallStage.INCOMING: _read("""
        ......#
        .....#.
        #...#..
        #..#...
        #.#....
        ##.....
        #####..
    """),
    CallStage.TALKING: _read("""
        ##.....
        ###....
        ###....
        ##.....
        .##..##
        ..#####
        ...###.
    """),
    CallStage.ENDED: _read("""
        .......
        ..###..
        .#####.
        ##...##
        ##...##
        .......
        .......
    """),
}

REGISTERED = _read("""
    .###.
    #####
    #####
    #####
    .###.
""")

NOT_REGISTERED = _read("""
    #...#
    .#.#.
    ..#..
    .#.#.
    #...#
""")
