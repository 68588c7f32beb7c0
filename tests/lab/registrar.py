"""The lab's registrar: who is where (RFC 3261 10.3), by which connection (RFC 5626), GRUU (5627).

It performs no I/O: a REGISTER, the connection it came by and the time go in, the answer comes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from firmware.sip.address import NameAddress
from firmware.sip.headers import Headers
from firmware.sip.message import Message, Request, Response
from firmware.sip.uri import SipUri
from tests.lab.digest import Doorkeeper

BINDINGS_MAX = 10
"""Contacts of one user; more is a phone that leaves its old ones behind."""


class End(Protocol):
    """Something that takes SIP messages: a phone's connection, a trunk, the test numbers."""

    @property
    def alive(self) -> bool:
        """Whether what is sent can still arrive."""

    def send(self, message: Message) -> None:
        """Send a message there."""


@dataclass(frozen=True)
class Binding:
    """One contact of a user and the connection that reaches it."""

    user: str
    contact: NameAddress
    end: End
    call_id: str
    sequence: int
    ends_at: float
    instance: str = ""
    reg_id: str = ""

    @property
    def uri(self) -> SipUri:
        """Where requests to it are addressed."""
        assert isinstance(self.contact.uri, SipUri)
        return self.contact.uri


@dataclass
class RegistrarSettings:
    """How the registrar behaves; a test changes one thing."""

    expires_min_s: int = 10
    expires_default_s: int = 600
    expires_max_s: int = 3600
    flow_timer_s: int | None = None
    outbound: bool = True
    gruu: bool = True


class Registrar:
    """The bindings of a domain's users."""

    def __init__(self, domain: str, doorkeeper: Doorkeeper, settings: RegistrarSettings) -> None:
        self.settings = settings
        self._domain, self._doorkeeper = domain, doorkeeper
        self._bindings: dict[str, list[Binding]] = {}

    def register(self, request: Request, end: End, now: float) -> Response:
        """Take a REGISTER; return its answer."""
        credentials = list(request.headers.all("Authorization"))
        user, stale = self._doorkeeper.check(credentials, "REGISTER", request.body, now)
        if not user:
            challenges = self._doorkeeper.challenges(now, stale)
            return with_header(request.answer(401), "WWW-Authenticate", *challenges)
        uri = request.to.uri
        if not isinstance(uri, SipUri) or uri.user != user:
            return request.answer(403)
        if request.contact_is_star:
            self._bindings.pop(user, None)
            return self._success(request, user, now)
        short = [s for s in self._asked(request) if 0 < s < self.settings.expires_min_s]
        if short:
            answer = request.answer(423)
            return with_header(answer, "Min-Expires", str(self.settings.expires_min_s))
        for contact, expires_s in zip(request.contacts, self._asked(request), strict=True):
            self._bind(user, contact, expires_s, request, end, now)
        return self._success(request, user, now)

    def find(self, uri: SipUri, now: float) -> list[Binding]:
        """Return the bindings that an address of record or a GRUU stands for."""
        if uri.host != self._domain or uri.user is None:
            return []
        found = self.bindings(uri.user, now)
        instance = uri.parameters.get("gr")
        if instance:
            return [b for b in found if b.instance.strip("<>") == instance][-1:]
        return found

    def bindings(self, user: str, now: float) -> list[Binding]:
        """Return the bindings of a user that have not run out."""
        return [b for b in self._bindings.get(user, []) if b.ends_at > now]

    def all_bindings(self, now: float) -> Iterator[Binding]:
        """Return the bindings of everybody."""
        for user in self._bindings:
            yield from self.bindings(user, now)

    def knows(self, uri: SipUri) -> bool:
        """Whether this is an address of a user of ours, registered or not."""
        return uri.host == self._domain and uri.user in self._doorkeeper.users

    def forget(self, end: End) -> None:
        """Remove the bindings of a connection that is gone."""
        for user, bindings in self._bindings.items():
            self._bindings[user] = [b for b in bindings if b.end is not end]

    def clear(self) -> None:
        """Remove every binding, as a restart does."""
        self._bindings.clear()

    def _asked(self, request: Request) -> list[int]:
        """Return the expiry asked for each contact, in seconds."""
        default = request.expires
        if default is None:
            default = self.settings.expires_default_s
        texts = [contact.parameters.get("expires") for contact in request.contacts]
        return [int(text) if text and text.isdigit() else default for text in texts]

    def _bind(
        self, user: str, contact: NameAddress, asked_s: int, request: Request, end: End, now: float
    ) -> None:
        binding = Binding(
            user=user,
            contact=contact,
            end=end,
            call_id=request.call_id,
            sequence=request.cseq.number,
            ends_at=now + min(asked_s, self.settings.expires_max_s),
            instance=unquoted(contact, "+sip.instance"),
            reg_id=unquoted(contact, "reg-id") if self._is_outbound(request) else "",
        )
        kept = [b for b in self.bindings(user, now) if not replaces(binding, b)]
        self._bindings[user] = ([*kept, binding] if asked_s else kept)[-BINDINGS_MAX:]

    def _is_outbound(self, request: Request) -> bool:
        return self.settings.outbound and "outbound" in request.supported

    def _success(self, request: Request, user: str, now: float) -> Response:
        answer = request.answer(200)
        contacts = [self._shown(binding, request, now) for binding in self.bindings(user, now)]
        if contacts:
            answer = with_header(answer, "Contact", *contacts)
        for path in request.headers.all("Path"):
            answer = with_header(answer, "Path", path)
        if self._is_outbound(request) and any("reg-id" in c.parameters for c in request.contacts):
            answer = with_header(answer, "Require", "outbound")
            if self.settings.flow_timer_s:
                answer = with_header(answer, "Flow-Timer", str(self.settings.flow_timer_s))
        return answer

    def _shown(self, binding: Binding, request: Request, now: float) -> str:
        text = f"<{binding.uri}>;expires={round(binding.ends_at - now)}"
        if binding.instance:
            text += f';+sip.instance="{binding.instance}"'
        if binding.reg_id:
            text += f";reg-id={binding.reg_id}"
        if self.settings.gruu and binding.instance and "gruu" in request.supported:
            gruu = f"sip:{binding.user}@{self._domain};gr={binding.instance.strip('<>')}"
            text += f';pub-gruu="{gruu}"'
        return text


def replaces(new: Binding, old: Binding) -> bool:
    """Whether a binding takes another's place: same flow (RFC 5626 6), or else same contact."""
    if new.reg_id and new.instance and old.reg_id:
        return (new.instance, new.reg_id) == (old.instance, old.reg_id)
    return new.uri.equals(old.uri)


def unquoted(contact: NameAddress, name: str) -> str:
    """Return a parameter of a contact without its quotes; nothing where it is missing."""
    return (contact.parameters.get(name) or "").strip('"')


def with_header(answer: Response, name: str, *values: str) -> Response:
    """Return an answer with these values added."""
    headers: Headers = answer.headers
    for value in values:
        headers = headers.add(name, value)
    return Response(answer.status, answer.reason, headers, answer.body)
