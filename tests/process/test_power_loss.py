"""What was set, added and dialled outlives the power, a full disk and a read-only one.

The phone runs without a proxy: nothing but its own files is at work. `make power-cuts` takes the
power from it hundreds of times.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from config.store import Store
from firmware.phone.history import CALLS_MAX
from firmware.phone.kept import Contact, ContactNumber, NumberKind
from firmware.runtime.directory_file import DIRECTORY
from firmware.runtime.history_file import HISTORY
from firmware.runtime.keepers import FILES
from firmware.runtime.services_file import SERVICES
from tests.process.handset import Handset, Place, until
from tests.process.test_bad_input import mounted

BERT = (Contact("Bert", (ContactNumber(NumberKind.WORK, "603"),)),)

DISTURB_NOBODY = ("soft1", *["down"] * 4, "soft1", "soft2")
"""In the menu, and back."""


@pytest.fixture
def alone(place: Place) -> Place:
    """A phone that knows no proxy, and Bert."""
    place.configure({"sips trusted certificates": None})
    place.state.mkdir()
    return place


def press(phone: Handset, *keys: str, held: bool = False) -> None:
    for key in keys:
        phone.send("key", key=key, held=held)


CUT = "missing: saving was interrupted; the settings saved before are used"


def local(place: Place, parameter: str) -> object:
    """Return a setting as the next start finds it, which at most says that a save was cut."""
    configuration = Store(place.config, place.state, writes=False).read()
    told = {p.text for p in configuration.problems if p.file.startswith(str(place.state))}
    assert told <= {CUT}, told
    return configuration.value(parameter)


def dialled(place: Place) -> list[int]:
    """Return the numbers in the history, the newest first; the file is a whole one."""
    kept = HISTORY.read(place.state)
    assert kept.problem == ""
    return [int(call.number) for call in kept.entries]


def use(phone: Handset, numbers: range) -> None:
    """Dial, switch the ringer and do not disturb, again and again."""
    for number in numbers:
        phone.send("dial", uri=str(number))
        phone.send("hangup")
        press(phone, "*", held=True)
        press(phone, *DISTURB_NOBODY)


def test_the_power_goes_at_any_moment(alone: Place, request: pytest.FixtureRequest) -> None:
    """Nothing that was kept is ever lost; of what is new, there is all or nothing."""
    lots, before, next_number = Random(7), list[int](), 6000
    DIRECTORY.save(alone.state, BERT)
    for cut in range(request.config.getoption("--power-cuts")):
        with alone.phone() as phone:
            phone.wait_for("screen")
            use(phone, range(next_number, next_number + 40))
            time.sleep(lots.uniform(0.0, 0.6))
            phone.program.kill()
        now = dialled(alone)
        added = [number for number in now if number >= next_number]
        assert added == [*reversed(range(next_number, next_number + len(added)))], f"cut {cut}"
        kept = before[: CALLS_MAX - len(added)]
        assert now == [*added, *kept], f"cut {cut}: what was there before is there still"
        assert local(alone, "ringer off") in {0, 1}
        for file in FILES:
            assert file.read(alone.state).problem == "", f"cut {cut}: {file.title}"
        assert DIRECTORY.read(alone.state).entries == BERT
        before, next_number = now, next_number + 40
    assert before, "some of it was in time"


def changed(phone: Handset) -> None:
    """Dial 6002, switch the ringer off and do not disturb on."""
    phone.send("dial", uri="6002")
    phone.send("hangup")
    press(phone, "*", held=True)
    press(phone, *DISTURB_NOBODY)


def used_before(alone: Place) -> None:
    """Let 6001 be dialled and a tone be chosen while the disk is well."""
    DIRECTORY.save(alone.state, BERT)
    with alone.phone() as phone:
        phone.wait_for("screen")
        press(phone, "soft1", "up", "soft1", "soft1", "down", "soft1")
        phone.send("dial", uri="6001")
        phone.send("hangup")
        until((alone.state / HISTORY.name).exists)
        assert phone.stop() == 0
    assert local(alone, "ring tone") == "Double"


def says_all(phone: Handset, state: Path, words: str) -> None:
    """Wait until each list that changed is said not to be kept, in the log and on the screen."""
    sentences = (
        f"a setting is not kept: {state}/local.cfg: cannot be saved: {words}",
        f"the history of calls cannot be saved: {words}",
        f"the services of accounts cannot be saved: {words}",
    )
    until(lambda: all(sentence in phone.errors for sentence in sentences))
    phone.wait_for("screen", lambda event: "warning" in event["text"][-1])
    assert "Traceback" not in phone.errors


def nothing_changed(alone: Place) -> None:
    assert dialled(alone) == [6001]
    assert local(alone, "ring tone") == "Double"
    assert local(alone, "ringer off") == 0
    assert DIRECTORY.read(alone.state).entries == BERT
    assert SERVICES.read(alone.state).entries == ()


def test_a_disk_that_fills_up_loses_nothing_and_takes_it_again_when_it_has_room(
    alone: Place,
) -> None:
    with mounted(alone.state, "-t", "tmpfs", "-o", "size=64k", "tmpfs"):
        used_before(alone)
        with alone.phone() as phone:
            phone.wait_for("screen")
            with pytest.raises(OSError, match="No space left"):
                (alone.state / "filler").write_bytes(bytes(10**6))
            changed(phone)
            says_all(phone, alone.state, "No space left on device")
            phone.program.kill()
        nothing_changed(alone)
        with alone.phone() as phone:
            phone.wait_for("screen")
            (alone.state / "filler").unlink()
            changed(phone)
            until(lambda: dialled(alone) == [6002, 6001])
            until(lambda: local(alone, "ringer off") == 1)
            until(lambda: len(SERVICES.read(alone.state).entries) == 1)
            assert phone.stop() == 0


def test_a_disk_that_becomes_read_only_loses_nothing(alone: Place) -> None:
    with mounted(alone.state, "-t", "tmpfs", "-o", "size=64k", "tmpfs"):
        used_before(alone)
        with alone.phone() as phone:
            phone.wait_for("screen")
            subprocess.run(["mount", "-o", "remount,ro", str(alone.state)], check=True)
            changed(phone)
            says_all(phone, alone.state, "Read-only file system")
            phone.program.kill()
        nothing_changed(alone)
        with alone.phone() as phone:
            phone.wait_for("screen", lambda event: "[Menu]" in event["text"][-1])
            phone.send("hook", off=True)
            phone.wait_for("screen", lambda event: event["text"][-1] == "[Redial]")
            assert phone.stop() == 0
