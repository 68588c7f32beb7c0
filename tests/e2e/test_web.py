"""The web page in Chromium: every page at both widths, as axe and a hand find it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from firmware.web.layout import NAVIGATION
from tests.lab.background import Background
from tests.process.console import ADMIN, DeskPhone
from tests.process.handset import PASSWORD, Place, until

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}

PLACE = re.compile(r"The administrator's page is at (https://127\.0\.0\.1:\d+)/")

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with Background() as background:
        place = Place(tmp_path_factory.mktemp("web"), background)
        place.configure({"admin password": ADMIN, "!sip session timer": "300", "x of others": "1"})
        yield place
        place.close()


@pytest.fixture(scope="module")
def address(place: Place) -> Iterator[str]:
    """One phone for all: its page's address."""
    with DeskPhone(place) as phone:
        until(lambda: PLACE.search(phone.program.text) is not None)
        found = PLACE.search(phone.program.text)
        assert found is not None
        yield found[1]
        assert phone.program.running
        assert "Traceback" not in phone.errors
        for secret in (ADMIN, PASSWORD):
            assert secret not in phone.errors


def open_page(browser: Browser, size: dict[str, int], errors: list[str], **options: object) -> Page:
    context = browser.new_context(viewport=size, ignore_https_errors=True, **options)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    return page


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    page.get_by_label("Administrator's password").fill(ADMIN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")


def faults(page: Page) -> list[str]:
    """Return what a page does wrong: what axe finds, and what runs over its edge."""
    page.wait_for_load_state("load")  # Without its styles everything is too small.
    found = Axe().run(page, options=RULES).response["violations"]
    words = [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*words, *([f"{wide} pixels too wide"] if wide > 0 else [])]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_is_whole_and_accessible(
    browser: Browser, address: str, size: dict[str, int]
) -> None:
    errors = list[str]()
    page = open_page(browser, size, errors)
    page.goto(f"{address}/login")
    assert faults(page) == []
    log_in(page, address)
    for path, title in NAVIGATION:
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=title).click()
        page.wait_for_url(f"{address}{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        assert faults(page) == [], path
    page.get_by_role("link", name="Accounts", exact=True).click()
    page.get_by_role("link", name="Account 1").click()
    page.wait_for_url(f"{address}/accounts?account=1")
    assert faults(page) == []
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{address}/login")
    assert errors == []
    page.context.close()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_contacts_are_edited_without_scripts(
    browser: Browser, address: str, size: dict[str, int]
) -> None:
    errors = list[str]()
    page = open_page(browser, size, errors, java_script_enabled=False)
    log_in(page, address)
    page.goto(f"{address}/directory")
    page.get_by_role("link", name="New contact").click()
    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_label("Number 1", exact=True).fill("a number")
    page.get_by_label("Number 1", exact=True).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text('"a number" is no number')
    page.get_by_label("Number 1", exact=True).fill("301")
    page.get_by_label("Kind of number 1").select_option("mobile")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text('"Ada Lovelace" is kept')
    expect(page.get_by_role("cell", name="301 (mobile)")).to_be_visible()
    page.get_by_role("link", name="Ada Lovelace").click()
    expect(page.get_by_label("Kind of number 1")).to_have_value("mobile")
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete this contact").click()
    expect(page.get_by_role("status")).to_contain_text('"Ada Lovelace" is deleted')
    page.context.close()
    assert errors == []


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_form_of_a_contact_is_accessible(
    browser: Browser, address: str, size: dict[str, int]
) -> None:
    page = open_page(browser, size, [])
    log_in(page, address)
    page.goto(f"{address}/directory/contact")
    assert faults(page) == []
    page.get_by_label("Name").fill("Bea")
    page.get_by_label("Number 1", exact=True).fill("302")
    page.get_by_role("button", name="Save").click()
    assert faults(page) == []
    page.get_by_role("link", name="Bea").click()
    page.get_by_text("Delete", exact=True).click()
    assert faults(page) == []
    page.get_by_role("button", name="Delete this contact").click()
    expect(page.get_by_role("status")).to_contain_text("is deleted")
    page.context.close()


def test_dark_pages_have_contrast(browser: Browser, address: str) -> None:
    errors = list[str]()
    page = open_page(browser, DESK, errors, color_scheme="dark")
    log_in(page, address)
    for path in ("/", "/link", "/logs", "/accounts?account=1"):
        page.goto(f"{address}{path}")
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(230, 235, 231)"
        assert faults(page) == [], path
    page.context.close()
    assert errors == []


def test_a_wrong_value_is_said_beside_its_field(browser: Browser, address: str) -> None:
    page = open_page(browser, PHONE, [])
    log_in(page, address)
    page.goto(f"{address}/link")
    alive = page.get_by_label("sip persistent tls keep alive")
    alive.fill("soon")
    page.get_by_label("sip backup proxy ip").fill("backup.example.org")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is changed yet")
    expect(alive).to_have_value("soon")
    expect(alive).to_have_accessible_description(re.compile("is not 0 or 5-3600 seconds"))
    expect(page.get_by_label("sip backup proxy ip")).to_have_value("backup.example.org")
    assert faults(page) == []
    alive.fill("45")
    alive.press("Enter")  # Saves, and takes nothing back.
    expect(page.get_by_role("status")).to_contain_text("sip persistent tls keep alive: 30 -> 45")
    page.get_by_role("button", name="Back to the default for sip persistent tls keep").click()
    expect(alive).to_have_value("30")
    assert page.get_by_label("sip session timer").is_disabled()
    page.context.close()


def test_the_status_follows_the_phone(browser: Browser, address: str, place: Place) -> None:
    page = open_page(browser, DESK, [])
    log_in(page, address)
    link = page.get_by_role("region", name="Link")
    expect(page.get_by_role("region", name="Accounts")).to_contain_text("registered")
    expect(link).to_contain_text("up")
    place.background.run(place.exchange.set_fault("stop", True))
    expect(link).to_contain_text("Reason", timeout=20_000)
    place.background.run(place.exchange.set_fault("stop", False))
    expect(link).not_to_contain_text("Reason", timeout=30_000)
    page.context.close()


def test_without_scripts_it_can_be_read_and_used(browser: Browser, address: str) -> None:
    page = open_page(browser, PHONE, [], java_script_enabled=False)
    log_in(page, address)
    assert page.locator("noscript meta[http-equiv=refresh]").count() == 1
    page.get_by_role("link", name="Dialling").click()
    digits = page.get_by_label("sip digit timeout")
    digits.fill("6")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("sip digit timeout: 4 -> 6")
    page.context.close()


def test_the_keyboard_alone_is_enough(browser: Browser, address: str) -> None:
    page = open_page(browser, DESK, [])
    log_in(page, address)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.context.close()
