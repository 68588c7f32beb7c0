"""Screens on a wide display."""

from __future__ import annotations

from firmware.phone.render import render
from tests.unit.phone.rig import Rig


def test_every_pixel_of_a_screen_is_on_a_wide_display_too() -> None:
    screen = Rig.registered().screen
    small, wide = render(screen), render(screen, size=(256, 64))
    assert (wide.mode, wide.size) == ("1", (256, 64))
    assert wide.crop((64, 0, 192, 64)).tobytes() == small.tobytes()
