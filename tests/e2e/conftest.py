"""A headless Chromium for the tests, and a virtual handset that is moved by hand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from board.board import Board, Faults, open_board
from drivers.interfaces import DISPLAY_SIZE
from tests.lab.background import Background

T = TypeVar("T")

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DESK = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for one module: its driver keeps an event loop running that others would meet."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page at desk width; an error in its script fails the test."""
    errors = list[str]()
    context = browser.new_context(viewport=DESK)  # type: ignore[arg-type]  # A plain dictionary.
    page = context.new_page()
    page.set_default_timeout(5000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors


@dataclass
class Handset:
    """A board of the desktop, served from a thread, and what its keys and hook said."""

    background: Background
    board: Board
    heard: list[object] = field(default_factory=list)

    def start(self) -> None:
        self.board.keypad.listen(self.heard.append, lambda key: self.heard.append(("held", key)))
        self.board.hook.listen(self.heard.append)
        self.background.run(self.board.start())

    def stop(self) -> None:
        self.background.run(self.board.stop())

    def do(self, work: Callable[..., T], *arguments: Any) -> T:
        """Call something on the board's own thread."""

        async def call() -> T:
            return work(*arguments)

        return self.background.run(call())

    def show(self, image: Image.Image, *words: str) -> None:
        self.do(self.board.display.show, image, words)


@contextlib.contextmanager
def handset_at(
    port: int = 0,
    token: str = "",
    faults: Faults | None = None,
    board: str = "desktop",
    sound_device: str = "none",
) -> Iterator[Handset]:
    """Serve a virtual handset while the block runs."""
    with Background() as background:
        desk = open_board(
            board, page_port=port, token=token, faults=faults, sound_device=sound_device
        )
        handset = Handset(background, desk)
        handset.start()
        try:
            yield handset
        finally:
            handset.stop()


@pytest.fixture
def handset() -> Iterator[Handset]:
    with handset_at() as handset:
        yield handset


def picture(seed: int, size: tuple[int, int] = DISPLAY_SIZE) -> Image.Image:
    """Return a picture without symmetry: turned, mirrored or inverted it is another one."""
    across, down = map(range, size)
    dots = [((x * 7 + y * 13 + seed) % 11 < 3) ^ (x < y) for y in down for x in across]
    image = Image.new("1", size)
    image.putdata(dots)
    return image
