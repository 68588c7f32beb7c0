"""A running phone is updated over ssh: a real sshd, and a stand-in for `rauc` behind it.

The phone is a root of its own over this machine's, with its own /data and no other `rauc`. Its sshd
speaks on the pipe that ssh gives it in place of a connection, so that nothing listens anywhere.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flash.desk import Desk
from tests.flash.small_card import run

BUNDLE = b"hsqs" + bytes(range(256)) * 4096

PHONE = """\
set -e
mount -t tmpfs phone {folder}/root
mkdir {folder}/root/{{up,work,all}}
mount -t overlay -o lowerdir=/,upperdir={folder}/root/up,workdir={folder}/root/work phone \\
    {folder}/root/all
cd {folder}/root/all
mount --rbind /dev dev
mount -t proc proc proc
rm -f usr/bin/rauc
mkdir -p data run/sshd
mount --bind {folder}/data data
exec chroot . /usr/sbin/sshd -i -f {folder}/sshd_config -E {folder}/sshd.log
"""

SSHD = """\
HostKey {folder}/host
AuthorizedKeysFile {folder}/login.pub
StrictModes no
UsePAM no
SetEnv PATH={folder}/bin:/usr/bin:/bin
"""

SSH = """\
Host desk-7
    ProxyCommand unshare --mount bash {folder}/phone.sh
    IdentityFile {folder}/login
    UserKnownHostsFile {folder}/known
    StrictHostKeyChecking accept-new
    BatchMode yes
"""

RAUC = """\
[ "$1" = install ] || exit 2
cp "$2" /data/installed
echo " 99% Copying image to rootfs.1 done."
echo "100% Installing done."
"""


@dataclass(frozen=True)
class Phone:
    """A phone that runs, its data and its programs."""

    folder: Path

    @property
    def data(self) -> Path:
        """Its data partition."""
        return self.folder / "data"

    def has_program(self, name: str, script: str) -> None:
        """Put a program on the phone."""
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}")
        path.chmod(0o755)


@pytest.fixture
def phone(desk: Desk) -> Phone:
    folder = desk.folder / "phone"
    for part in ("root", "data", "bin"):
        (folder / part).mkdir(parents=True)
    for key in ("host", "login"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key))
    for name, text in (("phone.sh", PHONE), ("sshd_config", SSHD), ("ssh_config", SSH)):
        (folder / name).write_text(text.format(folder=folder))
    desk.put_in_front("ssh", f'exec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n')
    made = Phone(folder)
    made.has_program("rauc", RAUC)
    return made


@pytest.fixture
def bundle(desk: Desk) -> Path:
    path = desk.folder / "handset.raucb"
    path.write_bytes(BUNDLE)
    return path


def test_a_bundle_is_installed(desk: Desk, phone: Phone, bundle: Path) -> None:
    phone.has_program("systemctl", "touch /data/restarted\n")
    ended = desk.flash("--host", "desk-7", "--bundle", bundle)
    assert ended.status == 0, ended.said
    assert "Copying handset.raucb (1 MiB) to desk-7 and installing it" in ended.said
    assert "100% Installing done." in ended.said
    assert "Installed: desk-7 uses it from its next start" in ended.said
    assert (phone.data / "installed").read_bytes() == BUNDLE
    assert not list((phone.data / "update").iterdir())
    assert not (phone.data / "restarted").exists()


def test_a_phone_is_started_anew_where_that_is_asked(
    desk: Desk, phone: Phone, bundle: Path
) -> None:
    phone.has_program("systemctl", 'echo "$@" >/data/restarted\n')
    ended = desk.flash("--host", "root@desk-7", "--bundle", bundle, "--restart")
    assert ended.status == 0, ended.said
    assert (phone.data / "restarted").read_text() == "reboot\n"


def test_a_bundle_that_rauc_refuses_is_told_in_its_words(
    desk: Desk, phone: Phone, bundle: Path
) -> None:
    phone.has_program("rauc", "echo 'LastError: signature verification failed' >&2; exit 1\n")
    ended = desk.flash("--host", "desk-7", "--bundle", bundle, "--restart")
    assert ended.status == 1
    assert "LastError: signature verification failed" in ended.said
    assert ended.said.endswith("has not installed the bundle: it stays with what it has.\n")
    assert not list((phone.data / "update").iterdir())


def test_a_bundle_that_arrives_otherwise_is_not_installed(
    desk: Desk, phone: Phone, bundle: Path
) -> None:
    phone.has_program("cat", "head -c 1000\n")
    ended = desk.flash("--host", "desk-7", "--bundle", bundle)
    assert ended.status == 1
    assert "did not arrive whole at desk-7: nothing was installed." in ended.said
    assert not (phone.data / "installed").exists()
    assert not list((phone.data / "update").iterdir())


def test_a_phone_without_room_gets_nothing(desk: Desk, phone: Phone, bundle: Path) -> None:
    phone.has_program("df", "echo 'phone 9000 8000 1000 80% /data'\n")
    ended = desk.flash("--host", "desk-7", "--bundle", bundle)
    assert ended.status == 1
    assert "There is too little room on desk-7 for the bundle." in ended.said
    assert not (phone.data / "installed").exists()


def test_what_is_no_phone_is_told(desk: Desk, phone: Phone, bundle: Path) -> None:
    (phone.folder / "bin" / "rauc").unlink()
    ended = desk.flash("--check", "--host", "desk-7", "--bundle", bundle)
    assert ended.status == 1
    assert "desk-7 has no rauc: it was not set up by an image of this phone." in ended.said


def test_check_asks_the_phone_and_copies_nothing(desk: Desk, phone: Phone, bundle: Path) -> None:
    ended = desk.flash("--check", "--host", "desk-7", "--bundle", bundle)
    assert ended.status == 0, ended.said
    assert f"desk-7 can be updated with {bundle}." in ended.said
    assert not (phone.data / "installed").exists()


def test_a_phone_that_is_not_reached_is_told(desk: Desk, phone: Phone, bundle: Path) -> None:
    (phone.folder / "phone.sh").write_text("exit 1\n")
    ended = desk.flash("--host", "desk-7", "--bundle", bundle)
    assert ended.status == 1
    assert "desk-7 is not reached by ssh: nothing was installed." in ended.said


def test_a_file_that_is_no_bundle_is_refused(desk: Desk, phone: Phone, bundle: Path) -> None:
    bundle.write_bytes(b"PK" + BUNDLE)
    ended = desk.flash("--host", "desk-7", "--bundle", bundle)
    assert ended.status == 1
    assert f"{bundle} is no RAUC bundle." in ended.said
    assert not (phone.data / "installed").exists()
