"""A dialog: who talks with whom, over which route, in which order (RFC 3261 12).

A frozen value: what a message changes makes a new dialog.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.agent.hop import Hop
from firmware.agent.reading import or_none
from firmware.agent.writing import MAX_FORWARDS
from firmware.frozen import frozen
from firmware.sip.address import NameAddress
from firmware.sip.headers import Headers
from firmware.sip.message import Request, Response
from firmware.sip.replaces import Replaces
from firmware.sip.uri import SipUri, Uri


@frozen
class Dialog:
    """The state that both ends share."""

    call_id: str
    local: NameAddress  # With our tag.
    remote: NameAddress  # With theirs, which a peer of RFC 2543 does not have.
    target: Uri  # Their Contact: where the next request goes.
    routes: tuple[NameAddress, ...]
    local_cseq: int
    remote_cseq: int | None  # None: they have sent nothing yet.
    hop: Hop  # The proxy that the routes were learnt over.

    @classmethod
    def opened_by_us(cls, request: Request, response: Response, hop: Hop) -> Dialog:
        """Make the dialog that a 1xx or 2xx to our INVITE opens (12.1.2)."""
        contacts = response.contacts
        return cls(
            call_id=request.call_id,
            local=request.from_,
            remote=response.to,
            target=contacts[0].uri if contacts else request.uri,
            routes=tuple(reversed(response.record_routes)),
            local_cseq=request.cseq.number,
            remote_cseq=None,
            hop=hop,
        )

    @classmethod
    def opened_by_them(cls, request: Request, local_tag: str, hop: Hop) -> Dialog:
        """Make the dialog that our answer to their INVITE opens (12.1.1)."""
        contacts = request.contacts
        return cls(
            call_id=request.call_id,
            local=request.to.with_tag(local_tag),
            remote=request.from_,
            target=contacts[0].uri if contacts else request.from_.uri,
            routes=tuple(request.record_routes),
            local_cseq=0,
            remote_cseq=request.cseq.number,
            hop=hop,
        )

    def over(self, hop: Hop) -> Dialog:
        """Lead the dialog over this proxy: entries that name the one before are replaced (F6)."""
        if hop == self.hop:
            return self
        kept: list[NameAddress] = []
        for route in self.routes:
            step = hop.route if self.hop.is_named_by(route.uri) else route
            if not kept or step != kept[-1]:  # It may have named itself twice, once for each side.
                kept.append(step)
        return replace(self, routes=tuple(kept), hop=hop)

    def holds(self, request: Request) -> bool:
        """Tell whether a request of theirs belongs to this dialog (12.2.2)."""
        return (
            request.call_id == self.call_id
            and request.to.tag == self.local.tag
            and (request.from_.tag or "") == (self.remote.tag or "")
        )

    def is_named_by(self, replaces: Replaces) -> bool:
        """Tell whether a Replaces names this dialog: Call-ID and both tags match (RFC 3891 3)."""
        named = (replaces.call_id, replaces.to_tag, replaces.from_tag)
        return named == (self.call_id, self.local.tag, self.remote.tag)

    def accepts(self, request: Request) -> bool:
        """Tell whether a request of theirs comes in order (12.2.2)."""
        return self.remote_cseq is None or request.cseq.number > self.remote_cseq

    def learn(self, request: Request) -> Dialog:
        """Take the order of a request of theirs; where it refreshes, its Contact (12.2) and From.

        The tags stay, and so does the dialog, but what is sent there goes To who they are now
        (RFC 4916 4.4).
        """
        refreshes = request.method in {"INVITE", "UPDATE", "NOTIFY"}  # RFC 6665 4.4.1.
        contacts = request.contacts if refreshes else ()
        return replace(
            self,
            remote=request.from_ if refreshes else self.remote,
            remote_cseq=request.cseq.number,
            target=contacts[0].uri if contacts else self.target,
        )

    def refreshed(self, response: Response) -> Dialog:
        """Take the Contact of a 2xx to our INVITE within the dialog (12.2.1.2)."""
        contacts = or_none(lambda: response.contacts)
        return replace(self, target=contacts[0].uri) if contacts else self

    def next_request(self, method: str, *fields: tuple[str, object]) -> tuple[Dialog, Request]:
        """Return the dialog after, and a request of ours with these fields besides its own."""
        after = replace(self, local_cseq=self.local_cseq + 1)
        return after, after._request(method, after.local_cseq, fields)

    def acknowledge(self, cseq: int, *fields: tuple[str, object]) -> Request:
        """Return the ACK of the 2xx to our INVITE with that CSeq (13.2.2.4)."""
        return self._request("ACK", cseq, fields)

    def _request(self, method: str, cseq: int, fields: tuple[tuple[str, object], ...]) -> Request:
        uri, routes = self._way()
        headers = Headers.of(
            ("Max-Forwards", MAX_FORWARDS),
            *(("Route", route) for route in routes),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            *fields,
        )
        return Request(method, uri, headers)

    def _way(self) -> tuple[Uri, tuple[NameAddress, ...]]:
        """Return Request-URI and Route: to a strict router its own URI comes first (12.2.1.1)."""
        if not self.routes or _is_loose(self.routes[0]):
            return self.target, self.routes
        return self.routes[0].uri, (*self.routes[1:], NameAddress(self.target))


def _is_loose(route: NameAddress) -> bool:
    return isinstance(route.uri, SipUri) and "lr" in route.uri.parameters
