"""TLS contexts and sessions: made from the configured files, and made anew when they change.

The context trusts the configured CAs only, speaks TLS 1.2 and 1.3, and leaves name and time to
`firmware.link.identity` (L1, I1, I2). Sessions are kept for resumption per name and address; they
die with their context (I5).

A link that is up never hears of the files. The next connection does (I4), and fails closed there:
a file that is gone, damaged or caught half written by an editor gives no context, not the one
before. The one before might trust an authority that was just taken out, or know nothing of a
certificate that was just revoked, and nobody would see it. The price is small: the link tries again
by itself, and a file that was half written is whole within a retry.

A disk may take its time, and the phone does not wait with it: files are read by a thread. Only
where it says nothing at all within `DISK_S`, the context that is there serves one connection more:
nobody can have changed what nobody can read.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path

from config.checks import CERTIFICATE_FILE_MAX
from firmware.frozen import frozen
from firmware.link.events import Address, Failure, FailureKind, ServerName
from firmware.link.identity import RevocationList

log = logging.getLogger("handset.certificates")

DISK_S = 2.0
"""How long the certificate files may take."""

DISK_SILENT = "the disk with the certificate files does not answer"

NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME: identity.py checks it, and says by how many days it is wrong."""

VERIFY_FLAGS = NO_CHECK_TIME | ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
"""The last: an intermediate may be the authority that is trusted, without its root (L2)."""

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has no others."""

PASSWORD_LENGTH_MAX = 255
"""Characters: Python takes 1024 bytes, and a character has up to four. More is a wrong one."""

SESSIONS_MAX = 16
"""Proxies times addresses; the oldest goes first."""


@frozen
class TlsFiles:
    """The certificate files (L2); None where none is configured."""

    trusted: Path | None
    chain: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    key_password: str | None = field(default=None, repr=False)
    crl: Path | None = None
    allow_wildcard: bool = False

    def paths(self) -> list[Path]:
        """Return the files that are configured."""
        every = (self.trusted, self.chain, self.certificate, self.key, self.crl)
        return [path for path in every if path is not None]


class TlsFilesError(Exception):
    """The files cannot be used; `failure` says which and why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.failure = Failure(FailureKind.CONFIGURATION, text)


class DiskSilentError(TlsFilesError):
    """Nobody knows yet whether the files can be used: the disk has not answered within `DISK_S`."""

    def __init__(self) -> None:
        super().__init__(DISK_SILENT)


@frozen
class KeptSession:
    """A session that may be resumed, with the verified chain that it was made with."""

    session: ssl.SSLSession
    chain: tuple[bytes, ...]  # DER, leaf first.


Stamp = tuple[tuple[str, int, int, int], ...]


@frozen
class Loaded:
    """What was made of the files as they were."""

    context: ssl.SSLContext
    crls: tuple[RevocationList, ...]
    stamp: Stamp


