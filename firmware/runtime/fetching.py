"""Fetches one file and looks at all of it, before anybody may use it.

Whatever happens comes back as one event within a bounded time. Names become addresses by the
phone's own resolver; what is slow (a certificate store, a large file) is done in a thread, so that
nobody's voice waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from config.cfg_file import FILE_BYTES_MAX
from config.cms import Keys, SealError, opened
from config.configuration import Configuration
from config.fetched import FetchedFile, faults
from firmware.frozen import frozen
from firmware.provision.events import (
    Fetch,
    FetchFailed,
    FileAbsent,
    FileFetched,
    FileRefused,
    FileUnchanged,
    Outcome,
)
from firmware.provision.server import HTTPS, TFTP, Server
from firmware.provision.tftp import is_name
from firmware.runtime.from_configuration import tls_files
from firmware.runtime.http_client import HttpClient, HttpError, Read, Reply
from firmware.runtime.https_trust import https_trust
from firmware.runtime.locator import ResolveError
from firmware.runtime.resolver import Resolver
from firmware.runtime.streams import addresses_by
from firmware.runtime.tftp_client import TftpClient
from firmware.runtime.tls import TlsFilesError

FAULTS_MAX = 5
"""Sentences of one file; a file of garbage has a hundred."""

ABSENT = {404, 410}


@frozen
class Got:
    """What a server has: a file, or, where `data` is None, the same one still, or none."""

    data: bytes | None = None
    etag: str = ""
    is_unchanged: bool = False


class Fetcher:
    """Carries out `Fetch`. `directory` is that of the files which parameters name."""

    def __init__(self, resolver: Resolver, directory: Path, user_agent: str) -> None:
        self._addresses = addresses_by(resolver)
        self._directory, self._user_agent = directory, user_agent

    async def fetch(self, wanted: Fetch, configuration: Configuration) -> Outcome:
        """Fetch a configuration file; `configuration` says whom to trust."""
        etag = wanted.before.etag if wanted.before else ""
        try:
            got = await self.get(wanted.server, wanted.name, etag, configuration)
        except HttpError as error:
            return FetchFailed(wanted.number, str(error), error.retry_after_s)
        if got.data is None:
            return (FileUnchanged if got.is_unchanged else FileAbsent)(wanted.number)
        keys = cms_keys(configuration, self._directory)
        return await asyncio.to_thread(looked_at, wanted, got.data, got.etag, keys)

    async def get(self, server: Server, name: str, etag: str, configuration: Configuration) -> Got:
        """Return what a server has of a file; raise HttpError where that cannot be known."""
        with _one_error():
            if server.scheme == TFTP:
                return await self._by_tftp(server, name)
            return await self._by_http(server, name, etag, configuration)

    async def ask(self, url: str, read: Read, etag: str, configuration: Configuration) -> Reply:
        """Have `read` read what a URL leads to; raise HttpError where nobody is there."""
        with _one_error():
            client = await self._client(urlsplit(url).scheme.lower(), configuration)
            reply = await client.ask(url, read, etag)
        if reply.status != 200 and not (reply.status == 304 and etag):
            words = "not on the server" if reply.status in ABSENT else _status_words(reply)
            raise HttpError(words, reply.retry_after_s)
        return reply

    async def _by_http(
        self, server: Server, name: str, etag: str, configuration: Configuration
    ) -> Got:
        client = await self._client(server.scheme, configuration)
        reply = await client.get(server.url(name), FILE_BYTES_MAX, etag)
        if reply.status == 304 and etag:
            return Got(is_unchanged=True)
        if reply.status in ABSENT:
            return Got()
        if reply.status != 200:
            raise HttpError(_status_words(reply), reply.retry_after_s)
        return Got(reply.body, reply.etag)

    async def _client(self, scheme: str, configuration: Configuration) -> HttpClient:
        tls = check = None
        if scheme == HTTPS:
            trust = await asyncio.to_thread(https_trust, configuration, self._directory)
            tls, check = trust.context, trust.check
        return HttpClient(self._addresses, self._user_agent, tls, check)

    async def _by_tftp(self, server: Server, name: str) -> Got:
        path = f"{server.path.strip('/')}/{name}".lstrip("/")
        if not is_name(path):
            raise HttpError("its name is too long for TFTP")
        reason = f"no address for {server.host}"
        for address in await self._addresses(server.host, server.port):
            end = await TftpClient(path, address, FILE_BYTES_MAX).read()
            if end.data is not None or end.is_absent:
                return Got(end.data)
            reason = f"TFTP from {address}: {end.reason}"
        raise HttpError(reason)


@contextmanager
def _one_error() -> Iterator[None]:
    """Turn all that stands between the phone and a server into one kind of error."""
    try:
        yield
    except TlsFilesError as error:
        raise HttpError(error.failure.text) from error
    except ResolveError as error:
        raise HttpError(str(error)) from error


def cms_keys(configuration: Configuration, directory: Path) -> Keys:
    """Return what opens sealed files, and whose signature counts."""
    files = tls_files(configuration, directory)
    signer = configuration.file("configuration signer", directory)
    return Keys(files.certificate, files.key, files.key_password or "", signer)


def looked_at(wanted: Fetch, data: bytes, etag: str, keys: Keys) -> Outcome:
    """Say what becomes of what has come."""
    try:
        inner = opened(data, keys)
    except SealError as error:
        return FileRefused(wanted.number, (f"{wanted.name}: {error}",))
    source = wanted.server.url(wanted.name)
    doubt = "" if inner.is_signed else wanted.server.doubt
    file = FetchedFile(wanted.name, inner.data, source, doubt, etag, int(time.time()))
    found = [str(fault) for fault in faults(file, wanted.before)]
    if not found:
        return FileFetched(wanted.number, file)
    more = len(found) - FAULTS_MAX
    told = (*found[:FAULTS_MAX], *([f"{wanted.name}: {more} more faults"] if more > 0 else []))
    return FileRefused(wanted.number, told)


def _status_words(reply: Reply) -> str:
    words = {401: "wants a password", 403: "denies access", 429: "is asked too often"}
    if reply.status >= 500:
        return f"the server cannot serve now (status {reply.status})"
    said = words.get(reply.status)
    return f"the server {said}" if said else f"the server answers with status {reply.status}"
