"""An administrator chooses a file of firmware in Chromium, without scripts, and sends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.test_web import DESK, PHONE, PLACE, faults, log_in, open_page
from tests.lab.background import Background
from tests.process.console import ADMIN, DeskPhone
from tests.process.handset import Place, until
from tests.process.test_update import Slots

BYTES = Random(5).randbytes(20_000_000)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Background() as background:
        made = Place(tmp_path, background)
        made.configure({"admin password": ADMIN})
        yield made
        made.close()


def test_a_file_is_chosen_sent_and_installed(browser: Browser, place: Place) -> None:
    slots, errors = Slots(place.directory / "update"), list[str]()
    chosen = place.directory / "handset.raucb"
    chosen.write_bytes(BYTES)
    with DeskPhone(place, more=("--update", str(slots.folder))) as phone:
        until(lambda: PLACE.search(phone.program.text) is not None)
        found = PLACE.search(phone.program.text)
        assert found is not None
        for size in (PHONE, DESK):
            page = open_page(browser, size, errors)
            log_in(page, found[1])
            page.goto(f"{found[1]}/updates")
            assert faults(page) == []
            page.context.close()
        page = open_page(browser, DESK, errors, java_script_enabled=False)
        log_in(page, found[1])
        page.goto(f"{found[1]}/updates")
        page.get_by_label("Or a file of this computer").set_input_files(chosen)
        page.get_by_role("button", name="Send and install").click()
        expect(page.get_by_role("status")).to_contain_text("The file is here")
        until(lambda: slots.has("install"))
        assert (place.state / "update.raucb").read_bytes() == BYTES
        slots.install("ok")
        until(lambda: slots.has("restart"))
        page.context.close()
    assert errors == []