class TlsContexts:
    """The one context in force and its sessions."""

    def __init__(self, files: TlsFiles) -> None:
        self.files = files
        self._loaded: Loaded | None = None
        self.crls: tuple[RevocationList, ...] = ()  # The last good ones.
        self._reading: asyncio.Task[Loaded | TlsFilesError] | None = None  # One for all who wait.
        self._has_begun = False  # What was read at the start waits for the first connection.
        self._turn = asyncio.Lock()
        self._sessions: dict[tuple[ServerName, Address], KeptSession] = {}
        self.shown: dict[ServerName, tuple[bytes, ...]] = {}
        """The verified chain that each proxy showed last (DER, leaf first)."""

    def use(self, files: TlsFiles) -> None:
        """Go by other files from the next connection on."""
        self.files, self._loaded, self._has_begun = files, None, False

    @property
    def context(self) -> ssl.SSLContext | None:
        """The context in force."""
        return self._loaded.context if self._loaded else None

    def begin(self) -> None:
        """Read the files for the first connection: a phone that starts waits for its disk anyway.

        A thread would be waited for until all is loaded that a phone needs besides its link.
        """
        with suppress(TlsFilesError):  # Whoever connects is told of it.
            self.read_now()
            self._has_begun = True

    def read_now(self) -> ssl.SSLContext:
        """Return the context; files that changed since are read again. Raises TlsFilesError.

        It waits for the disk.
        """
        found = _load(self.files, self._loaded)
        self._take(found)
        return _usable(found).context

    async def read(self) -> ssl.SSLContext:
        """Return the context, as `read_now`, but wait in a thread and not for ever.

        Raises DiskSilentError where there is none from before that could serve on.
        """
        if self._has_begun and self._loaded is not None:
            self._has_begun = False
            return self._loaded.context
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().create_task(self._read())
        reading = self._reading
        await asyncio.wait({reading}, timeout=DISK_S)
        if reading.done():
            return _usable(reading.result()).context
        if self._loaded is None:
            raise DiskSilentError
        log.warning("the disk does not answer: the certificate files of before serve on")
        return self._loaded.context

    async def _read(self) -> Loaded | TlsFilesError:
        files: TlsFiles | None = None
        while files is not self.files:  # Others may be named meanwhile.
            files = self.files
            found = await asyncio.to_thread(_load, files, self._loaded)
        self._take(found)
        return found

    def _take(self, found: Loaded | TlsFilesError) -> None:
        """Go on with what was found; with nothing, where the files are no use."""
        loaded = None if isinstance(found, TlsFilesError) else found
        if loaded is not self._loaded:
            self._sessions.clear()
            self._loaded = loaded
        if loaded is not None:
            self.crls = loaded.crls

    def keep(
        self, context: ssl.SSLContext, name: ServerName, address: Address, kept: KeptSession
    ) -> None:
        """Remember a session for the next connection to this proxy; not one of an older context."""
        if context is not self.context:
            return
        self._sessions.pop((name, address), None)
        while len(self._sessions) >= SESSIONS_MAX:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[name, address] = kept

    def session(self, name: ServerName, address: Address) -> KeptSession | None:
        """Return the session kept for this proxy."""
        return self._sessions.get((name, address))

    def forget(self, name: ServerName, address: Address) -> None:
        """Drop a session that did not work."""
        self._sessions.pop((name, address), None)

    async def listening_context(self) -> ssl.SSLContext:
        """Return a context for a peer that opens a connection to us (L11). Raises TlsFilesError.

        There is no session to resume: each connection shows its certificate. A disk that hangs is
        waited for three times `DISK_S` at most, and by one thread, whoever knocks meanwhile.
        """
        await self.read()  # The lists of revoked certificates too.
        try:
            async with asyncio.timeout(DISK_S):
                await self._turn.acquire()
        except TimeoutError:
            raise DiskSilentError from None
        work = asyncio.to_thread(_listening, self.files)
        building = asyncio.get_running_loop().create_task(work)
        building.add_done_callback(lambda _: self._turn.release())  # Not before the thread is free.
        await asyncio.wait({building}, timeout=DISK_S)
        if not building.done():
            raise DiskSilentError
        built = building.result()
        if isinstance(built, TlsFilesError):
            raise built
        return built


def _load(files: TlsFiles, before: Loaded | None) -> Loaded | TlsFilesError:
    """Return what the files hold; what was made of the same ones before, or why they are no use."""
    try:
        stamp = tuple(_stamp_of(path) for path in files.paths())
        if before is not None and stamp == before.stamp:
            return before
        return Loaded(_build(files), load_crls(files.crl), stamp)
    except TlsFilesError as fault:
        return fault


def _listening(files: TlsFiles) -> ssl.SSLContext | TlsFilesError:
    """Return a server's context, which gives no session; or why there is none."""
    try:
        context = _build(files, ssl.PROTOCOL_TLS_SERVER)
    except TlsFilesError as fault:
        return fault
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context


def _usable(found: Loaded | TlsFilesError) -> Loaded:
    if isinstance(found, TlsFilesError):
        raise found
    return found


def _build(files: TlsFiles, protocol: int = ssl.PROTOCOL_TLS_CLIENT) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # identity.py checks the name by RFC 5922.
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags = ssl.VerifyFlags(VERIFY_FLAGS)
    # A second handshake inside the first would show a certificate that nobody checks.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_ciphers(CIPHERS)
    _load_trusted(context, files.trusted)
    if files.certificate is not None:
        load_own(context, files)
    return context


