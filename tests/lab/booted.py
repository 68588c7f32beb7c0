"""A real systemd, the first process of namespaces of its own, and units to start there.

It has a /run and a control group for itself and the network of this machine; its root is this
machine's or another one. It starts what `units` say, and of this machine's own nothing that they do
not ask for. Needs root.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tests.lab.processes import Program

TARGET = "test.target"

GROUP = """\
set -e
mount -t cgroup2 none "$1"
mkdir "$1/$2"
echo 0 >"$1/$2/cgroup.procs"
umount "$1"
shift 2
exec unshare -C "$@"
"""
"""An empty folder, the name of its control group, and what is run in that: it sees no other one."""

BEGIN = """\
set -e
if [ "$1" != / ]; then mount --rbind "$1" "$1"; fi
mount --rbind /dev "$1/dev"
mount --rbind /sys "$1/sys"
mount -t cgroup2 none "$1/sys/fs/cgroup"
mount -t tmpfs none "$1/run"
mkdir "$1/run/systemd"
cp -r "$2" "$1/run/systemd/system"
mount --bind "$3" "$1/dev/console"
if [ "$1" = / ]; then mount -t tmpfs none /etc/systemd/system; fi
mount -t proc proc "$1/proc"
export container=test
cd "$1"
if [ "$1" != / ]; then mount --move . /; fi
exec chroot . /lib/systemd/systemd --unit="$4" --log-target=console --show-status=no
"""
"""Its root, its units, the terminal that it takes for a console, its target."""

END = """\
set -e
mount -t cgroup2 none "$1"
echo 1 >"$1/$2/cgroup.kill"
until find "$1/$2" -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.05; done
"""

WAIT_S = 30.0


class Booted:
    """That system; a context manager. `units` are the texts of unit files by their names."""

    def __init__(self, directory: Path, units: Mapping[str, str], root: Path = Path("/")) -> None:
        self.root = root
        self._console = b""
        self.group = uuid.uuid4().hex
        self._groups = directory / "groups"
        self._groups.mkdir()
        self._units = directory / "units"
        for name, text in units.items():
            path = self._units / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def __enter__(self) -> Booted:
        ours, self._terminal = os.openpty()
        places = (self.root, self._units, os.ttyname(self._terminal), TARGET)
        words = ["sh", "-c", BEGIN, "sh", *map(str, places)]
        group = ["sh", "-c", GROUP, "sh", str(self._groups), self.group]
        self._program = Program(["unshare", "-mpfu", "--kill-child", *group, *words])
        threading.Thread(target=self._listen, args=(ours,), daemon=True).start()
        self.wait_for(lambda: self._run("show").returncode == 0)
        return self

    def __exit__(self, *_: object) -> None:
        self._program.kill()
        os.close(self._terminal)
        words = ["unshare", "-m", "sh", "-c", END, "sh", str(self._groups), self.group]
        subprocess.run(words, check=True, timeout=WAIT_S)

    def _listen(self, console: int) -> None:
        with open(console, "rb", buffering=0) as heard, suppress(OSError):  # It ends with that.
            while said := heard.read(4096):
                self._console = (self._console + said)[-4000:]

    def systemctl(self, *words: str) -> str:
        """Ask or tell it something."""
        done = self._run(*words)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}{self.said()}"
        return done.stdout

    def run_within(self, *words: str, said: str = "") -> str:
        """Run a command there, which reads what is `said`; return what it says."""
        done = subprocess.run(
            [*self._enter, *words], input=said, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}{self.said()}"
        return done.stdout

    def shows(self, unit: str, name: str) -> str:
        """Return a property of a unit, as it is now."""
        return self.systemctl("show", "--value", f"--property={name}", unit).strip()

    def pid_of(self, unit: str) -> str:
        """Return the main process of a unit, as this machine numbers it."""
        inside = self.shows(unit, "MainPID")
        (found,) = [pid for pid in _children(self._first) if _inner(pid) == inside]
        return found

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait until something is so."""
        by = time.monotonic() + WAIT_S
        while not done():
            assert time.monotonic() < by, f"it did not happen in time\n{self.said()}"
            time.sleep(0.05)

    @property
    def inside(self) -> Path:
        """Its root as this machine sees it, with its own /run."""
        return Path(f"/proc/{self._first}/root")

    @property
    def _first(self) -> str:
        """Its first process: the only child of who made the namespaces."""
        assert self._program.running, self.said()
        return " ".join(_children(str(self._program.pid)))

    @property
    def _enter(self) -> list[str]:
        return ["nsenter", f"--target={self._first}", "-m", "-p", "-u", "-C", "-r"]

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._enter, "systemctl", "--no-pager", *words],
            capture_output=True,
            text=True,
            check=False,
        )

    def said(self) -> str:
        """Return the last of what it and its console said."""
        return f"{self._program.tail}\n{self._console.decode(errors='replace')}"


def _children(pid: str) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _inner(pid: str) -> str:
    """Return the number that a process has in its own namespace."""
    (line,) = re.findall(r"^NSpid:(.*)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return str(line).split()[-1]
