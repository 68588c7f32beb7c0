"""The lab's proxy core: takes every message and finds the connection that it goes to.

A stateful, forking proxy (RFC 3261 16) without timers: each end is a reliable connection, so a
request is either answered or its connection ends, and that is an answer too (480). A request out
of a dialog goes to a test number, to a registered user, or once over the trunk to the other
exchange.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from firmware.sip.address import NameAddress
from firmware.sip.message import Message, Request, Response
from firmware.sip.uri import SipUri
from firmware.sip.via import Via
from tests.lab.digest import Doorkeeper
from tests.lab.lamps import LampFields
from tests.lab.notifier import Notifier
from tests.lab.registrar import End, Registrar, with_header

CONTEXTS_MAX = 500
"""Requests remembered; the oldest are forgotten, since no exchange of a desk has as many open."""


@dataclass
class Branch:
    """One copy of a request on its way to one end."""

    end: End
    request: Request
    final: Response | None = None


@dataclass
class Context:
    """A request that was passed on: where from, where to, and what came back."""

    end: End
    request: Request
    branches: dict[str, Branch] = field(default_factory=dict)
    answered: bool = False

    @property
    def waiting(self) -> list[Branch]:
        """The branches that have no final answer yet."""
        return [branch for branch in self.branches.values() if branch.final is None]


class Switch:
    """The routing of one exchange; `new_id` gives so many bytes in hex, for branches and tags."""

    def __init__(
        self,
        address: str,
        registrar: Registrar,
        doorkeeper: Doorkeeper,
        numbers: End,
        new_id: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        self.trunk: End | None = None
        self.mailboxes: Notifier | None = None  # Who subscribes is led there,
        self.lamps: LampFields | None = None  # or there.
        self.challenges_calls = True
        self._address = address
        self._registrar, self._doorkeeper, self._numbers = registrar, doorkeeper, numbers
        self._new_id = new_id
        self._contexts: OrderedDict[str, Context] = OrderedDict()
        self.is_number: Callable[[str], bool] = lambda user: False

    @property
    def _notifiers(self) -> list[Notifier]:
        return [each for each in (self.mailboxes, self.lamps) if each is not None]

    def take(self, message: Message, end: End, now: float) -> None:
        """Take one message from an end."""
        if self.lamps is not None:
            self.lamps.see(message)
        if isinstance(message, Response):
            self._take_response(message)
            return
        match message.method:
            case "REGISTER":
                end.send(self._registrar.register(message, end, now))
            case "CANCEL":
                self._take_cancel(message, end)
            case "ACK" if self._context_of(message) is not None:
                return  # It ends here: it acknowledges an answer that is not a success.
            case _:
                self._take_request(message, end, now)

    def end_gone(self, end: End) -> None:
        """Answer in the name of an end that will not answer any more."""
        self._registrar.forget(end)
        for context in list(self._contexts.values()):
            for branch in context.waiting:
                if branch.end is end:
                    self._finish(context, branch, branch.request.answer(480))

    def _take_request(self, request: Request, end: End, now: float) -> None:
        if (request.max_forwards or 0) <= 0:
            self._refuse(request, end, 483)
            return
        request = self._without_own_route(request)
        if not isinstance(request.uri, SipUri):
            self._refuse(request, end, 416)
        elif request.to.tag:
            self._forward(request, end, self._targets_within(request.uri, now))
        elif request.method == "OPTIONS" and request.uri.user is None:
            self._refuse(request, end, 200)
        elif self._challenged(request, end, now):
            return
        else:
            targets = self._targets(request.uri, end, now)
            if request.method == "SUBSCRIBE":
                wanted = request.headers.get("Event")
                named = [n for n in self._notifiers if wanted == n.package]
                notifiers: list[End] = [*named, *self._notifiers]
                targets = [(notifier, request.uri) for notifier in notifiers[:1]] or targets
            request = replace(request, headers=request.headers.without("Proxy-Authorization"))
            self._forward(request, end, targets)

    def _challenged(self, request: Request, end: End, now: float) -> bool:
        """Ask a phone for its credentials; what is our own comes in without."""
        if not self.challenges_calls or end in (self._numbers, *self._notifiers, self.trunk):
            return False
        if request.method == "ACK":
            return False
        credentials = list(request.headers.all("Proxy-Authorization"))
        user, stale = self._doorkeeper.check(credentials, request.method, request.body, now)
        if user:
            return False
        challenges = self._doorkeeper.challenges(now, stale)
        end.send(with_header(request.answer(407), "Proxy-Authenticate", *challenges))
        return True

    def _without_own_route(self, request: Request) -> Request:
        routes = [route for route in request.routes if self._address not in str(route.uri)]
        headers = request.headers.without("Route")
        for route in routes:
            headers = headers.add("Route", str(route))
        return replace(request, headers=headers)

    def _targets(self, uri: SipUri, end: End, now: float) -> list[tuple[End, SipUri]]:
        if uri.user is not None and self.is_number(uri.user):
            return [(self._numbers, uri)]
        found = [(b.end, b.uri) for b in self._registrar.find(uri, now)]
        if not found and self.trunk is not None and end is not self.trunk:
            return [(self.trunk, uri)]
        return found

    def _targets_within(self, uri: SipUri, now: float) -> list[tuple[End, SipUri]]:
        """Find the far end of a dialog: a GRUU of ours, a contact that we know, or the trunk."""
        if f"{uri.host}:{uri.port}" == self._address:
            ends: list[End] = [n for n in self._notifiers if uri.user == n.name]
            return [((ends or [self._numbers])[0], uri)]
        found = self._registrar.find(uri, now)
        found = found or [b for b in self._registrar.all_bindings(now) if b.uri.equals(uri)]
        if not found and self.trunk is not None:
            return [(self.trunk, uri)]
        return [(b.end, b.uri if uri.parameters.get("gr") else uri) for b in found[-1:]]

    def _forward(self, request: Request, end: End, targets: list[tuple[End, SipUri]]) -> None:
        alive = [(target, uri) for target, uri in targets if target.alive]
        if not alive:
            known = isinstance(request.uri, SipUri) and self._registrar.knows(request.uri)
            self._refuse(request, end, 480 if known else 404)
            return
        if request.method == "INVITE":
            end.send(request.answer(100))
        context = Context(end, request)
        for target, uri in alive:
            branch = "z9hG4bK" + self._new_id(8)
            copy = self._copy(request, uri, branch)
            context.branches[branch] = Branch(target, copy)
            if request.method != "ACK":  # It has no answer, not even that its end is gone.
                self._contexts[branch] = context
        while len(self._contexts) > CONTEXTS_MAX:
            self._contexts.popitem(last=False)
        for forwarded in list(context.branches.values()):
            forwarded.end.send(forwarded.request)

    def _refuse(self, request: Request, end: End, status: int) -> None:
        """Answer a request ourselves; an ACK has no answer."""
        if request.method != "ACK":
            end.send(request.answer(status, to_tag=request.to.tag or self._new_id(4)))

    def _copy(self, request: Request, uri: SipUri, branch: str) -> Request:
        host, _, port = self._address.rpartition(":")
        via = f"SIP/2.0/TLS {host}:{port};branch={branch}"
        hops = str((request.max_forwards or 1) - 1)
        headers = request.headers.set("Max-Forwards", hops).prepend("Via", via)
        if request.method == "INVITE":
            headers = headers.prepend("Record-Route", f"<sip:{self._address};transport=tls;lr>")
        return replace(request, uri=uri, headers=headers)

    def _take_response(self, response: Response) -> None:
        own, *others = response.headers.all("Via")
        branch_name = Via.parse(own).branch or ""
        context = self._contexts.get(branch_name)
        if context is None or response.status == 100 or response.cseq.method == "CANCEL":
            return  # A CANCEL of ours shares its branch with the INVITE; its answer says nothing.
        headers = response.headers.without("Via")
        for via in reversed(others):
            headers = headers.prepend("Via", via)
        stripped = replace(response, headers=headers)
        branch = context.branches[branch_name]
        if response.status < 200:
            context.end.send(stripped)
        elif branch.final is None:
            self._finish(context, branch, stripped)
        elif response.status < 300:
            context.end.send(stripped)  # A success that is said again until the ACK comes.

    def _finish(self, context: Context, branch: Branch, final: Response) -> None:
        """Take the final answer of a branch; pass on the first success, or the best of all."""
        branch.final = final
        is_invite = context.request.method == "INVITE"
        if is_invite and final.status >= 300 and branch.end.alive:
            branch.end.send(acknowledgement(branch.request, final.to))
        if context.answered:
            return
        if final.status < 300:
            context.answered = True
            context.end.send(final)
            self._cancel(context)
        elif not context.waiting:
            context.answered = True
            finals = [b.final for b in context.branches.values() if b.final is not None]
            context.end.send(min(finals, key=lambda answer: answer.status))

    def _take_cancel(self, request: Request, end: End) -> None:
        context = self._context_of(request)
        if context is None:
            self._refuse(request, end, 481)
            return
        self._refuse(request, end, 200)
        self._cancel(context)

    def _cancel(self, context: Context) -> None:
        for branch in context.waiting:
            branch.end.send(cancellation(branch.request))

    def _context_of(self, request: Request) -> Context | None:
        """Find the INVITE that a CANCEL or an ACK shares its branch with."""
        for context in reversed(self._contexts.values()):
            if context.request.method == "INVITE" and (
                context.request.via.branch == request.via.branch
            ):
                return context
        return None


def cancellation(request: Request) -> Request:
    """Return the CANCEL for a request that we sent (RFC 3261 9.1)."""
    return _hop(request, "CANCEL", request.to)


def acknowledgement(request: Request, to: NameAddress) -> Request:
    """Return the ACK for an answer to our INVITE that is no success (RFC 3261 17.1.1.3)."""
    return _hop(request, "ACK", to)


def _hop(request: Request, method: str, to: NameAddress) -> Request:
    headers = request.headers.set("Via", request.headers.all("Via")[0]).set("To", str(to))
    headers = headers.set("CSeq", f"{request.cseq.number} {method}").without("Record-Route")
    for name in ("Contact", "Content-Type", "Supported", "Allow", "Proxy-Authorization"):
        headers = headers.without(name)
    return Request(method, request.uri, headers)
