"""The card's slots under a real systemd: the image's units and its script, U-Boot's own variables.

The root is this machine's with a layer over it; U-Boot's file is read and written by its own tools.
A restart of the machine is noted and not made.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import u_boot
from tests.lab.booted import TARGET, Booted
from tests.lab.namespaces import ROOT

FILES = ROOT / "board" / "image" / "files"
UNITS = FILES / "usr/lib/systemd/system"
OURS = ("slot", "good", "registered", "install", "restart", "back")
ENVIRONMENT = "boot/firmware/uboot.env"

HERE = """\
[Unit]
DefaultDependencies=no
[Service]
BindReadOnlyPaths=/cmdline:/proc/cmdline
"""

BARE = "[Unit]\nDefaultDependencies=no\n"

PHONE = f"{BARE}[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"

RESTARTS = f"{BARE}Wants=restarted.service\n"
RESTARTED = f"{BARE}[Service]\nType=oneshot\nExecStart=/bin/touch /data/restarted\n"

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


class Card:
    """A machine that was started from slot A, with a phone in it."""

    def __init__(self, folder: Path) -> None:
        memory, self.root = folder / "memory", folder / "root"
        for made in (memory, self.root):
            made.mkdir()
        run("mount", "-t", "tmpfs", "none", str(memory))
        for name in ("upper", "work"):
            (memory / name).mkdir()
        layers = f"lowerdir=/,upperdir={memory}/upper,workdir={memory}/work"
        run("mount", "-t", "overlay", "none", "-o", layers, str(self.root))
        self.data = self.root / "data"
        for made in (self.data / "state", self.data / "update", self.root / "boot/firmware"):
            made.mkdir(parents=True)
        run("mount", "-t", "tmpfs", "none", str(self.root / "boot/firmware"))
        release = "version 20261101T120000.20261030T000000\nkernel 6.12\n"
        (self.root / "etc/handset-release").write_text(release)
        for part in ("usr/lib/handset", "usr/lib/systemd/system", "usr/local/sbin"):
            shutil.copytree(FILES / part, self.root / part, dirs_exist_ok=True)
        shutil.copy(FILES / "etc/fw_env.config", self.root / "etc")
        for name, more in (("group", ""), ("passwd", ":990::/:/bin/false")):
            path = self.root / "etc" / name
            path.write_text(f"{path.read_text()}handset:x:990:{more.removeprefix(':')}\n")
        (self.root / "cmdline").write_text("quiet rauc.slot=A\n")
        variables = {"BOOT_ORDER": "A B", "BOOT_A_LEFT": "2", "BOOT_B_LEFT": "3"}
        (self.root / ENVIRONMENT).write_bytes(u_boot.written(variables))
        rauc = self.root / "usr/local/bin/rauc"
        rauc.write_text(RAUC)
        rauc.chmod(0o755)
        wants = [f"handset-{name}" for name in ("good.service", "slot.service", "back.timer")]
        wants += [f"handset-{name}.path" for name in ("registered", "install", "restart")]
        units = {
            **{f"handset-{name}.service.d/here.conf": HERE for name in OURS},
            **{f"{name}.d/bare.conf": BARE for name in wants},
            "handset-install.service.d/now.conf": "[Service]\nNice=0\n",
            "handset-back.timer.d/soon.conf": "[Timer]\nOnBootSec=\nOnBootSec=1\nAccuracySec=1ms\n",
            # Ten minutes are longer than any first screen needs; one second is not.
            "handset-back.service.d/soon.conf": "[Unit]\nAfter=handset-good.service\n",
            "handset.service": PHONE,
            "reboot.target": RESTARTS,
            "restarted.service": RESTARTED,
            TARGET: f"{BARE}Wants=handset.service {' '.join(wants)}\n",
        }
        self.system = Booted(folder, units, self.root)
        self._folder = folder

    def tells(self, name: str) -> str:
        """Return a variable of U-Boot's, as it is in the file."""
        return u_boot.read((self.root / ENVIRONMENT).read_bytes())[name]

    def wish(self, name: str, words: str = "") -> None:
        """Wish for something as the phone does, within the system's /run."""
        place = f"/run/handset-update/wanted/{name}"
        self.system.run_within("sh", "-c", f"echo '{words}' >{place}")

    def tried(self, slot: str) -> str:
        """Return how far a slot has come since it was written."""
        path = self.data / f"update/tried-{slot}"
        return " ".join(path.read_text().split()) if path.exists() else ""

    def has(self, path: str) -> bool:
        return (self.root / path.lstrip("/")).exists()

    def result(self, unit: str) -> str:
        return self.system.shows(unit, "Result")

    def close(self) -> None:
        for place in (self.root / "boot/firmware", self.root, self._folder / "memory"):
            run("umount", "--lazy", str(place))


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    made = Card(tmp_path)
    yield made
    made.close()


