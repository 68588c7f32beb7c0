"""`make pictures`: the screenshots of the README, taken of the phone as `make run` starts it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.lab.processes import Program

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "board" / "desktop" / "pictures"
START_S = 15.0


def take(page: Page, name: str, *words: str) -> None:
    """Wait for the words on the screen, then take a picture."""
    for word in words:
        expect(page.locator("#words")).to_contain_text(word, timeout=15000)
    page.wait_for_timeout(300)
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    print(path)


def take_all(page: Page) -> None:
    """Use the phone as a person does, and take pictures on the way."""
    take(page, "registered", "201: registered", "primary")
    page.keyboard.press("p")
    take(page, "backup", "201: registered", "backup")
    page.keyboard.press("b")
    take(page, "unplugged", "refused", "try in")


def main() -> None:
    """Start the phone, look at it in Chromium."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [sys.executable, "-m", "tests.lab.desk", "--backup", "--directory", folder]
        desk = Program([*command, "--port", "0", "--page-port", "0"], directory=ROOT)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            line = desk.wait_for(r"http://127\.0\.0\.1:\d+/#\S+", START_S)[0].text
            page = browser.new_page(viewport={"width": 1000, "height": 900})
            page.goto(line[line.index("http") :])
            take_all(page)
        finally:
            browser.close()
            desk.stop()


if __name__ == "__main__":
    main()
