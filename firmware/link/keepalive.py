"""Is the proxy still there? Keep-alive, proof of life and the verdict on a silent link.

Theory of operation
-------------------
*Proof of life* is any byte from the proxy. Three things ask for one:

- the periodic ping (L6): CRLFCRLF, first when the first REGISTER is answered, then each after
  80-100 % of the period, drawn anew (RFC 5626 4.4.1);
- a test: the handset was lifted, the network changed (D6, D7);
- a request after which no byte came for half the transaction timer (D4): ping and OPTIONS.

Whatever asked, one *watch* runs until the next byte. A byte that comes sooner than the shortest
round trip of this link was on its way before the question: it ends no watch and answers no
request. When the watch's limit is over, the kernel is asked whether the proxy's TCP has
acknowledged what was sent (D2): if not, the path is dead; if so, the proxy is alive and slow, and
the watch runs on to 10 s. Slow is not dead.

A proxy that has never answered a ping on this link is not condemned for it (D3): after one
unanswered ping, OPTIONS takes the pings' place, and any answer to it is proof of life. It goes out
with Max-Forwards 0, so that the proxy itself has to answer (RFC 3261 11, 16.3).

A proxy that answers pings and no request is as good as none (D8): until the first message comes on
a link, only a message settles a request, and without one it is condemned after 10 s.

A proxy that pings us and answers no pings looks as if it did: its ping may be taken for a pong. So
every ping without any byte back is followed by OPTIONS while there is time for an answer, and an
OPTIONS that is answered before the ping that went ahead of it shows that pings are not answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from firmware.link.events import CheckDelivery, Failure, FailureKind, Write
from firmware.link.round_trip import PONG_LIMIT_MAX_S, RoundTrip
from firmware.machine import earliest, is_due
from firmware.sip.message import Request

PING = b"\r\n\r\n"

SECOND_AFTER_S = PONG_LIMIT_MAX_S / 2
"""A ping that is not answered for so long is followed by OPTIONS."""

FRESH_S = 5.0
"""A test finds nothing new when life was proven this lately (D7)."""

SLACK_S = 4.0
"""S2: how long after the pong limit the link is still shown as up."""

UNPROVEN_OFF_S = 60.0
"""L6: without keep-alive, a proof of life older than this is no proof."""


@dataclass(slots=True)
class Watch:
    """A question that is out: since when, when to ask the kernel, and when silence condemns."""

    since: float
    check_at: float | None
    condemn_by: float


class KeepAlive:
    """The life of one connection. Outputs are `Write` and `CheckDelivery`; `verdict` condemns."""

    def __init__(
        self,
        attempt: int,
        period_s: float,
        transaction_timer_s: float,
        random: Random,
        options: Callable[[], Request],
        now: float,
    ) -> None:
        self.verdict: Failure | None = None
        self.proof_at = now
        self.round_trip = RoundTrip()
        self.answers_pings: bool | None = None
        self._is_pinged = False  # By the proxy: then its pings may be what looks like pongs.
        self.period_s = self._configured_s = period_s
        self._flow_timer_s: int | None = None
        self.pongs_expected = 0  # Pings written since the owner last told the stream.
        self._attempt = attempt
        self._transaction_timer_s = transaction_timer_s
        self._random = random
        self._options = options
        self._started = self._may_start = False
        self._ping_at: float | None = None
        self._pinged_at: float | None = None  # The last ping, while no pong came.
        self._options_at: float | None = None  # The last OPTIONS, while no answer came,
        self._branch = ""  # and its branch.
        self._request_at: float | None = None  # The oldest request without a byte since.
        self._probe_at: float | None = None
        self._heard_sip = False
        self._sip_by: float | None = None  # The first message has to come by then (D8).
        self._second_at: float | None = None  # When OPTIONS follows the ping.
        self._watch: Watch | None = None

    def deadline(self) -> float | None:
        """Return when there is something to send, to ask or to condemn."""
        watch = self._watch
        moments = (watch.check_at, watch.condemn_by) if watch else ()
        own = (self._ping_at, self._probe_at, self._second_at, self._sip_by)
        return earliest((*own, *moments))

    @property
    def unproven_at(self) -> float:
        """When the link may no longer be shown as up (L6, S2)."""
        if not self.period_s:
            return self.proof_at + UNPROVEN_OFF_S
        return self.proof_at + self.period_s + self.round_trip.limit_s + SLACK_S

    def use(self, period_s: float, transaction_timer_s: float, now: float) -> list[object]:
        """Go by other times from now on (L5); the next ping shows at once that they hold."""
        self._transaction_timer_s = transaction_timer_s
        if period_s == self._configured_s:
            return []
        self._configured_s = period_s
        self.period_s = min(period_s, self._flow_timer_s or period_s)
        if not period_s:
            self._started, self._ping_at = False, None
            return []
        if not self._may_start:
            return []
        self._started = True
        if self._watch is None and self._pinged_at is None:
            return self._ask(now)
        self._ping_at = earliest((self._ping_at, self._next_ping_at(now)))  # One is out already.
        return []

    def registered(self, flow_timer_s: int | None, now: float) -> list[object]:
        """Take the registrar's Flow-Timer into the period and start pinging (L6)."""
        self._flow_timer_s = flow_timer_s or self._flow_timer_s
        if self.period_s and flow_timer_s and flow_timer_s < self.period_s:
            self.period_s = float(flow_timer_s)
            if self._ping_at is not None:
                self._ping_at = min(self._ping_at, self._next_ping_at(now))
        return self.start(now)

    def start(self, now: float) -> list[object]:
        """Send the first ping: a REGISTER was answered. Later calls do nothing."""
        self._may_start = True
        if self._started or not self.period_s:
            return []
        self._started = True
        return self._ask(now)

    def test(self, now: float) -> list[object]:
        """Ping now unless life was proven lately or a question is out (D7)."""
        if self._watch or now - self.proof_at <= FRESH_S:
            return []
        return self._ask(now)

    def test_at_once(self, now: float) -> list[object]:
        """Ping now, whatever was proven before the network changed (D6)."""
        return [] if self._watch else self._ask(now)

    def request_sent(self, now: float) -> None:
        """A request was written: half the transaction timer without a byte asks (D4)."""
        if self._request_at is None:
            self._request_at = now
            self._probe_at = now + self._transaction_timer_s / 2
            if not self._heard_sip:
                self._sip_by = now + PONG_LIMIT_MAX_S

    def bytes_came(self, now: float) -> None:
        """Something came from the proxy: proof of life."""
        self.proof_at = now
        if self._watch and self.round_trip.may_answer(self._watch.since, now):
            self._end_watch()
        if self._heard_sip:
            self._settle_request(now)

    def message_came(self, now: float) -> None:
        """A message came: the proxy speaks SIP on this link."""
        self._heard_sip, self._sip_by = True, None
        self._settle_request(now)

    def _settle_request(self, now: float) -> None:
        if self._request_at is not None and self.round_trip.may_answer(self._request_at, now):
            self._request_at = self._probe_at = None

    def _end_watch(self) -> None:
        self._watch = self._second_at = None

    def pong_came(self, now: float) -> None:
        """A pong came: the proxy answers pings, and the round trip is known anew."""
        if self._pinged_at is None:
            return  # A ping of theirs: nobody asked.
        self.answers_pings = True
        self._end_watch()
        self.round_trip.learn(now - self._pinged_at, now)
        self._pinged_at = None

    def ping_came(self) -> None:
        """The proxy pings us."""
        self._is_pinged = True

    @property
    def surely_answers_pings(self) -> bool:
        """Tell whether a pong can be demanded of the proxy another time (F3)."""
        return self.answers_pings is True and not self._is_pinged

    def is_own_answer(self, branch: str, now: float) -> bool:
        """Tell whether a response answers our OPTIONS, and time it."""
        if not self._branch or branch != self._branch:
            return False
        if self._options_at is not None:  # A provisional answer comes before the final one.
            self._end_watch()
            self.round_trip.learn(now - self._options_at, now)
            if self._pinged_at is not None and self._pinged_at < self._options_at:
                self.answers_pings, self._pinged_at = False, None
            self._options_at = None
        return True

    def delivery_checked(self, unacknowledged: int) -> None:
        """Hear the kernel: bytes that nobody acknowledges mean a dead path (D2)."""
        if unacknowledged and self._watch and self._watch.check_at is None:
            self.verdict = Failure(FailureKind.SILENT, "the path to the proxy is dead")

    def wake(self, now: float) -> list[object]:
        """Send, ask or condemn what is due."""
        if self._watch and is_due(self._watch.condemn_by, now):
            self.verdict = Failure(FailureKind.SILENT, "the proxy does not answer")
            return []
        if is_due(self._sip_by, now):
            self.verdict = Failure(FailureKind.SILENT, "the proxy answers pings but no request")
            return []
        out: list[object] = []
        if self._watch and is_due(self._watch.check_at, now):
            out += self._check(self._watch, now)
        if is_due(self._second_at, now):
            out += self._send_options(now)
        if is_due(self._probe_at, now):
            out += self._probe_request(now)
        if is_due(self._ping_at, now):
            out += self._ask(now)
        return out

    def _check(self, watch: Watch, now: float) -> list[object]:
        watch.check_at = None
        out: list[object] = [CheckDelivery(self._attempt)]
        if self._pinged_at is not None and self.answers_pings is None:
            # D3: one unanswered ping, and OPTIONS takes its place; its answer gets its own time.
            self.answers_pings = False
            if self._request_at is None:
                watch.condemn_by = now + PONG_LIMIT_MAX_S
            out += self._send_options(now)
        return out

    def _probe_request(self, now: float) -> list[object]:
        """D4: half the timer is over; the rest of it is the limit of ping and OPTIONS."""
        self._probe_at = None
        half_s = self._transaction_timer_s / 2  # From now: a machine that slept asks late.
        self._tighten(now, now + half_s, now + max(half_s, PONG_LIMIT_MAX_S - half_s))
        return [*self._send_ping(now), *self._send_options(now)]

    def _ask(self, now: float) -> list[object]:
        if self._started:
            self._ping_at = self._next_ping_at(now)
        if self._pinged_at is not None and self.answers_pings is None:
            self.answers_pings = False  # Other bytes came, but no pong in a whole period.
        self._tighten(now, now + self.round_trip.limit_s, now + PONG_LIMIT_MAX_S)
        if self.answers_pings is False:
            return self._send_options(now)
        if self._second_at is None:  # Short periods must not put it off again and again.
            self._second_at = now + SECOND_AFTER_S
        return self._send_ping(now)

    def _tighten(self, now: float, check_at: float, condemn_by: float) -> None:
        """Run the one watch; a question that is out already keeps its earlier limits."""
        if self._watch is None:
            self._watch = Watch(now, check_at, condemn_by)
            return
        if self._watch.check_at is not None:
            self._watch.check_at = min(self._watch.check_at, check_at)
        self._watch.condemn_by = min(self._watch.condemn_by, condemn_by)

    def _send_ping(self, now: float) -> list[object]:
        self._pinged_at = now
        self.pongs_expected += 1
        return [Write(self._attempt, PING)]

    def _send_options(self, now: float) -> list[object]:
        request = self._options()
        self._branch, self._options_at, self._second_at = request.via.branch, now, None
        return [Write(self._attempt, bytes(request))]

    def _next_ping_at(self, now: float) -> float:
        """Draw the next period anew: 80-100 % of it (RFC 5626 4.4.1)."""
        return now + self._random.uniform(0.8, 1.0) * self.period_s
