"""A stream to a server that is no proxy: a server of files, a collector of logs.

Its addresses are tried in turn. Over TLS its certificate is checked by the phone's own rules (I1,
I2) before the first byte of ours is sent.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Awaitable, Callable

from firmware.frozen import frozen
from firmware.link.events import Address, Failure, ServerName
from firmware.runtime.failures import tcp_failure
from firmware.runtime.resolver import Resolver
from firmware.runtime.tls_pipe import verified_chain
from firmware.runtime.tls_words import in_words

CONNECT_S = 5.0
"""With one address, TLS and all."""

Addresses = Callable[[str, int], Awaitable[tuple[Address, ...]]]
Check = Callable[[list[bytes], ServerName], Failure | None]
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class StreamError(Exception):
    """There is no stream; the text says why, in plain words."""


@frozen
class Secure:
    """TLS, and what is checked of the server's chain."""

    context: ssl.SSLContext
    check: Check | None = None


def addresses_by(resolver: Resolver) -> Addresses:
    """Return what finds the addresses of a host, which may be one itself."""

    async def addresses(host: str, port: int) -> tuple[Address, ...]:
        try:
            return (Address(str(ipaddress.ip_address(host)), port),)
        except ValueError:
            return await resolver.addresses(host, port)

    return addresses


async def connect(host: str, port: int, addresses: Addresses, secure: Secure | None) -> Stream:
    """Try the server's addresses in turn. Raises StreamError, or what `addresses` raises."""
    failure = f"no address for {host}"
    for address in await addresses(host, port):
        try:
            async with asyncio.timeout(CONNECT_S):
                return await _open(host, address, secure)
        except TimeoutError:
            failure = f"no connection to {address} in time"
        except ssl.SSLError as error:
            raise StreamError(tls_words(error, host)) from error
        except OSError as error:
            failure = tcp_failure(error, address).text
    raise StreamError(failure)


async def _open(host: str, address: Address, secure: Secure | None) -> Stream:
    reader, writer = await asyncio.open_connection(
        address.host,
        address.port,
        ssl=secure.context if secure else None,
        server_hostname=host if secure else None,
    )
    if secure is not None and secure.check is not None:
        chain = verified_chain(writer.get_extra_info("ssl_object"))
        if failure := secure.check(chain, ServerName(host)):
            writer.transport.abort()
            raise StreamError(failure.text)
    return reader, writer


def tls_words(error: ssl.SSLError, host: str) -> str:
    """Say what is wrong with TLS."""
    return in_words(error, ServerName(host)).text.replace("the proxy", "the server")
