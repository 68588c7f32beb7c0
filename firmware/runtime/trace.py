"""What passes between phone and proxies, in words, its secrets masked (T4): `--trace`, the console.

What comes in is put together to whole messages first: a secret that two reads share would not be
known for one. An ear that begins within a message hears that connection's next ones only when they
begin with a read, which is what a proxy's writes look like.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from firmware.link.events import (
    Close,
    Connect,
    Connected,
    Lost,
    Received,
    Resolve,
    TcpConnected,
    Write,
)
from firmware.runtime.driver import NetworkCommand
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.mask import masked, masked_bytes
from firmware.sip.message import Request, Response
from firmware.sip.stream import StreamParser, Unacceptable

log = logging.getLogger("handset.trace")

Tell = Callable[[str], None]


class SipEar:
    """Takes every SIP message, whole and masked: its connection, whether it was sent, its text."""

    def __init__(self, take: Callable[[int, bool, str], None], tell: Tell) -> None:
        self._take, self._tell = take, tell
        self._streams: dict[int, StreamParser] = {}

    def sent(self, command: NetworkCommand) -> None:
        """Take what is sent; the link writes whole messages."""
        match command:
            case Write(attempt, data) if data.strip():
                self._take(attempt, True, masked_bytes(data))
            case Close(attempt):
                self._streams.pop(attempt, None)
            case _:
                pass  # Nothing of SIP.

    def heard(self, event: object) -> None:
        """Take what came."""
        match event:
            case Received(attempt, data):
                self._read(attempt, data)
            case Lost(attempt):
                self._streams.pop(attempt, None)
            case _:
                pass  # Nothing of SIP.

    def _read(self, attempt: int, data: bytes) -> None:
        stream = self._streams.setdefault(attempt, StreamParser())
        stream.receive(data)
        try:
            while (item := stream.next_item()) is not None:
                if isinstance(item, Request | Response):
                    self._take(attempt, False, masked(item))
                elif isinstance(item, Unacceptable):
                    self._tell(f"{attempt} receives what is refused: {item.why}")
        except RemoteProtocolError as error:
            self._tell(f"{attempt} receives what is not SIP: {error}")
            del self._streams[attempt]


class SipTrace(SipEar):
    """Tells every SIP message."""

    def __init__(self, tell: Tell = log.debug) -> None:
        super().__init__(self._say, tell)

    def _say(self, attempt: int, is_sent: bool, text: str) -> None:
        self._tell(f"{attempt} {'sends' if is_sent else 'receives'}\n{text}")


class LinkTrace:
    """Tells what becomes of connections: look-ups, TCP, TLS, pings, ends."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def sent(self, command: NetworkCommand) -> None:
        """Tell what is done."""
        match command:
            case Resolve(attempt, proxy):
                self._tell(f"{attempt} looks up {proxy.role.value} {proxy}")
            case Connect(attempt, name, address):
                self._tell(f"{attempt} connects to {address}, as {name.text}")
            case Write(attempt, data) if not data.strip():
                self._tell(f"{attempt} sends a ping")
            case Close(attempt):
                self._tell(f"{attempt} is closed by the phone")
            case _:
                pass  # SIP, or a question to the kernel.

    def heard(self, event: object) -> None:
        """Tell what came of it."""
        match event:
            case TcpConnected(attempt):
                self._tell(f"{attempt} has TCP")
            case Connected(attempt, facts):
                how = "resumed" if facts.resumed else "new"
                self._tell(f"{attempt} has {facts.version}, {facts.cipher}, session {how}")
            case Received(attempt, data) if not data.strip():
                self._tell(f"{attempt} receives a pong")
            case Lost(attempt, failure):
                self._tell(f"{attempt} has ended: {failure.text}")
            case _:
                pass  # SIP.
