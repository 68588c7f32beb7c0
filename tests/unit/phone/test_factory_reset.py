"""A factory reset from the keys: asked, with the PIN where there is one, never by chance."""

from __future__ import annotations

import pytest

from firmware.phone.events import FactoryReset
from firmware.phone.lock import CheckPin, Pin, PinChecked
from firmware.phone.screen import IdleScreen
from tests.unit.phone.rig import Rig, of

LEADS = ("soft1", "up", "soft1", "up")
"""To the last row of the settings."""


def test_it_is_asked_first_and_no_is_chosen() -> None:
    rig = Rig.registered()
    rig.press(*LEADS)
    assert "> Factory reset" in rig.words
    assert not of(FactoryReset, rig.press("soft1"))
    assert "Delete everything?" in rig.words
    assert "> No" in rig.words
    assert not of(FactoryReset, rig.press("soft1"))
    assert "> Factory reset" in rig.words
    assert of(FactoryReset, rig.press("soft1", "down", "soft1")) == [FactoryReset()]
    assert isinstance(rig.screen, IdleScreen)


@pytest.mark.parametrize("is_right", [False, True])
def test_a_pin_is_asked_for_where_there_is_one(is_right: bool) -> None:
    rig = Rig.registered(has_pin=True)
    out = rig.press(*LEADS, "soft1", *"4711", "soft1")
    assert of(CheckPin, out) == [CheckPin(Pin("4711"))]
    assert "Delete everything?" not in rig.words
    rig.feed(PinChecked(is_right))
    assert ("Delete everything?" in rig.words) is is_right
    out = rig.press("down", "soft1")
    assert bool(of(FactoryReset, out)) is is_right


def test_who_goes_away_has_reset_nothing() -> None:
    rig = Rig.registered()
    rig.press(*LEADS, "soft1", "down")
    rig.pass_time(120)
    assert isinstance(rig.screen, IdleScreen)
    rig.press("soft1")
    assert not of(FactoryReset, rig.out)
