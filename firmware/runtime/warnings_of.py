"""What a person should know, gathered: each source says its own part, the phone hears all of it.

`WarningsChanged` replaces what was said before. So who says it on its own, such as the watch over
the certificates, would take away what another one said.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.phone.events import WarningsChanged

Feed = Callable[[object], None]


class Warnings:
    """The sources in the order in which they were named; `feed` hears them together."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._said: dict[str, tuple[str, ...]] = {}

    def of(self, source: str) -> Feed:
        """Return where a source says its `WarningsChanged`; all else passes as it is."""
        self._said[source] = ()

        def take(event: object) -> None:
            if isinstance(event, WarningsChanged):
                self._said[source] = event.sentences
                event = WarningsChanged(
                    tuple(text for said in self._said.values() for text in said)
                )
            self._feed(event)

        return take
