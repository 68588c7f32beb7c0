"""The image's own root as an update, whole and damaged."""

from __future__ import annotations

from pathlib import Path

from tests.lab.namespaces import ROOT
from tests.on_device.machine import run


class Bundles:
    """Updates of the image's own root, each made when it is wanted."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self._folder = folder
        self.good = self.made("good", keys)

    def made(self, name: str, keys: Path) -> Path:
        bundle = self._folder / f"{name}.raucb"
        root = ROOT / "build/steps/filesystems/root.ext4"
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
