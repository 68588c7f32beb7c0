"""What a phone, or its proxy, says of that phone's dialogs (RFC 4235 4).

XML from a network is read with limits. Expat does it, which Python has and which ends at the first
fault; a document type is refused before it can declare an entity, so that nothing grows and
nothing is fetched. Of what is well formed, only the few words that count are kept: elements by
their local names, since some notifiers forget the namespace.
"""

from __future__ import annotations

from xml.parsers import expat

from firmware.agent.events import Lamp
from firmware.agent.package import Package
from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError

PACKAGE = Package("dialog", "application/dialog-info+xml")

BODY_BYTES_MAX = 65_536
"""A dialog takes some 300 bytes, and more where a notifier describes its session."""

DEPTH_MAX = 16
ELEMENTS_MAX = 2000
DIALOGS_MAX = 64
WORD_MAX = 256
"""Characters of an id or a state: more than any has."""

VERSION_MAX = 2**63

LAMPS = {"trying": Lamp.BUSY, "proceeding": Lamp.BUSY, "early": Lamp.RINGING,
         "confirmed": Lamp.BUSY, "terminated": Lamp.IDLE}  # fmt: skip
"""What a state of RFC 4235 3.7.1 means to who looks at a lamp."""


@frozen
class OtherDialog:
    """One dialog of somebody else."""

    id: str
    lamp: Lamp


@frozen
class DialogInfo:
    """A document: all dialogs, or those that have changed."""

    version: int
    is_full: bool
    dialogs: tuple[OtherDialog, ...]

    @classmethod
    def parse(cls, body: bytes) -> DialogInfo:
        """Read a document; raises `RemoteProtocolError` saying what is wrong with it."""
        if len(body) > BODY_BYTES_MAX:
            raise RemoteProtocolError("dialog-info is too long", 413)
        reader = _Reader()
        try:
            reader.read(body)
        except expat.ExpatError as error:
            words = f"dialog-info: {expat.ErrorString(error.code)} in line {error.lineno}"
            raise RemoteProtocolError(words) from error
        return cls(reader.version, reader.is_full, tuple(reader.dialogs))


class _Reader:
    """Takes in a document, element by element."""

    def __init__(self) -> None:
        self.version, self.is_full = 0, False
        self.dialogs: list[OtherDialog] = []
        self._path: list[str] = []
        self._elements = 0
        self._id = self._direction = self._state = ""

    def read(self, body: bytes) -> None:
        """Read a whole document."""
        parser = expat.ParserCreate("UTF-8", " ")
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(body, True)

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._path.append(name.rpartition(" ")[2])
        if len(self._path) > DEPTH_MAX or self._elements > ELEMENTS_MAX:
            raise RemoteProtocolError("dialog-info has too many elements")
        match self._path:
            case ["dialog-info"]:
                self.version = _version(attributes.get("version", ""))
                self.is_full = _is_full(attributes.get("state", ""))
            case ["dialog-info", "dialog"]:
                self._id, self._state = attributes.get("id", "")[:WORD_MAX], ""
                self._direction = attributes.get("direction", "")
            case [first] if first != "dialog-info":
                raise RemoteProtocolError("not a dialog-info")

    def _text(self, text: str) -> None:
        if self._path == ["dialog-info", "dialog", "state"]:
            self._state = (self._state + text)[:WORD_MAX]

    def _end(self, name: str) -> None:
        if self._path == ["dialog-info", "dialog"]:
            if len(self.dialogs) >= DIALOGS_MAX:
                raise RemoteProtocolError("dialog-info has too many dialogs")
            self.dialogs.append(OtherDialog(self._id, _lamp(self._state, self._direction)))
        self._path.pop()


def _refuse_doctype(*_: object) -> None:
    raise RemoteProtocolError("dialog-info has a document type")


def _version(text: str) -> int:
    """Read a number; none is 0, as some notifiers have it."""
    digits = text.strip() or "0"
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= len(str(VERSION_MAX))):
        raise RemoteProtocolError("dialog-info has no version")
    return int(digits)


def _is_full(text: str) -> bool:
    if text not in {"full", "partial"}:
        raise RemoteProtocolError("dialog-info is neither full nor partial")
    return text == "full"


def _lamp(state: str, direction: str) -> Lamp:
    """Say what a dialog means: whoever calls is busy, whoever is called rings."""
    word = state.strip().lower()
    lamp = LAMPS.get(word)
    if lamp is None:
        raise RemoteProtocolError("dialog-info has an unknown state")
    if lamp is Lamp.RINGING and direction == "initiator":
        return Lamp.BUSY
    rings = word == "proceeding" and direction == "recipient"
    return Lamp.RINGING if rings else lamp
