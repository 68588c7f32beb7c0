"""Screens that are only words, and a way to draw them: the board's side does not care what a
screen says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import pytest
from PIL import Image

from firmware.phone.language import Language
from firmware.phone.render import Drawn
from firmware.phone.screen import Screen
from firmware.runtime import panel, script


@dataclass(frozen=True)
class Words:
    """A screen of these words; `seed` is the first byte of its picture, `age` is not shown."""

    words: tuple[str, ...]
    seed: int = 0
    age: int = 0


def screen(*words: str, seed: int = 0, age: int = 0) -> Screen:
    return cast("Screen", Words(words, seed, age))


def picture(seed: int) -> Image.Image:
    return Image.frombytes("1", (128, 64), bytes([seed]) + bytes(1023))


def draw_words(monkeypatch: pytest.MonkeyPatch) -> list[Words]:
    """Make panel and script draw these screens; return what was drawn so far."""
    drawn = list[Words]()

    def draw(shown: Words, language: Language, size: tuple[int, int], moved: int) -> Drawn:
        assert (size, moved) == ((128, 64), 0)
        drawn.append(shown)
        return Drawn(picture(shown.seed), None)

    def render(shown: Words, language: Language) -> Image.Image:
        return draw(shown, language, (128, 64), 0).image

    monkeypatch.setattr(panel, "draw", draw)
    monkeypatch.setattr(panel, "labels", lambda shown, language: ("", ""))
    monkeypatch.setattr(script, "render", render)
    for module in (panel, script):
        monkeypatch.setattr(module, "lines", lambda shown, language: shown.words)
    return drawn
