"""Draw a screen as the pixels of the display: 128 x 64 or 256 x 64, one bit each.

One grid for all: a head (the clock, or a lit bar with the title), text in rows below it, and the
labels of the two soft keys at the bottom, each above its key. A wide display has more in each row,
and the accounts beside the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from PIL import Image

from firmware.phone import font, icons
from firmware.phone.canvas import Canvas
from firmware.phone.draw_graph import draw_graph
from firmware.phone.draw_list import draw_rows, draw_text
from firmware.phone.grid import GAP, HEIGHT, INDENT, MARGIN, PITCH, SIZE, WIDTH, row_lines
from firmware.phone.language import ENGLISH, Language
from firmware.phone.screen import (
    AccountLine,
    BesideLine,
    CallScreen,
    CallStage,
    DialScreen,
    GraphScreen,
    IdleScreen,
    LinkLine,
    ListScreen,
    PageScreen,
    Screen,
    SoundLine,
    TextScreen,
    labels,
    registered_count,
)

# Rows, from the top; a line of text is nine high with what reaches below it.
BAR_HIGH = 11
PAGE_Y = 13
ROW_Y = (34, 44)  # The two rows below a headline.
IDLE_Y, IDLE_PITCH, IDLE_ROWS = 17, 9, 3
LINK_Y = 46
WIDE_DATE_Y, WIDE_ROWS = 33, 5
KEYS_Y = HEIGHT - 9

# Columns.
ICON_ROOM = 8
LINK_ICON_ROOM = 12
NAME_ROOM_MIN = 36

STANDING = frozenset({CallStage.TALKING, CallStage.HELD})


def render(
    screen: Screen, language: Language = ENGLISH, size: tuple[int, int] = SIZE
) -> Image.Image:
    """Return the picture of a screen for a display of that size, mode "1"."""
    canvas = Canvas(language, size)
    match screen:
        case IdleScreen():
            _idle(canvas, screen)
        case PageScreen():
            _page(canvas, screen)
        case GraphScreen():
            _graph(canvas, screen)
        case DialScreen():
            _dial(canvas, screen)
        case CallScreen():
            _call(canvas, screen)
        case ListScreen():
            _list(canvas, screen)
        case TextScreen():
            _text(canvas, screen)
        case _:
            assert_never(screen)
    _soft_keys(canvas, screen)
    return canvas.image


def _soft_keys(canvas: Canvas, screen: Screen) -> None:
    """Write what the soft keys do, each on a lit label above its key."""
    left, right = labels(screen, canvas.language)
    if left:
        wide = _key_wide(left)
        canvas.bar(0, KEYS_Y, wide, 9)
        canvas.text(3, KEYS_Y + 1, left, ink=0)
    if right:
        wide = _key_wide(right)
        canvas.bar(canvas.wide - wide, KEYS_Y, wide, 9)
        canvas.text(canvas.wide - wide + 3, KEYS_Y + 1, right, ink=0)


def _title(
    canvas: Canvas,
    title: str,
    side: str = "",
    icon: font.Rows | None = None,
    marks: Sequence[font.Rows] = (),
) -> None:
    """Draw the bar at the top: a picture, words, more pictures, and what stands at the right."""
    canvas.bar(0, 0, canvas.wide, BAR_HIGH)
    x = MARGIN
    if icon is not None:
        canvas.icon(x, 2, icon, ink=0)
        x += len(icon[0]) + 3
    room = canvas.wide - x - MARGIN
    if side:
        room -= canvas.text_right(2, side, ink=0) + GAP
    for mark in marks:
        room -= len(mark[0])
        canvas.icon(x + room, 2, mark, ink=0)
        room -= GAP
    canvas.text(x, 2, title, room, ink=0)


def _idle(canvas: Canvas, screen: IdleScreen) -> None:
    if canvas.wide >= 2 * WIDTH:
        _wide_idle(canvas, screen)
    else:
        _idle_head(canvas, screen)
        if screen.link.reason:
            _link_block(canvas, screen.link)
        else:
            _accounts(canvas, screen.accounts)
            canvas.dots(LINK_Y - 2)
            _link_row(canvas, LINK_Y, screen.link)
    _services(canvas, screen)


def _idle_head(canvas: Canvas, screen: IdleScreen) -> None:
    wide = _clock(canvas, screen)
    room = canvas.room - wide - GAP
    canvas.text_right(0, screen.date, room)
    canvas.text_right(IDLE_PITCH - 1, registered_count(screen.accounts, canvas.language), room)


def _wide_idle(canvas: Canvas, screen: IdleScreen) -> None:
    """Show the link below the time, and beside them each account: also while the link is down."""
    left = canvas.part(0, WIDTH)
    if screen.link.reason:
        _idle_head(left, screen)
        _link_block(left, screen.link)
    else:
        _clock(left, screen, scale=4)
        room = left.room - left.text(MARGIN, WIDE_DATE_Y, screen.date) - GAP
        left.text_right(WIDE_DATE_Y, registered_count(screen.accounts, left.language), room)
        left.dots(LINK_Y - 2)
        _link_row(left, LINK_Y, screen.link)
    for y in range(0, KEYS_Y - 2, 2):
        canvas.bar(WIDTH, y, 1, 1)
    _accounts(canvas.part(WIDTH, canvas.wide - WIDTH), screen.accounts, 0, WIDE_ROWS)


def _services(canvas: Canvas, screen: IdleScreen) -> None:
    """Draw what holds of calls and messages between the soft keys: as much as has room."""
    left, right = (_key_wide(label) for label in labels(screen, canvas.language))
    marks = [icons.NO_DISTURBANCE] if screen.no_disturbance else []
    marks += [icons.FORWARDED] if screen.forwards else []
    marks += [icons.ENVELOPE] if screen.messages_wait else []
    count = str(screen.messages) if screen.messages else ""
    wide = sum(len(mark[0]) + GAP for mark in marks) + (font.width(count) + GAP if count else 0)
    room = canvas.wide - left - right
    x = left + max(0, (room - wide + GAP) // 2)
    for mark in marks:
        if x + len(mark[0]) > canvas.wide - right:
            return
        canvas.icon(x, KEYS_Y + 1, mark)
        x += len(mark[0]) + GAP
    canvas.text(x, KEYS_Y + 1, count, max(0, canvas.wide - right - x))


def _key_wide(label: str) -> int:
    return font.width(label) + 6 if label else 0


def _clock(canvas: Canvas, screen: IdleScreen, scale: int = 2) -> int:
    """Write the time large, behind it which half of the day and a lock; return the width."""
    time, _, half = screen.clock.partition(" ")
    wide = canvas.text(MARGIN, 0, time, scale=scale)
    base = font.ASCENT * (scale - 1)
    if half:
        wide += 2 + canvas.text(MARGIN + wide + 2, base, half)
    if screen.locked:
        canvas.icon(MARGIN + wide + GAP, base - 1, icons.LOCK)
        wide += GAP + len(icons.LOCK[0])
    return wide


def _accounts(
    canvas: Canvas, accounts: tuple[AccountLine, ...], top: int = IDLE_Y, most: int = IDLE_ROWS
) -> None:
    """Show up to `most` accounts in a row each; of more, the names, or first what is wrong."""
    if len(accounts) <= most:
        rows = accounts
    elif all(line.registered for line in accounts):
        _account_grid(canvas, accounts, top, most)
        return
    else:
        rows = tuple(sorted(accounts, key=lambda line: line.registered))[:most]
    for number, line in enumerate(rows):
        y = top + number * IDLE_PITCH
        canvas.icon(MARGIN, y + 1, icons.REGISTERED if line.registered else icons.NOT_REGISTERED)
        room, said = canvas.room - ICON_ROOM, line.reason or line.note
        needed = font.width(said) + GAP if said else 0
        used = canvas.text(MARGIN + ICON_ROOM, y, line.name, max(room - needed, NAME_ROOM_MIN))
        canvas.text_right(y, said, room - used - GAP)


def _account_grid(canvas: Canvas, accounts: tuple[AccountLine, ...], top: int, most: int) -> None:
    columns = 2 if len(accounts) <= 2 * most else 3
    wide = canvas.wide // columns
    for number, line in enumerate(accounts):
        row, column = divmod(number, columns)
        x, y = MARGIN + column * wide, top + row * IDLE_PITCH
        canvas.icon(x, y + 1, icons.REGISTERED)
        canvas.text(x + ICON_ROOM, y, line.name, wide - ICON_ROOM - GAP)


def _link_row(canvas: Canvas, y: int, link: LinkLine) -> None:
    canvas.icon(MARGIN, y, icons.LINK[link.icon])
    room = canvas.room - LINK_ICON_ROOM
    if link.side:
        room -= canvas.text_right(y, link.side) + GAP
    canvas.text(MARGIN + LINK_ICON_ROOM, y, link.text, room)


def _link_block(canvas: Canvas, link: LinkLine) -> None:
    """Show a link that is not up in place of the accounts: what is, and why."""
    canvas.dots(IDLE_Y)
    _link_row(canvas, IDLE_Y + 2, link)
    for number, text in enumerate(font.wrapped(link.reason, canvas.room, IDLE_ROWS), start=1):
        canvas.text(MARGIN, IDLE_Y + 2 + number * IDLE_PITCH, text)


def _page(canvas: Canvas, screen: PageScreen) -> None:
    _title(canvas, screen.title, f"{screen.page}/{screen.pages}" if screen.pages > 1 else "")
    y = PAGE_Y
    for fact in screen.rows:
        for label, text in row_lines(*fact, canvas.room):
            if label:
                canvas.text(MARGIN, y, label)
                _value(canvas, y, label, text)
            else:
                canvas.text(MARGIN + INDENT, y, text, canvas.room - INDENT)
            y += PITCH


def _value(canvas: Canvas, y: int, label: str, text: str) -> None:
    """Write at the right; on a wide display in a second column, where label and value have room."""
    half = canvas.wide // 2
    has_room = font.width(text) <= half - MARGIN and font.width(label) + GAP <= half
    if canvas.wide > WIDTH and has_room:
        canvas.text(half, y, text)
    else:
        canvas.text_right(y, text)


def _graph(canvas: Canvas, screen: GraphScreen) -> None:
    """Draw a bar from the axis for each while that was measured, dots where the link was down."""
    _title(canvas, screen.title, f"{screen.page}/{screen.pages}")
    draw_graph(canvas, screen.graph)
    canvas.text(MARGIN, KEYS_Y + 1, canvas.language.say(screen.graph.words))


def _dial(canvas: Canvas, screen: DialScreen) -> None:
    _title(canvas, screen.account, icon=icons.CALL[CallStage.CALLING])
    _headline(canvas, screen.digits + "_")
    if screen.link is not None:
        _link_row(canvas, ROW_Y[0], screen.link)
        whole = font.width(screen.link.reason) <= canvas.room
        if screen.beside is None:
            canvas.text(MARGIN, ROW_Y[1], screen.link.reason if whole else screen.link.brief)
    if screen.beside is not None:
        _beside_row(canvas, screen.beside)
    elif screen.link is None:
        draw_rows(canvas, ROW_Y[0], screen.matches, screen.chosen)


def _list(canvas: Canvas, screen: ListScreen) -> None:
    first, rows = screen.shown
    _title(canvas, screen.title, f"{screen.chosen + 1}/{len(screen.rows)}")
    draw_rows(canvas, PAGE_Y, rows, screen.chosen - first)
    if screen.link is not None:
        _link_row(canvas, ROW_Y[1], screen.link)


def _text(canvas: Canvas, screen: TextScreen) -> None:
    _title(canvas, screen.title, screen.case)
    draw_text(canvas, screen.text, screen.wrong)
    if screen.link is not None and not screen.wrong:
        _link_row(canvas, ROW_Y[1], screen.link)


def _call(canvas: Canvas, screen: CallScreen) -> None:
    stands = screen.stage in STANDING
    side = screen.detail if stands else ""
    marks = _marks(screen.sound) if stands else []
    _title(canvas, canvas.language.say(screen.stage.value), side, icons.CALL[screen.stage], marks)
    _headline(canvas, screen.name or screen.number)
    rows = [screen.number] if screen.name and screen.name != screen.number else []
    rows += [] if stands else font.wrapped(screen.detail, canvas.room, len(ROW_Y))
    _call_rows(canvas, screen, [*rows, *font.wrapped(screen.sound.note, canvas.room, len(ROW_Y))])
    if stands:
        _codec(canvas, screen)


def _call_rows(canvas: Canvas, screen: CallScreen, rows: list[str]) -> None:
    """Write what is to be said below the name: the link and another call first, the last words;
    a note of the sound is news, and comes before who is called."""
    free = list(ROW_Y)
    if screen.beside is not None:
        _beside_row(canvas, screen.beside)
        free.remove(ROW_Y[-1])
    if screen.link is not None:
        _link_row(canvas, free.pop(), screen.link)
    is_said = bool(screen.sound.note) or len(free) < len(ROW_Y)
    shown = rows[-len(free) :] if is_said else rows
    for y, text in zip(free, shown, strict=False):
        canvas.text(MARGIN, y, text)


def _beside_row(canvas: Canvas, line: BesideLine) -> None:
    """Show another call in the last row."""
    y = ROW_Y[-1]
    canvas.icon(MARGIN, y, icons.CALL[line.stage])
    room = canvas.room - ICON_ROOM - 2
    if line.time:
        room -= canvas.text_right(y, line.time) + GAP
    canvas.text(MARGIN + ICON_ROOM + 2, y, line.text, room)


def _codec(canvas: Canvas, screen: CallScreen) -> None:
    """Write the codec in the middle of what the soft keys leave."""
    left, right = (_key_wide(label) for label in labels(screen, canvas.language))
    room = canvas.wide - left - right - 2 * GAP
    wide = min(font.width(screen.sound.codec), room)
    canvas.text(left + GAP + (room - wide) // 2, KEYS_Y + 1, screen.sound.codec, room)


def _marks(sound: SoundLine) -> list[font.Rows]:
    """Return the pictures of a call's sound: muted, quality, lock."""
    marks = [icons.MUTED] if sound.muted else []
    marks += [] if sound.bars is None else [icons.bars(sound.bars)]
    return marks + ([icons.LOCK] if sound.secure else [])


def _headline(canvas: Canvas, text: str) -> None:
    """Write large; what does not fit is written small in up to two rows."""
    if font.width(text, 2) <= canvas.room:
        canvas.text(MARGIN, BAR_HIGH + 3, text, scale=2)
        return
    for number, line in enumerate(font.wrapped(text, canvas.room, 2)):
        canvas.text(MARGIN, PAGE_Y + number * PITCH, line)
