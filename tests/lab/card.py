"""A machine that was started from slot A of a card, under a real systemd, with the image's units.

Its root is this machine's or another one, with a layer over it; U-Boot's file is read and written
by its own tools. A restart of the machine is noted and not made.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.lab import u_boot
from tests.lab.booted import TARGET, Booted
from tests.lab.namespaces import ROOT

FILES = ROOT / "board" / "image" / "files"
OURS = ("slot", "good", "registered", "install", "restart", "back", "fleet")
ENVIRONMENT = "boot/firmware/uboot.env"
USERS = {"handset": 990, "rauc-hawkbit": 991}

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


class Card:
    """That machine; `units` are more of its own, `programs` stand in place of others."""

    def __init__(
        self,
        folder: Path,
        programs: Mapping[str, str],
        units: Mapping[str, str] | None = None,
        below: Path = Path("/"),
    ) -> None:
        memory, self.root = folder / "memory", folder / "root"
        for made in (memory, self.root):
            made.mkdir()
        run("mount", "-t", "tmpfs", "none", str(memory))
        for name in ("upper", "work"):
            (memory / name).mkdir()
        layers = f"lowerdir={below},upperdir={memory}/upper,workdir={memory}/work"
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
        self._make_users()
        (self.root / "cmdline").write_text("quiet rauc.slot=A\n")
        variables = {"BOOT_ORDER": "A B", "BOOT_A_LEFT": "2", "BOOT_B_LEFT": "3"}
        (self.root / ENVIRONMENT).write_bytes(u_boot.written(variables))
        for name, text in programs.items():
            path = self.root / name
            path.write_text(text)
            path.chmod(0o755)
        wants = [f"handset-{name}" for name in ("good.service", "slot.service", "back.timer")]
        wants += [f"handset-{name}.path" for name in ("registered", "install", "restart", "fleet")]
        all_units = {
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
            **(units or {}),
        }
        self.system = Booted(folder, all_units, self.root)
        self._folder = folder

    def _make_users(self) -> None:
        for name, number in USERS.items():
            for file, more in (("group", ""), ("passwd", f"{number}::/:/bin/false")):
                path = self.root / "etc" / file
                path.write_text(f"{path.read_text()}{name}:x:{number}:{more}\n")
        (self.data / "fleet").mkdir(mode=0o700)
        shutil.chown(self.data / "fleet", USERS["rauc-hawkbit"])

    def tells(self, name: str) -> str:
        """Return a variable of U-Boot's, as it is in the file."""
        return u_boot.read((self.root / ENVIRONMENT).read_bytes())[name]

    def sets(self, name: str, value: str) -> None:
        """Set a variable of U-Boot's."""
        file = self.root / ENVIRONMENT
        file.write_bytes(u_boot.written({**u_boot.read(file.read_bytes()), name: value}))

    def lay(self, name: str, words: str = "") -> None:
        """Lay a file beside the phone's wishes, as the phone does, within the system's /run."""
        place = f"/run/handset-update/wanted/{name}"
        script = f"umask 077; cat >{place}.new; chown handset {place}.new; mv {place}.new {place}"
        self.system.run_within("sh", "-c", f"{script}", said=words)

    def wish(self, name: str, words: str = "") -> None:
        """Wish for something as the phone does."""
        self.lay(name, f"{words}\n")

    def told(self, name: str) -> str:
        """Return what root says to the phone in a file."""
        return self.system.run_within("cat", f"/run/handset-update/{name}")

    def has_told(self, number: str) -> bool:
        """Tell whether the wish of that number is over."""
        try:
            text = (self.system.inside / "run/handset-update/end").read_text()
        except FileNotFoundError:
            return False
        return text.split()[0] == number.partition(";")[0]

    def is_good_in_both(self) -> None:
        """Have both slots be such that have registered before."""
        for slot in ("A", "B"):
            (self.data / f"update/good-{slot}").touch()

    def has_bundle(self) -> None:
        """Have fetched a bundle that RAUC will take."""
        (self.data / "state/update.raucb").write_bytes(b"hsqs")
        (self.data / "rauc-says").write_text("100% Installing done.\n")

    def tried(self, slot: str) -> str:
        """Return how far a slot has come since it was written."""
        path = self.data / f"update/tried-{slot}"
        return " ".join(path.read_text().split()) if path.exists() else ""

    def has(self, path: str) -> bool:
        return (self.root / path.lstrip("/")).exists()

    def result(self, unit: str) -> str:
        return self.system.shows(unit, "Result")

    def ended(self, unit: str) -> None:
        """Wait until a unit has done its work."""
        self.system.wait_for(
            lambda: self.system.shows(unit, "ExecMainExitTimestampMonotonic") != "0"
        )
        assert self.result(unit) == "success"

    def close(self) -> None:
        for place in (self.root / "boot/firmware", self.root, self._folder / "memory"):
            run("umount", "--lazy", str(place))


def run(*words: str) -> None:
    """Run a command that succeeds."""
    subprocess.run(words, check=True, capture_output=True)
