"""The QR code on the glass: read back pixel by pixel, with light around it, and only when told."""

from __future__ import annotations

import pytest
import segno
from PIL import Image

from firmware.phone.draw_code import LIGHT
from firmware.phone.events import FactsTold
from firmware.phone.language import LANGUAGES
from firmware.phone.screen import PageScreen
from tests.unit.phone.drawing import SIZES, drawn, standing
from tests.unit.phone.rig import Rig
from tests.unit.phone.test_screens import DEVICE

CODES = {"page-web": 25, "page-web-long": 29}
"""Scenes, and how many modules their codes have."""


def first_dark(picture: Image.Image, modules: int) -> tuple[int, int]:
    """Return where the code begins: the upper left corner of a dark square of seven modules."""
    side = 2 * modules
    for y in range(picture.height - side + 1):
        for x in range(picture.width - side + 1):
            edge = picture.crop((x, y, x + 14, y + 1)).getdata()
            lit = picture.crop((x - LIGHT, y, x, y + side)).getdata()
            ring = picture.crop((x + 2, y + 2, x + 12, y + 4)).getdata()
            if not any(edge) and all(lit) and all(ring):
                return x, y
    raise AssertionError("there is no code")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", CODES)
def test_a_code_says_the_address_and_has_light_around_it(name: str, code: str, size: str) -> None:
    screen = standing(code)[name].screen
    assert isinstance(screen, PageScreen)
    picture, modules = drawn(code, size)[name].picture.convert("L"), CODES[name]
    x, y = first_dark(picture, modules)
    read = tuple(
        tuple(int(not picture.getpixel((x + 2 * column, y + 2 * row))) for column in range(modules))
        for row in range(modules)
    )
    wanted = segno.make(screen.code, error="l", micro=False).matrix
    assert read == tuple(tuple(row) for row in wanted)
    side = 2 * modules
    assert all(picture.crop((x - LIGHT, 0, x, 64)).getdata())
    assert all(picture.crop((x + side, 0, x + side + LIGHT, 64)).getdata())
    assert y >= 3
    assert y + side <= 61


def test_no_code_is_shown_that_leads_nowhere() -> None:
    rig = Rig.registered()
    rig.feed(*DEVICE)
    seen = [rig.press("down") and rig.screen for _ in range(12)]
    assert "Network" in {screen.title for screen in seen if isinstance(screen, PageScreen)}
    assert not [screen for screen in seen if isinstance(screen, PageScreen) and screen.code]
    rig.feed(FactsTold("Web", (("", "https://192.0.2.7/"),)))
    seen = [rig.press("down") and rig.screen for _ in range(14)]
    codes = {screen.code for screen in seen if isinstance(screen, PageScreen)}
    assert codes == {"", "https://192.0.2.7/"}
