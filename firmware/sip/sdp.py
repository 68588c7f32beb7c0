"""Session descriptions (RFC 8866): who receives which media where.

Reading is tolerant: line ends may be bare LF, lines that may be missing may be missing, and lines
that this phone does not use are kept as they are. Writing keeps the order of RFC 8866 5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.fields import read_number

BYTES_MAX = 16 * 1024
"""An offer with video, ICE candidates and keys is below 8 KiB."""

MEDIA_MAX = 16
"""Media lines; each has to be answered, even to say no."""

NUMBER_MAX = 2**64 - 1
"""Session id and version: an NTP timestamp in 64 bits is what RFC 8866 5.2 suggests."""

NO_ADDRESS = "127.0.0.1"
"""Stands in an o= line where none is known: it names the session, nobody sends to it."""

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")

STATIC = {"0": "PCMU/8000", "3": "GSM/8000", "8": "PCMA/8000", "9": "G722/8000", "18": "G729/8000"}
"""Payload types that need no rtpmap (RFC 3551 6)."""

Attributes = tuple[tuple[str, str], ...]


@frozen
class Media:
    """One `m=` line with the lines that follow it; `others` are whole lines."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    connection: str = ""  # The address of its own c= line; nothing where there is none.
    attributes: Attributes = ()  # A flag like `a=inactive` has the value "".
    others: tuple[str, ...] = ()

    def attribute(self, name: str) -> str | None:
        """Return the value of the first attribute of that name."""
        return next((value for key, value in self.attributes if key == name), None)

    @property
    def direction(self) -> str | None:
        """The direction attribute; None where the media line has none of its own."""
        return next((key for key, _ in self.attributes if key in DIRECTIONS), None)

    @property
    def encodings(self) -> dict[str, str]:
        """Payload types and their `NAME/rate` in upper case, the static ones included."""
        found = {payload: STATIC[payload] for payload in self.formats if payload in STATIC}
        for key, value in self.attributes:
            payload, _, encoding = value.partition(" ")
            if key == "rtpmap" and encoding.strip():
                found[payload] = encoding.strip().upper()
        return found

    def lines(self) -> list[str]:
        """Return the lines of this media description."""
        return [
            f"m={self.kind} {self.port} {self.protocol} {' '.join(self.formats)}",
            *_in_order(self.connection, self.others),
            *_attribute_lines(self.attributes),
        ]


@frozen
class SessionDescription:
    """A whole description; `session_id`, `version` and `user` are those of the o= line."""

    address: str  # Of the session's c= line; nothing where only the media have one.
    session_id: int = 0
    version: int = 0
    origin_address: str = ""  # Nothing: the same as `address`.
    name: str = "-"
    media: tuple[Media, ...] = ()
    attributes: Attributes = ()
    others: tuple[str, ...] = ()  # Without a t= line among them, `t=0 0` is written.
    user: str = "-"

    @classmethod
    def parse(cls, body: bytes) -> SessionDescription:
        """Read a description; the error's status is the answer to an offer that is none."""
        if len(body) > BYTES_MAX:
            raise RemoteProtocolError("session description too long", 488)
        lines = body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        lines = [line.rstrip() for line in lines if line.strip()]
        if not lines or lines[0] != "v=0":
            raise RemoteProtocolError("not a session description")
        if any(line[1:2] != "=" or "\r" in line for line in lines):
            raise RemoteProtocolError("bad line in a session description")
        starts = [place for place, line in enumerate(lines) if line.startswith("m=")]
        if len(starts) > MEDIA_MAX:
            raise RemoteProtocolError("too many media lines", 488)
        ends = [*starts[1:], len(lines)]
        media = [_read_media(lines[start:end]) for start, end in zip(starts, ends, strict=False)]
        session = _read_session(lines[1 : starts[0] if starts else len(lines)])
        return replace(session, media=tuple(media))

    def __bytes__(self) -> bytes:
        origin = _address(self.origin_address or self.address or NO_ADDRESS)
        has_time = any(line.startswith("t=") for line in self.others)
        lines = [
            "v=0",
            f"o={self.user} {self.session_id} {self.version} {origin}",
            f"s={self.name}",
            *_in_order(self.address, self.others),
            *(() if has_time else ("t=0 0",)),
            *_attribute_lines(self.attributes),
        ]
        for media in self.media:
            lines += media.lines()
        text = "\n".join(lines)
        if "\r" in text or text.count("\n") != len(lines) - 1:
            raise ValueError("line end inside a line of a session description")
        return text.replace("\n", "\r\n").encode() + b"\r\n"


def _in_order(address: str, others: Iterable[str]) -> list[str]:
    """Return c= and the other lines; i=, u=, e= and p= come before it."""
    lines = list(others)
    before = [line for line in lines if line[0] in "iuep"]
    connection = [f"c={_address(address)}"] if address else []
    return before + connection + [line for line in lines if line[0] not in "iuep"]


def _attribute_lines(attributes: Attributes) -> list[str]:
    return [f"a={name}:{value}" if value else f"a={name}" for name, value in attributes]


def _address(address: str) -> str:
    return f"IN IP6 {address}" if ":" in address else f"IN IP4 {address}"


def _read_session(lines: list[str]) -> SessionDescription:
    session = SessionDescription(address="")
    attributes, others = [], []
    for line in lines:
        value = line[2:]
        match line[0]:
            case "o":
                session = _with_origin(session, value)
            case "s":
                session = replace(session, name=value.strip() or "-")
            case "c":
                session = replace(session, address=_read_address(value))
            case "a":
                attributes.append(_read_attribute(value))
            case _:
                others.append(line)
    return replace(session, attributes=tuple(attributes), others=tuple(others))


def _with_origin(session: SessionDescription, value: str) -> SessionDescription:
    parts = value.split()
    if len(parts) != 6:
        raise RemoteProtocolError("bad o= line in a session description")
    return replace(
        session,
        user=parts[0],
        session_id=_read_identifier(parts[1]),
        version=_read_identifier(parts[2]),
        origin_address=parts[5],
    )


def _read_identifier(text: str) -> int:
    """Read a number that only names; what is none or too long names nothing."""
    try:
        return read_number("session id", text, NUMBER_MAX)
    except RemoteProtocolError:
        return 0


def _read_media(lines: list[str]) -> Media:
    parts = lines[0][2:].split()
    if len(parts) < 4:
        raise RemoteProtocolError("bad m= line in a session description")
    port = read_number("media port", parts[1].partition("/")[0], 65535)
    connection, attributes, others = "", [], []
    for line in lines[1:]:
        if line[0] == "c":
            connection = _read_address(line[2:])
        elif line[0] == "a":
            attributes.append(_read_attribute(line[2:]))
        else:
            others.append(line)
    return Media(
        parts[0], port, parts[2], tuple(parts[3:]), connection, tuple(attributes), tuple(others)
    )


def _read_address(value: str) -> str:
    parts = value.split()
    if len(parts) != 3 or parts[0] != "IN" or parts[1] not in {"IP4", "IP6"}:
        raise RemoteProtocolError("bad c= line in a session description")
    return parts[2].partition("/")[0]


def _read_attribute(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name.strip(), value.strip()
