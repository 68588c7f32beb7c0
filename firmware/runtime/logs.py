"""The log of a running phone: its levels, what the phone itself has to say, and its server.

Lines come from any thread. They wait in a bounded queue for the event loop's next turn, where the
sender (`firmware/syslog/sender.py`) takes them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import deque
from dataclasses import replace
from pathlib import Path
from random import SystemRandom

from config.configuration import DEFAULT, Configuration
from firmware.link.events import NetworkChanged
from firmware.link.identity import CLOCK_FLOOR
from firmware.runtime import log_ring
from firmware.runtime.alarm import Alarm
from firmware.runtime.clock_sync import is_synchronised
from firmware.runtime.event_log import EventLog
from firmware.runtime.https_trust import log_trust
from firmware.runtime.log_levels import LogLevels
from firmware.runtime.log_lines import fields
from firmware.runtime.log_network import LogNetwork
from firmware.runtime.resolver import Resolver
from firmware.runtime.streams import Secure, addresses_by
from firmware.runtime.tap import Ear
from firmware.syslog.line import LogLine
from firmware.syslog.message import Origin
from firmware.syslog.sender import (
    Dropped,
    Event,
    Logged,
    LogSender,
    LogServer,
    Part,
    Reach,
    SendBatch,
    ServerAway,
    ServerBack,
    ServerIs,
    Way,
)

log = logging.getLogger("handset.logs")

ARRIVED_MAX = 1000
"""Lines of one turn of the loop; a thread that logs more is broken."""

TLS_PORT = 6514
"""RFC 5425 4.1."""


class Logs:
    """Everything about the log that needs an event loop."""

    def __init__(
        self,
        configuration: Configuration,
        directory: Path,
        resolver: Resolver,
        ears: list[Ear],
        phone: tuple[str, str],
    ) -> None:
        mac, version = phone
        self._configuration, self._directory = configuration, directory
        self._loop = asyncio.get_running_loop()
        self._alarm = Alarm(self._wake)
        self._arrived: deque[LogLine] = deque(maxlen=ARRIVED_MAX)
        self._dropped = self._told = 0  # Lines that had no room among these, and were told of.
        self._is_awaited = False  # A turn of the loop will take what has arrived.
        self.levels = LogLevels(ears)
        self._events = EventLog()
        origin = Origin(socket.gethostname(), mac, os.getpid(), version)
        self._sender = LogSender(origin, SystemRandom())
        self._network = LogNetwork(self._feed, addresses_by(resolver), self._trust)

    def start(self) -> None:
        """Begin, with what was logged before."""
        self.renew(self._configuration)
        for line in log_ring.listen(self._arrive):
            self._arrive(line)

    async def stop(self) -> None:
        """Send what can be sent at once, and end."""
        log_ring.listen_no_more(self._arrive)
        self._take_arrived()
        await asyncio.sleep(0)  # A batch that was handed over is written.
        self._alarm.stop()
        await self._network.stop()

    def renew(self, configuration: Configuration) -> None:
        """Take over another configuration."""
        self._configuration = configuration
        self.levels.renew(configuration)
        self._feed(ServerIs(server_of(configuration)))

    def network_changed(self) -> None:
        """The way to the server may be there again."""
        self._feed(NetworkChanged())

    def take(self, output: object) -> None:
        """Log what the phone says to the outside."""
        self._events.take(output)

    @property
    def counts(self) -> dict[str, int]:
        """Lines for the server since the start, by what became of them."""
        return {"sent": self._sender.sent, "lost": self._sender.lost}

    @property
    def words(self) -> str:
        """How it stands with the server, for an administrator."""
        sender = self._sender
        if sender.server is None:
            return "no server is set (log server ip)"
        again = sender.retry_at
        ahead = "" if again is None else f"again in {max(0.0, again - self._alarm.now):.0f} s"
        counts = (f"{sender.sent} sent", f"{sender.waiting} wait", f"{sender.lost} lost")
        said = (str(sender.server), sender.state.value, sender.reason, ahead, *counts)
        return ", ".join(filter(None, said))

    def _arrive(self, line: LogLine) -> None:
        """Take a line from any thread."""
        self._dropped += len(self._arrived) == ARRIVED_MAX  # The oldest makes room.
        self._arrived.append(line)
        if not self._is_awaited:
            self._is_awaited = True
            self._loop.call_soon_threadsafe(self._take_arrived)

    def _take_arrived(self) -> None:
        self._is_awaited = False
        dropped = self._dropped - self._told
        if dropped:
            self._told += dropped
            self._feed(Dropped(dropped))
        floor, is_kept = CLOCK_FLOOR.timestamp(), is_synchronised()
        while self._arrived:
            line = self._arrived.popleft()
            is_set = line.unix_s is not None and line.unix_s >= floor
            unix_s, kept = (line.unix_s, is_kept) if is_set else (None, False)
            self._feed(Logged(replace(line, unix_s=unix_s, is_synchronised=kept)))

    def _feed(self, event: Event) -> None:
        self._turn(self._sender.handle(event, self._alarm.now))

    def _turn(self, outputs: list[object]) -> None:
        for output in outputs:
            match output:
                case Reach() | SendBatch() | Part():
                    self._network.do(output)
                case ServerAway(server, reason):
                    log.warning("no log to %s: %s", server, reason, extra=fields(reason=reason))
                case ServerBack(server):
                    log.info("the log goes to %s again", server)
                case _:
                    raise AssertionError(f"nobody takes {output!r}")
        self._alarm.set(self._sender.deadline())

    def _wake(self) -> None:
        self._turn(self._sender.wake(self._alarm.now))

    async def _trust(self) -> Secure:
        trust = await asyncio.to_thread(log_trust, self._configuration, self._directory)
        return Secure(trust.context, trust.check)


def server_of(configuration: Configuration) -> LogServer | None:
    """Return the server that is set."""
    host = str(configuration.value("log server ip"))
    way = Way(str(configuration.value("log server transport")))
    port = int(configuration.value("log server port"))
    if way is Way.TLS and configuration.origin("log server port") == DEFAULT:
        port = TLS_PORT
    return LogServer(host, port, way) if host else None
