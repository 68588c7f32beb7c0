"""How the proxy wants a call to ring, or to be answered by itself (RFC 3261 20.4, RFC 5373).

There is no one standard; these are the words that exchanges send:

    Call-Info: <sip:x>;answer-after=0
    Alert-Info: info=alert-autoanswer            also "Auto Answer", "intercom", "answer-after=0"
    Answer-Mode: Auto, Priv-Answer-Mode: Auto    (RFC 5373)
    Alert-Info: <http://127.0.0.1/Bellcore-dr2>  also "info=internal", ";info=alert-external"

They are honoured since nothing comes in but over the link (T1). Whatever else these fields say is
passed over: no tone is ever fetched from where they point to.
"""

from __future__ import annotations

import re

from firmware.agent.events import Ring
from firmware.sip.message import Request

AUTOMATIC = re.compile(r"auto[ _-]?answer|\bintercom\b|answer-after\s*=\s*\"?0\b", re.IGNORECASE)

AT_ONCE = re.compile(r";\s*answer-after\s*=\s*\"?0\"?\s*(;|$)", re.IGNORECASE)

MODES = ("Answer-Mode", "Priv-Answer-Mode")

RINGS = (
    (re.compile(r"bellcore-dr1\b", re.IGNORECASE), Ring.NORMAL),
    (re.compile(r"bellcore-dr2\b|\bexternal\b", re.IGNORECASE), Ring.EXTERNAL),
    (re.compile(r"bellcore-dr3\b|\bpriority\b|\bemergency\b", re.IGNORECASE), Ring.PRIORITY),
    (re.compile(r"bellcore-dr4\b|\bgroup\b|\bcommunity", re.IGNORECASE), Ring.GROUP),
    (re.compile(r"bellcore-dr5\b|\bsplash\b", re.IGNORECASE), Ring.SPLASH),
    (re.compile(r"\binternal\b", re.IGNORECASE), Ring.INTERNAL),
)
"""The names of GR-506-CORE's patterns, and the words that exchanges use for what they mean."""


def answers_itself(invite: Request) -> bool:
    """Tell whether the proxy asks for the call to be answered by itself, and at once."""
    headers = invite.headers
    if any(AT_ONCE.search(text) for text in headers.all("Call-Info")):
        return True
    if any(AUTOMATIC.search(text) for text in headers.all("Alert-Info")):
        return True
    modes = ((headers.get(name) or "").partition(";")[0].strip() for name in MODES)
    return any(mode.lower() == "auto" for mode in modes)


def ring_of(invite: Request) -> Ring:
    """Return how the call is to ring."""
    texts = invite.headers.all("Alert-Info")
    return next((ring for word, ring in RINGS for text in texts if word.search(text)), Ring.NORMAL)
