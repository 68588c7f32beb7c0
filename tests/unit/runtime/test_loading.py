"""What a start loads while the handset's parts are not there yet."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from firmware.runtime import loading
from firmware.runtime.loading import MODULES, PARTS, load_until_parts_are_there


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says that they are there; it is not made yet."""
    file = tmp_path / "parts"
    monkeypatch.setenv(PARTS, str(file))
    return file


def loaded(parts: Path | None = None, until: int = 0) -> list[str]:
    """Return what is loaded where the parts come after so many modules."""
    done: list[str] = []

    def load(name: str) -> None:
        done.append(name)
        if parts is not None and len(done) == until:
            parts.touch()

    asyncio.run(load_until_parts_are_there(load))
    return done


def test_where_nobody_says_anything_the_parts_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PARTS, raising=False)
    assert loaded() == []


def test_parts_that_are_there_are_shown_a_screen_at_once(parts: Path) -> None:
    parts.touch()
    assert loaded() == []


def test_what_is_loaded_is_no_more_than_the_wait_is_long(parts: Path) -> None:
    assert loaded(parts, until=3) == list(MODULES[:3])


def test_with_all_loaded_the_parts_are_waited_for(parts: Path) -> None:
    async def begin() -> None:
        asyncio.get_running_loop().call_later(0.2, parts.touch)
        await load_until_parts_are_there(lambda name: None)
        assert parts.exists()

    asyncio.run(begin())


def test_parts_that_never_come_hold_nobody_up(
    parts: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loading, "PARTS_S", 0.2)
    began = time.monotonic()
    assert loaded() == list(MODULES)
    assert time.monotonic() - began >= 0.2
    assert not parts.exists()
    assert caplog.messages == ["udev is not through after 0 s: parts may be missing"]


def test_everything_that_is_named_can_be_loaded_and_is_all_of_the_application() -> None:
    script = "import sys, importlib\n"
    script += f"for name in {MODULES}: importlib.import_module(name)\n"
    script += "before = set(sys.modules)\nimport firmware.runtime.application\n"
    script += "assert set(sys.modules) == before\n"
    subprocess.run([sys.executable, "-c", script], check=True)
