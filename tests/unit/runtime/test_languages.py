"""The language of the phone: told at the start, chosen on the phone, kept as a local setting."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from config.store import Store
from firmware.phone.events import ChooseLanguage, LanguageIs
from firmware.phone.language import LANGUAGES
from firmware.runtime.languages import PARAMETER, LanguageChoice
from tests.unit.runtime.wire import run


def codes(heard: list[object]) -> list[str]:
    return [event.language.code for event in heard if isinstance(event, LanguageIs)]


def test_the_configured_language_is_told_and_english_needs_no_word(tmp_path: Path) -> None:
    heard: list[object] = []
    LanguageChoice(Store(tmp_path, tmp_path), "English", heard.append).start()
    assert heard == []
    LanguageChoice(Store(tmp_path, tmp_path), "French", heard.append).start()
    assert codes(heard) == ["fr"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_is_chosen_applies_at_once_and_is_kept(tmp_path: Path, code: str) -> None:
    (tmp_path / "startup.cfg").write_text("")
    store, heard = Store(tmp_path, tmp_path / "state"), list[object]()

    async def scene() -> None:
        choice = LanguageChoice(store, "English", heard.append)
        choice.take("for somebody else")
        choice.take(ChooseLanguage(code))
        assert heard == [], "the phone is still saying that it was chosen"
        await asyncio.sleep(0)
        again = LanguageChoice(store, str(store.read().value(PARAMETER)), heard.append)
        again.start()

    run(scene())
    assert codes(heard) == ([code] if code == "en" else [code, code])


def test_a_language_that_the_server_locks_applies_and_is_not_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "startup.cfg").write_text("!screen language: German\n")
    store, heard = Store(tmp_path, tmp_path / "state"), list[object]()

    async def scene() -> None:
        LanguageChoice(store, "German", heard.append).take(ChooseLanguage("es"))
        await asyncio.sleep(0)

    run(scene())
    assert codes(heard) == ["es"]
    assert "locked by startup.cfg:1" in caplog.text
    assert store.read().value(PARAMETER) == "German"
