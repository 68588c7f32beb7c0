"""What in a message is a secret, as the phone's own readers find it (T4).

The mask does not parse: it has to hide a secret in what no parser takes. Here is the other
direction: whatever a parser of ours reads as a secret must not pass the mask. A secret that is too
short, or that stands in the text more than once, proves nothing and is left out.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from firmware.sip.address import NameAddress
from firmware.sip.auth import AuthenticationInfo, Challenge
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.headers import Headers
from firmware.sip.mask import SECRET_FIELDS
from firmware.sip.message import Message, Request
from firmware.sip.sdp import SessionDescription
from firmware.sip.uri import SipUri, Uri, parse_uri

_TELLING = re.compile(r"[A-Za-z0-9+/=]{6,}")
_INLINE = re.compile(r"inline:([A-Za-z0-9+/=]+)", re.IGNORECASE)


def assert_hidden(secrets: Iterator[str], text: str, shown: str) -> None:
    """Fail where a secret of the text is still in what is shown of it."""
    for secret in secrets:
        if _TELLING.fullmatch(secret) and text.count(secret) == 1:
            assert secret not in shown, f"{secret!r} is shown in {shown!r}"


def of_message(message: Message) -> Iterator[str]:
    """Yield the secrets of a whole message."""
    if isinstance(message, Request):
        yield from of_uri(message.uri)
    yield from of_headers(message.headers)
    yield from of_body(message.body)


def of_headers(headers: Headers) -> Iterator[str]:
    """Yield the secrets of header fields."""
    for name in ("From", "To", "Contact", "Route", "Refer-To"):
        for text in headers.all(name):
            yield from of_address(text)
    for name in SECRET_FIELDS:
        for text in headers.all(name):
            yield from of_credentials(text)


def of_credentials(text: str) -> Iterator[str]:
    """Yield the secrets of a challenge, of credentials, of Authentication-Info."""
    try:
        challenge = Challenge.parse(text)
        yield challenge.nonce
        yield challenge.opaque or ""
    except RemoteProtocolError:
        pass
    try:
        info = AuthenticationInfo.parse(text)
        yield info.nextnonce or ""
        yield info.rspauth or ""
    except RemoteProtocolError:
        pass


def of_address(text: str) -> Iterator[str]:
    """Yield the password of an address."""
    with contextlib.suppress(RemoteProtocolError):
        yield from of_uri(NameAddress.parse(text).uri)


def of_uri_text(text: str) -> Iterator[str]:
    """Yield the password of a URI that stands alone."""
    with contextlib.suppress(RemoteProtocolError):
        yield from of_uri(parse_uri(text))


def of_uri(uri: Uri) -> Iterator[str]:
    """Yield the password of a URI."""
    if isinstance(uri, SipUri) and uri.password:
        yield uri.password


def of_body(body: bytes) -> Iterator[str]:
    """Yield the keys of a session description."""
    try:
        description = SessionDescription.parse(body)
    except RemoteProtocolError:
        return
    for attributes in (description.attributes, *(media.attributes for media in description.media)):
        for name, value in attributes:
            if name == "ice-pwd":
                yield value
            if name == "crypto":
                yield from _INLINE.findall(value)
