"""An exchange in this process, and a folder from which a phone may start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.background import Background
from tests.process.handset import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Background() as background:
        made = Place(tmp_path, background)
        yield made
        made.close()
