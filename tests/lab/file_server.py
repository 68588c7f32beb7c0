"""A server of files, as an administrator of phones has one: HTTPS or HTTP, with ETags and faults.

It is the standard library's, in a thread: another reading of HTTP than the phone's own.
"""

from __future__ import annotations

import hashlib
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.lab.authority import Identity
from tests.lab.tls import server_context

HOST = "127.0.0.1"
LARGE_BYTES = 64 * 1024 * 1024
"""What a phone is not to read to its end."""

PIECE_BYTES = 256 * 1024


class FileServer:
    """`files` by their paths. `answers` are other things that it does, by path:

    a number is a status, "large" 64 MiB, "slow" a byte now and then for ever, "half" a file that is
    cut, "endless" one without a length, any other text a redirection there.
    """

    def __init__(self, identity: Identity | None = None, port: int = 0) -> None:
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, int | str] = {}
        self.asked: list[tuple[str, int]] = []  # Each path, and the status that it got.
        self.sent_bytes = 0
        self._identity = identity
        self._over = threading.Event()
        self._open(port)

    def _open(self, port: int) -> None:
        owner = self

        class Handler(_Handler):
            server_of_files = owner

        self._over.clear()
        self._server = ThreadingHTTPServer((HOST, port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        if self._identity is not None:
            context: ssl.SSLContext = server_context(self._identity)
            # The handshake is made by the thread of each connection.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def scheme(self) -> str:
        return "http" if self._identity is None else "https"

    def url(self, path: str) -> str:
        return f"{self.scheme}://{HOST}:{self.port}{path}"

    def statuses(self, path: str) -> list[int]:
        """What was answered to each request for a path."""
        return [status for asked, status in list(self.asked) if asked == path]

    def stop(self) -> None:
        """Be away: connections are refused."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def go_on(self) -> None:
        """Be back, on the same port."""
        self._open(self.port)

    def __enter__(self) -> FileServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()


class _Handler(BaseHTTPRequestHandler):
    server_of_files: FileServer
    protocol_version = "HTTP/1.1"
    timeout = 20.0

    def do_GET(self) -> None:
        owner = self.server_of_files
        try:
            answer = owner.answers.get(self.path)
            if answer is None:
                self._file(owner.files.get(self.path))
            elif isinstance(answer, int):
                self._say(answer, b"")
            else:
                self._odd(answer)
        except OSError:
            self.close_connection = True  # The phone had enough.

    def _file(self, data: bytes | None) -> None:
        if data is None:
            self._say(404, b"not here")
            return
        etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == etag:
            self._say(304, b"", ETag=etag)
        else:
            self._say(200, data, ETag=etag)

    def _odd(self, answer: str) -> None:
        owner = self.server_of_files
        if answer == "large":
            self._head(200, LARGE_BYTES)
            for _ in range(LARGE_BYTES // 65536):
                self.wfile.write(b"#" * 65535 + b"\n")
                owner.sent_bytes += 65536
        elif answer == "slow":
            self._head(200, 1000)
            while not owner.is_over:
                self.wfile.write(b"#")
                time.sleep(0.1)
        elif answer == "half":
            self._head(200, 1000)
            self.wfile.write(b"sip vmail: 1\n")
            self.close_connection = True
        elif answer == "endless":
            self._head(200, None)
            self.wfile.write(b"sip vmail: 1\n")
            self.close_connection = True
        else:
            self._say(302, b"", Location=answer)

    def _say(self, status: int, data: bytes, **fields: str) -> None:
        self._head(status, len(data), **fields)
        if status != 304:
            for at in range(
                0, len(data), PIECE_BYTES
            ):  # Who reads slowly has the timeout for each.
                self.wfile.write(data[at : at + PIECE_BYTES])

    def _head(self, status: int, length: int | None, **fields: str) -> None:
        self.server_of_files.asked.append((self.path, status))
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
