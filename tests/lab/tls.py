"""TLS contexts for the servers of the lab."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from tests.lab.authority import Authority, Identity


def server_contexts(authority: Authority, names: tuple[str, ...]) -> tuple[ssl.SSLContext, ...]:
    """Return two TLS contexts: one with a good certificate and one whose certificate expired."""
    good = authority.issue(*names)
    expired = authority.issue(*names, starts_days=-60, ends_days=-3)
    return server_context(good), server_context(expired)


def server_context(identity: Identity) -> ssl.SSLContext:
    """Return a TLS context that shows this certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.TemporaryDirectory() as directory:
        context.load_cert_chain(*identity.write(Path(directory), "exchange"))
    return context
