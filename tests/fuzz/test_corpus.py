"""The kept corpus through every target, without the fuzzer: what was found once stays found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.targets import CORPUS, TARGETS

SEEDS_MIN = 10
FILE_BYTES_MAX = 2048

FILES = sorted(path for path in CORPUS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_property_holds_for_what_is_kept(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_small_seeds(name: str) -> None:
    sizes = [path.stat().st_size for path in FILES if path.parent.name == name]
    assert len(sizes) >= SEEDS_MIN
    assert max(sizes) <= FILE_BYTES_MAX


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_nothing_at_all(name: str) -> None:
    TARGETS[name](b"")
