"""The phone's service, as systemd itself reads it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from board.handset import HANDSETS
from board.splash import splash
from firmware.runtime import loading, time_servers
from tests.lab.namespaces import ROOT

SERVICE = ROOT / "board" / "service"
UNIT = SERVICE / "handset.service"
TIME = SERVICE / "handset-time.path"
IMAGE_UNITS = ROOT / "board" / "image" / "files" / "usr" / "lib" / "systemd" / "system"

EXPOSURE_MAX = 15
"""Tenths: `systemd-analyze security` says 1.5."""

YOUNGER = {"RestartSteps", "RestartMaxDelaySec"}
"""What systemd knows from 254 on; older ones say that they pass over it."""


def settings(name: str) -> list[str]:
    """Return what the unit says of a setting, line by line."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


def said(*words: str) -> str:
    """Run a program of systemd's; return what it says."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root with the service, and the users that every Debian has."""
    said(str(SERVICE / "install"), str(tmp_path))
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (tmp_path / "etc" / "group").write_text("root:x:0:\naudio:x:29:\ndialout:x:20:\n")
    return tmp_path


@pytest.mark.parametrize("is_of_image", [False, True])
def test_its_exposure_is_as_low_as_promised(tmp_path: Path, *, is_of_image: bool) -> None:
    units = tmp_path / "usr" / "lib" / "systemd" / "system"
    units.mkdir(parents=True)
    shutil.copy(UNIT, units)
    if is_of_image:
        shutil.copytree(IMAGE_UNITS / "handset.service.d", units / "handset.service.d")
    words = ["security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager"]
    words += [f"--root={tmp_path}", UNIT.name]
    assert "Overall exposure level" in said("systemd-analyze", *words)


def test_systemd_has_nothing_to_say_of_it(tmp_path: Path) -> None:
    """Where all that it starts is there: in a namespace with an /opt of our own."""
    opt = tmp_path / "opt" / "handset"
    (opt / "venv" / "bin").mkdir(parents=True)
    shutil.copy("/bin/true", opt / "venv" / "bin" / "python")
    shutil.copytree(SERVICE, opt / "board" / "service")
    script = 'mount --bind "$0" /opt && systemd-analyze verify --man=no "$1"'
    found = said("unshare", "-m", "sh", "-c", script, str(opt.parent), str(UNIT))
    unknown = re.findall(r"Unknown key (?:name )?'(\w+)' in section \[Service\], ignoring", found)
    assert len(found.splitlines()) == len(unknown), found
    assert set(unknown) <= YOUNGER


def test_it_never_gives_up_and_tries_ever_more_slowly() -> None:
    assert settings("StartLimitIntervalSec") == ["0"]
    assert settings("Restart") == ["always"]
    first, steps, last = (
        int(settings(name)[0]) for name in ("RestartSec", "RestartSteps", "RestartMaxDelaySec")
    )
    assert (first, last) == (1, 60)
    assert steps > 1


def test_the_user_has_just_the_groups_of_the_parts(tree: Path) -> None:
    said("systemd-sysusers", f"--root={tree}")
    users = (tree / "etc" / "passwd").read_text()
    assert "\nhandset:x:990:990:SIP handset:/var/lib/handset:/usr/sbin/nologin\n" in users
    lines = (tree / "etc" / "group").read_text().splitlines()
    groups = {name for name, *_, members in (line.split(":") for line in lines) if members}
    assert groups == {"audio", "dialout", "gpio", "i2c", "spi"}
    assert settings("User") == ["handset"]


def test_settings_are_for_the_phone_alone(tree: Path) -> None:
    said("systemd-sysusers", f"--root={tree}")
    folder = tree / "etc" / "handset" / "certificates"
    folder.mkdir(parents=True)
    for path in (folder.parent / "startup.cfg", folder / "key.pem"):
        path.write_text("secret")
        path.chmod(0o666)
    said("systemd-tmpfiles", f"--root={tree}", "--create", "handset.conf")
    for path in (folder.parent / "startup.cfg", folder / "key.pem"):
        found = path.stat()
        assert (found.st_mode & 0o7777, found.st_uid, found.st_gid) == (0o640, 0, 990), path
    for path in (folder, folder.parent):
        assert path.stat().st_mode & 0o7777 == 0o750
    assert (tree / "run" / "handset").stat().st_uid == 0, "what DHCP said is not the phone's"


def test_the_unit_names_a_board_that_there_is_and_the_folders_that_systemd_makes() -> None:
    (start,) = settings("ExecStart")
    assert "--board ${HANDSET_BOARD} --config /etc/handset --state /var/lib/handset" in start
    assert settings("Environment") == ["HANDSET_BOARD=handset", "LG_WD=/tmp"]
    assert "handset" in HANDSETS
    assert settings("ConfigurationDirectory") == settings("StateDirectory") == ["handset"]
    (stop,) = settings("ExecStopPost")
    script, folder = stop.split()
    assert (ROOT / script.removeprefix("/opt/handset/")).stat().st_mode & 0o111
    assert folder == "/var/lib/handset"


def test_the_time_servers_that_the_phone_writes_are_what_timesyncd_reads(tree: Path) -> None:
    said("systemd-sysusers", f"--root={tree}")
    said("systemd-tmpfiles", f"--root={tree}", "--create", "handset.conf")
    link = tree / "run" / "systemd" / "timesyncd.conf.d" / "50-handset.conf"
    (folder,) = settings("RuntimeDirectory")
    written = f"/run/{folder}/{time_servers.NAME}"
    assert str(link.readlink()) == written
    (watched,) = re.findall("^PathChanged=(.*)$", TIME.read_text(), re.MULTILINE)
    assert watched == written
    assert TIME.name in settings("Wants")


def test_the_phone_of_a_card_waits_for_the_file_that_says_that_its_parts_are_there() -> None:
    begins = (IMAGE_UNITS / "handset.service.d" / "image.conf").read_text()
    tells = (IMAGE_UNITS / "handset-parts.service").read_text()
    (file,) = re.findall(rf"^Environment={loading.PARTS}=(.*)$", begins, re.MULTILINE)
    assert f"\nExecStart=/usr/bin/touch {file}\n" in tells
    assert "DefaultDependencies" not in tells, "it comes after udev's look at the machine"
    (limit_s,) = re.findall("^TimeoutStartSec=(.*)$", begins, re.MULTILINE)
    assert int(limit_s) >= 2 * loading.PARTS_S, "it is waited for, and then still loaded"
    preset = (IMAGE_UNITS.parent / "system-preset" / "00-handset.preset").read_text()
    assert "\nenable handset-parts.service\n" in preset


def test_every_file_of_the_service_is_laid(tree: Path) -> None:
    laid = {path.read_bytes() for path in (tree / "usr" / "lib").rglob("*") if path.is_file()}
    ours = {
        path
        for path in SERVICE.iterdir()
        if path.name not in {"install", "note-crash", "prepare-pi", "splash"}
    }
    shown = splash(HANDSETS["handset"].display)
    assert {shown, *(path.read_bytes() for path in ours)} == laid
