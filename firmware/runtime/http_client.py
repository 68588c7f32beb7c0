"""GET of one file, over HTTPS or HTTP: bounded in size, time and redirections.

The bytes are asyncio's, so a request can be given up at any moment; what they mean is read by the
standard library's `http.client`, which knows chunks and malformed heads. A dependency would bring
pools, cookies, proxies and its own certificate rules: this phone fetches a few files a day, and
checks certificates by its own rules (I1-I5), before the first byte of a request is sent.

A reply must say how long it is: one that ends with its connection may be half a file.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import Awaitable, Callable
from http.client import HTTPException, HTTPResponse
from typing import Any, cast
from urllib.parse import quote, urljoin, urlsplit

from config.kinds import Host
from firmware.frozen import frozen
from firmware.runtime.streams import Addresses, Check, Secure, StreamError, connect, tls_words

TOTAL_S = 30.0
"""For a file with its redirections: a megabyte at 300 kbit/s."""

REDIRECTS_MAX = 5
HEAD_BYTES_MAX = 32 * 1024
READ_BYTES = 64 * 1024
NOT_WHOLE = "the reply is not whole, or no HTTP"
NO_LENGTH = "the server does not say how long the file is"
SAFE_IN_PATH = "/%:@!$&'()*+,;=-._~"


class HttpError(Exception):
    """There is no file; the text says why, in plain words."""

    def __init__(self, text: str, retry_after_s: float = 0.0) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


@frozen
class Reply:
    """What a server answered."""

    status: int
    body: bytes = b""
    etag: str = ""
    location: str = ""
    retry_after_s: float = 0.0


Read = Callable[[asyncio.StreamReader], Awaitable[Reply]]


@frozen
class _Place:
    """Where a URL leads."""

    scheme: str
    host: str
    port: int
    path: str


class HttpClient:
    """Fetches one file at a time. `tls` is None where only plain HTTP is spoken."""

    def __init__(
        self,
        addresses: Addresses,
        user_agent: str,
        tls: ssl.SSLContext | None = None,
        check: Check | None = None,
        *,
        total_s: float = TOTAL_S,
    ) -> None:
        self._addresses, self._user_agent = addresses, user_agent
        self._tls, self._check = tls, check
        self._total_s = total_s

    async def get(self, url: str, size_max: int, etag: str = "") -> Reply:
        """Return the reply, with all redirections followed. Raises HttpError."""

        async def read(reader: asyncio.StreamReader) -> Reply:
            data = await _read(reader, size_max)
            # A megabyte in chunks of one byte takes a second to read.
            return await asyncio.to_thread(_parse, data, size_max)

        try:
            async with asyncio.timeout(self._total_s):
                return await self.ask(url, read, etag)
        except TimeoutError:
            raise HttpError(f"not complete within {self._total_s:g} s") from None

    async def ask(self, url: str, read: Read, etag: str = "") -> Reply:
        """Have each reply read by `read`; return the last one, with all redirections followed."""
        place = _place(url)
        for _ in range(REDIRECTS_MAX + 1):
            reply = await self._ask(place, read, etag)
            if not reply.location:
                return reply
            url = _joined(url, reply.location)
            there = _place(url)
            if there.scheme != place.scheme:
                raise HttpError(f"redirected from {place.scheme} to {there.scheme}")
            place = there
        raise HttpError(f"redirected more than {REDIRECTS_MAX} times")

    async def _ask(self, place: _Place, read: Read, etag: str) -> Reply:
        reader, writer = await self._connect(place)
        try:
            writer.write(self._request(place, etag))
            await writer.drain()
            return await read(reader)
        except (OSError, ssl.SSLError) as error:
            raise HttpError(_stream_words(error, place)) from error
        finally:
            writer.transport.abort()

    def _request(self, place: _Place, etag: str) -> bytes:
        host = f"[{place.host}]" if ":" in place.host else place.host
        usual = {"https": 443, "http": 80}[place.scheme]
        lines = [
            f"GET {place.path} HTTP/1.1",
            f"Host: {host}" if place.port == usual else f"Host: {host}:{place.port}",
            f"User-Agent: {self._user_agent}",
            "Accept: */*",
            "Accept-Encoding: identity",
            "Connection: close",
            *([f"If-None-Match: {etag}"] if etag else []),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    async def _connect(self, place: _Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        secure = Secure(self._tls, self._check) if place.scheme == "https" and self._tls else None
        assert secure is not None or place.scheme != "https"
        try:
            return await connect(place.host, place.port, self._addresses, secure)
        except StreamError as error:
            raise HttpError(str(error)) from error


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise HttpError("redirected to what is no URL") from None


def _place(url: str) -> _Place:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        raise HttpError("redirected to what is no URL") from None
    if not port or not parts.hostname:
        raise HttpError("redirected to what is no URL")
    try:
        host = str(Host().parse(parts.hostname))
    except ValueError:
        raise HttpError("redirected to what is no host") from None
    query = f"?{quote(parts.query, safe=SAFE_IN_PATH)}" if parts.query else ""
    path = quote(parts.path or "/", safe=SAFE_IN_PATH)
    return _Place(parts.scheme, host, port, path + query)


async def _read(reader: asyncio.StreamReader, size_max: int) -> bytes:
    """Read until the server ends the connection, or the reply is whole."""
    data = bytearray()
    whole: int | None = None
    while whole is None or len(data) < whole:
        part = await reader.read(READ_BYTES)
        if not part:
            break
        data += part
        if len(data) > HEAD_BYTES_MAX + size_max:
            raise HttpError(f"larger than {size_max} bytes")
        whole = _length(data) if whole is None else whole
    return bytes(data)


def _length(data: bytearray) -> int | None:
    """Return how long the reply is in all, where its head is here and says so."""
    head, end, _ = bytes(data[:HEAD_BYTES_MAX]).partition(b"\r\n\r\n")
    if not end:
        return None
    start, *fields = head.split(b"\r\n")
    if start.split(b" ", 2)[1:2] in ([b"204"], [b"304"]):
        return len(head) + len(end)
    for field in fields:
        name, _, value = field.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return len(head) + len(end) + int(value)
    return None


class _Bytes:
    """What `http.client` takes for a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        """Return the bytes as a file."""
        return io.BytesIO(self._data)


