"""Every screen in each language, for both sizes of display, on one page: `make screens`.

A sheet is a golden picture like any other: it has to be as the screens are drawn now, so it is
never stale. Look at each that has changed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from firmware.phone.canvas import Canvas
from firmware.phone.font import broken
from firmware.phone.grid import MARGIN, PITCH
from firmware.phone.language import ENGLISH, LANGUAGES
from tests.unit.phone.drawing import SIZES, drawn
from tests.unit.phone.test_screens import SCENES

FOLDER = Path(__file__).parents[2] / "golden" / "languages"
PAGE = FOLDER / "README.md"

COLUMNS = {"small": 6, "wide": 3}
BELOW = 2 * PITCH + 12
"""Rows below a picture for its name, and free."""

BESIDE = 12
FRAME = 2
"""Dark pixels around a picture: the glass of a display is dark where nothing is lit."""

sheets = pytest.mark.parametrize(
    ("code", "size"), [(code, size) for code in LANGUAGES for size in SIZES]
)


def name_of(code: str, size: str) -> str:
    return f"{code}.png" if size == "small" else f"{code}-wide.png"


def caption(name: str, wide: int) -> Image.Image:
    """Return the name of a scene, dark on light."""
    canvas = Canvas(ENGLISH, (wide, 2 * PITCH))
    canvas.bar(0, 0, wide, 2 * PITCH)
    for number, line in enumerate(broken(name.replace("-", " "), wide - 2 * MARGIN, 2)):
        canvas.text(MARGIN, 2 + number * PITCH, line, ink=0)
    return canvas.image


def sheet(code: str, size: str) -> Image.Image:
    """Draw all screens in a language, each with its name below it."""
    (wide, high), columns = SIZES[size], COLUMNS[size]
    rows = -(-len(SCENES) // columns)
    size_of_all = (columns * (wide + BESIDE) + 2 * FRAME - BESIDE, rows * (high + BELOW))
    picture = Image.new("1", size_of_all, 1)
    for number, (name, each) in enumerate(drawn(code, size).items()):
        row, column = divmod(number, columns)
        x, y = FRAME + column * (wide + BESIDE), FRAME + row * (high + BELOW)
        picture.paste(0, (x - FRAME, y - FRAME, x + wide + FRAME, y + high + FRAME))
        picture.paste(each.picture, (x, y))
        picture.paste(caption(name, wide), (x, y + high + FRAME))
    return picture


def page() -> str:
    """Return the page that shows all sheets."""
    parts = ["# Every screen", "`make screens` draws them anew, and this page."]
    for size, (wide, high) in SIZES.items():
        for code, language in LANGUAGES.items():
            name = name_of(code, size)
            parts += [f"## {language}, {wide} x {high}", f"![{language}, {size}]({name})"]
    return "\n\n".join(parts) + "\n"


@sheets
def test_all_screens_look_as_on_their_sheet(
    code: str, size: str, request: pytest.FixtureRequest
) -> None:
    drawn_now, path = sheet(code, size), FOLDER / name_of(code, size)
    if request.config.getoption("--update-golden"):
        drawn_now.save(path, optimize=True)
    with Image.open(path) as golden:
        assert golden.size == drawn_now.size
        assert golden.convert("1").tobytes() == drawn_now.tobytes()


def test_the_page_shows_each_sheet(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()
    shown = {name_of(code, size) for code in LANGUAGES for size in SIZES}
    assert {path.name for path in FOLDER.iterdir()} == {*shown, PAGE.name}


def test_each_sheet_has_every_screen() -> None:
    for code in LANGUAGES:
        for size in SIZES:
            assert drawn(code, size).keys() == SCENES.keys()
