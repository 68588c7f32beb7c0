"""What the tests of `flash.sh` share: one small image, a desk, a card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flash.desk import Desk, card_of
from tests.flash.small_card import IMAGE_MIB, SmallImage, make_image


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> SmallImage:
    """An image that nobody changes."""
    return make_image(tmp_path_factory.mktemp("image") / "handset.img")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def card(desk: Desk, tmp_path: Path) -> Iterator[Path]:
    """A card in the reader, somewhat larger than the image."""
    with card_of(tmp_path, IMAGE_MIB + 4) as device:
        desk.call_a_card(device)
        yield device
