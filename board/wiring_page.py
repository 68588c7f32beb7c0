"""`WIRING.md`: how each handset is built, from the same data that the phone runs with."""

from __future__ import annotations

from collections.abc import Iterator

from board.pins import BOOT_LINES, HEADER, POWER
from board.wiring import Wiring

HEADER_ROWS = 20

INTRODUCTION = """\
# Wiring

Generated from `board/handset.py` by `make generated`. GPIO numbers are those of the chip (BCM),
places those of the 40-pin header of a Raspberry Pi Zero 2 W, 3, 4 or 5.

`python -m firmware --board NAME ...` runs a handset, `make board-check BOARD=NAME` tries every part
of it with you. To build another one, add it to `board/handset.py`: a pin that is used twice, or
that belongs to a bus in use, is refused by name.

- **Keys**: each key joins its row to its column. No diodes and no resistors: the columns are pulled
  up inside the chip. Two keys at once are told apart; a third that could be a ghost is not taken.
- **Hook switch**: joins its pin to ground while the handset is lifted. **Lamp**: an LED with
  330 ohm to ground. **Ringer**: a passive piezo with 100 ohm to ground.
- A pin bears 3.3 V and a few milliamperes: nothing else belongs on it.
"""


def wiring_page(handsets: tuple[Wiring, ...]) -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *(line for one in handsets for line in _handset(one))])


def _handset(wiring: Wiring) -> Iterator[str]:
    yield f"## `{wiring.name}`: {wiring.title}\n"
    yield "| part | GPIO | place |"
    yield "|---|---|---|"
    for use in wiring.uses():
        yield f"| {use.purpose} | {use.pin} | {HEADER[use.pin]} |"
    yield "\nThe keys, by row and column:\n"
    yield from _keys(wiring)
    yield f'\nDisplay: {wiring.display}. Sound: {wiring.sound.bus}, card "{wiring.sound.card}".'
    yield from _ways(wiring)
    if wiring.display.bus == "spi":
        yield "SPI needs the package `spidev` (`pip install spidev`)."
    yield "In `config.txt` of the boot partition:\n"
    yield from (f"    {line}" for line in boot_lines(wiring))
    yield "\nThe header, seen from above, the edge of the board to the right:\n"
    yield from _diagram(wiring)
    yield ""


def boot_lines(wiring: Wiring) -> Iterator[str]:
    """Yield what switches on the buses of a handset, in the `config.txt` of the boot partition."""
    yield from (BOOT_LINES[name] for name in wiring.functions)
    yield from filter(None, [wiring.sound.boot_line])


def _ways(wiring: Wiring) -> Iterator[str]:
    yield "\n| sound by | card | microphone | earpiece |"
    yield "|---|---|---|---|"
    for mode, way in wiring.sound.ways("").items():
        gains = f"{way.microphone_db:+g} dB | {way.earpiece_db:+g} dB"
        yield f'| {mode.value} | "{way.card}" | {gains} |'
    yield ""


def _keys(wiring: Wiring) -> Iterator[str]:
    columns = range(1, len(wiring.keypad.columns) + 1)
    yield "| | " + " | ".join(f"column {number}" for number in columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for number, line in enumerate(wiring.keypad.keys, 1):
        yield f"| row {number} | " + " | ".join(f"`{key}`" for key in line) + " |"


def _diagram(wiring: Wiring) -> Iterator[str]:
    """Yield the header row by row: odd places on the left, even ones on the right."""
    labels = dict(POWER)
    labels |= {place: f"GPIO{pin}" for pin, place in HEADER.items()}
    labels |= {HEADER[use.pin]: f"{use.purpose} (GPIO{use.pin})" for use in wiring.uses()}
    for row in range(HEADER_ROWS):
        left, right = 2 * row + 1, 2 * row + 2
        yield f"    {labels[left]:>26} {left:>2} o o {right:<2} {labels[right]}"
