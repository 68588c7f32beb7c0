"""The message catalogues on disk."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from config.configuration import Configuration
from firmware.phone.catalogue import read_catalogue
from firmware.phone.language import ENGLISH, LANGUAGES, Language
from firmware.phone.preferences import LANGUAGE

FOLDER = Path(__file__).parents[1] / "phone" / "languages"

WORDS = {"English": "en", "German": "de", "French": "fr", "Spanish": "es"}
"""The words of the parameter `screen language`, and their codes."""


def language_of(configuration: Configuration) -> Language:
    """Return the language of the screens."""
    return load(WORDS[str(configuration.value(LANGUAGE))])


@cache
def load(code: str) -> Language:
    """Return a language with its catalogue."""
    if code == ENGLISH.code:
        return ENGLISH
    text = (FOLDER / f"{code}.po").read_text(encoding="utf-8")
    return Language(code, LANGUAGES[code], read_catalogue(text))
