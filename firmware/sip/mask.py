"""Messages as text for traces, without what must stay secret (T4)."""

from __future__ import annotations

import re

from firmware.sip.message import Message

HIDDEN = "****"

_CREDENTIALS = re.compile(
    r'\b(response|nonce|cnonce|nextnonce|rspauth|opaque)\s*=\s*("(?:[^"\\]|\\.)*"|[^,;\s]+)',
    re.IGNORECASE,
)
_AUTH_LINE = re.compile(
    r"^(?:Proxy-)?(?:Authorization|Authenticate|Authentication-Info)\s*:|^WWW-Authenticate\s*:|"
    r"^(?:Proxy-)?Authentication-Info\s*:",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"^([^:]+:\s*)(?!Digest\b)(\w+)\s+.*$", re.IGNORECASE)
_CRYPTO = re.compile(r"(a=crypto:.*?inline:)[^|;\s]+", re.IGNORECASE)
_KEY_MGMT = re.compile(r"(a=key-mgmt:\S+\s+).+", re.IGNORECASE)
_KEY = re.compile(r"(k=(?:clear|base64|uri):).+", re.IGNORECASE)
_URI_PASSWORD = re.compile(r"(sips?:[^:@\s<>\";?]*):[^@\s<>\"]*@", re.IGNORECASE)


def masked(message: Message) -> str:
    """Return the message as text; digests, nonces, SDES keys and passwords are `****`."""
    text = bytes(message).decode("utf-8", "replace")
    return "\n".join(_masked_line(line) for line in text.split("\r\n"))


def _masked_line(line: str) -> str:
    if _AUTH_LINE.match(line):
        other = _SCHEME.match(line)
        if other and "authentication-info" not in other[1].lower():
            return f"{other[1]}{other[2]} {HIDDEN}"
        line = _CREDENTIALS.sub(rf"\1={HIDDEN}", line)
    line = _CRYPTO.sub(rf"\1{HIDDEN}", line)
    line = _KEY_MGMT.sub(rf"\1{HIDDEN}", line)
    line = _KEY.sub(rf"\1{HIDDEN}", line)
    return _URI_PASSWORD.sub(rf"\1:{HIDDEN}@", line)
