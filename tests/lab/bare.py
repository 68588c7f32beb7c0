"""A bare TLS client: the least that registers and calls, straight from the socket.

It knows nothing of the firmware, so it serves twice: as a second opinion on the proxies of the
tests, and as the floor that the benchmark holds the phone against. One thread, blocking reads.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.digest import answer

READ_S = 10.0
"""How long one read may take before the test is told that nothing came."""


@dataclass
class Packet:
    """One SIP message as text: first line, header fields in order, body."""

    start: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def get(self, name: str) -> str:
        """The first value of a header field, or nothing."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Every line of a header field."""
        return [value for own, value in self.fields if own.lower() == name.lower()]

    @property
    def status(self) -> int:
        """The status of a response; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The method of a request, or the one that a response answers."""
        return self.get("CSeq").split()[1]

    def __bytes__(self) -> bytes:
        lines = [self.start, *(f"{name}: {value}" for name, value in self.fields)]
        head = "\r\n".join([*lines, f"Content-Length: {len(self.body)}", "", ""])
        return head.encode() + self.body


def read_packet(data: bytes) -> tuple[Packet | None, bytes]:
    """Take one message off the front of `data`; return it, or None, and the rest."""
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        return None, data
    start, *lines = head.decode().split("\r\n")
    fields = [(name.strip(), value.strip()) for name, _, value in (s.partition(":") for s in lines)]
    length = int(next((v for n, v in fields if n.lower() in {"content-length", "l"}), "0"))
    if len(rest) < length:
        return None, data
    kept = [(n, v) for n, v in fields if n.lower() not in {"content-length", "l"}]
    return Packet(start, kept, rest[:length]), rest[length:]


