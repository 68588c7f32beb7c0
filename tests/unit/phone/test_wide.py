"""Screens on a wide display: each drawn for it, the main ones as golden pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from firmware.phone.grid import WIDTH
from firmware.phone.language import LANGUAGES
from firmware.phone.render import render
from tests.unit.phone.drawing import drawn
from tests.unit.phone.test_screens import SCENES

GOLDEN = Path(__file__).parents[2] / "golden" / "wide"
SIZE = (256, 64)

MAIN = (
    "idle",
    "idle-twelve-hours",
    "idle-locked",
    "idle-three-accounts",
    "idle-nine-accounts",
    "idle-nine-accounts-two-refused",
    "idle-certificate-expired",
    "idle-misconfigured",
    "idle-warnings-no-link",
    "page-link-up",
    "page-warning",
    "page-accounts",
    "page-round-trip",
    "page-outages-more",
    "dialling-matches",
    "dialling-long",
    "dialling-certificate-expired",
    "calling-beside-held",
    "incoming-long-name",
    "talking-encrypted",
    "talking-beside-held-without-link",
    "ended-busy",
    "menu",
    "list-missed-without-link",
    "directory-contact",
    "directory-name-wrong",
    "settings",
)


@pytest.mark.parametrize("name", MAIN)
def test_a_screen_looks_as_its_golden_picture(name: str, request: pytest.FixtureRequest) -> None:
    picture = render(SCENES[name]().screen, size=SIZE)
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(exist_ok=True)
        picture.save(GOLDEN / f"{name}.png", optimize=True)
    with Image.open(GOLDEN / f"{name}.png") as golden:
        assert golden.size == picture.size == SIZE
        assert golden.convert("1").tobytes() == picture.tobytes()


def test_no_golden_picture_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(MAIN)


@pytest.mark.parametrize("code", LANGUAGES)
def test_nothing_is_cut_off_that_a_small_display_shows_whole(code: str) -> None:
    small = drawn(code, "small")
    known = {text for each in small.values() for text in each.cut}
    for name, each in drawn(code, "wide").items():
        assert each.cut <= known, name


def test_both_halves_are_used() -> None:
    for name, each in drawn("en", "wide").items():
        picture = each.picture
        halves = (picture.crop((0, 0, WIDTH, 64)), picture.crop((WIDTH, 0, 256, 64)))
        assert all(half.getbbox() for half in halves), name
