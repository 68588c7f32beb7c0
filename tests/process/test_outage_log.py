"""The outage log of a whole phone outlives the power, and a file that is none harms nobody (S3)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from firmware.runtime.outage_file import OUTAGE_LOG
from tests.lab.relay import Mode, Relay
from tests.process.handset import HOST, Handset, Place, until

NAME, DRAFT, ASIDE = OUTAGE_LOG.name, OUTAGE_LOG.draft, OUTAGE_LOG.aside


def outages(phone: Handset) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = phone.status()["outages"]
    return found


def on_disk(place: Place) -> list[dict[str, Any]]:
    file = place.state / NAME
    if not file.exists():
        return []
    found: list[dict[str, Any]] = json.loads(file.read_bytes())["outages"]
    return found


def test_a_phone_that_loses_power_during_an_outage_finds_it_in_its_log(place: Place) -> None:
    with Relay((HOST, place.exchange.port), HOST) as relay:
        place.configure({}, port=relay.port)
        with place.phone() as phone:
            phone.wait_for("registered")
            relay.set_mode(Mode.REFUSE)
            relay.reset()
            until(lambda: bool(on_disk(place)))
            (open_one,) = outages(phone)
            assert open_one["duration_s"] is None
            assert (open_one["role"], open_one["cause_kind"]) == ("primary", "reset")
            assert open_one["accounts"] == 1
            phone.program.kill()
        (kept,) = on_disk(place)
        assert kept == open_one
        with place.phone() as phone:
            phone.wait_for("link", lambda event: event["reason_kind"] == "refused")
            since_start, ended = outages(phone)
            assert ended["ended_by"] == "restart"
            assert ended["cause"] == open_one["cause"]
            assert ended["duration_s"] >= 0
            assert (since_start["role"], since_start["cause_kind"]) == (None, "refused")
            relay.set_mode(Mode.PASS)
            over = phone.wait_for("outage")
            assert (over["back_on"], over["ended_by"]) == ("primary", "registered")
            phone.send("key", key="up")  # The last page: the older of the two.
            page = phone.wait_for("screen", lambda event: "ended by a restart" in event["text"])
            assert page["text"][0].startswith("Outages ")
            assert re.match(r"(today|yesterday) \d\d:\d\d: ", page["text"][1])
            assert phone.stop() == 0
        assert [entry["ended_by"] for entry in on_disk(place)] == ["registered", "restart"]
        assert not (place.state / DRAFT).exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 700_000])
def test_a_file_that_is_no_log_does_not_keep_the_phone_from_starting(
    place: Place, content: bytes
) -> None:
    place.configure({})
    place.state.mkdir()
    (place.state / NAME).write_bytes(content)
    with place.phone() as phone:
        phone.wait_for("registered")
        assert outages(phone) == []
        assert phone.stop() == 0
        assert f"the outage log is damaged; it is kept as {ASIDE}" in phone.errors
    assert (place.state / ASIDE).read_bytes() == content
