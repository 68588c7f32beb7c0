"""The process and its certificates: warnings while it works, files that break, a wrong clock."""

from __future__ import annotations

from tests.process.handset import Place, until


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
