"""The card's slots under a real systemd: the image's units, its script, U-Boot's own variables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.card import Card

RAUC = """\
#!/bin/sh
if [ "$1" = info ]; then cat /data/rauc-info; exit; fi
[ "$1" = install ] && [ -e "$2" ] || exit 2
echo " 20% Checking bundle"
cat /data/rauc-says
grep -q LastError /data/rauc-says && exit 1
/usr/lib/handset/slot
cat /data/update/tried-B >/data/tried-while-it-is-written
fw_setenv BOOT_ORDER 'B A'
/usr/lib/handset/slot-written
"""

CLIENT = """\
#!/bin/sh
cat /run/handset-update/fleet/client.conf >/data/fleet/seen || exit 9
id -un >>/data/fleet/seen
tail -n 1 /etc/ssl/certs/ca-certificates.crt >>/data/fleet/seen
cat /data/fleet/seen /data/client-says
grep -q WARNING /data/client-says && exit 1
exit 0
"""

PROGRAMS = {"usr/local/bin/rauc": RAUC, "usr/bin/rauc-hawkbit-updater": CLIENT}


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    made = Card(tmp_path, PROGRAMS)
    yield made
    made.close()


def test_a_new_slot_gets_its_tries_back_with_the_registration_and_not_before(card: Card) -> None:
    (card.data / "update/tried-A").write_text("writing\nwritten\n")
    with card.system:
        card.ended("handset-good.service")
        assert (card.tells("BOOT_A_LEFT"), card.has("/data/update/good-A")) == ("2", False)
        assert card.tried("A") == "writing written started screen"
        card.wish("good")
        card.system.wait_for(lambda: card.has("/data/update/good-A"))
        assert card.tells("BOOT_A_LEFT") == "3"
        card.system.wait_for(lambda: not card.has("/data/update/tried-A"))


def test_a_slot_that_was_good_is_good_with_the_first_screen_and_never_left(card: Card) -> None:
    """A proxy that is away is no fault of it."""
    card.is_good_in_both()
    with card.system:
        card.system.wait_for(lambda: card.tells("BOOT_A_LEFT") == "3")
        card.ended("handset-back.service")
        assert (card.tells("BOOT_ORDER"), card.has("/data/restarted")) == ("A B", False)


def test_a_new_slot_that_does_not_register_in_time_is_left_for_the_good_one(card: Card) -> None:
    (card.data / "update/good-B").touch()
    (card.data / "update/tried-A").write_text("writing\nwritten\n")
    with card.system:
        card.system.wait_for(lambda: card.has("/data/restarted"))
        assert (card.tells("BOOT_ORDER"), card.tells("BOOT_A_LEFT")) == ("B A", "2")
        assert card.tried("A") == "writing written started screen left"


def test_a_slot_that_is_back_is_told_how_far_the_other_one_came(card: Card) -> None:
    (card.data / "update/good-A").touch()
    (card.data / "update/tried-B").write_text("writing\nwritten\nstarted\n")
    with card.system:
        card.ended("handset-slot.service")
        said = card.system.run_within("cat", "/run/handset-update/tried")
        assert said.split() == ["writing", "written", "started"]
        assert card.tried("B") == "writing written started", "what is good adds nothing"
        card.has_bundle()
        card.wish("install", "1")
        card.ended("handset-install.service")
        card.system.run_within("test", "!", "-e", "/run/handset-update/tried")
        assert card.tried("B") == "writing written"


def test_a_newer_slot_that_was_passed_over_is_told_of_and_tried_at_the_next_start(
    card: Card,
) -> None:
    """Three plugs that are pulled while it starts take its tries."""
    card.is_good_in_both()
    (card.data / "update/newest").write_text("B\n")
    card.sets("BOOT_ORDER", "B A")
    card.sets("BOOT_B_LEFT", "0")
    with card.system:
        card.ended("handset-slot.service")
        assert card.told("tried") == "passed\n"
        card.ended("handset-good.service")
        card.ended("handset-back.service")
        assert [card.tells(f"BOOT_{name}") for name in ("ORDER", "A_LEFT", "B_LEFT")] == [
            "B A",
            "3",
            "1",
        ]
        assert not card.has("/data/restarted")


def test_the_slot_that_became_good_last_is_the_newest(card: Card) -> None:
    (card.data / "update/good-B").touch()
    (card.data / "update/newest").write_text("B\n")
    with card.system:
        card.wish("good")
        card.system.wait_for(lambda: card.has("/data/update/good-A"))
        assert (card.data / "update/newest").read_text() == "A\n"
        card.system.run_within("test", "!", "-e", "/run/handset-update/tried")


def test_where_no_other_slot_is_good_the_phone_goes_on_trying(card: Card) -> None:
    with card.system:
        card.ended("handset-back.service")
        assert (card.tells("BOOT_ORDER"), card.has("/data/restarted")) == ("A B", False)


def test_a_bundle_is_installed_and_the_slot_that_is_written_is_good_no_more(card: Card) -> None:
    card.is_good_in_both()
    card.has_bundle()
    with card.system:
        card.ended("handset-slot.service")
        assert card.system.run_within("cat", "/run/handset-update/slot").split()[0] == "A"
        card.wish("install", "4711; touch /data/pwned")
        card.ended("handset-install.service")
        assert card.system.run_within("cat", "/run/handset-update/end") == "4711 ok\n"
        assert "100% Installing done." in card.system.run_within("cat", "/run/handset-update/said")
        assert (card.has("/data/update/good-A"), card.has("/data/update/good-B")) == (True, False)
        assert (card.tells("BOOT_ORDER"), card.has("/data/pwned")) == ("B A", False)
        assert (card.data / "tried-while-it-is-written").read_text() == "writing\n"
        assert card.tried("B") == "writing written"
        assert not card.has("/data/restarted"), "not before the phone wishes for it"
        card.wish("restart")
        card.system.wait_for(lambda: card.has("/data/restarted"))


def test_a_bundle_that_rauc_refuses_is_told_and_both_slots_stay(card: Card) -> None:
    card.is_good_in_both()
    (card.data / "state/update.raucb").write_bytes(b"hsqs")
    (card.data / "rauc-says").write_text("LastError: signature verification failed: x\nidle\n")
    with card.system:
        card.ended("handset-slot.service")
        card.wish("install", "17")
        card.ended("handset-install.service")
        said = card.system.run_within("cat", "/run/handset-update/end")
        assert said == "17 signature verification failed: x\n"
        assert (card.has("/data/update/good-B"), card.tells("BOOT_ORDER")) == (True, "A B")


@pytest.mark.parametrize(
    ("tried", "left"), [("writing", ""), ("writing written left", "writing written left")]
)
def test_what_rauc_has_not_written_to_its_end_is_no_slot_that_was_tried(
    card: Card, tried: str, left: str
) -> None:
    (card.data / "update/tried-B").write_text(tried.replace(" ", "\n") + "\n")
    (card.data / "state/update.raucb").write_bytes(b"hsqs")
    (card.data / "rauc-says").write_text("LastError: x\n")
    with card.system:
        card.ended("handset-slot.service")
        card.wish("install", "1")
        card.ended("handset-install.service")
        assert card.tried("B") == left


OLDER, SAME = "20261101T115959.20261125T000000-5ac0", "20261101T120000.20261030T000000-77fe"


@pytest.mark.parametrize(
    ("wish", "version", "end"),
    [
        ("newer", OLDER, "it is older than what runs"),
        ("newer", "20261101T120000.20261029T235959-77fe", "it is older than what runs"),
        ("newer", "5ac0", "it is older than what runs"),
        ("newer", SAME, "ok"),
        ("newer", "20270101T000000.20261030T000000-77fe", "ok"),
        ("", OLDER, "ok"),
    ],
)
def test_where_nobody_asked_for_it_what_is_older_is_not_installed(
    card: Card, wish: str, version: str, end: str
) -> None:
    card.has_bundle()
    info = f"RAUC_MF_COMPATIBLE='handset-pi'\nRAUC_MF_VERSION='{version}'\nRAUC_MF_BUILD=''\n"
    (card.data / "rauc-info").write_text(info)
    with card.system:
        card.ended("handset-slot.service")
        card.wish("install", f"1234567890123456 {wish}")
        card.ended("handset-install.service")
        said = card.system.run_within("cat", "/run/handset-update/end")
        assert said == f"1234567890123456 {end}\n"
        assert card.tells("BOOT_ORDER") == ("B A" if end == "ok" else "A B")


@pytest.mark.parametrize("name", ["emergency", "rescue"])
def test_a_system_that_asks_for_a_person_starts_anew(card: Card, name: str) -> None:
    with card.system:
        card.system.systemctl("--no-block", "start", f"{name}.service")
        card.system.wait_for(lambda: card.has("/data/restarted"))
        assert card.system.shows(f"{name}.service", "StandardInput") == "null"


def test_rauc_waits_while_the_phone_is_busy_before_it_writes(card: Card) -> None:
    card.is_good_in_both()
    card.has_bundle()
    with card.system:
        card.ended("handset-slot.service")
        card.wish("busy")
        card.wish("install", "1")
        said = card.system.inside / "run/handset-update/said"
        card.system.wait_for(lambda: said.exists() and "100%" in said.read_text())
        assert card.system.shows("handset-install.service", "ActiveState") == "activating"
        assert (card.has("/data/update/good-B"), card.tells("BOOT_ORDER")) == (True, "A B")
        card.system.run_within("rm", "/run/handset-update/wanted/busy")
        card.ended("handset-install.service")
        assert (card.told("end"), card.tells("BOOT_ORDER")) == ("1 ok\n", "B A")


def asked(card: Card, number: str, says: str) -> None:
    """Have the fleet's server asked; its client says that."""
    (card.data / "client-says").write_text(says)
    card.lay("fleet.conf", "[client]\nauth_token=a secret\n")
    card.lay("fleet.pem", "the site's authority\n")
    card.wish("fleet", number)
    card.system.wait_for(lambda: card.has_told(number))


