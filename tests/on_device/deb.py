"""The Debian package, installed into a clean Debian and started there: `make test-deb`.

The package for another kind of machine is started by an emulator.

A root of that suite, made by mmdebstrap with what the package depends on, is unpacked for the test;
apt installs the package, without a network; systemd of that Debian starts the service as the
package has it: its own user, all of its hardening. The exchange is outside, on the same network.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.background import Background
from tests.lab.namespaces import ROOT
from tests.process.handset import Place
from tests.process.service import UNIT, Service

PACKAGE, CLEAN_ROOT = Path(os.environ["PACKAGE"]), Path(os.environ["CLEAN_ROOT"])

NATIVE = subprocess.run(
    ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
).stdout.strip()
IS_EMULATED = not PACKAGE.stem.endswith(f"_{NATIVE}")

EMULATED = {f"{UNIT}.d/20-emulated.conf": "[Service]\nPrivateUsers=no\n"} if IS_EMULATED else {}
"""An emulated program has threads from its start: the kernel gives it no users of its own."""

FILTERED = "0" if IS_EMULATED else "2"
"""An emulator hands on no filter of system calls to the kernel."""

SCRIPT_BOARD = "HANDSET_BOARD=script\n"
FOLDER = Path("/srv/test")


ENTER = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"'


NEWER = ("RestartSteps", "RestartMaxDelaySec")
"""What bookworm's systemd (252) passes over: there each start anew comes after the same second."""


def within(root: Path, *words: str) -> str:
    """Run a program in that root; return what it says."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", ENTER, str(root), *words],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean Debian with the package."""
    made = tmp_path_factory.mktemp("root")
    subprocess.run(["tar", "-C", str(made), "-xf", str(CLEAN_ROOT)], check=True)
    (made / PACKAGE.name).write_bytes(PACKAGE.read_bytes())
    within(made, "apt-get", "install", "-y", "-q", f"/{PACKAGE.name}")
    return made


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Background() as background:
        made = Place(tmp_path, background)
        made.configure({})
        yield made
        made.close()


def lay_settings(root: Path, place: Place) -> None:
    """Put the site's settings where the guide says, as root does."""
    for path in place.config.iterdir():
        (root / "etc/handset" / path.name).write_bytes(path.read_bytes())
    (root / "etc/default/handset").write_text(SCRIPT_BOARD)
    within(root, "systemd-tmpfiles", "--create", "handset.conf")


def test_what_is_installed_is_enabled_and_belongs_to_whom_it_should(root: Path) -> None:
    wants = root / "etc/systemd/system/multi-user.target.wants" / UNIT
    assert os.readlink(wants).endswith(f"systemd/system/{UNIT}")
    user = within(root, "id", "handset")
    assert {"audio", "dialout", "gpio", "i2c", "spi"} <= set(user.replace(")", "(").split("("))
    settings = (root / "etc/handset/startup.cfg").stat()
    assert (settings.st_mode & 0o777, settings.st_uid) == (0o640, 0)
    assert within(root, "stat", "-c", "%G", "/etc/handset/startup.cfg") == "handset\n"
    assert within(root, "dpkg", "--verify", "handset") == ""


def test_systemd_of_that_debian_takes_the_unit_but_for_longer_and_longer_waits(root: Path) -> None:
    unit = f"/usr/lib/systemd/system/{UNIT}"
    said = within(root, "systemd-analyze", "verify", "--man=no", unit).splitlines()
    assert all(any(f"Unknown key '{key}'" in line for key in NEWER) for line in said), said
    exposure = within(root, "systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
    assert "Overall exposure level" in exposure


def test_the_service_registers_unprivileged_and_behind_all_its_walls(
    root: Path, place: Place, tmp_path: Path
) -> None:
    lay_settings(root, place)
    service = Service(tmp_path, EMULATED, FOLDER, root)
    with service.system:
        service.wait_until_registered(f"127.0.0.1:{place.exchange.port}")
        process = Path("/proc", service.system.pid_of(UNIT))
        status = dict(
            line.split(":\t", 1) for line in (process / "status").read_text().splitlines()
        )
        users = dict(
            line.split(":")[:3:2] for line in (root / "etc/passwd").read_text().splitlines()
        )
        assert status["Uid"].split() == [users["handset"]] * 4
        assert status["CapEff"] == status["CapBnd"] == "0000000000000000"
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", FILTERED)
        service.send("dial", uri="600")
        service.system.wait_for(lambda: len(service.said("answered")) == 1)
        service.system.systemctl("stop", UNIT)
        assert service.shows("Result") == "success"
    service.close()
    assert (root / "var/lib/handset").stat().st_mode & 0o777 == 0o700
    assert "Traceback" not in service.errors


def test_the_guides_commands_are_there(root: Path) -> None:
    assert str(ROOT) not in within(root, "handset", "config", "startup")


def test_an_upgrade_keeps_settings_and_a_purge_leaves_nothing(root: Path, place: Place) -> None:
    lay_settings(root, place)
    before = (root / "etc/handset/startup.cfg").read_text()
    (root / "var/lib/handset").mkdir(exist_ok=True)
    (root / "var/lib/handset/local.cfg").write_text("kept\n")
    within(root, "apt-get", "install", "-y", "-q", "--reinstall", "-o",
           "Dpkg::Options::=--force-confold", f"/{PACKAGE.name}")  # fmt: skip
    assert (root / "etc/handset/startup.cfg").read_text() == before
    assert (root / "var/lib/handset/local.cfg").read_text() == "kept\n"
    within(root, "apt-get", "remove", "-y", "-q", "handset")
    assert not list((root / "opt/handset").rglob("*.py"))
    assert (root / "etc/handset/startup.cfg").read_text() == before
    within(root, "apt-get", "purge", "-y", "-q", "handset")
    left = [
        "etc/handset",
        "var/lib/handset",
        "opt/handset",
        "etc/default/handset",
        "usr/bin/handset",
    ]
    assert [path for path in left if (root / path).exists()] == []
