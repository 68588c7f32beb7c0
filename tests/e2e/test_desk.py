"""The whole phone as `make run` starts it, used by a person in Chromium: dial, be called, pull the
plug, read why and when, put it back."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_page import wait_live
from tests.lab.processes import Program

ROOT = Path(__file__).parents[2]
START_S = 15.0
PLUG = "Pull the plug"
MS = 1000

BACK_S = 8.0
"""Well above the wait between two attempts in an outage of seconds (F2), and the registration."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One desk for all: every test leaves the phone idle and registered."""
    folder = tmp_path_factory.mktemp("desk")
    command = [sys.executable, "-m", "tests.lab.desk", "--directory", str(folder)]
    program = Program([*command, "--port", "0", "--page-port", "0"], directory=ROOT)
    try:
        yield program
    finally:
        program.stop()
    assert "Traceback" not in program.text


@pytest.fixture
def handset(page: Page, desk: Program) -> Page:
    """The page of a phone whose accounts are registered."""
    line = desk.wait_for(r"http://127\.0\.0\.1:\d+/#\S+", START_S)[0].text
    page.goto(line[line.index("http") :])
    wait_live(page)
    screen_says(page, "201: registered", "202: registered", "primary")
    return page


def screen_says(page: Page, *words: str, within_s: float = 5.0) -> None:
    for word in words:
        expect(page.locator("#words")).to_contain_text(word, timeout=within_s * MS)


def fault(page: Page, label: str, where: str = "Primary exchange") -> None:
    switch(page, label, where).click()


def switch(page: Page, label: str, where: str = "Primary exchange") -> Locator:
    """Find a switch as a person does: by the exchange and by what it says."""
    return page.get_by_role("group", name=where).get_by_role("button", name=label, exact=True)


def countdown(page: Page) -> int | None:
    """Return the seconds to the next attempt that the screen shows."""
    found = re.search(r"try in (\d+) s", page.locator("#words").inner_text())
    return int(found[1]) if found else None


def test_a_call_is_dialled_on_the_keyboard_and_ended_with_the_handset(handset: Page) -> None:
    handset.keyboard.press("h")
    handset.keyboard.type("600")
    screen_says(handset, "600")
    handset.keyboard.press("Enter")
    screen_says(handset, "Ringing")
    screen_says(handset, "Connected")
    handset.keyboard.press("h")
    screen_says(handset, "201: registered")


def test_a_busy_number_says_so(handset: Page) -> None:
    handset.click("#hook")
    for digit in "602":
        handset.click(f'[data-key="{digit}"]')
    handset.click('[data-key="#"]')
    screen_says(handset, "Call ended", "busy")
    handset.click("#hook")
    screen_says(handset, "201: registered")


def test_a_call_comes_in_rings_and_is_answered_by_lifting(handset: Page) -> None:
    handset.keyboard.type("603")
    handset.keyboard.press("Enter")
    screen_says(handset, "Incoming call", within_s=10)
    expect(handset.locator("#ringing")).to_be_visible()
    handset.keyboard.press("h")
    screen_says(handset, "Connected")
    expect(handset.locator("#ringing")).to_be_hidden()
    handset.keyboard.press("h")
    screen_says(handset, "201: registered")


def test_the_plug_is_pulled_and_put_back(handset: Page) -> None:
    fault(handset, PLUG)
    expect(switch(handset, PLUG)).to_have_attribute("aria-pressed", "true")
    screen_says(handset, "refused", "try in")
    seen = set[int]()
    until = time.monotonic() + 10
    while len(seen) < 2 and time.monotonic() < until:
        left = countdown(handset)
        seen |= {left} if left is not None else set()
        handset.wait_for_timeout(100)
    assert len(seen) >= 2, "the countdown does not count"
    fault(handset, PLUG)
    screen_says(handset, "201: registered", "202: registered", "primary", within_s=2 * BACK_S)


@pytest.mark.parametrize("label", ["Reset (RST)", "Close (FIN)"])
def test_a_cut_link_is_seen_and_back_by_itself(handset: Page, label: str) -> None:
    handset.evaluate(
        """() => {
            const words = document.getElementById("words");
            window.unregistered = false;
            new MutationObserver(() => {
                window.unregistered ||= !words.textContent.includes("201: registered");
            }).observe(words, { childList: true, characterData: true, subtree: true });
        }"""
    )
    fault(handset, label)
    handset.wait_for_function("() => window.unregistered", timeout=5 * MS)
    screen_says(handset, "201: registered", "202: registered", "primary", within_s=BACK_S)


def test_an_expired_certificate_is_refused_in_words(handset: Page) -> None:
    fault(handset, "Expired certificate")
    screen_says(handset, "expired", within_s=BACK_S)
    fault(handset, "Expired certificate")
    screen_says(handset, "201: registered", "202: registered", within_s=2 * BACK_S)
