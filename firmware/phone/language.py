"""What the phone says, in the language of the person.

Theory of operation
-------------------
All machines speak English: their texts travel as values, are logged, told to programs and tested.
Only where a screen is made does `say` put a text into the person's language. It looks the text up
in the catalogue; one that was put together ("try in 4 s") is recognised by its message ("try in
{wait}"), its parts are taken out and put into the translation. A part named `{text...}` is itself
said in the language; `{n}` is a number, and chooses the plural form; all others (names, numbers,
times) are copied. Dates are said word by word. What no message fits, such as a name or a sentence
of a configuration file, stays as it is; `knows` tells a test whether there was a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from firmware.phone.catalogue import Catalogue, Entry

REMEMBERED_MAX = 512
"""Texts whose translation is remembered: all that an hour's screens say."""

PLACE = re.compile(r"\{([a-z]+)\}")
PARTS = {
    **dict.fromkeys(("n", "m", "some", "all", "year"), "[0-9]+"),
    "time": "[<0-9][0-9a-z<:. ]{0,15}",
}
"""What some parts look like; the others are anything."""

MONTH = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
DATE = re.compile(
    r"((Mon|Tue|Wed|Thu|Fri|Sat|Sun|today|yesterday)\b ?)?"
    rf"((\d{{1,2}} {MONTH}|{MONTH} \d{{1,2}})\b( \d{{4}})?|\d\d[./]\d\d([./]?\d{{4}}|\.)?)?"
    r"( ?\d{1,2}:\d\d( [ap]m)?)?"
)


class Message:
    """A message with places, and how a text is recognised by it."""

    def __init__(self, entry: Entry, message: str) -> None:
        self.entry = entry
        # The message that says more comes first, and the one that knows more of its parts.
        said = sum(place.startswith("text") for place in places(message))
        self.weight = (len(PLACE.sub("", message)), said)
        pieces = PLACE.split(message)
        pattern = "".join(
            f"(?P<{piece}>{PARTS.get(piece, '.+?')})" if at % 2 else re.escape(piece)
            for at, piece in enumerate(pieces)
        )
        self.pattern = re.compile(pattern, re.DOTALL)


class Language:
    """One language; English has no catalogue, and says what it is told."""

    def __init__(self, code: str, name: str, catalogue: Catalogue | None = None) -> None:
        self.code, self.name = code, name
        self._catalogue = catalogue
        self._exact: dict[str, str] = {}
        self._messages: list[Message] = []
        self._remembered: dict[str, str] = {}
        for entry in catalogue.entries if catalogue else ():
            for message in filter(None, (entry.message, entry.plural)):
                if PLACE.search(message):
                    self._messages.append(Message(entry, message))
                else:
                    self._exact[message] = entry.said[0]
        self._messages.sort(key=lambda message: message.weight, reverse=True)

    def say(self, text: str) -> str:
        """Return a text in this language; one that nobody knows stays as it is."""
        if self._catalogue is None or not text:
            return text
        if text not in self._remembered:
            if len(self._remembered) >= REMEMBERED_MAX:
                self._remembered.clear()
            self._remembered[text] = self._found(text) or text
        return self._remembered[text]

    def knows(self, text: str) -> bool:
        """Tell whether there is a message for a text, and for the texts within it."""
        return not text or self._found(text) is not None

    def _found(self, text: str) -> str | None:
        if text in self._exact:
            return self._exact[text]
        if DATE.fullmatch(text):
            return " ".join(self._exact.get(word, word) for word in text.split(" "))
        candidates = (self._put(message, text) for message in self._messages)
        return next((said for said in candidates if said is not None), None)

    def _put(self, message: Message, text: str) -> str | None:
        """Return the translation of a text that this message fits."""
        found = message.pattern.fullmatch(text)
        if found is None:
            return None
        parts = found.groupdict()
        whole = {
            place: self._found(part) if place.startswith("text") else part
            for place, part in parts.items()
        }
        if None in whole.values():
            return None
        said = message.entry.said[0]
        if message.entry.plural:
            assert self._catalogue is not None
            said = message.entry.said[self._catalogue.form_of(int(parts["n"]))]
        return said.format(**whole)


def places(message: str) -> Iterator[str]:
    """Yield the names of a message's places."""
    return (found[1] for found in PLACE.finditer(message))


LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}
"""The languages there are: each by its code, as its own speakers call it."""

ENGLISH = Language("en", LANGUAGES["en"])
"""What all machines speak."""
