"""All transactions of the link (RFC 3261 17, RFC 4320, RFC 6026).

Theory of operation
-------------------
- A transaction lives and dies with the link: when that goes down, every open request of ours fails
  (`RequestFailed`, then one `ServiceLost`), and requests sent meanwhile fail at once. So no request
  ever waits on a dead link; what is to be repeated on the next one is the agent's to say (F5). An
  INVITE is handed back as it was written, since its CANCEL has to name the branch of then. A
  `CancelLost` that comes just after the next link has gone too is owed to the same proxy's next.
- Requests of theirs that came over the old link are forgotten with it: an answer to them would go
  to a connection that is gone, and their sender has seen it go. It is dropped without a word. But
  an INVITE may ring for longer than a link lasts: what answers it finds its way by its Via alone
  (18.2.2), over the next link to the same proxy. A refusal that was said meanwhile waits for that.
  The INVITE that comes again over another link is no copy: whoever sent it has lost the first one.
- Via and branch are made here, from this end of the live link.
- A response finds its transaction by branch and method (17.1.3), a request by branch, sent-by and
  method (17.2.3). Responses that find none are dropped (18.1.2).
- The layer answers by itself what needs no agent: repetitions, copies of one forked request (482,
  8.2.2.2), CANCEL (200 or 481, 9.2), and requests beyond `SERVERS_MAX` (503).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import assert_never

from firmware.link.events import Address, LinkDown, LinkUp, MessageReceived, Proxy, SendMessage
from firmware.machine import earliest, is_due
from firmware.sip.message import Request, Response
from firmware.transaction.client import ClientTransaction
from firmware.transaction.events import (
    AckReceived,
    CancelLost,
    CancelReceived,
    CancelRequest,
    RequestFailed,
    RequestFailure,
    RequestReceived,
    SendAck,
    SendRequest,
    SendResponse,
    ServiceLost,
    ServiceUp,
)
from firmware.transaction.invite_client import InviteClientTransaction, cancel_of
from firmware.transaction.invite_server import InviteServerTransaction
from firmware.transaction.matching import (
    Key,
    client_key,
    is_for_us,
    merge_key,
    new_via,
    server_key,
    with_via,
)
from firmware.transaction.server import ServerTransaction
from firmware.transaction.timers import Timers

SERVERS_MAX = 64
"""Open requests of theirs; a phone with nine accounts has a handful. More are answered with 503,
unless an INVITE among them has been answered with a 2xx and only waits for timer L."""

CLIENTS_MAX = 256
"""Open requests of ours: far more than nine accounts need, even with many BYEs owed."""

RETRY_AFTER_S = 5
"""What a peer that floods us is asked to wait."""

TransactionEvent = (
    SendRequest
    | CancelRequest
    | CancelLost
    | SendAck
    | SendResponse
    | LinkUp
    | LinkDown
    | MessageReceived
)

Client = ClientTransaction | InviteClientTransaction
Server = ServerTransaction | InviteServerTransaction


class Transactions:
    """The transactions of one link; branches are made of `ids`, which nobody may foresee."""

    def __init__(self, ids: Iterator[str], t1_s: float = 0.5) -> None:
        self._ids = ids
        self._timers = Timers(t1_s)
        self._local: Address | None = None  # This end of the link while it is up.
        self._proxy: Proxy | None = None  # Of this link, or of the last one.
        self._owed: list[CancelLost] = []  # To that proxy's next link.
        self._clients: dict[Key, Client] = {}
        self._servers: dict[Key, Server] = {}
        self._numbers = count(1)

    @property
    def waiting_requests(self) -> tuple[str, ...]:
        """The agent's keys of the requests whose final response is still to come."""
        return tuple(client.key for client in self._clients.values() if client.is_open)

    @property
    def open_transactions(self) -> int:
        """How many transactions are remembered."""
        return len(self._clients) + len(self._servers)

    def deadline(self) -> float | None:
        return earliest(transaction.deadline() for transaction in self._all())

    def handle(self, event: TransactionEvent, now: float) -> list[object]:
        out = self._take(event, now)
        self._forget_done()
        return out

    def wake(self, now: float) -> list[object]:
        out: list[object] = []
        for transaction in self._all():
            if is_due(transaction.deadline(), now):
                out += transaction.wake(now)
        self._forget_done()
        return out

    def _take(self, event: TransactionEvent, now: float) -> list[object]:
        match event:
            case SendRequest(key, request):
                return self._send_request(key, request, now)
            case CancelRequest(key, reason):
                return self._cancel(key, reason, now)
            case CancelLost():
                return self._cancel_lost(event)
            case SendAck(request):
                return self._send_ack(request)
            case SendResponse(key, response):
                return self._send_response(key, response, now)
            case MessageReceived(message):
                return self._message(message, now)
            case LinkUp(proxy, local, remote):
                assert self._local is None, "a second link beside the first (L10)"
                return [ServiceUp(proxy, local, remote), *self._link_up(proxy, local)]
            case LinkDown(failure):
                return [*self._link_lost(), ServiceLost(failure)]
            case _:
                assert_never(event)

    # From above.

    def _send_request(self, key: str, request: Request, now: float) -> list[object]:
        assert request.method not in {"ACK", "CANCEL"}, "these have commands of their own"
        if self._local is None:
            return [RequestFailed(key, RequestFailure.LINK_LOST)]
        if len(self._clients) >= CLIENTS_MAX:
            # Nobody will answer a request that is not sent: that is what a timeout says.
            return [RequestFailed(key, RequestFailure.TIMEOUT)]
        request = with_via(request, new_via(self._local, next(self._ids)))
        kind = InviteClientTransaction if request.method == "INVITE" else ClientTransaction
        client: Client = kind(key, request, self._timers, now)
        self._clients[client_key(request)] = client
        return client.start()

    def _cancel(self, key: str, reason: str, now: float) -> list[object]:
        """Cancel an INVITE; one that has ended meanwhile needs nothing."""
        for client in self._clients.values():
            if client.key == key and isinstance(client, InviteClientTransaction):
                return client.cancel(reason, now)
        return []

    def _cancel_lost(self, event: CancelLost) -> list[object]:
        """Nobody waits for the answer of this CANCEL, nor for what its INVITE ends with."""
        if self._local is None:
            self._owed = [*self._owed, event][-CLIENTS_MAX:]
            return []
        return [SendMessage(cancel_of(event.invite, event.reason))]

    def _send_ack(self, ack: Request) -> list[object]:
        """Without a link the ACK is not sent: the 2xx is repeated, or its call is over."""
        if self._local is None:
            return []
        return [SendMessage(with_via(ack, new_via(self._local, next(self._ids))))]

    def _send_response(self, key: str, response: Response, now: float) -> list[object]:
        """Answer a request; one that is forgotten came over a link that is gone, or is too old."""
        for server in self._servers.values():
            if server.key == key:
                out = server.send(response, now)
                return out if self._reaches(server) else []
        return []

    def _server(self, key: Key) -> Server | None:
        """Find what a request of this link's proxy belongs to."""
        server = self._servers.get(key)
        return server if server and self._reaches(server) else None

    def _reaches(self, server: Server) -> bool:
        """Tell whether an answer goes over this link: to the proxy that the request came from."""
        return self._local is not None and server.lost_with in {None, self._proxy}

    # From below.

    def _message(self, message: Request | Response, now: float) -> list[object]:
        assert self._local is not None, "a message without a link"
        if isinstance(message, Response):
            return self._response(message, self._local, now)
        return self._request(message, now)

    def _response(self, response: Response, local: Address, now: float) -> list[object]:
        client = self._clients.get(client_key(response))
        if client is None or not is_for_us(response, local):
            return []
        return client.response(response, now)

    def _request(self, request: Request, now: float) -> list[object]:
        match request.method:
            case "ACK":
                return self._ack(request)
            case "CANCEL":
                return self._cancelled(request)
            case _:
                return self._request_to_answer(request, now)

    def _ack(self, ack: Request) -> list[object]:
        """The ACK of a 300-699 ends here; any other is the agent's."""
        server = self._server(server_key(ack))
        if isinstance(server, InviteServerTransaction) and not server.acknowledged():
            return []
        return [AckReceived(ack)]

    def _cancelled(self, cancel: Request) -> list[object]:
        """Answer a CANCEL (9.2); its own repetition is answered alike."""
        server = self._server(server_key(cancel, "INVITE"))
        if not isinstance(server, InviteServerTransaction):
            return [SendMessage(cancel.answer(481, to_tag=next(self._ids)))]
        tag = server.last.to.tag if server.last else None
        out: list[object] = [SendMessage(cancel.answer(200, to_tag=tag or next(self._ids)))]
        if server.cancel():
            out.append(CancelReceived(server.key, cancel.headers.get("Reason") or ""))
        return out

    def _request_to_answer(self, request: Request, now: float) -> list[object]:
        key = server_key(request)
        if known := self._server(key):
            return known.repeated()
        if len(self._servers) >= SERVERS_MAX and not self._make_room():
            return [SendMessage(self._refusal(request))]
        is_copy = self._is_copy(request)
        kind = InviteServerTransaction if request.method == "INVITE" else ServerTransaction
        server: Server = kind(f"in{next(self._numbers)}", request, self._timers, now)
        self._servers[key] = server
        if is_copy:
            return server.send(request.answer(482, to_tag=next(self._ids)), now)
        return [RequestReceived(server.key, request)]

    def _make_room(self) -> bool:
        """Let go of the oldest INVITE that was answered with a 2xx: calls that come one after the
        other are no flood, and on TLS nobody repeats the INVITE that timer L waits for.
        """
        accepted = (key for key, server in self._servers.items() if server.is_accepted)
        oldest = next(accepted, None)
        if oldest is not None:
            del self._servers[oldest]
        return oldest is not None

    def _is_copy(self, request: Request) -> bool:
        """Tell whether the request came before by another way: it was forked upstream (8.2.2.2)."""
        merged = merge_key(request)
        if merged is None:
            return False
        servers = (server for server in self._servers.values() if server.lost_with is None)
        return any(merge_key(server.request) == merged for server in servers)

    def _refusal(self, request: Request) -> Response:
        """Answer a flood without remembering it; the ACK of such an INVITE will find nobody."""
        busy = request.answer(503, to_tag=next(self._ids))
        return Response(503, busy.reason, busy.headers.add("Retry-After", str(RETRY_AFTER_S)))

    def _link_up(self, proxy: Proxy, local: Address) -> list[object]:
        """Cancel and refuse what is owed; another proxy has never seen those INVITEs."""
        owed = self._owed if proxy == self._proxy else []
        self._local, self._proxy, self._owed = local, proxy, []
        again = (s.refuse_again() for s in self._invites() if self._reaches(s))
        return [o for out in (*map(self._cancel_lost, owed), *again) for o in out]

    def _invites(self) -> list[InviteServerTransaction]:
        servers = self._servers.values()
        return [server for server in servers if isinstance(server, InviteServerTransaction)]

    def _link_lost(self) -> list[object]:
        """Fail what is open and forget the rest, but INVITEs of theirs."""
        assert self._proxy is not None, "no link to lose"
        out: list[object] = []
        for client in self._clients.values():
            if client.is_open:
                out += client.fail(RequestFailure.LINK_LOST)
        self._clients.clear()
        invites = self._invites()
        for server in invites:
            server.outlive(self._proxy)
        self._servers = {server_key(server.request): server for server in invites}
        self._local = None
        return out

    # Keeping house.

    def _all(self) -> list[Client | Server]:
        return [*self._clients.values(), *self._servers.values()]

    def _forget_done(self) -> None:
        self._clients = {key: one for key, one in self._clients.items() if not one.is_done}
        self._servers = {key: one for key, one in self._servers.items() if not one.is_done}