def ended(card: Card, unit: str) -> None:
    """Wait until a unit has done its work."""
    card.system.wait_for(lambda: card.system.shows(unit, "ExecMainExitTimestampMonotonic") != "0")
    assert card.result(unit) == "success"


def test_a_new_slot_gets_its_tries_back_with_the_registration_and_not_before(card: Card) -> None:
    (card.data / "update/tried-A").write_text("writing\nwritten\n")
    with card.system:
        ended(card, "handset-good.service")
        assert (card.tells("BOOT_A_LEFT"), card.has("/data/update/good-A")) == ("2", False)
        assert card.tried("A") == "writing written started screen"
        card.wish("good")
        card.system.wait_for(lambda: card.has("/data/update/good-A"))
        assert card.tells("BOOT_A_LEFT") == "3"
        card.system.wait_for(lambda: not card.has("/data/update/tried-A"))


def test_a_slot_that_was_good_is_good_with_the_first_screen_and_never_left(card: Card) -> None:
    """A proxy that is away is no fault of it."""
    for slot in ("A", "B"):
        (card.data / f"update/good-{slot}").touch()
    with card.system:
        card.system.wait_for(lambda: card.tells("BOOT_A_LEFT") == "3")
        ended(card, "handset-back.service")
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
        ended(card, "handset-slot.service")
        said = card.system.run_within("cat", "/run/handset-update/tried")
        assert said.split() == ["writing", "written", "started"]
        assert card.tried("B") == "writing written started", "what is good adds nothing"
        (card.data / "state/update.raucb").write_bytes(b"hsqs")
        (card.data / "rauc-says").write_text("100% Installing done.\n")
        card.wish("install", "1")
        ended(card, "handset-install.service")
        card.system.run_within("test", "!", "-e", "/run/handset-update/tried")
        assert card.tried("B") == "writing written"


def test_where_no_other_slot_is_good_the_phone_goes_on_trying(card: Card) -> None:
    with card.system:
        ended(card, "handset-back.service")
        assert (card.tells("BOOT_ORDER"), card.has("/data/restarted")) == ("A B", False)


def test_a_bundle_is_installed_and_the_slot_that_is_written_is_good_no_more(card: Card) -> None:
    for slot in ("A", "B"):
        (card.data / f"update/good-{slot}").touch()
    (card.data / "state/update.raucb").write_bytes(b"hsqs")
    (card.data / "rauc-says").write_text("100% Installing done.\n")
    with card.system:
        ended(card, "handset-slot.service")
        assert card.system.run_within("cat", "/run/handset-update/slot").split()[0] == "A"
        card.wish("install", "4711; touch /data/pwned")
        ended(card, "handset-install.service")
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
    for slot in ("A", "B"):
        (card.data / f"update/good-{slot}").touch()
    (card.data / "state/update.raucb").write_bytes(b"hsqs")
    (card.data / "rauc-says").write_text("LastError: signature verification failed: x\nidle\n")
    with card.system:
        ended(card, "handset-slot.service")
        card.wish("install", "17")
        ended(card, "handset-install.service")
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
        ended(card, "handset-slot.service")
        card.wish("install", "1")
        ended(card, "handset-install.service")
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
    (card.data / "state/update.raucb").write_bytes(b"hsqs")
    (card.data / "rauc-says").write_text("100% Installing done.\n")
    info = f"RAUC_MF_COMPATIBLE='handset-pi'\nRAUC_MF_VERSION='{version}'\nRAUC_MF_BUILD=''\n"
    (card.data / "rauc-info").write_text(info)
    with card.system:
        ended(card, "handset-slot.service")
        card.wish("install", f"1234567890123456 {wish}")
        ended(card, "handset-install.service")
        said = card.system.run_within("cat", "/run/handset-update/end")
        assert said == f"1234567890123456 {end}\n"
        assert card.tells("BOOT_ORDER") == ("B A" if end == "ok" else "A B")


@pytest.mark.parametrize("name", ["emergency", "rescue"])
def test_a_system_that_asks_for_a_person_starts_anew(card: Card, name: str) -> None:
    with card.system:
        card.system.systemctl("--no-block", "start", f"{name}.service")
        card.system.wait_for(lambda: card.has("/data/restarted"))
        assert card.system.shows(f"{name}.service", "StandardInput") == "null"
