"""`--trace`: every SIP message that passes is logged, its secrets masked (T4).

A trace stands between the driver and the transport. What comes in is put together to whole
messages first: a secret that two reads share would not be known for one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from firmware.link.events import Close, Lost, Received, Write
from firmware.runtime.driver import Network, NetworkCommand
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.mask import masked, masked_bytes
from firmware.sip.message import Request, Response
from firmware.sip.stream import StreamParser, Unacceptable

log = logging.getLogger("handset.trace")

NetworkFactory = Callable[[Callable[[object], None]], Network]


class Trace:
    """A network that tells what it carries."""

    def __init__(self, deliver: Callable[[object], None], inner: NetworkFactory) -> None:
        self._deliver = deliver
        self._streams: dict[int, StreamParser | None] = {}  # None: it is no SIP any more.
        self._network = inner(self._hear)

    def do(self, command: NetworkCommand) -> None:
        """Log what is sent, and have it carried out; the link writes whole messages."""
        match command:
            case Write(attempt, data) if data.strip():
                log.debug("%d sends\n%s", attempt, masked_bytes(data))
            case Close(attempt):
                self._streams.pop(attempt, None)
            case _:
                pass  # Nothing of SIP.
        self._network.do(command)

    def stop(self) -> None:
        """Close everything."""
        self._network.stop()

    def _hear(self, event: object) -> None:
        match event:
            case Received(attempt, data):
                self._read(attempt, data)
            case Lost(attempt):
                self._streams.pop(attempt, None)
            case _:
                pass  # Nothing of SIP.
        self._deliver(event)

    def _read(self, attempt: int, data: bytes) -> None:
        stream = self._streams.setdefault(attempt, StreamParser())
        if stream is None:
            return
        stream.receive(data)
        try:
            while (item := stream.next_item()) is not None:
                if isinstance(item, Request | Response):
                    log.debug("%d receives\n%s", attempt, masked(item))
                elif isinstance(item, Unacceptable):
                    log.debug("%d receives what is refused: %s", attempt, item.why)
        except RemoteProtocolError as error:
            log.debug("%d receives what is not SIP: %s", attempt, error)
            self._streams[attempt] = None
