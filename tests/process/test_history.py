"""What was dialled outlives the power, and the directory's file may be full of nonsense."""

from __future__ import annotations

import json

from firmware.runtime.directory_file import DIRECTORY
from firmware.runtime.history_file import HISTORY
from tests.process.handset import Place, until


def test_the_last_number_is_kept_over_a_power_cut(place: Place) -> None:
    place.configure({})
    place.state.mkdir()
    (place.state / DIRECTORY.name).write_bytes(b"\xff")
    with place.phone() as phone:
        phone.wait_for("registered")
        for key in "602#":
            phone.send("key", key=key)
        phone.wait_for("ended")
        until((place.state / HISTORY.name).exists)
        phone.program.kill()
    (call,) = json.loads((place.state / HISTORY.name).read_bytes())["calls"]
    assert (call["way"], call["number"], call["why"]) == ("dialled", "602", "busy")
    with place.phone() as phone:
        phone.wait_for("registered")
        phone.send("hook", off=True)
        phone.wait_for("screen", lambda event: event["text"][-1] == "[Redial]")
        phone.send("key", key="soft1")
        phone.wait_for("screen", lambda event: "602" in event["text"])
        phone.send("hangup")
        assert phone.stop() == 0
    assert (place.state / DIRECTORY.aside).read_bytes() == b"\xff"
