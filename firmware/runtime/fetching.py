"""Fetches one configuration file and looks at all of it, before anybody may use it.

Whatever happens comes back as one event within a bounded time. Names become addresses by the
phone's own resolver; what is slow (a certificate store, a large file) is done in a thread, so that
nobody's voice waits for it.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from config.cfg_file import FILE_BYTES_MAX
from config.cms import Keys, SealError, opened
from config.configuration import Configuration
from config.fetched import FetchedFile, faults
from firmware.provision.events import (
    Fetch,
    FetchFailed,
    FileAbsent,
    FileFetched,
    FileRefused,
    FileUnchanged,
    Outcome,
)
from firmware.provision.server import HTTPS, TFTP
from firmware.provision.tftp import is_name
from firmware.runtime.from_configuration import tls_files
from firmware.runtime.http_client import HttpClient, HttpError, Reply
from firmware.runtime.https_trust import https_trust
from firmware.runtime.locator import ResolveError
from firmware.runtime.resolver import Resolver
from firmware.runtime.streams import addresses_by
from firmware.runtime.tftp_client import TftpClient
from firmware.runtime.tls import TlsFilesError

FAULTS_MAX = 5
"""Sentences of one file; a file of garbage has a hundred."""

ABSENT = {404, 410}


class Fetcher:
    """Carries out `Fetch`. `directory` is that of the files which parameters name."""

    def __init__(self, resolver: Resolver, directory: Path, user_agent: str) -> None:
        self._addresses = addresses_by(resolver)
        self._directory, self._user_agent = directory, user_agent

    async def fetch(self, wanted: Fetch, configuration: Configuration) -> Outcome:
        """Fetch a file; `configuration` says whom to trust."""
        try:
            if wanted.server.scheme == TFTP:
                return await self._by_tftp(wanted, configuration)
            return await self._by_http(wanted, configuration)
        except HttpError as error:
            return FetchFailed(wanted.number, str(error), error.retry_after_s)
        except TlsFilesError as error:
            return FetchFailed(wanted.number, error.failure.text)
        except ResolveError as error:
            return FetchFailed(wanted.number, str(error))

    async def _by_http(self, wanted: Fetch, configuration: Configuration) -> Outcome:
        tls = check = None
        if wanted.server.scheme == HTTPS:
            trust = await asyncio.to_thread(https_trust, configuration, self._directory)
            tls, check = trust.context, trust.check
        client = HttpClient(self._addresses, self._user_agent, tls, check)
        etag = wanted.before.etag if wanted.before else ""
        reply = await client.get(wanted.server.url(wanted.name), FILE_BYTES_MAX, etag)
        if reply.status == 304 and etag:
            return FileUnchanged(wanted.number)
        if reply.status in ABSENT:
            return FileAbsent(wanted.number)
        if reply.status != 200:
            raise HttpError(_status_words(reply), reply.retry_after_s)
        return await self._looked_at(wanted, reply.body, reply.etag, configuration)

    async def _by_tftp(self, wanted: Fetch, configuration: Configuration) -> Outcome:
        server = wanted.server
        name = f"{server.path.strip('/')}/{wanted.name}".lstrip("/")
        if not is_name(name):
            return FetchFailed(wanted.number, "its name is too long for TFTP")
        reason = f"no address for {server.host}"
        for address in await self._addresses(server.host, server.port):
            end = await TftpClient(name, address, FILE_BYTES_MAX).read()
            if end.data is not None:
                return await self._looked_at(wanted, end.data, "", configuration)
            if end.is_absent:
                return FileAbsent(wanted.number)
            reason = f"TFTP from {address}: {end.reason}"
        return FetchFailed(wanted.number, reason)

    async def _looked_at(
        self, wanted: Fetch, data: bytes, etag: str, configuration: Configuration
    ) -> Outcome:
        keys = cms_keys(configuration, self._directory)
        return await asyncio.to_thread(looked_at, wanted, data, etag, keys)


def cms_keys(configuration: Configuration, directory: Path) -> Keys:
    """Return what opens sealed files, and whose signature counts."""
    files = tls_files(configuration, directory)
    signer = str(configuration.value("configuration signer"))
    password = files.key_password or ""
    return Keys(files.certificate, files.key, password, directory / signer if signer else None)


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
