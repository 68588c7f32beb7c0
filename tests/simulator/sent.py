"""What the phone wrote, message by message, over both proxies: the manners that F5 asks for.

The proxies see only what arrives. Here every request is seen as it is written, so it can be said
what the phone may repeat, and what it owes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request, Response, parse_message
from firmware.sip.uri import SipUri
from tests.simulator.connection import Connection
from tests.simulator.site import Site

T = TypeVar("T")

OWED_S = 280.0
"""How long after its INVITE a CANCEL is owed at least: the caller's patience, and some slack."""

TIMER_B_S = 31.0
"""After that the phone may have given an INVITE up that nobody answered at all."""

TIMER_F_S = 32.0
"""So long a BYE waits for its answer; a pause that is longer ends it."""

TIMER_H_S = 31.0
"""After that the phone may have forgotten a refusal whose ACK never came (RFC 3261 17.2.1)."""

KEPT = 400
INSTANCE = '"<urn:uuid:00000000-0000-4000-8000-000000000001>"'


@dataclass
class Invite:
    """An INVITE outside a dialog."""

    request: Request
    connection: Connection
    at: float
    since: float  # When the first one of its call was.
    is_cancelled: bool = False  # A CANCEL was written,
    is_over: bool = False  # or a final answer was sent, which may have arrived.


@dataclass
class Register:
    """The last REGISTER of an account over a connection."""

    connection: Connection
    at: float
    cseq: int
    expires: int
    off_since: float  # The first of those that take the binding away.
    is_refused: bool = False


@dataclass
class Sent:
    """Follows the writes of one phone."""

    invites: dict[str, Invite] = field(default_factory=dict)  # By branch.
    registers: dict[tuple[int, str], Register] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=lambda: {"late cancels": 0, "cancels owed": 0})
    given_up: set[str] = field(default_factory=set)  # Calls whose BYE the phone may have slept out.
    _refused: dict[str, float] = field(default_factory=dict)  # When each was, by branch.
    _byes: dict[str, float] = field(default_factory=dict)  # When each was written last, by Call-ID.
    _branches: dict[str, None] = field(default_factory=dict)
    _dialogs: dict[tuple[str, str, int], None] = field(default_factory=dict)

    def wrote(self, connection: Connection, data: bytes, now: float) -> None:
        """Look at a message of the phone's."""
        message = _read(data)
        if isinstance(message, Response) and message.status >= 300:
            self._refused[message.via.branch] = now
        if not isinstance(message, Request):
            return
        match message.method:
            case "ACK":
                return
            case "CANCEL":
                self._cancel(connection, message)
                return
            case "INVITE":
                self._invite(connection, message, now)
            case "REGISTER":
                self._register(connection, message, now)
            case "BYE":
                self._byes[message.call_id] = now
            case _:
                pass
        branch = message.via.branch
        assert branch not in self._branches, "a new transaction under an old branch (F5)"
        _keep(self._branches, branch)

    def sleeps(self, now: float) -> None:
        """The phone sleeps through timer F: it may lose patience before it reads the answers."""
        self._byes = {call: at for call, at in self._byes.items() if at > now - TIMER_F_S}
        self.given_up |= self._byes.keys()

    def answered(self, attempt: int, response: Response) -> None:
        """A final answer was sent; whether it arrives is another matter."""
        invite = self.invites.get(response.via.branch)
        if invite and response.cseq.method == "INVITE":
            invite.is_over = True
        if response.cseq.method == "REGISTER" and response.status not in {401, 407}:
            register = self.registers.get((attempt, _user(response)))
            if register and register.cseq == response.cseq.number:
                register.is_refused = response.status >= 300

    def has_forgotten(self, invite: Request, now: float) -> bool:
        """Tell whether the phone refused an INVITE so long ago that nothing of it is left there."""
        return self._refused.get(invite.via.branch, now) < now - TIMER_H_S

    def invited_since(self, user: str, since: float) -> bool:
        """Tell whether an account has called anybody since then."""
        return any(i.at >= since and _user(i.request) == user for i in self.invites.values())

    def _invite(self, connection: Connection, invite: Request, now: float) -> None:
        known = (invite.call_id, invite.from_.tag or "", invite.cseq.number)
        assert known not in self._dialogs, "an INVITE that draws 482 (F5, 8.2.2.2)"
        _keep(self._dialogs, known)
        if invite.to.tag:
            return  # Within a dialog: what is owed there is the dialog's business (F6).
        for lost in self._lost_at(connection.site, now, _user(invite)):
            if lost.request.uri == invite.uri:
                again = lost.request.call_id != invite.call_id
                self.seen["cancels owed"] += 1
                assert lost.is_cancelled or not again, (
                    f"INVITE {lost.request.via.branch} went down with its link and is not cancelled"
                )
        first = (i.since for i in self.invites.values() if i.request.call_id == invite.call_id)
        self.invites[invite.via.branch] = Invite(invite, connection, now, next(first, now))
        while len(self.invites) > KEPT:
            del self.invites[next(iter(self.invites))]

    def owed_at(self, site: Site, now: float, user: str) -> list[Invite]:
        """Find INVITEs of an account that a proxy got over a link that is gone, not cancelled."""
        return [one for one in self._lost_at(site, now, user) if not one.is_cancelled]

    def _lost_at(self, site: Site, now: float, user: str) -> list[Invite]:
        return [
            one
            for one in self.invites.values()
            if one.connection.site is site
            and one.connection.proxy == site.proxy  # By another name it is another proxy.
            and not one.is_over
            and now - one.since < OWED_S
            and _user(one.request) == user
            and self._went_down(one)
        ]

    def _went_down(self, invite: Invite) -> bool:
        """Tell whether the link died under an INVITE, and none to another proxy came between."""
        connection = invite.connection
        if connection.ended_at is None or connection.ended_at - invite.at > TIMER_B_S:
            return False
        return not any(
            register.at >= connection.ended_at and register.connection.site is not connection.site
            for register in self.registers.values()
        )

    def _cancel(self, connection: Connection, cancel: Request) -> None:
        invite = self.invites.get(cancel.via.branch)
        if invite is None:
            return  # Long ago.
        assert invite.connection.site is connection.site, "CANCEL to another proxy (F5)"
        invite.is_cancelled = True
        self.seen["late cancels"] += invite.connection is not connection

    def _register(self, connection: Connection, request: Request, now: float) -> None:
        own = request.contacts[0]
        expires = int(own.parameters.get("expires") or request.expires or 3600)
        key = (connection.attempt, _user(request))
        known = self.registers.pop(key, None)
        off_since = known.off_since if known and not known.expires else now
        cseq = request.cseq.number
        self.registers[key] = Register(connection, now, cseq, expires, off_since)
        assert own.parameters.get("+sip.instance") == INSTANCE, "another instance"
        assert own.parameters.get("reg-id") in {None, "1"}, "another reg-id (F3)"
        while len(self.registers) > KEPT:
            del self.registers[next(iter(self.registers))]


def _read(data: bytes) -> Request | Response | None:
    try:
        return parse_message(data)
    except RemoteProtocolError:
        return None  # The answer to a request that could not be read.


def _user(message: Request | Response) -> str:
    uri = message.from_.uri
    return uri.user or "" if isinstance(uri, SipUri) else ""


def _keep(known: dict[T, None], item: T) -> None:
    known[item] = None
    while len(known) > KEPT:
        del known[next(iter(known))]
