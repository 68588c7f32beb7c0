"""The page of commands is what the console itself says."""

from __future__ import annotations

from firmware.console.reference import console_reference
from firmware.console.vocabulary import COMMANDS
from tests.lab.namespaces import ROOT


def test_the_page_is_as_the_commands_are() -> None:
    page = (ROOT / "firmware" / "console" / "REFERENCE.md").read_text()
    assert page == console_reference(), "make generated"
    assert page.count("\n| `") == len(COMMANDS)
