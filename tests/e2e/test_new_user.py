"""What somebody does who sees this phone for the first time: by what stands above the keys.

A soft key is pressed by the word that it bears, as a person finds it, and a screen reader says it.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_desk import (
    BACK_S,
    PLUG,
    START_S,
    desk,  # noqa: F401 (a fixture)
    fault,
    screen_says,
)
from tests.e2e.test_page import wait_live
from tests.lab.processes import Program


@pytest.fixture
def phone(page: Page, desk: Program) -> Page:  # noqa: F811
    """The page of a registered phone that lies there idle."""
    line = desk.wait_for(r"http://127\.0\.0\.1:\d+/#\S+", START_S)[0].text
    page.goto(line[line.index("http") :])
    wait_live(page)
    screen_says(page, "201: registered", "202: registered", "primary")
    return page


def press(phone: Page, *words: str) -> None:
    """Press the soft keys that bear these words, each as soon as it does."""
    for word in words:
        phone.get_by_role("button", name=re.compile(f"^{word}, (left|right) soft key")).click()


def enter(phone: Page, word: str) -> None:
    """Press a soft key, and see that the screen is another one: a list is there before its keys."""
    before = phone.locator("#words").inner_text()
    press(phone, word)
    expect(phone.locator("#words")).not_to_have_text(before, use_inner_text=True)


def digits(phone: Page, number: str) -> None:
    for digit in number:
        phone.click(f'[data-key="{digit}"]')


def choose(phone: Page, row: str) -> None:
    """Go down a list to a row."""
    chosen = re.compile(f"> {row}")
    for _ in range(20):
        if chosen.search(phone.locator("#words").inner_text()):
            break
        before = phone.locator("#words").inner_text()
        phone.click('[data-key="down"]')
        expect(phone.locator("#words")).not_to_have_text(before, use_inner_text=True)
    expect(phone.locator("#words")).to_contain_text(chosen)


def be_called(phone: Page) -> None:
    digits(phone, "603")
    press(phone, "Dial")
    screen_says(phone, "Incoming call", "603", within_s=15)


def test_two_calls_are_held_swapped_and_ended(phone: Page) -> None:
    be_called(phone)
    press(phone, "Answer")
    screen_says(phone, "Connected", "603")
    press(phone, "New call")
    screen_says(phone, "On hold: Call back")
    digits(phone, "600")
    press(phone, "Dial")
    screen_says(phone, "Connected", "600", "On hold: Call back")
    press(phone, "Swap")
    screen_says(phone, "603", "On hold: 600")
    press(phone, "End")
    screen_says(phone, "Connected\n600")
    press(phone, "End")
    screen_says(phone, "201: registered")


def test_a_call_that_was_not_taken_is_found_saved_by_its_name_and_called_back(phone: Page) -> None:
    be_called(phone)
    press(phone, "Reject")
    screen_says(phone, "201: registered")
    enter(phone, "Menu")
    choose(phone, "Received calls")
    enter(phone, "OK")
    choose(phone, "Call back")
    press(phone, "OK")
    screen_says(phone, "> Call 603")
    choose(phone, "Save")
    # Under the name that the caller has; then out of all lists, and in again.
    for word in ("OK", "OK", "Back", "Back", "Back", "Menu"):
        enter(phone, word)
    choose(phone, "Directory")
    press(phone, "OK")
    screen_says(phone, "> Call back")
    press(phone, "OK")
    screen_says(phone, "603")
    press(phone, "OK")
    screen_says(phone, "Incoming call", within_s=15)
    press(phone, "Reject")
    screen_says(phone, "201: registered")


def test_why_there_is_no_service_is_read_without_a_key_and_in_full_by_one(phone: Page) -> None:
    fault(phone, PLUG)
    screen_says(phone, "no link", "try in", "connection refused by 127.0.0.1")
    press(phone, "Link")
    screen_says(phone, "State: ", "Next: try in")
    phone.click('[data-key="down"]')
    screen_says(phone, "Reason: connection refused by 127.0.0.1")
    press(phone, "Back")
    fault(phone, PLUG)
    screen_says(phone, "201: registered", "primary", within_s=BACK_S)
