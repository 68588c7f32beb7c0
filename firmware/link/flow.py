"""The promoted connection: SIP goes out and comes in here, and nowhere else (L10).

It joins a stream to a keep-alive. `verdict` is set when the link is over: the stream is not SIP
(D1), or the keep-alive condemns it (D2-D4).
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import assert_never

from firmware.link.connection import Connection
from firmware.link.events import (
    DeliveryChecked,
    Failure,
    FailureKind,
    Lost,
    MessageReceived,
    ProxyAnswered,
    Received,
    TlsFacts,
    Write,
)
from firmware.link.keepalive import KeepAlive
from firmware.link.probe import options_to
from firmware.link.settings import LinkSettings
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request, Response
from firmware.sip.stream import Ping, Pong, StreamParser, Unacceptable

PINGS_ANSWERED_MAX = 8
"""Per read from the socket: a proxy that floods us with pings is not flooded back."""

FlowEvent = Received | Lost | DeliveryChecked


class Flow:
    """One connection as the link."""

    def __init__(
        self,
        connection: Connection,
        settings: LinkSettings,
        ids: Iterator[str],
        random: Random,
        now: float,
    ) -> None:
        assert connection.facts is not None
        self.proxy, self.attempt = connection.proxy, connection.attempt
        self.address = connection.address
        self.facts: TlsFacts = connection.facts
        self.local = self.facts.local
        self._connection = connection
        self._lost = False  # The driver has let go of it.
        self.served = False  # A REGISTER got its 2xx here (D8).
        self.verdict: Failure | None = None
        self._stream = StreamParser()
        self._ids = ids
        self._asked_branch: str | None = None  # The OPTIONS that somebody waits for,
        self._asked_at = 0.0  # and when it went.
        proxy, local = self.proxy, self.facts.local
        self.life = KeepAlive(
            self.attempt,
            settings.keep_alive_s,
            settings.transaction_timer_s,
            random,
            lambda: options_to(proxy, local, ids),
            now,
        )

    def proved_good(self, ending: Failure) -> bool:
        """Tell whether the address is worth the next try: it served, and did not fall silent."""
        return self.served and ending.kind is not FailureKind.SILENT

    def owns(self, attempt: int) -> bool:
        """Tell whether an event is about this connection."""
        return attempt == self.attempt

    def use(self, settings: LinkSettings, now: float) -> list[object]:
        """Keep this connection alive by other settings."""
        timer_s = settings.transaction_timer_s
        return self._after_life(self.life.use(settings.keep_alive_s, timer_s, now))

    def deadline(self) -> float | None:
        """Return when the keep-alive has something to do."""
        return self.life.deadline()

    def wake(self, now: float) -> list[object]:
        """Ping, ask or condemn what is due."""
        return self._after_life(self.life.wake(now))

    def handle(self, event: FlowEvent, now: float) -> list[object]:
        """Take an event of this connection; afterwards look at `verdict`."""
        match event:
            case Received(_, data):
                return self._received(data, now)
            case Lost(_, failure):
                self._lost, self.verdict = True, failure
                return []
            case DeliveryChecked(_, unacknowledged):
                self.life.delivery_checked(unacknowledged)
                return self._after_life([])
            case _:
                assert_never(event)

    def close(self, failure: Failure) -> list[object]:
        """End the connection from this side, unless the driver has let go of it."""
        return [] if self._lost else self._connection.close(failure)

    def test(self, now: float) -> list[object]:
        """Ping unless life was proven lately (D7)."""
        return self._after_life(self.life.test(now))

    def test_at_once(self, now: float) -> list[object]:
        """Ping whatever was proven (D6)."""
        return self._after_life(self.life.test_at_once(now))

    def ask(self, now: float) -> list[object]:
        """Send OPTIONS for somebody who wants to know how long the proxy takes."""
        request = options_to(self.proxy, self.local, self._ids)
        self._asked_branch, self._asked_at = request.via.branch, now
        return self.send(request, now)

    def _ask_answered(self, response: Response, now: float) -> list[object]:
        if response.status < 200:
            return []
        self._asked_branch = None
        return [ProxyAnswered(response.status, now - self._asked_at)]

    def service_confirmed(self, flow_timer_s: int | None, now: float) -> list[object]:
        """The proxy serves: ping it in its own time (L6)."""
        self.served = True
        return self._after_life(self.life.registered(flow_timer_s, now))

    def calls_in_progress(self, calls: int, now: float) -> None:
        """A link is kept, calls or not."""

    def send(self, message: Request | Response, now: float) -> list[object]:
        """Write a message."""
        if isinstance(message, Request) and message.method != "ACK":
            self.life.request_sent(now)
        return [Write(self.attempt, bytes(message))]

    def _received(self, data: bytes, now: float) -> list[object]:
        """Take bytes in: proof of life, and the messages that they complete."""
        self.life.bytes_came(now)
        self._stream.receive(data)
        out: list[object] = []
        try:
            self._read_items(out, now)
        except RemoteProtocolError as error:
            text = f"the proxy sent what is not SIP: {error}"
            self.verdict = Failure(FailureKind.GARBAGE, text)
        return out

    def _read_items(self, out: list[object], now: float) -> None:
        """Take whole items off the stream until more bytes are needed."""
        pings = 0
        while (item := self._stream.next_item()) is not None:
            match item:
                case Ping():
                    pings += 1
                    self.life.ping_came()
                case Pong():
                    self.life.pong_came(now)
                case Unacceptable(answer, _):
                    out += self.send(answer, now)
                case Request():
                    self.life.message_came(now)
                    out.append(MessageReceived(item))
                case Response():
                    self.life.message_came(now)
                    out += self._response(item, now)
                case _:
                    assert_never(item)
        if pings:
            out.append(Write(self.attempt, b"\r\n" * min(pings, PINGS_ANSWERED_MAX)))

    def _response(self, response: Response, now: float) -> list[object]:
        """Keep the answers to our own OPTIONS; a final answer to REGISTER starts the pings."""
        if self.life.is_own_answer(response.via.branch, now):
            return []
        if response.via.branch == self._asked_branch:
            return self._ask_answered(response, now)
        out: list[object] = [MessageReceived(response)]
        final = response.status >= 200 and response.status not in {401, 407}
        if final and response.cseq.method == "REGISTER":
            out += self._after_life(self.life.start(now))
        return out

    def _after_life(self, out: list[object]) -> list[object]:
        """Tell the stream how many pongs may come; carry the verdict."""
        for _ in range(self.life.pongs_expected):
            self._stream.expect_pong()
        self.life.pongs_expected = 0
        self.verdict = self.verdict or self.life.verdict
        return out
