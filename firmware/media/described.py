"""One audio line of a session description, read into values (RFC 8866, 3264, 3605, 5761).

It is read tolerantly: what is unknown is passed over, and what is wrong in a detail counts as not
said. Whether the line can be used is for the negotiation to judge.
"""

from __future__ import annotations

import ipaddress

from firmware.frozen import frozen
from firmware.media.formats import BY_ENCODING, COMFORT_NOISE, EVENT
from firmware.media.plan import Direction, Endpoint, Format
from firmware.media.sdes import Crypto, read_cryptos
from firmware.sip.sdp import Media, SessionDescription

PLAIN = frozenset({"RTP/AVP", "RTP/AVPF"})
SECURE = frozenset({"RTP/SAVP", "RTP/SAVPF"})

PORT_MAX = 65535

PAYLOAD_TYPES = 128


@frozen
class Audio:
    """What one end says of its sound."""

    remote: Endpoint
    rtcp: Endpoint
    rtcp_mux: bool
    is_secure: bool  # By its protocol: RTP/SAVP or RTP/SAVPF.
    formats: tuple[Format, ...]  # In the order of the line.
    events: tuple[tuple[int, int], ...]  # Payload types of digits and their clock rates.
    direction: Direction
    cryptos: tuple[Crypto, ...]  # Those that can be used.
    has_crypto: bool  # Whether there are any at all.
    ptime_ms: int | None
    maxptime_ms: int | None
    comfort_noise: bool  # RFC 3389, beside a codec of 8000 ticks a second.

    @property
    def is_reachable(self) -> bool:
        """Tell whether packets can be sent there: the old way to hold a call was 0.0.0.0."""
        return not ipaddress.ip_address(self.remote.host).is_unspecified

    def events_of(self, clock_rate: int) -> int | None:
        """Return the payload type of digits beside a codec of this clock."""
        return next((number for number, rate in self.events if rate == clock_rate), None)


def is_audio(media: Media) -> bool:
    """Tell whether a media line is sound over RTP that is not refused."""
    return media.kind == "audio" and media.port > 0 and media.protocol in PLAIN | SECURE


def read_audio(session: SessionDescription, media: Media) -> Audio | None:
    """Read a line for which `is_audio` holds; None where its address cannot be one."""
    host = _host(media.connection or session.address)
    if host is None:
        return None
    cryptos = [value for name, value in media.attributes if name == "crypto"]
    return Audio(
        remote=Endpoint(host, media.port),
        rtcp=_rtcp(media, host),
        rtcp_mux=media.attribute("rtcp-mux") is not None,
        is_secure=media.protocol in SECURE,
        formats=_formats(media),
        events=_events(media),
        direction=_direction(session, media),
        cryptos=read_cryptos(cryptos),
        has_crypto=bool(cryptos),
        ptime_ms=_milliseconds(media.attribute("ptime")),
        maxptime_ms=_milliseconds(media.attribute("maxptime")),
        comfort_noise=str(COMFORT_NOISE) in media.formats,
    )


def _host(text: str) -> str | None:
    """Return an address that one phone can have; names are not looked up in a call."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if address.is_multicast or text == "255.255.255.255" else str(address)


def _rtcp(media: Media, host: str) -> Endpoint:
    """Return where RTCP goes: `a=rtcp:53020 IN IP4 192.0.2.1` (RFC 3605), or the next port."""
    if media.attribute("rtcp-mux") is not None:
        return Endpoint(host, media.port)
    port, *address = (media.attribute("rtcp") or "").split()[:4] or ("",)
    there = _host(address[2]) if len(address) == 3 else host
    if port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= PORT_MAX and there:
        return Endpoint(there, int(port))
    return Endpoint(host, min(media.port + 1, PORT_MAX))


def _formats(media: Media) -> tuple[Format, ...]:
    known = [(number, BY_ENCODING[name]) for number, name in _named(media) if name in BY_ENCODING]
    said = _parameters(media)
    return tuple(Format(number, codec, said.get(str(number), "")) for number, codec in known)


def _events(media: Media) -> tuple[tuple[int, int], ...]:
    found = []
    for number, name in _named(media):
        kind, _, rate = name.partition("/")
        if kind == EVENT and rate in {"8000", "48000"}:
            found.append((number, int(rate)))
    return tuple(found)


def _named(media: Media) -> list[tuple[int, str]]:
    """Return a line's payload types, each once, and their encodings without a needless `/1`."""
    names = media.encodings
    payloads = [p for p in dict.fromkeys(media.formats) if p in names and is_payload_type(p)]
    return [(int(payload), names[payload].removesuffix("/1")) for payload in payloads]


def is_payload_type(text: str) -> bool:
    """Tell whether a format of a media line is a number that a packet can have."""
    return text.isascii() and text.isdigit() and len(text) <= 3 and int(text) < PAYLOAD_TYPES


def _parameters(media: Media) -> dict[str, str]:
    """Return what fmtp says, by payload type."""
    found: dict[str, str] = {}
    for name, value in media.attributes:
        if name == "fmtp":
            number, _, parameters = value.partition(" ")
            found.setdefault(number, parameters.strip())
    return found


def _direction(session: SessionDescription, media: Media) -> Direction:
    """A line's own direction, else that of the session, else both ways (RFC 8866 6.7)."""
    of_session = Media("", 0, "", (), attributes=session.attributes).direction
    return Direction(media.direction or of_session or "sendrecv")


def _milliseconds(text: str | None) -> int | None:
    """Return a length of packet; some peers write `20.0`."""
    whole = (text or "").partition(".")[0].strip()
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 4):
        return None
    return int(whole) or None
