"""Traces without secrets (T4): what may be shown of a message to a person or written to a file.

Hidden are the credentials and challenges of authentication, passwords in URIs, and the keys of a
session description (`a=crypto` of RFC 4568, `a=key-mgmt` of RFC 4567, `a=ice-pwd`, `k=`).

What is shown may be just what was refused, so nothing here relies on a message being well formed:
of credentials only what is known to be no secret is shown, whatever ends a line ends it, and what
is hidden in a head is hidden in a body too, where a message may be quoted.
"""

from __future__ import annotations

import re
from typing import SupportsBytes

from firmware.sip.grammar import QUOTED, WHITE_SPACE, split_list

STARS = "****"

SECRET_FIELDS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "www-authenticate",
        "proxy-authenticate",
        "authentication-info",
        "proxy-authentication-info",
    }
)

SHOWN_PARAMETERS = frozenset(
    {
        "algorithm",
        "charset",
        "domain",
        "nc",
        "qop",
        "realm",
        "stale",
        "uri",
        "userhash",
        "username",
    }
)

SECRET_PARAMETERS = frozenset({"cnonce", "nextnonce", "nonce", "opaque", "response", "rspauth"})
"""Their names may be shown. What else has a `=` in it may be all secret, as in Base64."""

_LINE_START = r"(?:\A|(?<=[\r\n]))"
_SCHEME = re.compile(r"\s*+((?:digest|basic|bearer)(?=\s))", re.IGNORECASE)
_PLAIN_VALUE = re.compile(r'[^\s,;"]*+')
_FOLD = re.compile(r"[\r\n \t]++")
_SECRET_LINE = re.compile(
    rf"{_LINE_START}([ \t]*+({'|'.join(sorted(SECRET_FIELDS))})[ \t]*+:)"
    r"((?:[^\r\n]++|(?:\r\n|\r|\n)[ \t])*+)",
    re.IGNORECASE,
)
_URI_PASSWORD = re.compile(
    r'((?:sips?|https?|ftps?):(?://)?[^\s<>"@:]*+:)([^\s<>"@]*+)(@?)', re.IGNORECASE
)
"""Without an `@` there was no password, but what was read is not read again: linear time."""

_KEY = re.compile(
    rf"{_LINE_START}(a=crypto:[ \t]*+[0-9]*+[ \t]*+(?:[A-Za-z0-9_]++(?=[ \t]))?"
    r"|a=key-mgmt:|a=ice-pwd:|k=)[^\r\n]++",
    re.IGNORECASE,
)
_INLINE_KEY = re.compile(r"(inline:)[ \t]*+[^\s;|]++", re.IGNORECASE)


def masked(message: SupportsBytes) -> str:
    """Return a message as text without its secrets."""
    return masked_bytes(bytes(message))


def masked_bytes(data: bytes) -> str:
    """Return what is or should be a SIP message as text without its secrets."""
    text = data.decode("utf-8", "backslashreplace")
    return masked_body(masked_uri(_SECRET_LINE.sub(_masked_line, text)))


def masked_value(name: str, value: str) -> str:
    """Return a header field's value without its secrets."""
    if name.lower() not in SECRET_FIELDS:
        return masked_uri(value)
    found = _SCHEME.match(value)
    rest = value[found.end() :] if found else value
    shown = ", ".join(_masked_parameter(part) for part in split_list(_FOLD.sub(" ", rest)))
    return f"{found.group(1)} {shown}" if found else shown


def masked_uri(text: str) -> str:
    """Return text with the passwords of its URIs hidden."""
    return _URI_PASSWORD.sub(
        lambda found: f"{found[1]}{STARS}@" if found[3] else found.group(), text
    )


def masked_body(text: str) -> str:
    """Return a body with the keys of a session description hidden."""
    return _INLINE_KEY.sub(rf"\1{STARS}", _KEY.sub(rf"\1 {STARS}", text))


def _masked_line(found: re.Match[str]) -> str:
    start, name, value = found.groups()
    return f"{start} {masked_value(name, value)}"


def _masked_parameter(text: str) -> str:
    """Show what is known to be no secret, and the names of what is one."""
    name, equals, value = text.partition("=")
    name, value = name.strip(WHITE_SPACE), value.strip(WHITE_SPACE)
    if equals and name.lower() in SECRET_PARAMETERS:
        return f"{name}={STARS}"
    is_whole = QUOTED.fullmatch(value) or _PLAIN_VALUE.fullmatch(value)
    if equals and name.lower() in SHOWN_PARAMETERS and is_whole:
        return f"{name}={masked_uri(value)}"
    return STARS
