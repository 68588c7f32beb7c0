"""The floor of the administrator's doors: a bare event loop with a page, and a line that echoes.

A program: `python -m tests.bench.bare_doors FOLDER BYTES`. Its TLS is the phone's own, with a key
and a certificate of the same kind; every request gets so many bytes, every key comes back as it is.
Prints where page and line are, as a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import pty
import sys
import tty
from pathlib import Path

from firmware.runtime.web_certificate import server_context

HOST = "127.0.0.1"
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n"


class BarePage:
    """Answers every request with the same bytes."""

    def __init__(self, length: int) -> None:
        self._answer = HEAD.format(length).encode() + bytes(length)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request, as the phone does, and close."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(self._answer)
        await writer.drain()
        writer.close()


def echo(line: int) -> None:
    """Give back what was typed."""
    os.write(line, os.read(line, 4096))


async def main(folder: Path, length: int) -> None:
    """Serve until somebody ends this process."""
    context, _ = server_context(folder, frozenset())
    server = await asyncio.start_server(BarePage(length).serve, HOST, 0, ssl=context)
    line, terminal = pty.openpty()
    tty.setraw(terminal)
    asyncio.get_running_loop().add_reader(line, echo, line)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"page": f"https://{HOST}:{port}", "line": os.ttyname(terminal)}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
