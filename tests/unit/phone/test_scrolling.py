"""Texts that have no room: when they move, how far, and that nothing moves for nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from firmware.agent.events import EndCause, Party
from firmware.link.events import Failure, FailureKind
from firmware.phone.draw_progress import STRIPE
from firmware.phone.font import width
from firmware.phone.grid import ROOM, SIZE
from firmware.phone.language import ENGLISH
from firmware.phone.render import draw, render
from firmware.phone.screen import ListScreen, Progress, Screen, TextScreen
from firmware.phone.scrolling import (
    REST_S,
    STEP_COLUMNS,
    STEP_S,
    STILL_S,
    WAIT_S,
    Moving,
    Scrolling,
)
from tests.unit.phone.menu_scenes import LONG, open_directory, remembering
from tests.unit.phone.rig import Rig, waiting
from tests.unit.phone.service_scenes import LONG_NAME, SERVICE_SCENES
from tests.unit.phone.test_screens import SCENES

GOLDEN = Path(__file__).parents[2] / "golden" / "moving"

NAME = Moving("a name that is too long", 5)


def moments(scrolling: Scrolling, until: float) -> Iterator[tuple[float, int]]:
    """Wake it at each of its deadlines; yield when it moved, and how far it has."""
    while (due := scrolling.deadline()) is not None and due <= until:
        if scrolling.wake(due):
            yield round(due, 6), scrolling.moved
        after = scrolling.deadline()
        assert after is None or after > due


def test_a_text_waits_moves_rests_and_begins_again() -> None:
    scrolling = Scrolling(0.0)
    assert not scrolling.follow(NAME, 10.0)  # It is drawn at its beginning already.
    begins = 10 + WAIT_S
    ends = begins + 2 * STEP_S
    again = ends + REST_S
    assert list(moments(scrolling, again + WAIT_S)) == [
        (begins, STEP_COLUMNS),
        (round(begins + STEP_S, 6), 2 * STEP_COLUMNS),
        (round(ends, 6), 5),
        (round(again, 6), 0),
        (round(again + WAIT_S, 6), STEP_COLUMNS),
    ]


def test_nothing_to_move_is_no_deadline() -> None:
    scrolling = Scrolling(0.0)
    assert scrolling.deadline() is None
    assert not scrolling.follow(None, 1.0)
    scrolling.touch(2.0)
    assert scrolling.deadline() is None
    assert not scrolling.wake(1000.0)


def test_the_same_text_goes_on_and_another_begins_anew() -> None:
    scrolling = Scrolling(0.0)
    scrolling.follow(NAME, 0.0)
    list(moments(scrolling, WAIT_S))
    assert scrolling.moved == STEP_COLUMNS
    due = scrolling.deadline()
    assert not scrolling.follow(NAME, WAIT_S)
    assert (scrolling.moved, scrolling.deadline()) == (STEP_COLUMNS, due)
    assert scrolling.follow(Moving("somebody else", 7), 2.0)
    assert (scrolling.moved, scrolling.deadline()) == (0, 2 + WAIT_S)
    assert not scrolling.follow(None, 3.0)
    assert scrolling.deadline() is None


def test_nothing_moves_for_nobody_and_a_key_begins_anew() -> None:
    scrolling = Scrolling(0.0)
    scrolling.follow(NAME, 0.0)
    moved = dict(moments(scrolling, 1e6))
    assert scrolling.deadline() is None
    assert scrolling.moved == 0
    assert STILL_S - WAIT_S < max(moved) <= STILL_S + WAIT_S
    scrolling.touch(500.0)
    assert scrolling.deadline() == 500 + WAIT_S


def test_a_key_keeps_it_moving() -> None:
    scrolling = Scrolling(0.0)
    scrolling.follow(NAME, 0.0)
    list(moments(scrolling, STILL_S - 1))
    scrolling.touch(STILL_S - 1)
    moved = dict(moments(scrolling, 1e6))
    assert 2 * STILL_S - 1 - WAIT_S < max(moved) <= 2 * STILL_S - 1 + WAIT_S


def test_it_stops_when_the_display_dims() -> None:
    scrolling = Scrolling(0.0)
    scrolling.still_s = 10.0
    scrolling.follow(NAME, 0.0)
    assert max(dict(moments(scrolling, 1e6))) <= 10 + WAIT_S


# What moves on which screen.


def directory(*keys: str) -> Screen:
    rig = open_directory(remembering(LONG))
    rig.press(*keys)
    return rig.screen


def talking_to(name: str) -> Screen:
    return Rig.registered().talking(Party(name, "+493012345678")).screen


VERY_LONG = "Prof. Dr. Maximiliane von Hohenstein-Waldburg-Zollernhausen"
SENTENCE = "this number is not in use any more, please ask the operator for another one"


def refused() -> Screen:
    rig = Rig.registered().dialled(Party("Anna", "604"))
    return rig.ended(EndCause.REFUSED, SENTENCE).screen


def no_link() -> Screen:
    rig = Rig.registered()
    why = "startup.cfg:12: sips trusted certificates: no such file: certificates/of/the/house.pem"
    rig.feed(waiting(rig.now, 8, Failure(FailureKind.CONFIGURATION, why)))
    return rig.screen


def missed() -> Screen:
    """A list of missed calls: a long name and the day have to share the row."""
    rows = (("Anna-Magdalena von Trappenburg", "23 Nov"), ("Bert", "14:02"))
    return ListScreen("Missed calls", rows, 0, can_take=True)


def settings() -> Screen:
    """A value that is longer than its row."""
    rows = (("Time zone", "America/Argentina/ComodRivadavia"), ("Language", "English"))
    return ListScreen("Settings", rows, 0, can_take=True)


SCROLLED: dict[str, tuple[Callable[[], Screen], str]] = {
    "directory": (directory, "Anna-Magdalena von Trappenburg"),
    "contact": (lambda: directory("soft1"), "anna@desk.example.org"),
    "contact-name": (lambda: directory("soft1", "down"), "Anna-Magdalena von Trappenburg"),
    "missed": (missed, "Anna-Magdalena von Trappenburg"),
    "settings": (settings, "America/Argentina/ComodRivadavia"),
    "call": (lambda: talking_to(VERY_LONG), "Hohenstein-Waldburg-Zollernhausen"),
    "refused": (refused, "any more"),
    "no-link": (no_link, "house.pem"),
    "idle-name": (lambda: SERVICE_SCENES["idle-long-name-sent-on"]().screen, LONG_NAME),
    "idle-sent-on": (
        lambda: SERVICE_SCENES["idle-long-names-sent-on"]().screen,
        "sent to 0049301234567",
    ),
    "idle-names": (lambda: SERVICE_SCENES["idle-long-names"]().screen, LONG_NAME),
    "idle-key": (lambda: SERVICE_SCENES["idle-key-long"]().screen, LONG_NAME),
}


@pytest.mark.parametrize("name", SCROLLED)
def test_a_text_that_moves_looks_as_its_golden_picture(
    name: str, request: pytest.FixtureRequest
) -> None:
    """At its beginning, half way, and with its end in sight."""
    scene, text = SCROLLED[name]
    screen = scene()
    moving = draw(screen, ENGLISH, SIZE).moving
    assert moving is not None
    assert text in moving.text
    sheet = Image.new("1", (128, 3 * 68 - 4), 1)
    for number, moved in enumerate((0, moving.columns // 2, moving.columns)):
        sheet.paste(draw(screen, ENGLISH, SIZE, moved).image, (0, number * 68))
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(exist_ok=True)
        sheet.save(GOLDEN / f"{name}.png", optimize=True)
    with Image.open(GOLDEN / f"{name}.png") as golden:
        assert golden.size == sheet.size
        assert golden.convert("1").tobytes() == sheet.tobytes()


def test_no_golden_picture_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(SCROLLED)


def end_of(screen: Screen) -> tuple[Image.Image, Moving]:
    moving = draw(screen, ENGLISH, SIZE).moving
    assert moving is not None
    return draw(screen, ENGLISH, SIZE, moving.columns).image, moving


def test_with_its_end_in_sight_a_row_shows_all_of_its_end() -> None:
    """The last columns are those of the text written to end at the same place."""
    row = "Anna-Magdalena von Trappenburg"
    picture, moving = end_of(ListScreen("Directory", ((row, ""),), 0, can_take=True))
    assert moving == Moving(row, width(row) - ROOM)
    tail = "Trappenburg"
    beside = (("", tail),)  # The same words at the right margin.
    wanted = render(ListScreen("Directory", beside, 0, can_take=True))
    place = (126 - width(tail), 12, 128, 22)
    assert picture.crop(place).tobytes() == wanted.crop(place).tobytes()


def test_only_the_row_that_is_chosen_moves() -> None:
    rows = (("Bert", ""), ("Anna-Magdalena von Trappenburg", ""))
    assert draw(ListScreen("Directory", rows, 0, can_take=True), ENGLISH, SIZE).moving is None
    chosen = draw(ListScreen("Directory", rows, 1, can_take=True), ENGLISH, SIZE)
    assert chosen.moving is not None
    moved = draw(ListScreen("Directory", rows, 1, can_take=True), ENGLISH, SIZE, 30).image
    upper = (0, 0, 128, 22)
    assert moved.crop(upper).tobytes() == chosen.image.crop(upper).tobytes()
    assert moved.tobytes() != chosen.image.tobytes()


def test_a_value_that_has_no_room_moves_where_its_label_has() -> None:
    screen = settings()
    moving = draw(screen, ENGLISH, SIZE).moving
    assert moving is not None
    assert moving.text == "America/Argentina/ComodRivadavia"
    left = (0, 12, width("Time zone") + 2, 22)
    moved, still = draw(screen, ENGLISH, SIZE, moving.columns).image, render(screen)
    assert moved.crop(left).tobytes() == still.crop(left).tobytes()


def test_what_is_wrong_with_a_line_moves_and_what_is_typed_does_not() -> None:
    screen = TextScreen("Name", "x" * 200, "Abc", SENTENCE + ", " + SENTENCE)
    assert draw(screen, ENGLISH, SIZE).moving is not None
    assert draw(TextScreen("Name", "x" * 200, "Abc"), ENGLISH, SIZE).moving is None


# Work that takes long.


def bar_of(picture: Image.Image) -> Image.Image:
    """What is inside the frame of a bar."""
    return picture.crop((4, 47, 124, 50))


@pytest.mark.parametrize(("done", "columns"), [(0, 0), (1, 30), (2, 60), (4, 120)])
def test_as_much_of_a_bar_is_lit_as_is_done(done: int, columns: int) -> None:
    screen = TextScreen("PIN", "", "", progress=Progress("checking the PIN", done, 4))
    drawn = draw(screen, ENGLISH, SIZE)
    assert bar_of(drawn.image).getbbox() == ((0, 0, columns, 3) if columns else None)
    assert drawn.moving is None


def test_the_stripes_of_a_bar_move_where_nobody_knows_how_long_it_takes() -> None:
    screen = TextScreen("PIN", "", "", progress=Progress("checking the PIN"))
    drawn = draw(screen, ENGLISH, SIZE)
    assert drawn.moving == Moving("checking the PIN", STRIPE)
    moved = draw(screen, ENGLISH, SIZE, 2).image
    still, shifted = bar_of(drawn.image), bar_of(moved)
    assert still.crop((0, 0, 118, 3)).tobytes() == shifted.crop((2, 0, 120, 3)).tobytes()
    assert still.tobytes() != shifted.tobytes()
    assert draw(screen, ENGLISH, SIZE, STRIPE).image.tobytes() == drawn.image.tobytes()


def test_what_fits_a_wide_display_does_not_move_there() -> None:
    for name in ("directory", "contact", "call", "refused"):
        scene, _ = SCROLLED[name]
        assert draw(scene(), ENGLISH, (256, 64)).moving is None, name


def test_no_screen_has_moved_where_nothing_moves() -> None:
    still = 0
    for scene in SCENES.values():
        drawn = draw(scene().screen, ENGLISH, SIZE)
        if drawn.moving is None:
            still += 1
            assert draw(scene().screen, ENGLISH, SIZE, 40).image.tobytes() == drawn.image.tobytes()
    assert still > len(SCENES) * 0.8
