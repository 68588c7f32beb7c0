"""A factory reset by the keys of a whole phone: nothing of its owner is left, and it lives on."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.phone.kept import Contact, ContactNumber, NumberKind
from firmware.runtime.directory_file import DIRECTORY
from firmware.runtime.history_file import HISTORY
from firmware.runtime.keepers import FILES
from firmware.runtime.outage_file import OUTAGE_LOG
from tests.process.handset import Handset, Place, until

PIN = "4711"


def used(place: Place) -> None:
    """Let the phone have an owner: a contact, a call, settings, a PIN, services, an outage."""
    place.configure({})
    place.state.mkdir()
    DIRECTORY.save(place.state, (Contact("Bert", (ContactNumber(NumberKind.WORK, "603"),)),))
    OUTAGE_LOG.save(place.state, ())
    with place.phone() as phone:
        phone.wait_for("registered")
        press(phone, *"602#")
        phone.wait_for("ended")
        phone.wait_for("screen", lambda event: "[Menu]" in event["text"][-1])
        phone.send("key", key="*", held=True)
        phone.wait_for("screen", lambda event: "ringer silent" in event["text"])
        press(phone, "soft1", "up", "soft1", "up", "up", "up", "soft1", "down", "down", "soft1")
        press(phone, *PIN, "soft1", *PIN, "soft1")
        until(lambda: "key lock pin: " in local_settings(place))
        assert phone.stop() == 0
    assert HISTORY.read(place.state).entries


def press(phone: Handset, *keys: str) -> None:
    for key in keys:
        phone.send("key", key=key)


def local_settings(place: Place) -> str:
    file = place.state / "local.cfg"
    return file.read_text() if file.exists() else ""


def reset(phone: Handset) -> None:
    press(phone, "soft1", "up", "soft1", "up", "soft1", *PIN, "soft1")
    phone.wait_for("screen", lambda event: "Delete everything?" in event["text"][0])
    press(phone, "down", "soft1")


def names(place: Place) -> set[str]:
    return {path.name for path in place.state.iterdir()}


def test_a_factory_reset_leaves_a_phone_as_it_was_delivered(place: Place) -> None:
    used(place)
    assert names(place) >= {"instance", "local.cfg", *(file.name for file in FILES[1:3])}
    identity = (place.state / "instance").read_text()
    with place.phone() as phone:
        phone.wait_for("registered")
        before = len(phone.events)
        pid = phone.program.pid
        reset(phone)
        until(lambda: any(e["ev"] == "registered" for e in phone.events[before:]))
        assert phone.program.pid == pid, "a supervisor sees nothing of it"
        texts = [e["text"] for e in phone.events[before:] if e["ev"] == "screen"]
        assert "ringer silent" not in texts[-1]
        assert local_settings(place) == ""
        assert not DIRECTORY.read(place.state).entries
        assert not HISTORY.read(place.state).entries
        assert (place.state / "instance").read_text() == identity
        press(phone, "soft1", "up", "soft1", "up", "soft1")
        phone.wait_for("screen", lambda e: e["text"][0].startswith("Delete everything?"))
        assert phone.stop() == 0
    assert PIN not in "".join(path.read_text() for path in place.state.iterdir())


def test_a_disk_that_refuses_a_factory_reset_is_said_and_nothing_is_lost(place: Place) -> None:
    used(place)
    with place.phone() as phone:
        phone.wait_for("registered")
        (place.state / "reset").mkdir()  # As good as a disk that takes no file there.
        reset(phone)
        words = "the factory reset is not done: Is a directory"
        phone.wait_for("screen", lambda event: "1 warning" in event["text"][-1])
        press(phone, "soft1")
        phone.wait_for("screen", lambda event: words in " ".join(event["text"]))
        assert phone.stop() == 0
    assert words in phone.errors
    assert HISTORY.read(place.state).entries
    assert DIRECTORY.read(place.state).entries


@pytest.mark.parametrize("left", [0, 2])
def test_a_reset_that_lost_its_power_is_finished_at_the_start(place: Place, left: int) -> None:
    used(place)
    (place.state / "reset").touch()
    for name in sorted(names(place) - {"instance", "reset"})[:left]:
        Path(place.state / name).unlink()
    with place.phone() as phone:
        phone.wait_for("registered")
        assert not (place.state / "reset").exists()
        assert not HISTORY.read(place.state).entries
        assert local_settings(place) == ""
        assert phone.stop() == 0
