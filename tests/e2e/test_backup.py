"""Two exchanges: the primary's plug is pulled, and the phone goes on at the backup (L9, F1)."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.test_desk import ROOT, START_S, fault, screen_says
from tests.e2e.test_page import wait_live
from tests.lab.processes import Program


def test_the_primary_is_pulled_and_the_phone_calls_over_the_backup(
    page: Page, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.lab.desk", "--backup", "--directory", str(tmp_path)]
    desk = Program([*command, "--port", "0", "--page-port", "0"], directory=ROOT)
    try:
        line = desk.wait_for(r"http://127\.0\.0\.1:\d+/#\S+", START_S)[0].text
        page.goto(line[line.index("http") :])
        wait_live(page)
        screen_says(page, "201: registered", "202: registered", "primary")
        fault(page, "Stop")
        screen_says(page, "backup", "201: registered", "202: registered")
        page.keyboard.type("600")
        page.keyboard.press("Enter")
        screen_says(page, "Connected")
        page.keyboard.press("Escape")
        fault(page, "backup: Stop")
        screen_says(page, "no link", "refused", "try in")
        fault(page, "Stop")
        screen_says(page, "primary", "201: registered", within_s=8)
    finally:
        desk.stop()
    assert "Traceback" not in desk.text
