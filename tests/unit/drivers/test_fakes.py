"""The fakes do what the real parts do, and refuse what those could not."""

from __future__ import annotations

import pytest
from PIL import Image

from drivers.fakes import (
    HISTORY_MAX,
    FakeDisplay,
    FakeHook,
    FakeKeypad,
    FakeLamp,
    FakePartError,
    FakeRinger,
)
from drivers.interfaces import DISPLAY_SIZE, KEYS, LampPattern
from firmware.phone import events as phone


def test_a_press_reaches_the_listener_by_the_name_of_the_key() -> None:
    keypad, heard = FakeKeypad(), list[str]()
    keypad.press("1")  # Nobody listens yet: nothing happens.
    keypad.listen(heard.append)
    for key in KEYS:
        keypad.press(key)
    assert heard == list(KEYS)
    assert list(keypad.history) == ["1", *KEYS]


@pytest.mark.parametrize("key", ["", "A", "10", "soft3", "x" * 1000])
def test_a_key_that_is_not_there_cannot_be_pressed(key: str) -> None:
    keypad, heard = FakeKeypad(), list[str]()
    keypad.listen(heard.append)
    with pytest.raises(FakePartError) as raised:
        keypad.press(key)
    assert len(str(raised.value)) < 60
    assert not heard


def test_the_hook_tells_each_move_once_and_knows_where_the_handset_is() -> None:
    moves, changes = list[bool](), list[bool]()
    hook = FakeHook(lambda: changes.append(hook.lifted))
    hook.listen(moves.append)
    hook.lift()
    with pytest.raises(FakePartError, match="off the hook already"):
        hook.lift()
    assert hook.lifted
    hook.replace()
    with pytest.raises(FakePartError, match="on the hook already"):
        hook.replace()
    assert moves == changes == [True, False]


def test_lamp_and_ringer_keep_what_they_were_told() -> None:
    changes = list[str]()
    lamp, ringer = FakeLamp(lambda: changes.append("lamp")), FakeRinger(lambda: changes.append("r"))
    lamp.show(LampPattern.FLASHING)
    ringer.ring(True)
    ringer.ring(False)
    assert lamp.pattern is LampPattern.FLASHING
    assert list(ringer.history) == [True, False]
    assert not ringer.ringing
    assert changes == ["lamp", "r", "r"]


def test_the_display_keeps_its_own_copy_of_the_last_image() -> None:
    display = FakeDisplay()
    image = Image.new("1", DISPLAY_SIZE)
    image.putpixel((0, 0), 1)
    image.putpixel((127, 63), 1)
    display.show(image, ("two dots",))
    image.paste(1, (0, 0, 128, 64))
    assert display.pixels == b"\x80" + bytes(1022) + b"\x01"
    assert display.words == ("two dots",)


@pytest.mark.parametrize("image", [Image.new("L", DISPLAY_SIZE), Image.new("1", (64, 128))])
def test_the_display_takes_only_its_own_kind_of_image(image: Image.Image) -> None:
    with pytest.raises(AssertionError):
        FakeDisplay().show(image, ())


def test_the_past_is_bounded() -> None:
    keypad, lamp, ringer, display = FakeKeypad(), FakeLamp(), FakeRinger(), FakeDisplay()
    for number in range(3 * HISTORY_MAX):
        keypad.press("5")
        lamp.show(LampPattern.ON)
        ringer.ring(True)
        display.show(Image.new("1", DISPLAY_SIZE), (str(number),))
    for part in (keypad, lamp, ringer, display):
        assert len(part.history) == HISTORY_MAX
    assert display.history[-1] == (str(3 * HISTORY_MAX - 1),)


def test_parts_and_phone_use_the_same_names() -> None:
    assert KEYS == phone.KEYS
    assert {pattern.value for pattern in LampPattern} == {p.value for p in phone.LampPattern}
