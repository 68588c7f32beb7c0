"""Screens in the language of the person, where they were not made in it."""

from __future__ import annotations

from dataclasses import replace

from firmware.phone.language import Language
from firmware.phone.screen import BesideLine, CallScreen, CallStage, DialScreen, LinkLine, Screen


def localised(screen: Screen, language: Language) -> Screen:
    """Return a screen of a call with its words in a language; names and numbers are nobody's words.

    All other screens are made in the language: where a page ends depends on it.
    """
    match screen:
        case DialScreen(beside=beside):
            return replace(screen, beside=_beside(beside, language))
        case CallScreen(detail=detail, link=link, sound=sound, beside=beside):
            said = language.say(detail)
            if link is not None and said == link.text:
                said = link.reason  # "no link" is said once, and then why.
            return replace(
                screen,
                detail=said,
                sound=replace(sound, note=language.say(sound.note)),
                beside=_beside(beside, language),
            )
        case _:
            return screen


def _beside(line: BesideLine | None, language: Language) -> BesideLine | None:
    if line is None or line.stage is not CallStage.ENDED:
        return line
    return replace(line, text=language.say(line.text))


def localised_link(line: LinkLine, language: Language) -> LinkLine:
    """Return the link line in a language."""
    say = language.say
    return LinkLine(line.icon, say(line.text), say(line.side), say(line.reason), say(line.brief))
