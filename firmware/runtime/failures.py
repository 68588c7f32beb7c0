"""What the kernel says of a connection, in words that a person understands."""

from __future__ import annotations

import errno

from firmware.link.events import Address, Failure, FailureKind

ERRNO_WORDS = {
    errno.ECONNREFUSED: (FailureKind.REFUSED, "connection refused by {address}"),
    errno.ENETUNREACH: (FailureKind.UNREACHABLE, "no network route to {address}"),
    errno.EHOSTUNREACH: (FailureKind.UNREACHABLE, "no route to {address}"),
    errno.ETIMEDOUT: (FailureKind.TIMEOUT, "no connection to {address} in time"),
    errno.EADDRINUSE: (FailureKind.CONFIGURATION, "the local TLS port is in use"),
    errno.EADDRNOTAVAIL: (FailureKind.UNREACHABLE, "no local address for {address}"),
    errno.ECONNRESET: (FailureKind.RESET, "connection reset by {address}"),
}
"""What a person reads for an error of connect()."""


def tcp_failure(error: OSError, address: Address) -> Failure:
    """Say in words why TCP did not come about."""
    kind, words = ERRNO_WORDS.get(
        error.errno or 0, (FailureKind.UNREACHABLE, f"{{address}}: {error.strerror or error}")
    )
    return Failure(kind, words.format(address=address))


def stream_failure(error: OSError) -> Failure:
    """Say in words why an established connection ended."""
    if error.errno == errno.ETIMEDOUT:
        return Failure(FailureKind.SILENT, "the path to the proxy is dead")
    if error.errno in {errno.ECONNRESET, errno.EPIPE}:
        return Failure(FailureKind.RESET, "connection reset by the proxy")
    return Failure(FailureKind.UNREACHABLE, (error.strerror or str(error)).lower())
