"""Draw a screen as the pixels of the display: 128 x 64 or 256 x 64, one bit each.

One grid for all: a head (the clock, or a lit bar with the title), text in rows below it, and the
labels of the two soft keys at the bottom, each above its key. A wide display has more in each row,
and the accounts beside the time.
"""

from __future__ import annotations

from typing import assert_never

from PIL import Image

from firmware.frozen import frozen
from firmware.phone import font, icons
from firmware.phone.canvas import Canvas
from firmware.phone.draw_call import draw_call, draw_dial
from firmware.phone.draw_code import draw_code
from firmware.phone.draw_graph import draw_graph
from firmware.phone.draw_list import draw_rows, draw_text
from firmware.phone.draw_parts import (
    ICON_ROOM,
    KEYS_Y,
    PAGE_Y,
    ROW_Y,
    key_wide,
    link_row,
    soft_key_labels,
    title,
)
from firmware.phone.draw_progress import draw_progress
from firmware.phone.grid import GAP, INDENT, MARGIN, PITCH, SIZE, WIDTH, row_lines
from firmware.phone.language import ENGLISH, Language
from firmware.phone.screen import (
    AccountLine,
    CallScreen,
    DialScreen,
    GraphScreen,
    IdleScreen,
    LinkLine,
    ListScreen,
    PageScreen,
    Screen,
    TextScreen,
    labels,
    registered_count,
    shown_lamp,
)
from firmware.phone.scrolling import Moving

# Rows, from the top.
IDLE_Y, IDLE_PITCH, IDLE_ROWS = 17, 9, 3
LINK_Y = 46
PROGRESS_Y = 34
WIDE_DATE_Y, WIDE_ROWS = 33, 5

# Columns.
NAME_ROOM_MIN = 36


@frozen
class Drawn:
    """The picture of a screen, mode "1", and the text on it that moves."""

    image: Image.Image
    moving: Moving | None


def render(
    screen: Screen, language: Language = ENGLISH, size: tuple[int, int] = SIZE
) -> Image.Image:
    """Return the picture of a screen for a display of that size, mode "1"."""
    return draw(screen, language, size).image


def draw(screen: Screen, language: Language, size: tuple[int, int], moved: int = 0) -> Drawn:
    """Draw a screen; the text that moves has moved by so many columns."""
    canvas = Canvas(language, size, moved)
    match screen:
        case IdleScreen():
            _idle(canvas, screen)
        case PageScreen():
            _page(canvas, screen)
        case GraphScreen():
            _graph(canvas, screen)
        case DialScreen():
            draw_dial(canvas, screen)
        case CallScreen():
            draw_call(canvas, screen)
        case ListScreen():
            _list(canvas, screen)
        case TextScreen():
            _text(canvas, screen)
        case _:
            assert_never(screen)
    soft_key_labels(canvas, screen)
    return Drawn(canvas.image, canvas.moving)


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
            link_row(canvas, LINK_Y, screen.link)
    _services(canvas, screen)


def _idle_head(canvas: Canvas, screen: IdleScreen) -> None:
    wide = _clock(canvas, screen)
    room = canvas.room - wide - GAP
    canvas.text_right(0, screen.date, room)
    count = registered_count(screen.accounts, canvas.language)
    if screen.accounts and font.width(count) > room:
        count = count.partition(" ")[0]  # "2/2": beside a lock there is no room for the word.
    canvas.text_right(IDLE_PITCH - 1, count, room)


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
        link_row(left, LINK_Y, screen.link)
    for y in range(0, KEYS_Y - 2, 2):
        canvas.bar(WIDTH, y, 1, 1)
    _accounts(canvas.part(WIDTH, canvas.wide - WIDTH), screen.accounts, 0, WIDE_ROWS)


