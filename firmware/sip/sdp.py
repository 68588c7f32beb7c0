"""Session descriptions (RFC 8866) and the offer/answer of audio (RFC 3264).

Reading is tolerant: lines that the phone does not use are kept as they are. Answering keeps every
media line of the offer in its place, with port 0 where it is not taken (RFC 3264 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.fields import read_number

BYTES_MAX = 16 * 1024
MEDIA_MAX = 16
NO_ADDRESS = "127.0.0.1"
"""Stands in an o= line where none is known: it names the session, nobody sends to it."""

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
STATIC = {"0": "PCMU/8000", "8": "PCMA/8000", "9": "G722/8000", "3": "GSM/8000", "18": "G729/8000"}
"""Payload types that need no rtpmap (RFC 3551 6)."""


@dataclass(frozen=True, slots=True)
class Media:
    """One `m=` line with the lines that follow it."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    connection: str = ""  # The address of its own c= line, "" where there is none.
    attributes: tuple[tuple[str, str], ...] = ()
    others: tuple[str, ...] = ()

    def attribute(self, name: str) -> str | None:
        """Return the value of the first attribute of that name; "" for one without value."""
        return next((value for key, value in self.attributes if key == name), None)

    @property
    def direction(self) -> str | None:
        """The direction attribute, None where the media has none of its own."""
        return next((key for key, _ in self.attributes if key in DIRECTIONS), None)

    @property
    def encodings(self) -> dict[str, str]:
        """Payload type to `NAME/rate`, upper case, static types included."""
        found = {key: STATIC[key] for key in self.formats if key in STATIC}
        for key, value in self.attributes:
            if key == "rtpmap":
                payload, _, encoding = value.partition(" ")
                found[payload] = encoding.strip().upper()
        return found

    def lines(self) -> list[str]:
        """Return the lines of this media description."""
        out = [f"m={self.kind} {self.port} {self.protocol} {' '.join(self.formats)}"]
        if self.connection:
            out.append(f"c={_connection(self.connection)}")
        out += self.others
        return out + [f"a={key}:{value}" if value else f"a={key}" for key, value in self.attributes]


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description; `session_id` and `version` are those of the o= line."""

    address: str  # Of the session's c= line; "" where only the media have one.
    session_id: int = 0
    version: int = 0
    origin_address: str = ""
    name: str = "-"
    media: tuple[Media, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    others: tuple[str, ...] = ()

    @classmethod
    def parse(cls, body: bytes) -> SessionDescription:
        """Read a description; RemoteProtocolError (488 in an answer) where it is none."""
        if len(body) > BYTES_MAX:
            raise RemoteProtocolError("the session description is too long", 413)
        lines = body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        lines = [line for line in lines if line.strip()]
        if not lines or lines[0].strip() != "v=0":
            raise RemoteProtocolError("not a session description")
        starts = [index for index, line in enumerate(lines) if line.startswith("m=")]
        if len(starts) > MEDIA_MAX:
            raise RemoteProtocolError("too many media lines", 413)
        ends = [*starts[1:], len(lines)]
        session = _parse_session(lines[1 : starts[0] if starts else len(lines)])
        media = tuple(
            _parse_media(lines[begin:end]) for begin, end in zip(starts, ends, strict=True)
        )
        return replace(session, media=media)

    def __bytes__(self) -> bytes:
        origin = _connection(self.origin_address or self.address or NO_ADDRESS)
        lines = ["v=0", f"o=- {self.session_id} {self.version} {origin}", f"s={self.name}"]
        if self.address:
            lines.append(f"c={_connection(self.address)}")
        lines += self.others or ("t=0 0",)
        lines += [f"a={key}:{value}" if value else f"a={key}" for key, value in self.attributes]
        for media in self.media:
            lines += media.lines()
        return ("\r\n".join(lines) + "\r\n").encode()


def _connection(address: str) -> str:
    return f"IN IP6 {address}" if ":" in address else f"IN IP4 {address}"


def _attribute(text: str) -> tuple[str, str]:
    key, _, value = text.partition(":")
    return key.strip(), value.strip()


def _read_connection(text: str) -> str:
    parts = text.split()
    if len(parts) != 3 or parts[0] != "IN" or parts[1] not in {"IP4", "IP6"}:
        raise RemoteProtocolError(f"bad c= line {text[:60]!r}", 488)
    return parts[2].partition("/")[0]


def _parse_session(lines: Sequence[str]) -> SessionDescription:
    session = SessionDescription("")
    others: list[str] = []
    attributes: list[tuple[str, str]] = []
    for line in lines:
        kind, equals, value = line.partition("=")
        if not equals or len(kind) != 1:
            raise RemoteProtocolError(f"bad line in the session description: {line[:60]!r}")
        if kind == "o":
            session = _parse_origin(session, value)
        elif kind == "s":
            session = replace(session, name=value.strip() or "-")
        elif kind == "c":
            session = replace(session, address=_read_connection(value))
        elif kind == "a":
            attributes.append(_attribute(value))
        else:
            others.append(line)
    return replace(session, attributes=tuple(attributes), others=tuple(others))


def _parse_origin(session: SessionDescription, value: str) -> SessionDescription:
    parts = value.split()
    if len(parts) != 6:
        raise RemoteProtocolError(f"bad o= line {value[:60]!r}")
    ids = [int(part) if part.isascii() and part.isdigit() else 0 for part in parts[1:3]]
    return replace(session, session_id=ids[0], version=ids[1], origin_address=parts[5])


def _parse_media(lines: Sequence[str]) -> Media:
    parts = lines[0][2:].split()
    if len(parts) < 4:
        raise RemoteProtocolError(f"bad m= line {lines[0][:60]!r}")
    port = read_number("the media port", parts[1].partition("/")[0], 65_535)
    connection, others, attributes = "", [], []
    for line in lines[1:]:
        if line.startswith("c="):
            connection = _read_connection(line[2:])
        elif line.startswith("a="):
            attributes.append(_attribute(line[2:]))
        else:
            others.append(line)
    return Media(
        parts[0], port, parts[2], tuple(parts[3:]), connection, tuple(attributes), tuple(others)
    )
