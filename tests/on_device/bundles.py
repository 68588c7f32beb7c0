"""The image's own root as an update: whole, damaged, and such that it cannot be a phone."""

from __future__ import annotations

from pathlib import Path

from tests.lab.namespaces import ROOT
from tests.on_device.machine import run

IMAGE_ROOT = ROOT / "build/steps/filesystems/root.ext4"


class Bundles:
    """Updates of the image's own root, each made when it is wanted."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self._folder, self._keys = folder, keys
        self.good = self.made("good", keys)

    def made(self, name: str, keys: Path, root: Path = IMAGE_ROOT) -> Path:
        bundle = self._folder / f"{name}.raucb"
        run(ROOT / "board/image/bundle.sh", root, keys, bundle)
        return bundle

    def damaged(self) -> Path:
        """Return the good one with a few bytes changed in what is packed, and only there."""
        data = bytearray(self.good.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 8] = bytes(byte ^ 0xFF for byte in data[middle : middle + 8])
        path = self._folder / "damaged.raucb"
        path.write_bytes(data)
        return path

    def without(self, name: str) -> Path:
        """Return one, signed by the right key, of a root in which a file is missing."""
        root = self._folder / "root.ext4"
        run("cp", "--sparse=always", IMAGE_ROOT, root)
        run("debugfs", "-R", f"stat {name}", root)
        run("debugfs", "-w", "-R", f"rm {name}", root)
        bundle = self.made(f"without{name.replace('/', '-')}", self._keys, root)
        root.unlink()
        return bundle
