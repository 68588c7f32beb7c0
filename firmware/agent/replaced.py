"""Which of our calls an INVITE with Replaces is for, if it may have it (RFC 3891 3, F6, T1).

Requests come over the link only (T1). Whoever names Call-ID and both tags of a dialog has seen it;
that the far end itself wants it is for the proxy to say: it asserts who calls. A proxy that asserts
nothing lets nobody use a From that is not theirs, so there From counts.
"""

from __future__ import annotations

from firmware.agent.call import CallState
from firmware.agent.calls import AnyCall, Calls
from firmware.agent.identity import is_from
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request
from firmware.sip.replaces import Replaces

STANDING = frozenset({CallState.ACCEPTED, CallState.CONFIRMED})


def find_replaced(invite: Request, replaces: Replaces, calls: Calls) -> AnyCall:
    """Return the call; raises `RemoteProtocolError` with the answer's status."""
    call = next((call for call in calls if call.is_named_by(replaces)), None)
    if call is None or call.state is CallState.OFFERED:  # We did not open that early dialog.
        raise RemoteProtocolError("no such dialog", 481)
    if call.state not in STANDING:
        raise RemoteProtocolError("that call is over", 603)
    if replaces.early_only:
        raise RemoteProtocolError("that call is answered", 486)
    assert call.dialog is not None
    if not is_from(invite, call.dialog.remote.uri):
        raise RemoteProtocolError("not the far end of that call", 403)
    return call
