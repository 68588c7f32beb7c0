"""Calls as the far end sees them: who it takes to be talking, and what both directions share."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from itertools import count

from firmware.sip.headers import Headers
from firmware.sip.message import Request, Response
from firmware.sip.replaces import Replaces
from firmware.sip.uri import Uri

PROXY_NAME = "proxy.example.org"

SDP = "application/sdp"


def crypto(number: int) -> bytes:
    """A line with one of the far end's keys."""
    key = bytes((number + place) % 256 for place in range(42)) + number.to_bytes(2, "big")
    return b"a=crypto:1 AEAD_AES_256_GCM inline:" + b64encode(key) + b"\r\n"


CRYPTO = crypto(0)

SESSION = (
    b"v=0\r\no=- 1 1 IN IP4 203.0.113.5\r\ns=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/SAVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n" + CRYPTO
)
"""An offer, and an answer to the phone's: it takes the first key."""


FOREIGN_SESSION = (
    b"v=0\r\no=- 1 1 IN IP4 203.0.113.5\r\ns=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/SAVP 97\r\na=rtpmap:97 speex/16000\r\n" + CRYPTO
)
PLAIN_SESSION = SESSION.replace(CRYPTO, b"").replace(b"RTP/SAVP", b"RTP/AVP")

FAR_CONTACT = "<sip:far@203.0.113.5:5061;transport=tls>"
RECORD_ROUTE = f"<sip:{PROXY_NAME}:5061;transport=tls;lr>"


def another_session(number: int) -> bytes:
    """The session of a dialog that takes another's place: its keys are new."""
    return SESSION.replace(CRYPTO, crypto(number))


@dataclass
class Leg:
    """One dialog of the far end with the phone."""

    call_id: str
    tag: str  # The far end's.
    phone_tag: str
    account: str
    local: str  # From of what the far end sends in this dialog,
    remote: str  # and To.
    target: Uri
    cseq: int = 100
    phone_cseq: int = 0
    is_confirmed: bool = False  # The far end takes the call to be up, and the phone knows.
    is_over: bool = False
    has_lost_ack: bool = False
    byes_challenged: int = 0
    session: bytes = SESSION  # What the far end says in it.
    not_before: float = 0.0  # When the phone may ask again: we have said Retry-After,
    said_over: int = 0  # over this connection; on a new link it asks at once (F6).
    asked_at: list[float] = field(default_factory=list)  # Of the phone's last INVITEs in it.
    acked: set[int] = field(default_factory=set)

    def request(self, method: str, branch: str, body: bytes = b"") -> Request:
        """Write the next request of the far end."""
        if method not in {"ACK", "CANCEL"}:
            self.cseq += 1
        return far_request(
            method, self.target, self.local, self.remote, self.call_id, self.cseq, branch, body
        )


def far_request(
    method: str,
    uri: Uri,
    from_: str,
    to: str,
    call_id: str,
    cseq: int,
    branch: str,
    body: bytes = b"",
) -> Request:
    """Write a request as it reaches the phone: through the proxy."""
    fields: list[tuple[str, object]] = [
        ("Via", f"SIP/2.0/TLS {PROXY_NAME}:5061;branch={branch}"),
        ("Via", f"SIP/2.0/UDP 203.0.113.5:5060;branch={branch}x"),
        ("Max-Forwards", 69),
        ("From", from_),
        ("To", to),
        ("Call-ID", call_id),
        ("CSeq", f"{cseq} {method}"),
    ]
    if method in {"INVITE", "UPDATE"}:
        fields.append(("Contact", FAR_CONTACT))
    if method == "INVITE":
        fields.append(("Record-Route", RECORD_ROUTE))
    if body:
        fields.append(("Content-Type", SDP))
    return Request(method, uri, Headers.of(*fields), body)


def final(
    request: Request,
    status: int,
    tag: str = "",
    *fields: tuple[str, object],
    body: bytes = b"",
) -> Response:
    """Answer a request of the phone."""
    response = request.answer(status, to_tag=tag)
    headers = response.headers
    content = (("Content-Type", SDP),) if body else ()
    for name, value in (*fields, *content):
        headers = headers.add(name, str(value))
    return Response(status, response.reason, headers, body)


class Legs:
    """All dialogs of the far end, whichever proxy they came through, and its names."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._legs: dict[tuple[str, str], Leg] = {}
        self._known: set[tuple[str, str, str]] = set()  # Every dialog that there ever was.
        self._offered: set[tuple[str, str]] = set()  # Those that only the phone may know to stand.

    def new_number(self) -> int:
        """A number that nobody behind any proxy has used."""
        return next(self._numbers)

    def offer(self, call_id: str, tag: str) -> None:
        """Remember a call to the phone; its 2xx, and with it the phone's tag, may be lost."""
        self._offered.add((call_id, tag))

    def add(self, leg: Leg) -> Leg:
        """Remember a dialog."""
        self._legs[leg.call_id, leg.tag] = leg
        self._known.add((leg.call_id, leg.tag, leg.phone_tag))
        return leg

    def find(self, request: Request) -> Leg | None:
        """Find the dialog that a request of the phone belongs to."""
        leg = self._legs.get((request.call_id, request.to.tag or ""))
        if leg is None or leg.phone_tag != (request.from_.tag or ""):
            return None
        return leg

    def named(self, replaces: Replaces) -> Leg | None:
        """Find the call that a Replaces names; one that is not up yet is not replaced."""
        leg = self._legs.get((replaces.call_id, replaces.to_tag))
        is_it = leg is not None and leg.is_confirmed and leg.phone_tag == replaces.from_tag
        return leg if is_it else None

    def knew(self, replaces: Replaces) -> bool:
        """Tell whether there ever was such a dialog."""
        call_id, tag = replaces.call_id, replaces.to_tag
        return (call_id, tag, replaces.from_tag) in self._known or (call_id, tag) in self._offered

    def forget(self, leg: Leg) -> None:
        """The dialog is over."""
        leg.is_over = True
        leg.is_confirmed = False
        self._legs.pop((leg.call_id, leg.tag), None)

    @property
    def confirmed(self) -> list[Leg]:
        """The calls that the far end takes to be up."""
        return [leg for leg in self._legs.values() if leg.is_confirmed]
