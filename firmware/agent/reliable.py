"""Reliable provisional answers (RFC 3262), both roles.

Ours go out where the caller requires it, and are repeated after T1, doubling, until the PRACK comes
or 64 x T1 have passed. Once the call is answered they rest, but a PRACK that crosses the answer is
still good (RFC 3262 3). Theirs carry RSeq; `RAck` says which one a PRACK is for.
"""

from __future__ import annotations

import re

from firmware.agent.accepted import Repeated
from firmware.agent.account import AgentSettings
from firmware.agent.reading import or_none
from firmware.sip.message import Request, Response

TAG = "100rel"

SEQUENCE_MAX = 2**31 - 1
"""RFC 3262 7.1: the first RSeq lies between 1 and this."""

SEQUENCE = re.compile(r"[0-9]{1,10}")
ACKNOWLEDGED = re.compile(r"([0-9]{1,12})[ \t]+([0-9]{1,12})[ \t]+([A-Za-z]{1,32})")


def sequence_of(response: Response) -> int | None:
    """Return the RSeq of an answer that asks for a PRACK; None for any other."""
    if response.status == 100 or TAG not in (or_none(lambda: response.require) or ()):
        return None
    text = response.headers.get("RSeq") or ""
    return int(text) if SEQUENCE.fullmatch(text) and 0 < int(text) < 2**32 else None


class Reliable(Repeated):
    """A provisional answer of ours that waits for its PRACK."""

    def __init__(
        self, key: str, response: Response, settings: AgentSettings, now: float, *, offered: bool
    ) -> None:
        super().__init__(key, response, settings.t1_s, SEQUENCE_MAX, now)
        self.offered = offered  # It carried our offer, so the PRACK must carry the answer.
        self._names = (response.headers.get("RSeq"), response.cseq.number)

    def is_acknowledged_by(self, prack: Request) -> bool:
        """Tell whether a PRACK is for this answer."""
        found = ACKNOWLEDGED.fullmatch((prack.headers.get("RAck") or "").strip())
        if found is None or found[3] != "INVITE":
            return False
        return (str(int(found[1])), int(found[2])) == self._names
