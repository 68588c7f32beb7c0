"""The pictures beside the words, drawn as text: "#" is a lit pixel."""

from __future__ import annotations

from firmware.agent.events import Lamp
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
    CallStage.HELD: _read("""
        .......
        ##..##.
        ##..##.
        ##..##.
        ##..##.
        ##..##.
        .......
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
CALL[CallStage.DELAYED] = CALL[CallStage.CALLING]
CALL[CallStage.WAITING] = CALL[CallStage.ANSWERING] = CALL[CallStage.INCOMING]

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

LOCK = _read("""
    ..##..
    .#..#.
    .#..#.
    ######
    ######
    ##..##
    ######
""")

MUTED = _read("""
    .##.....
    .##.#..#
    .##..##.
    #..#.##.
    .##.#..#
    .##.....
    ####....
""")

ENVELOPE = _read("""
    #########
    ##.....##
    #.#...#.#
    #..#.#..#
    #...#...#
    #.......#
    #########
""")

NO_DISTURBANCE = _read("""
    ..###..
    .#####.
    #######
    #.....#
    #######
    .#####.
    ..###..
""")

SILENT = _read("""
    ...#....#
    ..###..#.
    .#####.#.
    .####.#..
    .###.#...
    ####.####
    ..#.#....
""")

FORWARDED = _read("""
    ....#....
    ....##...
    .#######.
    ##..##...
    #...#....
    #........
    #........
""")

LAMP: dict[Lamp, Rows] = {
    Lamp.UNKNOWN: _read("""
        .###.
        #...#
        ....#
        ..##.
        ..#..
        .....
        ..#..
    """),
    Lamp.IDLE: _read("""
        ..###..
        .#...#.
        #.....#
        #.....#
        #.....#
        .#...#.
        ..###..
    """),
    Lamp.RINGING: _read("""
        ...#...
        ..###..
        .#####.
        .#####.
        .#####.
        #######
        ...#...
    """),
    Lamp.BUSY: _read("""
        ..###..
        .#####.
        #######
        #######
        #######
        .#####.
        ..###..
    """),
}


def bars(lit: int) -> Rows:
    """Return four bars that grow; so many are whole, of the others only the feet."""
    heights = (2, 4, 5, 7)
    rows = []
    for above in range(6, -1, -1):
        pixels = ["##" if above < (h if n < lit else 1) else ".." for n, h in enumerate(heights)]
        rows.append(".".join(pixels))
    return tuple(rows)