def _services(canvas: Canvas, screen: IdleScreen) -> None:
    """Draw what holds of calls and messages between the soft keys: as much as has room."""
    words = labels(screen, canvas.language)
    left, right = key_wide(words[0]), key_wide(words[1], shown_lamp(screen))
    marks = [icons.SILENT] if screen.silent else []
    marks += [icons.NO_DISTURBANCE] if screen.no_disturbance else []
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
    """Show up to `most` accounts; of more, the names, or first what is wrong."""
    if len(accounts) <= most:
        rows = accounts
    elif all(line.registered for line in accounts):
        _account_grid(canvas, accounts, top, most)
        return
    else:
        rows = tuple(sorted(accounts, key=lambda line: line.registered))[:most]
    y, spare = top, most - len(rows)
    for line in rows:
        canvas.icon(MARGIN, y + 1, icons.REGISTERED if line.registered else icons.NOT_REGISTERED)
        taken = _account(canvas, y, line, may_break=spare > 0)
        y, spare = y + taken * IDLE_PITCH, spare - taken + 1


def _account(canvas: Canvas, y: int, line: AccountLine, *, may_break: bool) -> int:
    """Write an account and what is said of it; return how many rows it took.

    What has no room beside each other stands below each other, where a row is free. Else the name
    moves in what is left of its row, or keeps its beginning where what is said has to move.
    """
    x, room, said = MARGIN + ICON_ROOM, canvas.room - ICON_ROOM, line.reason or line.note
    needed = font.width(said) + GAP if said else 0
    if may_break and font.width(line.name) + needed > room:
        canvas.moving_text(x, y, line.name, room)
        canvas.moving_text(x, y + IDLE_PITCH, said, room)
        return 2 if said else 1
    name_room = max(room - needed, NAME_ROOM_MIN)
    canvas.moving_right(y, said, room - min(font.width(line.name), name_room) - GAP)
    canvas.moving_text(x, y, line.name, name_room)
    return 1


def _account_grid(canvas: Canvas, accounts: tuple[AccountLine, ...], top: int, most: int) -> None:
    columns = 2 if len(accounts) <= 2 * most else 3
    wide = canvas.wide // columns
    for number, line in enumerate(accounts):
        row, column = divmod(number, columns)
        x, y = MARGIN + column * wide, top + row * IDLE_PITCH
        canvas.icon(x, y + 1, icons.REGISTERED)
        canvas.moving_text(x + ICON_ROOM, y, line.name, wide - ICON_ROOM - GAP)


def _link_block(canvas: Canvas, link: LinkLine) -> None:
    """Show a link that is not up in place of the accounts: what is, and why."""
    canvas.dots(IDLE_Y)
    link_row(canvas, IDLE_Y + 2, link)
    for number, text in enumerate(font.broken(link.reason, canvas.room, IDLE_ROWS), start=1):
        canvas.moving_text(MARGIN, IDLE_Y + 2 + number * IDLE_PITCH, text)


def _page(canvas: Canvas, screen: PageScreen) -> None:
    if screen.code:
        draw_code(canvas, screen)
        return
    title(canvas, screen.title, f"{screen.page}/{screen.pages}" if screen.pages > 1 else "")
    y = PAGE_Y
    for fact in screen.rows:
        for label, text in row_lines(*fact, canvas.room):
            if label:
                canvas.text(MARGIN, y, label)
                _value(canvas, y, label, text)
            else:
                canvas.moving_text(MARGIN + INDENT, y, text, canvas.room - INDENT)
            y += PITCH
    if screen.progress is not None:
        draw_progress(canvas, PROGRESS_Y, screen.progress)


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
    title(canvas, screen.title, f"{screen.page}/{screen.pages}")
    draw_graph(canvas, screen.graph)
    canvas.text(MARGIN, KEYS_Y + 1, canvas.language.say(screen.graph.words))


def _list(canvas: Canvas, screen: ListScreen) -> None:
    first, rows = screen.shown
    draw_rows(canvas, PAGE_Y, rows, screen.chosen - first)
    title(canvas, screen.title, f"{screen.chosen + 1}/{len(screen.rows)}")
    if screen.link is not None:
        link_row(canvas, ROW_Y[1], screen.link)


def _text(canvas: Canvas, screen: TextScreen) -> None:
    draw_text(canvas, screen.text, screen.wrong)
    title(canvas, screen.title, screen.case)
    if screen.progress is not None:
        draw_progress(canvas, PROGRESS_Y, screen.progress)
    elif screen.link is not None and not screen.wrong:
        link_row(canvas, ROW_Y[1], screen.link)
