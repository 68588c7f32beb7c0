"""Every scene in each language and for both sizes of display, and what became of its texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

import pytest
from PIL import Image

from firmware.phone import canvas, font
from firmware.phone.events import LanguageIs
from firmware.phone.language import LANGUAGES, Language
from firmware.phone.render import draw
from firmware.phone.screen import Screen, lines
from firmware.runtime.languages import load
from tests.unit.phone.test_screens import DEVICE, PROVISIONED, SCENES, SET_UP

SIZES = {"small": (128, 64), "wide": (256, 64)}

NOBODYS_WORDS = re.compile(
    r"""
    [<0-9.,:/%\ -]+\ ?(ms|s|min|h|h\ \d+\ min|x)?   # measured
    | [<0-9.-]+\ m?s
    | \d+\ h\ \d+\ min
    | [0-9-]{10} | 1\.[23]                            # a date, a TLS version
    | .*(\.example\.org|\.cfg|\bsips?\ ).*             # a host, a file, a parameter
    """,
    re.VERBOSE,
)
NAMES = {
    *LANGUAGES.values(),
    "Anna Schmidt",
    "Bert",
    "Bert Baker",
    "Berta",
    "Anna-Magdalena von Trappenburg",
    "Desk",
    "Home office",
    "603",
    "604",
}
NAMES |= {"https://192.0.2.7/", "https://[2001:db8::dead:beef:1234:5678]/"}
NAMES |= {"SHA-256", "MAC", "Python"}
NAMES |= {text for label, text in PROVISIONED.rows if label in {"Server", "Changed"}}
NAMES |= {text for told in (*DEVICE, SET_UP) for _, text in told.rows if "left" not in text}


class Listening(Language):
    """A language that writes down what it has said, and what it was asked for and does not know."""

    def __init__(self, code: str) -> None:
        real = load(code)
        super().__init__(code, real.name, real._catalogue)
        self.unknown: set[str] = set()
        self.said: set[str] = set()

    def say(self, text: str) -> str:
        known = self.knows(text)
        if not known and not NOBODYS_WORDS.fullmatch(text):
            self.unknown.add(text)
        said = super().say(text)
        if known:
            self.said.add(said)
        return said


class Standing(NamedTuple):
    """A scene in a language: its screen, what nobody knew, and what was cut while it was made."""

    screen: Screen
    language: Listening
    unknown: set[str]
    cut: set[str]


class Drawn(NamedTuple):
    """A scene in a language on a display: its picture, and the texts that had no room."""

    picture: Image.Image
    cut: set[str]


@contextmanager
def watched() -> Iterator[set[str]]:
    """Yield what has no room, and is cut meanwhile."""
    whole, cut = font.shortened, set[str]()

    def shortened(text: str, room: int, scale: int = 1) -> str:
        short = whole(text, room, scale)
        if short != text:
            cut.add(text)
        return short

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(font, "shortened", shortened)
        patch.setattr(canvas, "shortened", shortened)
        yield cut


@cache
def standing(code: str) -> dict[str, Standing]:
    """Return every scene in a language, which is chosen while the scene stands."""
    found: dict[str, Standing] = {}
    with watched() as cut:
        for name, scene in SCENES.items():
            rig, language = scene(), Listening(code)
            cut.clear()  # It stood there in English.
            rig.feed(LanguageIs(language))
            lines(rig.screen, language)
            made = set(cut)
            draw(rig.screen, language, SIZES["small"])
            found[name] = Standing(rig.screen, language, language.unknown - NAMES, made)
    return found


@cache
def drawn(code: str, size: str) -> dict[str, Drawn]:
    """Draw every scene in a language."""
    found: dict[str, Drawn] = {}
    with watched() as cut:
        for name, scene in standing(code).items():
            cut.clear()
            picture = draw(scene.screen, scene.language, SIZES[size]).image
            found[name] = Drawn(picture, cut | scene.cut)
    return found
