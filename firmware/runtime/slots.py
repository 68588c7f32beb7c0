"""The card's two slots, as far as the phone may know of them: a folder, and wishes in it.

The phone has no rights of root's and does not speak to RAUC. It leaves wishes in `wanted`, the only
folder of these that it may write; a unit of systemd's fulfils each (`board/image/files`), and says
in files of its own, which the phone reads, how far that is:

    slot        which slot runs, since which start; without it a phone is not updated this way
    said        what RAUC says while it installs ("40% Verifying signature"), or the fleet's client
    end         the number of the wish, and "ok", "nothing" or the reason why not
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from config.files import read_bounded, reason
from firmware.frozen import frozen
from firmware.provision.update_events import Where

log = logging.getLogger("handset.update")

INSTALL, RESTART, GOOD, FLEET = "install", "restart", "good", "fleet"
"""What may be wished for; GOOD says that the phone works in this slot, FLEET asks its server."""

BUSY = "busy"
"""While it is there, an installation waits (`slot forget`)."""

NEWER = "newer"
"""Said with INSTALL: a bundle that is older than what runs is not wanted."""

CUT_OFF = "the update is not installed: it was cut off while it was written"
NOT_STARTED = "the update is undone: it did not start"
ENDED = "the update is undone: it ended at each start before it registered"
NO_SCREEN = "the update is undone: no first screen within 10 minutes"
NOT_REGISTERED = "the update is undone: no registration within 10 minutes"
"""The minutes are those of `handset-back.timer`."""

PASSED_OVER = "an older firmware runs: the newer one did not start"
"""Three plugs that were pulled while it started are enough for that; the next start tries it."""

READ_MAX = 64 * 1024
SLOT = re.compile(r"[A-Z]")
STEP = re.compile(r"^\s*(\d{1,3})% ([^\n]{1,200})$", re.MULTILINE)

REASONS = (
    ("signature verification failed", "its signature is not of whom this phone trusts"),
    ("Invalid bundle format", "it is damaged, or no firmware"),
    ("bundle identifier", "it is damaged, or no firmware"),
    ("Compatible mismatch", "it is for another kind of device"),
    ("No space left", "it has no room in its slot"),
    ("too large for slot", "it has no room in its slot"),
    ("Input/output error", "it is damaged, or the card is"),
)
"""What RAUC says, and what it means; all else is said as it is."""


@frozen
class Step:
    """How far an installation is."""

    percent: int = 0
    text: str = ""


@frozen
class End:
    """What became of it: `reason` "" where all is well; `said` is the same as root has said it."""

    reason: str = ""
    said: str = "ok"


class Slots:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        running, _, start = self._read("slot").strip().partition(" ")
        self.here = Where(running, start) if SLOT.fullmatch(running) else Where()

    def wish(self, name: str, words: str = "") -> str:
        """Leave a wish; return what is wrong."""
        try:
            self.put(name, f"{words}\n")
        except OSError as error:
            log.warning("%s is not asked for: %s", name, reason(error))
            return f"the system cannot be asked for it: {reason(error)}"
        return ""

    def put(self, name: str, text: str) -> None:
        """Lay a file beside the wishes; raise OSError where that cannot be."""
        wanted = self._folder / "wanted"
        (wanted / f".{name}").write_text(text)
        (wanted / f".{name}").replace(wanted / name)

    def take_back(self, name: str) -> None:
        """Take back a file that was laid there."""
        try:
            (self._folder / "wanted" / name).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s is not taken back: %s", name, reason(error))

    def hold(self, is_held: bool) -> None:
        """Have an installation wait that has not begun to write, or let it go on."""
        if not is_held:
            self.take_back(BUSY)
            return
        try:
            self.put(BUSY, "")
        except OSError as error:
            log.warning("an installation may begin under a call: %s", reason(error))

    def said(self) -> str:
        """Return what the one at work says."""
        return self._read("said")

    def step(self) -> Step:
        """Return how far the installation is."""
        steps = STEP.findall(self.said())
        return Step(min(int(steps[-1][0]), 100), steps[-1][1]) if steps else Step()

    def end(self, number: str) -> End | None:
        """Return what became of the wish of that number, None while it is not over."""
        told, _, words = self._read("end").strip().partition(" ")
        if told != number:
            return None
        return End("" if words == "ok" else in_words(words), words)

    def undone(self) -> str:
        """Say why not the other slot runs, which is the newer one; "" where it is not."""
        return why_undone(self._read("tried").split())

    def _read(self, name: str) -> str:
        try:
            return read_bounded(self._folder / name, READ_MAX)[-READ_MAX:].decode(
                "utf-8", "replace"
            )
        except OSError:
            return ""


def why_undone(steps: list[str]) -> str:
    """Return why an update does not run, by the steps that its slot has made (`slot`)."""
    if not steps:
        return ""
    if steps == ["passed"]:
        return PASSED_OVER
    if "started" not in steps:
        return NOT_STARTED if "written" in steps else CUT_OFF
    last = steps[len(steps) - 1 - steps[::-1].index("started") :]
    if "left" not in last:
        return ENDED
    return NOT_REGISTERED if "screen" in last else NO_SCREEN


def in_words(said: str) -> str:
    """Return why nothing was installed, for a person."""
    known = next((words for part, words in REASONS if part in said), said)
    return f"the update is refused: {known}"
