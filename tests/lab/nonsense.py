"""A TLS server that talks nonsense: what a phone has to bear from a proxy that is not one.

Each `Nonsense` is what it sends after the phone's first bytes. It goes on until it has said
everything or the phone has hung up, and counts what it got rid of.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from enum import Enum
from random import Random

ACCEPT_S = 0.2
TALK_S = 20.0
"""How long it goes on, at most, with a phone that neither reads nor hangs up."""

CHUNK = 65536
BODY = 100_000_000
ENDLESS = 200_000_000
CRLFS = 1_000_000

OK = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
    b"To: <sip:a@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\n"
)


class Nonsense(Enum):
    """What the server says."""

    GARBAGE = "garbage"
    ENDLESS_LINE = "a start line without end"
    ENDLESS_HEADERS = "header fields without end"
    BIG_BODY = "a body of 100 MB"
    WRONG_LENGTH = "a Content-Length that is not a number"
    CRLFS = "a million CRLFs"
    PLAIN = "no TLS at all"

    def speech(self) -> Iterator[bytes]:
        """Yield what is said, in chunks."""
        match self:
            case Nonsense.GARBAGE:
                random = Random(7)
                yield from (random.randbytes(CHUNK) for _ in range(16))
            case Nonsense.ENDLESS_LINE:
                yield from (b"SIP/2.0" * (CHUNK // 7) for _ in range(ENDLESS // CHUNK))
            case Nonsense.ENDLESS_HEADERS:
                yield OK
                yield from (b"X: y\r\n" * (CHUNK // 6) for _ in range(ENDLESS // CHUNK))
            case Nonsense.BIG_BODY:
                yield OK + b"Content-Length: %d\r\n\r\n" % BODY
                yield from (b"x" * CHUNK for _ in range(BODY // CHUNK))
            case Nonsense.WRONG_LENGTH:
                yield OK + b"Content-Length: minus one\r\n\r\n"
            case Nonsense.CRLFS:
                yield from (b"\r\n" * (CHUNK // 2) for _ in range(2 * CRLFS // CHUNK))
            case Nonsense.PLAIN:
                yield b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"


class NonsenseServer:
    """Listens, and treats every phone that comes to the same speech; a context manager."""

    def __init__(self, context: ssl.SSLContext, what: Nonsense, host: str = "127.0.0.1") -> None:
        self.said = 0
        self.connections = 0
        self.finished = threading.Event()
        self._what, self._context = what, context
        self._listener = socket.create_server((host, 0))
        self._listener.settimeout(ACCEPT_S)
        self.address: tuple[str, int] = self._listener.getsockname()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> NonsenseServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                raw, _ = self._listener.accept()
            except TimeoutError:
                continue
            raw.settimeout(TALK_S)
            self.connections += 1
            try:
                self._talk(raw)
            except OSError:
                continue  # The phone hung up, which is what it should do.
            finally:
                raw.close()
                self.finished.set()

    def _talk(self, raw: socket.socket) -> None:
        if self._what is Nonsense.PLAIN:
            raw.recv(CHUNK)
            raw.sendall(b"".join(self._what.speech()))
            return
        with self._context.wrap_socket(raw, server_side=True) as stream:
            stream.recv(CHUNK)
            for chunk in self._what.speech():
                if self._over.is_set():
                    return
                stream.sendall(chunk)
                self.said += len(chunk)
            stream.settimeout(1.0)
            while stream.recv(CHUNK):
                pass
