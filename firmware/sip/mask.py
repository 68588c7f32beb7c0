"""Traces without secrets (T4): what may be shown of a message to a person or written to a file.

Hidden are the credentials and challenges of digest authentication, passwords in URIs, and the
SRTP keys of a session description (RFC 4568 `a=crypto`, RFC 4567 `a=key-mgmt`).
"""

from __future__ import annotations

import re
from typing import SupportsBytes

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

_SHOWN_PARAMETERS = "username|realm|algorithm|qop|stale|uri|domain|charset|userhash|nc"
_PARAMETER = re.compile(
    r'(?<![A-Za-z*-])([A-Za-z*-]++)([ \t]*+=[ \t]*+)("(?:[^"\\]++|\\.)*+"?|[^\s,"]*+)', re.DOTALL
)
_SHOWN = re.compile(f"(?:{_SHOWN_PARAMETERS})", re.IGNORECASE)
_URI_PASSWORD = re.compile(r"(sips?:[^\s<>\"@:]{0,200}+):[^\s<>\"@]{0,200}+@", re.IGNORECASE)
_SDES_KEY = re.compile(r"(inline:)[^\s;|]++", re.IGNORECASE)
_KEY_MANAGEMENT = re.compile(r"(a=key-mgmt:[^\s]++)[^\r\n]*+", re.IGNORECASE)


def masked(message: SupportsBytes) -> str:
    """Return a message as text without its secrets."""
    return masked_bytes(bytes(message))


def masked_bytes(data: bytes) -> str:
    """Return what is or should be a SIP message as text without its secrets."""
    head, blank, body = data.decode("utf-8", "backslashreplace").partition("\r\n\r\n")
    lines = re.sub(r"\r\n[ \t]++", " ", head).split("\r\n")
    return "\r\n".join(_masked_line(line) for line in lines) + blank + masked_body(body)


def masked_value(name: str, value: str) -> str:
    """Return a header field's value without its secrets."""
    if name.lower() in SECRET_FIELDS:
        return _PARAMETER.sub(_masked_parameter, value)
    return masked_uri(value)


def masked_uri(text: str) -> str:
    """Return text with the passwords of its URIs hidden."""
    return _URI_PASSWORD.sub(rf"\1:{STARS}@", text)


def masked_body(text: str) -> str:
    """Return a body with the keys of a session description hidden."""
    return _KEY_MANAGEMENT.sub(rf"\1 {STARS}", _SDES_KEY.sub(rf"\1{STARS}", text))


def _masked_line(line: str) -> str:
    name, colon, value = line.partition(":")
    if not colon or " " in name.strip():
        return masked_uri(line)
    return f"{name}{colon}{masked_value(name.strip(), value)}"


def _masked_parameter(found: re.Match[str]) -> str:
    name, equals, value = found.groups()
    if _SHOWN.fullmatch(name):
        return f"{name}{equals}{masked_uri(value)}"
    return f"{name}{equals}{STARS}"
