"""Programs under QEMU's emulators, with their instructions counted by a plugin (`count.c`).

`Native` is this machine's own Python, `Arm` one of Debian's for arm64 in a folder of its own: the
packages are fetched by apt-get with state and cache of its own, so nothing is installed here, and
what the phone needs of PyPI as wheels for that machine, by the same lock file.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

from tests.lab.namespaces import ROOT

LOCK = ROOT / "requirements.lock"
SOURCE = Path(__file__).with_name("count.c")
WHEELS = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")


class Native:
    """This machine's Python, emulated all the same: so both are counted alike."""

    name = platform.machine()
    words = (f"qemu-{platform.machine()}",)
    python = sys.executable
    path = str(ROOT)

    def prepare(self) -> None:
        """Nothing is missing."""


class Arm:
    """A Debian's Python for arm64 in a folder."""

    name = "aarch64"

    def __init__(self, folder: Path) -> None:
        self._folder, self._root, self._site = folder, folder / "root", folder / "site"
        self.words = ("qemu-aarch64", "-L", str(self._root))
        self.python = str(self._root / "usr/bin/python3")
        self.path = f"{ROOT}:{self._site}"

    def prepare(self) -> None:
        """Fetch what is missing."""
        done = self._folder / "ready"
        if done.exists() and done.read_bytes() == LOCK.read_bytes():
            return
        for name in ("state/lists/partial", "cache/archives/partial", "root", "site"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "state/status").touch()
        self._apt("update")
        self._apt("install", "-y", "--no-install-recommends", "--download-only", "python3")
        for package in sorted((self._folder / "cache/archives").glob("*.deb")):
            quiet("dpkg-deb", "-x", str(package), str(self._root))
        version = quiet(*self.words, self.python, "-c", VERSION).strip()
        platforms = [word for name in WHEELS for word in ("--platform", name)]
        pip = (sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check")
        chosen = ("--only-binary=:all:", "--no-deps", "--require-hashes", "-r", str(LOCK))
        where = ("--target", str(self._site), "--upgrade", "--python-version", version)
        quiet(*pip, *where, *platforms, *chosen)
        done.write_bytes(LOCK.read_bytes())

    def _apt(self, *words: str) -> None:
        settings = {
            "APT::Architecture": "arm64",
            "APT::Architectures::": "arm64",
            "APT::Sandbox::User": "",
            "Debug::NoLocking": "1",
            "Dir::State": self._folder / "state",
            "Dir::State::status": self._folder / "state/status",
            "Dir::Cache": self._folder / "cache",
        }
        quiet("apt-get", "-qq", *(f"-o{key}={value}" for key, value in settings.items()), *words)


VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def build_plugin(folder: Path) -> Path:
    """Compile the counter."""
    plugin = folder / "count.so"
    quiet("gcc", "-O2", "-shared", "-fPIC", "-o", str(plugin), str(SOURCE))
    return plugin


def quiet(*words: str) -> str:
    """Run a program to its end; return what it said, raise with its errors where it failed."""
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{' '.join(words[:4])}: {ended.stderr[-2000:]}"
    return ended.stdout
