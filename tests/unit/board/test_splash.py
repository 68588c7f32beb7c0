"""The picture that stands while the system starts: what is played, and how."""

from __future__ import annotations

import fcntl
import re
import runpy
import subprocess
from pathlib import Path

import pytest

from board.handset import HANDSETS
from board.splash import picture
from drivers.display import recorded
from tests.lab.namespaces import ROOT

SERVICE = ROOT / "board" / "service"
PLAYER = SERVICE / "splash"
I2C_SLAVE = 0x0703


def installed(tree: Path) -> Path:
    subprocess.run([SERVICE / "install", tree], check=True)
    return tree / "usr/lib/handset/splash"


def test_what_is_installed_is_played_to_the_chip_message_by_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    display = HANDSETS["handset"].display
    asked, played = [], []
    bus = tmp_path / "bus"
    bus.touch()
    monkeypatch.setattr(fcntl, "ioctl", lambda _, *words: asked.append(words))
    monkeypatch.setattr("os.write", lambda _, message: played.append(bytes(message)))
    main = runpy.run_path(str(PLAYER))["main"]
    main(str(bus), "0x3c", str(installed(tmp_path)))
    assert asked == [(I2C_SLAVE, display.address)]
    messages = recorded(display, picture(display.size))
    assert played == [bytes((mode,)) + data for mode, data in messages]


def test_the_picture_is_a_handset_in_the_middle() -> None:
    image = picture((128, 64))
    left, top, right, bottom = image.getbbox() or (0, 0, 0, 0)
    assert (left + right, top + bottom) == (128, 65)
    bow, ends = image.crop((34, 18, 94, 36)), image.crop((34, 36, 94, 48))
    assert [part.getpixel((30, 3)) for part in (bow, ends)] == [255, 0], "a bow, and two ends"
    assert [ends.getpixel((x, 6)) for x in (5, 54)] == [255, 255]


def test_a_bus_without_a_chip_is_said_in_words(tmp_path: Path) -> None:
    bus = tmp_path / "bus"
    bus.touch()
    words = [str(PLAYER), str(bus), "0x3c", str(installed(tmp_path))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "no picture while the system starts: Inappropriate ioctl for device\n"


def test_the_unit_plays_it_where_the_display_is() -> None:
    display = HANDSETS["handset"].display
    unit = (SERVICE / "handset-splash.service").read_text()
    (words,) = re.findall(r"^ExecStart=/opt/handset/board/service/splash (.*)$", unit, re.MULTILINE)
    where = f"/dev/i2c-{display.port} {display.address:#x} /usr/lib/handset/splash"
    assert (display.bus, words) == ("i2c", where)
    rules = (SERVICE / "udev.rules").read_text()
    assert f'KERNEL=="i2c-{display.port}", TAG+="systemd"' in rules
