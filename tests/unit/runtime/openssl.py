"""OpenSSL's own server, for what no other can be made to do."""

from __future__ import annotations

import asyncio
import re
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from firmware.link.events import Address
from tests.unit.runtime.wire import HOST, WAIT_S


@asynccontextmanager
async def openssl_server(folder: Path, *options: str) -> AsyncIterator[tuple[Process, Address]]:
    """Run `openssl s_server` with `proxy.pem` and `proxy.key`; its output can be read."""
    words = ("-accept", f"{HOST}:0", "-cert", "proxy.pem", "-key", "proxy.key", *options)
    server = await asyncio.create_subprocess_exec(
        "openssl", "s_server", *words, cwd=folder, stdin=PIPE, stdout=PIPE, stderr=STDOUT
    )
    assert server.stdout is not None
    try:
        async with asyncio.timeout(WAIT_S):
            while not (found := re.match(rb"ACCEPT .*:(\d+)$", await server.stdout.readline())):
                assert not server.stdout.at_eof(), "openssl did not start"
        yield server, Address(HOST, int(found[1]))
    finally:
        if server.returncode is None:
            server.kill()
        await server.communicate()
