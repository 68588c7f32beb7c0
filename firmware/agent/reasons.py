"""Why this phone ends something, as the Reason header says it (RFC 3326).

It is said where the bare BYE or CANCEL would be taken for something else: for a person who hangs
up, or for a call that was missed. A cause of 200 means that the call goes on somewhere: whoever is
cancelled with it has missed nothing. A person who hangs up needs no reason.
"""

from __future__ import annotations

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
"""Another far end of the same INVITE has answered."""

REPEATED = 'SIP;cause=200;text="Call goes on in another dialog"'
"""The link was lost: the same call comes again (F5), or has taken this dialog's place (F6)."""

NO_ANSWER = 'SIP;cause=408;text="No answer"'
"""It rang for too long, or a far end in a call did not answer a request."""

SESSION_EXPIRED = 'SIP;cause=408;text="Session expired"'
"""Nobody has refreshed the session (RFC 4028 10)."""

NOTHING_HEARD = 'SIP;cause=408;text="Nothing is heard"'
"""The dialog is adrift, and neither sound nor reports come any more (F6)."""

NOT_CONFIRMED = 'SIP;cause=408;text="No ACK"'
"""The 2xx was never acknowledged (RFC 3261 13.3.1.4)."""

NO_SESSION = 'SIP;cause=488;text="No common media"'
"""The answer to our offer cannot be used (RFC 3261 13.2.2.4)."""
