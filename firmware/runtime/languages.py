"""The message catalogues on disk, and the language that a person has chosen on the phone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from config.store import ConfigError, Store
from firmware.phone.catalogue import read_catalogue
from firmware.phone.events import ChooseLanguage, LanguageIs
from firmware.phone.language import ENGLISH, LANGUAGES, Language

log = logging.getLogger("handset.language")

FOLDER = Path(__file__).parents[1] / "phone" / "languages"

PARAMETER = "screen language"

WORDS = {"English": "en", "German": "de", "French": "fr", "Spanish": "es"}
"""The parameter's words, and their codes."""


def load(code: str) -> Language:
    """Return a language with its catalogue."""
    if code == ENGLISH.code:
        return ENGLISH
    text = (FOLDER / f"{code}.po").read_text(encoding="utf-8")
    return Language(code, LANGUAGES[code], read_catalogue(text))


class LanguageChoice:
    """Tells the phone its language, and keeps what the person chooses as a local setting."""

    def __init__(self, store: Store, word: str, feed: Callable[[object], None]) -> None:
        self._store, self._word, self._feed = store, word, feed

    def start(self) -> None:
        """Tell the configured language, where it is another than all machines speak."""
        if WORDS[self._word] != ENGLISH.code:
            self._feed(LanguageIs(load(WORDS[self._word])))

    def take(self, output: object) -> None:
        """Let the screens be in the language that was chosen, from now on and after a restart."""
        if not isinstance(output, ChooseLanguage):
            return
        # In the loop's next turn: the phone has not finished saying that it was chosen.
        asyncio.get_running_loop().call_soon(self._feed, LanguageIs(load(output.code)))
        word = next(word for word, code in WORDS.items() if code == output.code)
        try:
            self._store.set_local(PARAMETER, word)
        except ConfigError as error:
            log.warning("the language is not kept: %s", error)
