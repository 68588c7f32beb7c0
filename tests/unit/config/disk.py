"""A disk whose power goes at a chosen step of a save, and that loses what was not flushed."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config import disk

CHANGES = ("open", "fchmod", "write", "fsync", "close", "replace", "unlink")


class PowerCutError(BaseException):
    """The power went. No code of the phone may catch it."""


class Disk:
    """`os` as the saving code sees it; `cut_at` is the number of the call that never happens."""

    def __init__(self, cut_at: int, kept: float = 0.0) -> None:
        self.cut_at = cut_at
        self.kept = kept  # The share of unflushed bytes that reach the disk.
        self.calls: list[str] = []
        self._files: dict[int, Path] = {}
        self._unflushed: set[Path] = set()

    def module(self) -> SimpleNamespace:
        module = SimpleNamespace(**{name: getattr(os, name) for name in dir(os)})
        for name in CHANGES:
            setattr(module, name, getattr(self, f"_{name}"))
        return module

    def _step(self, name: str) -> None:
        if len(self.calls) == self.cut_at:
            self._lose()
            raise PowerCutError
        self.calls.append(name)

    def _lose(self) -> None:
        for descriptor in self._files:
            os.close(descriptor)
        self._files.clear()
        for path in self._unflushed:
            if path.exists():
                os.truncate(path, int(path.stat().st_size * self.kept))

    def _open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        self._step("open folder" if flags & os.O_DIRECTORY else "open")
        descriptor = os.open(path, flags, mode)
        self._files[descriptor] = Path(path)
        return descriptor

    def _fchmod(self, descriptor: int, mode: int) -> None:
        self._step("fchmod")
        os.fchmod(descriptor, mode)

    def _write(self, descriptor: int, data: bytes) -> int:
        self._step("write")
        self._unflushed.add(self._files[descriptor])
        return os.write(descriptor, data[:40])  # A short write is allowed at any time.

    def _fsync(self, descriptor: int) -> None:
        self._step("fsync")
        self._unflushed.discard(self._files[descriptor])
        os.fsync(descriptor)

    def _close(self, descriptor: int) -> None:
        self._step("close")
        del self._files[descriptor]
        os.close(descriptor)

    def _replace(self, source: Path, target: Path) -> None:
        self._step(f"replace {Path(target).name}")
        if Path(source) in self._unflushed:
            self._unflushed.add(Path(target))
        os.replace(source, target)

    def _unlink(self, path: Path) -> None:
        self._step("unlink")
        os.unlink(path)


def put_in(patch: pytest.MonkeyPatch, module: SimpleNamespace) -> None:
    """Let the code that saves see this disk."""
    patch.setattr(disk, "os", module)


def put_in_refusing(patch: pytest.MonkeyPatch, call: str, number: int) -> None:
    """Let the code that saves see a disk that refuses one of its calls with this error."""

    def refuse(*_: Any) -> Any:
        raise OSError(number, os.strerror(number))

    module = Disk(cut_at=-1).module()
    setattr(module, call, refuse)
    put_in(patch, module)