def test_the_fleets_client_gets_what_the_phone_has_laid_and_its_words_come_back(card: Card) -> None:
    with card.system:
        card.ended("handset-slot.service")
        asked(card, "7; touch /data/pwned", "MESSAGE: No new software.\n")
        said = card.told("said")
        for line in ("7", "auth_token=a secret", "rauc-hawkbit", "the site's authority"):
            assert f"{line}\n" in said
        assert said.endswith("MESSAGE: No new software.\n")
        assert card.told("end") == "7 nothing\n"
        run = card.system.inside / "run/handset-update"
        assert sorted(path.name for path in run.iterdir()) == ["end", "said", "slot", "wanted"]
        assert not card.has("/data/fleet/seen"), "what the client has kept is gone with it"
        assert not card.has("/data/pwned")
        asked(card, "8", "MESSAGE: Software bundle installed successfully.\n")
        assert card.told("end") == "8 ok\n"
        assert not card.has("/data/restarted"), "not before the phone wishes for it"


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("WARNING: it is away\nWARNING: Could not connect to server (7)\n", "Could not connect"),
        ("MESSAGE: Installing: x : LastError: it is damaged\nWARNING: y\n", "it is damaged"),
    ],
)
def test_why_the_fleets_server_gave_nothing_is_told(card: Card, says: str, why: str) -> None:
    with card.system:
        card.ended("handset-slot.service")
        asked(card, "9", says)
        assert card.told("end").startswith(f"9 {why}")
        asked(card, "10", "MESSAGE: No new software.\n")
        assert card.told("end") == "10 nothing\n", "it is asked again after a failure"


def test_a_link_in_place_of_what_the_phone_lays_leads_to_nothing_of_roots(card: Card) -> None:
    (card.root / "root/secret").write_text("a secret of root's\n")
    (card.root / "root/secret").chmod(0o600)
    (card.data / "client-says").write_text("MESSAGE: No new software.\n")
    with card.system:
        card.ended("handset-slot.service")
        wanted = "/run/handset-update/wanted"
        card.system.run_within("ln", "-s", "/root/secret", f"{wanted}/fleet.conf")
        card.lay("fleet.pem")
        card.wish("fleet", "1")
        card.system.wait_for(lambda: card.has_told("1"))
        assert card.told("end") == "1 the client has ended (exit-code)\n"
        assert "a secret" not in card.told("said")
