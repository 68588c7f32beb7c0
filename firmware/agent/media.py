"""The session that a call offers and answers (RFC 3264).

This build has no sound yet: it offers and takes G.711 over plain RTP as any phone does, but with
`a=inactive`, so that nobody waits for packets that will not come.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from firmware.agent.answering import SDP
from firmware.agent.reading import or_none
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request, Response
from firmware.sip.sdp import Media, SessionDescription

ENCODINGS = {"0": "PCMU/8000", "8": "PCMA/8000"}
"""What is offered, by payload type (RFC 3551 6)."""

PROTOCOLS = frozenset({"RTP/AVP", "RTP/AVPF"})

SESSION_ID_BITS = 31
"""Of the o= line; a peer that reads it as a signed 32-bit number is served too."""


class NotAcceptableError(ValueError):
    """An offer that cannot be taken: `status` answers it, `fields` say why (RFC 3261 20.43)."""

    def __init__(self, text: str, status: int = 488, warning: int = 399) -> None:
        super().__init__(text)
        self.status = status
        self.fields = (("Warning", f'{warning} handset "{text}"'),)


class MediaSession:
    """Our side of one call's session: the same until the far end wants something else."""

    def __init__(self, port: int, random: Random) -> None:
        self._port = port
        self._id = random.getrandbits(SESSION_ID_BITS)
        self._last: SessionDescription | None = None

    def offer(self, host: str) -> bytes:
        """Return our offer, to be reached at `host`."""
        return self._say(SessionDescription(host, media=(self._audio(ENCODINGS, "RTP/AVP"),)))

    def answer(self, offer: bytes, host: str) -> bytes:
        """Return our answer: every media line in its place, one of them taken (RFC 3264 6)."""
        offered = _read_offer(offer)
        taken = next((media for media in offered.media if _common(media)), None)
        if taken is None:
            raise NotAcceptableError("Incompatible media format", warning=305)
        lines = tuple(
            self._audio(_common(media), media.protocol)
            if media is taken
            else Media(media.kind, 0, media.protocol, media.formats)
            for media in offered.media
        )
        times = tuple(line for line in offered.others if line.startswith("t="))
        return self._say(SessionDescription(host, media=lines, others=times))

    def problem_with(self, message: Request | Response) -> str:
        """Say what is wrong with the answer that a message carries, or return ""."""
        content = or_none(lambda: message.content_type)
        if not message.body or content is None or content.name != SDP:
            return "no media in the answer"
        try:
            answer = SessionDescription.parse(message.body)
        except RemoteProtocolError:
            return "the media cannot be read"
        return "" if any(_common(media) for media in answer.media) else "no common media"

    def _audio(self, encodings: dict[str, str], protocol: str) -> Media:
        maps = tuple(("rtpmap", f"{payload} {name}") for payload, name in encodings.items())
        attributes = (*maps, ("inactive", ""))
        return Media("audio", self._port, protocol, tuple(encodings), attributes=attributes)

    def _say(self, description: SessionDescription) -> bytes:
        """Give the description its o= line: a higher version whenever it changes (RFC 3264 8)."""
        version = self._last.version if self._last else 1
        said = replace(description, session_id=self._id, version=version)
        if self._last and said != self._last:
            said = replace(said, version=version + 1)
        self._last = said
        return bytes(said)


def _read_offer(offer: bytes) -> SessionDescription:
    try:
        return SessionDescription.parse(offer)
    except RemoteProtocolError as error:
        raise NotAcceptableError("Bad session description", error.status) from error


def _common(media: Media) -> dict[str, str]:
    """Return what a media line and this phone have in common, in the order of the line."""
    if media.kind != "audio" or media.port == 0 or media.protocol not in PROTOCOLS:
        return {}
    known = set(ENCODINGS.values())
    names = {p: name.removesuffix("/1") for p, name in media.encodings.items()}
    return {p: names[p] for p in media.formats if names.get(p) in known}
