"""Who the far end is, as far as the network says so (RFC 3323, 3325, 4916).

P-Asserted-Identity is believed, since nothing comes in but over the link: whoever wrote it, the
proxy that was authenticated (I1) let it through (T1, RFC 3325 5). It counts whenever it comes: with
a call, with its ringing and its answer, and with whatever is said in it. None is ever sent: whoever
called somebody else, and was sent on to here, hears who has answered by our From (RFC 4916).
"""

from __future__ import annotations

from firmware.agent.events import Party
from firmware.agent.reading import or_none
from firmware.agent.target import party_of
from firmware.sip.grammar import split_list
from firmware.sip.message import Request, Response
from firmware.sip.uri import SipUri, TelUri, Uri

ANONYMOUS = Party("", "anonymous")

CHANGE = "from-change"
"""The option of those who take another From within a dialog (RFC 4916)."""

ANONYMOUS_HOST = "anonymous.invalid"

HIDING = frozenset({"id", "user", "header"})
"""Values of Privacy that hide who somebody is (RFC 3323 4.2, RFC 3325 9.3)."""


def caller_of(request: Request) -> Party:
    """Return who sends a request: what the proxy asserts comes before what the sender says."""
    privacy = {word.strip().lower() for word in _privacy(request)}
    uri = request.from_.uri
    hidden = isinstance(uri, SipUri) and uri.host.lower() == ANONYMOUS_HOST
    asserted = or_none(lambda: request.p_asserted_identity)
    if privacy & HIDING or (hidden and not asserted):
        return ANONYMOUS
    return party_of(asserted[0] if asserted else request.from_)


def is_from(request: Request, far: Uri) -> bool:
    """Tell whether somebody sends a request: as the proxy asserts it, else as the sender says."""
    return any(is_same(uri, far) for uri in _senders(request))


def are_of_one_caller(one: Request, other: Request) -> bool:
    """Tell whether two requests come from the same party, as far as that can be read."""
    return or_none(lambda: any(is_from(one, uri) for uri in _senders(other))) or False


def _senders(request: Request) -> list[Uri]:
    return [sender.uri for sender in request.p_asserted_identity or (request.from_,)]


def tells_who_answers(invite: Request, own: Uri) -> bool:
    """Tell whether a caller was sent on to here, and takes it that we say so (RFC 4916 4.4.1)."""
    return CHANGE in (or_none(lambda: invite.supported) or ()) and not is_same(invite.to.uri, own)


def is_same(one: Uri, other: Uri) -> bool:
    """Tell whether two addresses are of one party."""
    if isinstance(one, SipUri) and isinstance(other, SipUri):
        return (one.user, one.host.lower()) == (other.user, other.host.lower())
    both_tel = isinstance(one, TelUri) and isinstance(other, TelUri)
    return both_tel and str(one) == str(other)


def answerer_of(response: Response) -> Party | None:
    """Return who has answered, where the proxy asserts it: perhaps not whom was called."""
    asserted = or_none(lambda: response.p_asserted_identity)
    if not asserted or {word.strip().lower() for word in _privacy(response)} & HIDING:
        return None
    return party_of(asserted[0])


def _privacy(message: Request | Response) -> list[str]:
    text = message.headers.get("Privacy") or ""
    return [word for part in split_list(text) for word in part.split(";")]
