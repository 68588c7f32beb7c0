"""What became of the phone before: a note of the service manager, said until somebody has read it.

When the phone ends by a failure, systemd runs `board/service/note-crash`, which leaves a note in
the state folder. The next start says so in words: in the log, and as a warning, so on the screen,
in `status` and on the web page. Whoever looks at the warnings on the screen and leaves them has
read it: the note is gone.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from config.disk import flush_folder
from config.files import read_bounded, reason
from firmware.phone.events import Show, WarningsChanged
from firmware.phone.facts import WARNINGS
from firmware.phone.language import Language
from firmware.phone.screen import PageScreen, Screen
from firmware.runtime.log_lines import fields
from firmware.runtime.options import CRASH_NOTE

log = logging.getLogger("handset.service")

BYTES_MAX = 512

WORDS = {
    "watchdog": "started again: the phone hung",
    "oom-kill": "started again: no memory was left",
    "timeout": "started again: it took too long",
    "exit-code": "started again: an error of its own",
    "no-data": "the card is damaged: settings are lost",
}
"""By SERVICE_RESULT (systemd.exec(5)); a signal has its name in its sentence. The last one is not
of systemd: the card's first program leaves it (board/image/initramfs-init)."""

ENDED = "started again: ended by {name}"
FAILED = "started again: it had failed"

WORD = re.compile(r"[A-Za-z0-9-]{1,32}")


def read_note(folder: Path) -> dict[str, str]:
    """Return what a note says, as far as it can be understood."""
    try:
        text = read_bounded(folder / CRASH_NOTE, BYTES_MAX)[:BYTES_MAX].decode("ascii", "replace")
    except OSError as error:
        log.warning("the note of a failure cannot be read: %s", reason(error))
        return {}
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value for name, _, value in pairs if WORD.fullmatch(value)}


def in_words(note: dict[str, str]) -> str:
    """Return what happened, as a sentence."""
    result, status = note.get("result", ""), note.get("status", "")
    if result in {"signal", "core-dump"} and status:
        return ENDED.format(name=f"SIG{status}")
    return WORDS.get(result, FAILED)


class CrashNote:
    """The note that was found at the start; `feed` takes the warning."""

    def __init__(self, folder: Path, feed: Callable[[object], None]) -> None:
        self._folder, self._feed = folder, feed
        self._note = read_note(folder)
        self._text = in_words(self._note)
        self._is_shown = self._is_read = False

    def start(self) -> None:
        """Say it."""
        log.warning("%s", self._text, extra=fields(**self._note))
        self._feed(WarningsChanged((self._text,)))

    def take(self, output: object) -> None:
        """See whether somebody looks at it, and has read it."""
        if self._is_read or not isinstance(output, Show):
            return
        was_shown, self._is_shown = self._is_shown, self._stands_on(output.screen, output.language)
        if was_shown and not self._is_shown:
            self._is_read = True
            asyncio.get_running_loop().call_soon(self._forget)  # It is still being said.

    def _stands_on(self, screen: Screen, language: Language) -> bool:
        if not isinstance(screen, PageScreen) or screen.title != language.say(WARNINGS):
            return False
        return language.say(self._text) in {text for _, text in screen.rows}

    def _forget(self) -> None:
        with suppress(OSError):  # A disk that takes nothing has it said again at the next start.
            (self._folder / CRASH_NOTE).unlink(missing_ok=True)
            flush_folder(self._folder)
        self._feed(WarningsChanged(()))
