"""The words between the transaction layer and the agent above it.

The agent names each request it sends with a `key` of its own choosing (unique while in use), and
meets each request that comes in under a key of the layer's choosing. Via and branch are the
layer's business: a request is handed over without Via.
"""

from __future__ import annotations

from enum import Enum

from firmware.frozen import frozen
from firmware.link.events import Address, Failure, Proxy
from firmware.sip.message import Request, Response


class RequestFailure(Enum):
    """Why no final response came (RFC 3261 8.1.3.1)."""

    TIMEOUT = "timeout"  # Timer B or F.
    LINK_LOST = "link lost"


# Commands from above.
@frozen
class SendRequest:
    """Open a client transaction; the layer adds Via with a new branch from the live link."""

    key: str
    request: Request


@frozen
class CancelRequest:
    """CANCEL the INVITE sent under `key`, once its first provisional response is there (9.1)."""

    key: str
    reason: str = ""  # The Reason header's value, where there is one to tell (RFC 3326).


@frozen
class CancelLost:
    """CANCEL an INVITE whose own link is gone, over this one: it bears the branch of then (F5)."""

    invite: Request
    reason: str = ""  # As of `CancelRequest`.


@frozen
class SendAck:
    """Send the ACK of a 2xx: a transaction of its own without an answer (13.2.2.4)."""

    request: Request


@frozen
class SendResponse:
    """Answer the request that came in under `key`."""

    key: str
    response: Response


# Events to above.
@frozen
class ResponseReceived:
    """A provisional or final response; a 2xx to INVITE comes again for each retransmission."""

    key: str
    response: Response


@frozen
class RequestFailed:
    """No final response will come."""

    key: str
    failure: RequestFailure
    invite: Request | None = None  # An INVITE as it was written, for `CancelLost`.


@frozen
class RequestReceived:
    """A new request to answer with `SendResponse` under this key; never an ACK or a CANCEL."""

    key: str
    request: Request


@frozen
class AckReceived:
    """The ACK of a 2xx."""

    request: Request


@frozen
class CancelReceived:
    """The INVITE that came in under `key` is cancelled; the CANCEL is answered already (9.2)."""

    key: str
    reason: str = ""  # The Reason header's value (RFC 3326): "call completed elsewhere".


@frozen
class ServiceUp:
    """Requests may be sent. `local` is this end of the link: the Contact is made from it."""

    proxy: Proxy
    local: Address
    remote: Address | None = None  # The proxy's end.


@frozen
class ServiceLost:
    """The link is down; every open request has been reported with `RequestFailed` before this."""

    failure: Failure
