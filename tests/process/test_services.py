"""The whole phone with the lab's mailbox: messages come and go, asked for and unasked."""

from __future__ import annotations

import json

import pytest

from firmware.runtime.services_file import SERVICES
from tests.process.handset import Event, Place, until


@pytest.mark.parametrize("asks", ["0", "1"])
def test_a_message_is_left_told_heard_and_gone(place: Place, asks: str) -> None:
    place.configure({"sip explicit mwi subscription": asks})
    place.state.mkdir()
    with place.phone() as phone:
        phone.wait_for("registered")
        for key in "604#":
            phone.send("key", key=key)
        told = phone.wait_for("messages", lambda event: event["new"] == 1)
        assert (told["account"], told["waiting"], told["mailbox"]) == (1, True, "605")
        idle = phone.wait_for("screen", lambda event: event["text"][-1] == "[Menu] [1 message]")
        assert idle["ev"] == "screen"
        phone.send("key", key="soft2")
        phone.wait_for("answered")
        phone.wait_for("messages", lambda event: not event["waiting"] and event["old"] == 1)
        phone.send("hangup")
        assert phone.stop() == 0


def test_what_was_forwarded_is_so_after_a_power_cut(place: Place) -> None:
    def sent_on(event: Event) -> bool:
        return any("sent to 602" in line for line in event["text"])

    place.configure({})
    place.state.mkdir()
    with place.phone() as phone:
        phone.wait_for("registered")
        for key in ("soft1", "up", "up", "up", "soft1", "soft1", "6", "0", "2", "soft1"):
            phone.send("key", key=key)
        until((place.state / SERVICES.name).exists)
        phone.program.kill()
    (own,) = json.loads((place.state / SERVICES.name).read_bytes())["services"]
    assert (own["account"], own["always"]) == (1, "602")
    with place.phone() as phone:
        phone.wait_for("screen", sent_on)
        assert phone.stop() == 0