def _load_trusted(context: ssl.SSLContext, trusted: Path | None) -> None:
    if trusted is None:
        raise TlsFilesError("no trusted certificates (sips trusted certificates)")
    try:
        context.load_verify_locations(cafile=str(trusted))
    except ssl.SSLError as error:
        empty = error.reason == "NO_CERTIFICATE_OR_CRL_FOUND"
        what = "holds no certificates" if empty else "is damaged or cut short"
        raise TlsFilesError(f"{trusted.name} {what} (sips trusted certificates)") from error
    except OSError as error:
        raise TlsFilesError(f"{trusted.name}: {_words(error)}") from error


def _stamp_of(path: Path) -> tuple[str, int, int, int]:
    """Return what changes when a file does; refuse what would be read for ever."""
    try:
        found = path.stat()
    except OSError as error:
        raise TlsFilesError(f"{path.name}: {_words(error)}") from error
    if stat.S_ISDIR(found.st_mode):
        raise TlsFilesError(f"{path.name}: is a directory")
    if not stat.S_ISREG(found.st_mode):
        raise TlsFilesError(f"{path.name}: is no regular file")
    if found.st_size > CERTIFICATE_FILE_MAX:
        raise TlsFilesError(f"{path.name}: is larger than {CERTIFICATE_FILE_MAX} bytes")
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino


def load_own(context: ssl.SSLContext, files: TlsFiles) -> None:
    """Load the phone's own certificate, its chain and its key (L2). Raises TlsFilesError."""
    assert files.certificate is not None
    key = files.key or files.certificate
    password = _Password(files.key_password or "")
    own = files.certificate
    try:
        with _joined(files.certificate, files.chain) as both:
            context.load_cert_chain(both, str(key), password=password.give)
    except ssl.SSLError as error:
        raise TlsFilesError(_key_words(error, files, key, password)) from error
    except OSError as error:
        raise TlsFilesError(f"{own.name} or {key.name}: {_words(error)}") from error


class _Password:
    """The key's password, and whether OpenSSL asked for it: of a wrong one it says nothing more."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked = False

    def give(self) -> str:
        """Answer OpenSSL."""
        self.asked = True
        return self.text[:PASSWORD_LENGTH_MAX]


@contextmanager
def _joined(certificate: Path, chain: Path | None) -> Iterator[str]:
    """Give the certificate and its chain as one file, in memory: OpenSSL reads both from one."""
    if chain is None:
        yield str(certificate)
        return
    with os.fdopen(os.memfd_create(certificate.name), "wb") as both:
        both.write(certificate.read_bytes() + b"\n" + chain.read_bytes())
        both.flush()
        yield f"/proc/self/fd/{both.fileno()}"


def load_crls(path: Path | None) -> tuple[RevocationList, ...]:
    """Read the revocation lists. Raises TlsFilesError."""
    if path is None:
        return ()
    from config.certificates import revocation_lists

    try:
        return tuple(RevocationList(crl) for crl in revocation_lists(path.read_bytes()))
    except OSError as error:
        raise TlsFilesError(f"{path.name}: {_words(error)}") from error
    except ValueError as error:
        raise TlsFilesError(f"{path.name}: {error}") from error


def _key_words(error: ssl.SSLError, files: TlsFiles, key: Path, password: _Password) -> str:
    own = files.certificate
    assert own is not None
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"{key.name} does not belong to {own.name} (sips private key)"
    if password.asked and password.text:
        return f"{key.name}: wrong password (sips private key password)"
    if password.asked:
        return f"{key.name} is encrypted (sips private key password)"
    from config.certificates import Reader

    reader = Reader("")
    parts: list[tuple[Path, Callable[[bytes], object]]] = [(own, reader.own), (key, reader.key)]
    if files.chain is not None:
        parts.insert(1, (files.chain, reader.certificates))
    for path, read in parts:
        try:
            read(path.read_bytes())
        except (OSError, ValueError) as fault:
            return f"{path.name}: {_words(fault) if isinstance(fault, OSError) else fault}"
    return f"{own.name} and {key.name} cannot be used ({(error.reason or '').lower()})"


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
