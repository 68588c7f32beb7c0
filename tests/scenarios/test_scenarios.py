"""Every script, and scripts that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.player import Player
from tests.scenarios.script import read_script

SEEING = {
    "screen",
    "no",
    "keys",
    "lamp",
    "ringer",
    "rings",
    "tone",
    "sound",
    "microphone",
    "volume",
}
SCRIPTS = sorted((Path(__file__).parent / "scripts").rglob("*.txt"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_scenario(path: Path, tmp_path: Path) -> None:
    Player(tmp_path, read_script(path)).play()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_scenario_looks_at_something(path: Path) -> None:
    assert {step.verb for step in read_script(path)} & SEEING


@pytest.mark.parametrize(
    "step",
    [
        "screen nonsense",
        "no screen Menu",
        "screen nonsense within 2",
        "no screen Menu within 2",
        "keys Menu Menu",
        "lamp on",
        "ringer on",
        "rings internal",
        "tone busy",
        "sound on",
        "microphone open",
        "volume 1",
        "press nonsense",
        "102: screen nonsense",
    ],
)
def test_a_step_that_is_not_so_fails_and_says_where(tmp_path: Path, step: str) -> None:
    script = tmp_path / "wrong.txt"
    script.write_text(f"-- A phone at rest.\n\n{step}\n")
    with pytest.raises(AssertionError, match=r"wrong\.txt:3: "):
        Player(tmp_path, read_script(script)).play()


@pytest.mark.parametrize("line", ["jump", "102: jump", "102:", 'screen "open'])
def test_a_line_that_is_no_step_is_named(tmp_path: Path, line: str) -> None:
    script = tmp_path / "wrong.txt"
    script.write_text(f"lift\n{line}\n")
    with pytest.raises(ValueError, match=r"wrong\.txt:2: "):
        Player(tmp_path, read_script(script))