def parse_head(head: bytes) -> tuple[Reply, int]:
    """Return a reply without its body, and how long that is."""
    response = _begun(head)
    reply = _reply(response, b"")
    if reply.status != 200:
        return reply, 0
    if response.length is None:
        raise HttpError(NO_LENGTH)
    return reply, response.length


def _parse(data: bytes, size_max: int) -> Reply:
    response = _begun(data)
    is_known = response.length is not None or response.chunked
    try:
        body = response.read() if is_known else b""
    except (HTTPException, ValueError):
        raise HttpError(NOT_WHOLE) from None
    reply = _reply(response, body)
    if reply.status == 200 and not is_known:
        raise HttpError(NO_LENGTH)
    if len(body) > size_max:
        raise HttpError(f"larger than {size_max} bytes")
    return reply


def _begun(data: bytes) -> HTTPResponse:
    response = HTTPResponse(cast(Any, _Bytes(data)), method="GET")
    try:
        response.begin()
    except (HTTPException, ValueError):
        raise HttpError(NOT_WHOLE) from None
    return response


def _reply(response: HTTPResponse, body: bytes) -> Reply:
    status = response.status
    after = (response.getheader("Retry-After") or "").strip()
    retry_after_s = float(after) if after.isascii() and after.isdigit() and len(after) < 9 else 0.0
    location = response.getheader("Location") or ""
    if status in {301, 302, 303, 307, 308} and location:
        return Reply(status, location=location)
    if status == 200 and (response.getheader("Content-Encoding") or "identity") != "identity":
        raise HttpError("compressed, which nobody asked for")
    return Reply(status, body, _etag(response), retry_after_s=retry_after_s)


def _etag(response: HTTPResponse) -> str:
    """Return the ETag as it can be sent back; one that is too long or odd is none."""
    etag = response.getheader("ETag") or ""
    return etag if len(etag) <= 256 and etag.isascii() and etag.isprintable() else ""


def _stream_words(error: OSError, place: _Place) -> str:
    if isinstance(error, ssl.SSLError):
        return tls_words(error, place.host)
    return f"the connection to {place.host} was cut"
