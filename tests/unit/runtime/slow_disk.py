"""A disk that takes its time, in place of a function that reads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest


class SlowDisk:
    """Answers when it is let go; whoever waits for it on the phone's loop waits in vain."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
        self._read: Callable[..., Any] = getattr(module, name)
        self._gate = threading.Event()
        self.asked = 0
        monkeypatch.setattr(module, name, self._slow)

    def _slow(self, *about: object) -> object:
        self.asked += 1
        assert self._gate.wait(10.0), "the loop waits for the disk"
        return self._read(*about)

    def answer(self) -> None:
        """Answer all that was asked, and from now on at once."""
        self._gate.set()
