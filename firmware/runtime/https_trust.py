"""Whom a server of files or of logs is believed to be: the link's rules (I1, I2), more authorities.

The authorities are those of the system, `https user certificates`, and `sips trusted certificates`.
Files are read anew for each round (I4). One that cannot be read is left out where that can only
refuse more: a phone whose new files name a wrong certificate must still reach the server that has
the right ones. A list of revoked certificates is never left out.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from config.configuration import Configuration
from firmware.frozen import frozen
from firmware.link.events import Failure, ServerName
from firmware.link.identity import RevocationList, verify
from firmware.runtime.from_configuration import tls_files
from firmware.runtime.tls import (
    CIPHERS,
    VERIFY_FLAGS,
    TlsFiles,
    TlsFilesError,
    load_crls,
    load_own,
)


@frozen
class HttpsTrust:
    """A context, and what is checked of the chain that it verified."""

    context: ssl.SSLContext
    crls: tuple[RevocationList, ...] = ()
    is_checked: bool = True
    allow_wildcard: bool = False
    any_time: bool = False
    any_name: bool = False

    def check(self, chain: Sequence[bytes], name: ServerName) -> Failure | None:
        """Say what is wrong with the server's certificate."""
        if not self.is_checked:
            return None
        return verify(
            chain,
            name,
            time.time(),
            self.crls,
            allow_wildcard=self.allow_wildcard,
            any_time=self.any_time,
            any_name=self.any_name,
        )


def https_trust(configuration: Configuration, directory: Path) -> HttpsTrust:
    """Return whom to believe; it takes a moment. Raises TlsFilesError."""
    files = tls_files(configuration, directory)
    more = configuration.file("https user certificates", directory)
    trusted = [path for path in (files.trusted, more) if path]
    value = configuration.value
    is_checked = bool(value("https validate certificates"))
    return HttpsTrust(
        _context(files, trusted, is_checked=is_checked),
        load_crls(files.crl) if is_checked else (),
        is_checked,
        files.allow_wildcard,
        any_time=not value("https validate expires"),
        any_name=not value("https validate hostname"),
    )


def log_trust(configuration: Configuration, directory: Path) -> HttpsTrust:
    """Return whom to believe that takes the log; it is always checked. Raises TlsFilesError."""
    files = tls_files(configuration, directory)
    trusted = [files.trusted] if files.trusted else []
    context = _context(files, trusted, is_checked=True)
    return HttpsTrust(context, load_crls(files.crl), allow_wildcard=files.allow_wildcard)


def _context(files: TlsFiles, trusted: Sequence[Path], *, is_checked: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # identity.py checks the name.
    context.verify_mode = ssl.CERT_REQUIRED if is_checked else ssl.CERT_NONE
    context.verify_flags = ssl.VerifyFlags(VERIFY_FLAGS)
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_ciphers(CIPHERS)
    context.set_default_verify_paths()
    for path in trusted:
        with suppress(OSError):  # An SSLError is one.
            context.load_verify_locations(cafile=str(path))
    if files.certificate is not None:
        with suppress(TlsFilesError):
            load_own(context, files)
    return context
