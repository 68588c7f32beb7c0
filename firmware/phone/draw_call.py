"""Draw a call, and a number that is dialled: who, how it stands, what else there is to know."""

from __future__ import annotations

from firmware.phone import font, icons
from firmware.phone.canvas import Canvas
from firmware.phone.draw_list import draw_rows
from firmware.phone.draw_parts import ICON_ROOM, KEYS_Y, ROW_Y, headline, key_wide, link_row, title
from firmware.phone.grid import GAP, MARGIN
from firmware.phone.screen import BesideLine, CallScreen, CallStage, DialScreen, SoundLine, labels

STANDING = frozenset({CallStage.TALKING, CallStage.HELD})


def draw_dial(canvas: Canvas, screen: DialScreen) -> None:
    """Show the number so far, and who may be meant by it, or what stands in the way."""
    headline(canvas, screen.digits + "_")
    if screen.link is not None:
        link_row(canvas, ROW_Y[0], screen.link)
        whole = font.width(screen.link.reason) <= canvas.room
        if screen.beside is None:
            canvas.text(MARGIN, ROW_Y[1], screen.link.reason if whole else screen.link.brief)
    if screen.beside is not None:
        _beside_row(canvas, screen.beside)
    elif screen.link is None:
        draw_rows(canvas, ROW_Y[0], screen.matches, screen.chosen)
    title(canvas, screen.account, icon=icons.CALL[CallStage.CALLING])


def draw_call(canvas: Canvas, screen: CallScreen) -> None:
    """Show a call: who large, how it stands in the bar."""
    stands = screen.stage in STANDING
    side = screen.detail if stands else ""
    marks = _marks(screen.sound) if stands else []
    headline(canvas, screen.name or screen.number)
    number = screen.number if screen.name and screen.name != screen.number else ""
    texts = (number, "" if stands else screen.detail, screen.sound.note)
    _call_rows(canvas, screen, [text for text in texts if text])
    title(canvas, canvas.language.say(screen.stage.value), side, icons.CALL[screen.stage], marks)
    if stands:
        _codec(canvas, screen)


def _call_rows(canvas: Canvas, screen: CallScreen, texts: list[str]) -> None:
    """Write what is to be said below the name: the link and another call first, the last text."""
    free = list(ROW_Y)
    if screen.beside is not None:
        _beside_row(canvas, screen.beside)
        free.remove(ROW_Y[-1])
    if screen.link is not None:
        link_row(canvas, free.pop(), screen.link)
    rows: list[str] = []
    for text in reversed(texts):
        if left := len(free) - len(rows):
            rows = [*font.broken(text, canvas.room, left), *rows]
    for y, row in zip(free, rows, strict=False):
        canvas.moving_text(MARGIN, y, row)


def _beside_row(canvas: Canvas, line: BesideLine) -> None:
    """Show another call in the last row."""
    y = ROW_Y[-1]
    canvas.icon(MARGIN, y, icons.CALL[line.stage])
    room = canvas.room - ICON_ROOM - 2
    if line.time:
        room -= canvas.text_right(y, line.time) + GAP
    canvas.moving_text(MARGIN + ICON_ROOM + 2, y, line.text, room)


def _codec(canvas: Canvas, screen: CallScreen) -> None:
    """Write the codec in the middle of what the soft keys leave."""
    left, right = (key_wide(label) for label in labels(screen, canvas.language))
    room = canvas.wide - left - right - 2 * GAP
    wide = min(font.width(screen.sound.codec), room)
    canvas.text(left + GAP + (room - wide) // 2, KEYS_Y + 1, screen.sound.codec, room)


def _marks(sound: SoundLine) -> list[font.Rows]:
    """Return the pictures of a call's sound: muted, quality, lock."""
    marks = [icons.MUTED] if sound.muted else []
    marks += [] if sound.bars is None else [icons.bars(sound.bars)]
    return marks + ([icons.LOCK] if sound.secure else [])