class BareClient:
    """One account on one TLS connection; every method blocks until its answer has come."""

    def __init__(
        self,
        address: tuple[str, int],
        authority: Path,
        *,
        user: str,
        password: str,
        domain: str = "lab.test",
        server_name: str = "",
        read_s: float = READ_S,
    ) -> None:
        self.user, self.domain = user, domain
        self.password = password
        self._address, self._read_s = address, read_s
        self._server_name = server_name or address[0]
        self._context = ssl.create_default_context(cafile=str(authority))
        self._socket: ssl.SSLSocket | None = None
        self._data = b""
        self._challenge, self._nc, self._cseq = "", 0, 0
        self.call_id, self.tag = secrets.token_hex(8), secrets.token_hex(4)

    def connect(self) -> None:
        """Set up TCP and TLS."""
        raw = socket.create_connection(self._address, timeout=self._read_s)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket = self._context.wrap_socket(raw, server_hostname=self._server_name)
        except OSError:
            raw.close()
            raise

    def end(self) -> None:
        """End the connection for a thread that reads: what it waits for comes as an end."""
        self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def socket(self) -> ssl.SSLSocket:
        """The connection."""
        assert self._socket is not None
        return self._socket

    @property
    def contact(self) -> str:
        """This end of the connection as a URI."""
        host, port = self.socket.getsockname()[:2]
        return f"sip:{self.user}@{host}:{port};transport=tls"

    def send(self, data: bytes) -> None:
        """Write bytes."""
        self.socket.sendall(data)

    def read(self) -> Packet:
        """Read the next message; leading CRLFs are skipped."""
        while True:
            packet, self._data = read_packet(self._data.lstrip(b"\r\n"))
            if packet is not None:
                return packet
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("the proxy closed the connection")
            self._data += more

    def read_until(self, fits: Callable[[Packet], bool]) -> Packet:
        """Read messages until one fits."""
        while not fits(packet := self.read()):
            pass
        return packet

    def ping(self) -> float:
        """Send a ping; return the seconds until the pong came."""
        assert not self._data
        begun = time.perf_counter()
        self.send(b"\r\n\r\n")
        pong = self.socket.recv(2)
        assert pong == b"\r\n", pong
        return time.perf_counter() - begun

    def register(
        self, expires: int = 600, contact_parameters: str = "", supported: str = ""
    ) -> Packet:
        """Register; return the final answer."""
        more = [("Contact", f"<{self.contact}>{contact_parameters}"), ("Expires", str(expires))]
        if supported:
            more.append(("Supported", supported))
        uri = f"sip:{self.domain}"
        return self._ask("REGISTER", uri, f"sip:{self.user}@{self.domain}", more)

    def invite(
        self, number: str, until: int = 180, reuse: bool = False, body: bytes = b""
    ) -> Packet:
        """Call; return the first answer of at least `until`. `reuse` answers the last challenge;
        `body` is a session description."""
        self.call_id, self.tag = secrets.token_hex(8), secrets.token_hex(4)
        uri = f"sip:{number}@{self.domain}"
        more = [("Contact", f"<{self.contact}>")]
        if body:
            more.append(("Content-Type", "application/sdp"))
        return self._ask("INVITE", uri, uri, more, until, reuse, body)

    def within(self, success: Packet, method: str) -> None:
        """Send a request within the call that was answered so; an ACK keeps the CSeq."""
        if method == "ACK":
            self._cseq -= 1
        uri = success.get("Contact").partition("<")[2].partition(">")[0]
        routes = [("Route", route) for route in reversed(success.all("Record-Route"))]
        request = self._request(method, uri, uri, routes)
        request.fields = [(n, success.get("To") if n == "To" else v) for n, v in request.fields]
        self.send(bytes(request))

    def drain(self) -> None:
        """Throw away what has come, until nothing comes for the length of a time-out."""
        self._data = b""
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return

    def cancel(self, number: str) -> None:
        """Cancel the call and wait for its end."""
        uri = f"sip:{number}@{self.domain}"
        self.send(bytes(self._request("CANCEL", uri, uri, [], self._branch)))
        final = self.read_until(lambda p: p.method == "INVITE" and p.status >= 200)
        self._acknowledge(final)

    def respond(self, request: Packet, status: int, reason: str, sdp: bytes = b"") -> None:
        """Answer a request, with a session description or without."""
        copied = [
            (name, value)
            for name, value in request.fields
            if name.lower() in {"via", "record-route", "from", "call-id", "cseq"}
        ]
        to = request.get("To")
        if ";tag=" not in to:
            to += f";tag={self.tag}"
        fields = [*copied, ("To", to), ("Contact", f"<{self.contact}>")]
        fields += [("Content-Type", "application/sdp")] if sdp else []
        self.send(bytes(Packet(f"SIP/2.0 {status} {reason}", fields, sdp)))

    def _ask(
        self,
        method: str,
        uri: str,
        to: str,
        more: list[tuple[str, str]],
        until: int = 200,
        reuse: bool = False,
        body: bytes = b"",
    ) -> Packet:
        """Send a request, answer one challenge, return the first answer of at least `until`."""
        credentials = self._credentials(method, uri) if reuse and self._challenge else []
        for _ in range(2):
            request = self._request(method, uri, to, [*more, *credentials])
            request.body = body
            self.send(bytes(request))
            got = self._answer_to(request, until)
            if method == "INVITE" and got.status >= 300:
                self._acknowledge(got)
            if got.status not in {401, 407}:
                return got
            self._challenge = got.get("WWW-Authenticate") or got.get("Proxy-Authenticate")
            self._nc = 0
            credentials = self._credentials(method, uri)
        return got

    def _answer_to(self, request: Packet, until: int) -> Packet:
        return self.read_until(lambda p: p.status >= until and p.get("CSeq") == request.get("CSeq"))

    def _credentials(self, method: str, uri: str) -> list[tuple[str, str]]:
        self._nc += 1
        name = "Authorization" if method == "REGISTER" else "Proxy-Authorization"
        value = answer(self._challenge, self.user, self.password, method, uri, self._nc)
        return [(name, value)]

    def _request(
        self, method: str, uri: str, to: str, more: list[tuple[str, str]], branch: str = ""
    ) -> Packet:
        host, port = self.socket.getsockname()[:2]
        if not branch:
            self._cseq += 1
            self._branch = branch = "z9hG4bK" + secrets.token_hex(8)
        return Packet(
            f"{method} {uri} SIP/2.0",
            [
                ("Via", f"SIP/2.0/TLS {host}:{port};branch={branch};rport"),
                ("Max-Forwards", "70"),
                ("From", f"<sip:{self.user}@{self.domain}>;tag={self.tag}"),
                ("To", f"<{to}>"),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self._cseq} {method}"),
                *more,
            ],
        )

    def _acknowledge(self, final: Packet) -> None:
        """Acknowledge a final answer to INVITE that is not a success (RFC 3261 17.1.1.3)."""
        uri = final.get("To").partition("<")[2].partition(">")[0]
        request = self._request("ACK", uri, uri, [], self._branch)
        request.fields = [(n, final.get("To") if n == "To" else v) for n, v in request.fields]
        self.send(bytes(request))
