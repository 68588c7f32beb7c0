"""The process and its certificates: warnings while it works, files that break, a wrong clock."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.process.handset import HOST, WAIT_S, Handset, Place, until
from tests.process.wall_clock import WallClock

DAY_S = 86400.0
YEAR_S = 365 * DAY_S


def test_what_ends_soon_and_what_broke_is_told_while_the_link_is_up(place: Place) -> None:
    """I4: on the screen, in the status, in the log once; and gone when it is put right."""
    ends_soon = place.authority.issue("phone", ends_days=12.5)
    ends_soon.write(place.config, "phone")
    lists = place.config / "revoked.pem"
    lists.write_bytes(place.authority.revoke(ends_days=-5.5))
    old_list = "revocation list of Lab root expired 5 days ago"
    soon = "this phone's certificate ends in 12 days"
    place.configure(
        {
            "sips local certificate": "phone.pem",
            "sips private key": "phone.key",
            "sips certificate revocation list": "revoked.pem",
        }
    )
    with place.phone() as phone:
        phone.wait_for("registered")
        phone.wait_for("warnings", lambda event: event["warnings"] == [soon, old_list])
        assert phone.status()["warnings"] == [soon, old_list]
        phone.wait_for("screen", lambda event: event["text"][-1] == "[2 warnings] [Link]")
        phone.send("key", key="soft1")
        phone.wait_for("screen", lambda event: f"Warning: {soon}" in event["text"])
        assert phone.errors.count(soon) == phone.errors.count(old_list) == 1
        assert phone.status()["link"]["state"] == "up"
        assert phone.stop() == 0
    assert "Traceback" not in phone.errors


def test_a_trust_file_that_broke_is_named_when_the_link_has_to_come_back(place: Place) -> None:
    """Fail closed, in words; and up again by itself when the file is whole."""
    place.configure({})
    trusted = place.config / "trusted.pem"
    whole = trusted.read_bytes()
    with place.phone() as phone:
        phone.wait_for("registered")
        trusted.write_bytes(whole[:200])
        place.close()
        words = "trusted.pem is damaged or cut short (sips trusted certificates)"
        phone.wait_for("link", lambda event: event["reason"] == words)
        until(lambda: phone.status()["warnings"] == [words])
        place.background.run(place.exchange.start())
        trusted.write_bytes(whole)
        count = sum(event["ev"] == "registered" for event in phone.events)
        until(lambda: sum(event["ev"] == "registered" for event in phone.events) > count)
        until(lambda: phone.status()["warnings"] == [])
        assert "Traceback" not in phone.errors


# The clock (I3), on the real process: its wall clock is set while it runs.


def test_a_clock_that_is_not_set_is_blamed_and_the_phone_tries_again_once_time_arrives(
    place: Place, tmp_path: Path
) -> None:
    clock = WallClock(tmp_path)
    clock.ahead(-time.time() + 3 * 3600)  # 1970: a Pi has no clock of its own.
    place.configure({"sips persistent tls retry base": "300"})
    with place.phone(clock=clock) as phone:
        told = phone.wait_for("link", lambda event: event["reason_kind"] == "clock not set")
        assert told["reason"] == "clock not set (1970-01-01)"
        shown = phone.wait_for("screen", lambda event: told["reason"] in event["text"])
        assert shown["text"][0] == "--:-- clock not set"
        assert phone.status()["warnings"] == []
        phone.wait_for("link", lambda event: (event["retry_in_s"] or 0) > 2 * WAIT_S)
        clock.ahead(0.0)
        # Within WAIT_S: the wait was cut short.
        phone.wait_for("link", lambda event: event["t"] > YEAR_S and event["state"] == "connecting")
        assert phone.status()["link"]["reason_kind"] != "certificate"
        assert "certificate" not in phone.errors


def test_a_clock_that_is_wrong_by_decades_is_doubted_on_the_screen(
    place: Place, tmp_path: Path
) -> None:
    clock = WallClock(tmp_path)
    clock.ahead(24.5 * 365 * DAY_S)
    year = datetime.fromtimestamp(time.time() + 24.5 * 365 * DAY_S, UTC).year
    place.configure({})
    with place.phone(clock=clock) as phone:
        told = phone.wait_for("link", lambda event: event["reason_kind"] == "certificate")
        words = rf"is it {year}\? certificate of {HOST} expired \d+ years ago"
        assert re.fullmatch(words, told["reason"])
        phone.wait_for("screen", lambda event: told["reason"] in event["text"])
        clock.ahead(0.0)
        phone.wait_for("registered")


def test_a_clock_that_steps_under_a_link_cuts_nothing(place: Place, tmp_path: Path) -> None:
    """Forward, back before the floor, and right again: the screen follows, the link stays."""
    clock = WallClock(tmp_path)
    place.configure({})
    soon = f"certificate of {HOST} ends in 24 days"
    with place.phone(clock=clock) as phone:
        phone.wait_for("registered")
        connections = place.exchange.counters.accepted
        for days in (340.5, -400.0, 0.0):
            clock.ahead(days * DAY_S)
            until(lambda days=days: first_line(phone).endswith(date_in(days)))  # type: ignore[misc]
            until(lambda days=days: (soon in warned(phone)) is (days > 0))  # type: ignore[misc]
        assert phone.status()["link"]["state"] == "up"
        assert sum(event["ev"] == "registered" for event in phone.events) == 1
    assert place.exchange.counters.accepted == connections


def first_line(phone: Handset) -> str:
    """Return what stands at the top of the screen now."""
    shown: list[str] = [event for event in phone.events if event["ev"] == "screen"][-1]["text"]
    return shown[0]


def warned(phone: Handset) -> list[str]:
    warnings: list[str] = phone.status()["warnings"]
    return warnings


def date_in(days: float) -> str:
    """Return the date as the screen has it, in so many days from now."""
    if days < 0:
        return "clock not set"
    then = datetime.now() + timedelta(days=days)
    return f"{then:%a} {then.day} {then:%b}"
