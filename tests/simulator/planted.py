"""The planted bugs: small changes of the source, each one an error that some phone has had.

A bug is a module, a piece of its text that stands there exactly once, and what it becomes. Where
the text is changed for good reasons, the bug here has to be planted anew: it asserts as much.
"""

from __future__ import annotations

from tests.simulator.bug import Bug
from tests.simulator.handsets.planted import BUGS_OF_CALLS
from tests.simulator.planted_keys import BUGS_OF_KEYS
from tests.simulator.planted_peers import BUGS_OF_PEERS
from tests.simulator.planted_rescue import BUGS_OF_RESCUE
from tests.simulator.planted_sessions import BUGS_OF_SESSIONS
from tests.simulator.planted_settings import BUGS_OF_SETTINGS
from tests.simulator.planted_two import BUGS_OF_TWO

KEEPALIVE = "firmware.link.keepalive"
LINK = "firmware.link.link"
WAYS = "firmware.link.ways"
TELLING = "firmware.link.telling"
FLOW = "firmware.link.flow"
CHOOSER = "firmware.link.chooser"
CONNECTION = "firmware.link.connection"
RETRY = "firmware.link.retry"
CLIENT = "firmware.transaction.client"
INVITE_CLIENT = "firmware.transaction.invite_client"
INVITE_SERVER = "firmware.transaction.invite_server"
LAYER = "firmware.transaction.layer"
MATCHING = "firmware.transaction.matching"
AGENT = "firmware.agent.agent"
REGISTRATION = "firmware.agent.registration"
REGISTRATIONS = "firmware.agent.registrations"
REGISTER = "firmware.agent.register"
CREDENTIALS = "firmware.agent.credentials"
LINE = "firmware.agent.line"
FAREWELL = "firmware.agent.farewell"
OUTAGES = "firmware.phone.outages"
OUTGOING = "firmware.agent.outgoing"
RECEIVED = "firmware.agent.received"
ACCEPTED = "firmware.agent.accepted"
STREAM = "firmware.sip.stream"
CALL = "firmware.agent.call"
SESSION = "firmware.agent.media"
NEGOTIATION = "firmware.media.negotiation"

BUGS = (
    # The link: keep-alive.
    Bug(
        "pong never awaited",
        KEEPALIVE,
        "        self._tighten(now, now + self.round_trip.limit_s, now + PONG_LIMIT_MAX_S)\n",
        "",
    ),
    Bug("no ping after the first", KEEPALIVE, "if self._started:", "if False:"),
    Bug("ping period overrun", KEEPALIVE, "self._random.uniform(0.8, 1.0)", "1.2"),
    Bug("pings not spread", KEEPALIVE, "self._random.uniform(0.8, 1.0) * ", "0.9 * "),
    Bug("Flow-Timer ignored", KEEPALIVE, "if self.period_s and flow_timer_s and", "if False and"),
    Bug(
        "the proxy's ping taken for a pong",
        KEEPALIVE,
        "                self.answers_pings, self._pinged_at = False, None\n",
        "                pass\n",
    ),
    Bug(
        "pong not expected",
        FLOW,
        "            self._stream.expect_pong()\n",
        "            pass\n",
    ),
    Bug(
        "the proxy's ping not answered",
        FLOW,
        "        if pings:\n",
        "        if pings < 0:\n",
    ),
    Bug(
        "always shown as up",
        TELLING,
        "LinkState.UNPROVEN if unproven else LinkState.UP",
        "LinkState.UP",
    ),
    # The link: connections.
    Bug(
        "candidate out of time never closed",
        CONNECTION,
        "return [close, *self._next_or_end(self._out_of_time(), now, was_hurried=was_hurried)]",
        "return self._next_or_end(self._out_of_time(), now, was_hurried=was_hurried)",
    ),
    Bug(
        "second candidate beside the first",
        LINK,
        "            return self._race.stop(NETWORK) + self._begin_race(now)",
        "            return self._begin_race(now)",
    ),
    Bug(
        "condemned link never closed",
        WAYS,
        "        out += flow.close(failure)\n",
        "",
    ),
    Bug(
        "old attempt heard by the link",
        LINK,
        "if flow is None or not flow.owns(event.attempt):",
        "if flow is None:",
    ),
    Bug("no limit for TLS", CONNECTION, "now + TLS_BUDGET_S", "None"),
    Bug("no limit for DNS", CONNECTION, "now + RESOLVE_BUDGET_S", "None"),
    Bug("no limit for TCP", CONNECTION, "now + TCP_BUDGET_S", "None"),
    Bug(
        "one stream for all connections",
        FLOW,
        "        self._stream = StreamParser()\n",
        '        self._stream = self.__class__.__dict__.get("stream") or StreamParser()\n'
        "        self.__class__.stream = self._stream\n",
    ),
    Bug("malformed request not answered", FLOW, "out += self.send(answer, now)", "pass"),
    # The link: when to try again.
    Bug(
        "back-off reset on connect",
        WAYS,
        "        self._attempts, self._proxy = 0, winner.proxy\n",
        "        self._attempts, self._proxy = 0, winner.proxy\n"
        "        self._retry.forget_outage()\n",
    ),
    Bug("back-off reset too early", RETRY, "HEALTHY_S = 30.0", "HEALTHY_S = 3.0"),
    Bug("back-off not doubled", RETRY, "min(self._doublings + 1, DOUBLINGS_MAX)", "1"),
    Bug(
        "back-off without cap",
        RETRY,
        "min(self._cap_s, self._base_s * 2.0**self._doublings)",
        "self._base_s * 2.0**self._doublings",
    ),
    Bug(
        "whoever lifts again and again is obeyed",
        RETRY,
        "return max(now, since + ASKED_S)",
        "return now",
    ),
    Bug("no jitter", RETRY, "self._random.uniform(bound_s / 2, bound_s)", "bound_s"),
    Bug("lost link not retried at once", RETRY, "if self._failures == 0:", "if False:"),
    Bug(
        "Retry-After ignored",
        CHOOSER,
        "record.not_before = max(until, record.not_before or until)",
        "pass",
    ),
    Bug(
        "Retry-After cut short by the network",
        LINK,
        "            self._retry_at = self._chooser.any_at(now)",
        "            self._retry_at = now",
    ),
    Bug(
        "network change leaves the wait",
        LINK,
        "            self._retry_at = self._chooser.any_at(now)\n",
        "            pass\n",
    ),
    # Registration.
    Bug(
        "not registered after a reconnect",
        REGISTRATION,
        "            return []\n        return self._begin(now)\n\n    def service_lost",
        "            return []\n        return self._begin(now) if self._key else []\n\n"
        "    def service_lost",
    ),
    Bug(
        "only the first account registered",
        REGISTRATIONS,
        "for _, r in order for",
        "for _, r in order[:1] for",
    ),
    Bug("nonce count not increased", CREDENTIALS, "nonce.count += 1", "nonce.count = 1"),
    Bug("auth-int without the body", CREDENTIALS, "body=request.body", 'body=b""'),
    Bug(
        "endless answers to one nonce",
        CREDENTIALS,
        "    if not challenge.stale:\n        return NOT_OURS\n",
        "",
    ),
    Bug(
        "wrong password retried fast",
        REGISTRATION,
        "max(retry_after_s(response), self._settings.rejected_retry_s)",
        "max(retry_after_s(response), 1.0)",
    ),
    Bug(
        "refused account asks again on every link",
        REGISTRATION,
        "        if refusal and refusal.until > now:\n",
        "        if False:\n",
    ),
    Bug(
        "renewed too late",
        REGISTRATION,
        "        self._writer.find_leftovers(contacts, own)\n",
        "        self._register_at = self._expires_at\n"
        "        self._writer.find_leftovers(contacts, own)\n",
    ),
    Bug(
        "Contact with the old port",
        LINE,
        "user, host, port = self.account.user, self._local.host, self._local.port",
        "self._old = getattr(self, '_old', self._local)\n"
        "        user, host, port = self.account.user, self._old.host, self._old.port",
    ),
    Bug("423 not obeyed", REGISTER, "        self.period_s = least_s\n", "        pass\n"),
    Bug("439 not obeyed", REGISTRATION, 'self._writer.drop(("outbound",))', "False"),
    Bug(
        "leftover bindings kept",
        REGISTRATION,
        "*(self._begin_again(now) if self._writer.removes else [])",
        "*[]",
    ),
    Bug("REGISTER's CSeq not increased", REGISTER, "series.cseq += 1", "series.cseq = 1"),
    # Calls.
    Bug(
        "BYE not repeated after the link's loss",
        FAREWELL,
        "        self._key = self.again_at = self._accepted = None\n"
        "        self._waits_s = NOT_YET_S\n"
        "        self._exchange = Exchange(Use.DIALOG)\n\n    def heard",
        "\n    def heard",
    ),
    Bug(
        "BYE forgotten while the account registers",
        AGENT,
        "            if self._registrations.serves(line):\n"
        "                out += self._farewells.send_owed(line.account.number)\n",
        "            pass\n",
    ),
    Bug(
        "fork not ended",
        OUTGOING,
        'return [ack, OweBye(self.line, dialog, reasons.ELSEWHERE if self.dialog else "")]',
        "return [ack]",
    ),
    Bug(
        "ACK of a 2xx not repeated",
        OUTGOING,
        "return [SendAck(self._acks[tag])]",
        "return []",
    ),
    Bug(
        "2xx not repeated",
        ACCEPTED,
        "if not is_due(self._repeat_at, now):",
        "if is_due(self._repeat_at, now):\n            self._repeat_at = None\n        if True:",
    ),
    Bug(
        "cancelled call gets no final answer",
        RECEIVED,
        "return [self._final(487), *self._end(cause)]",
        "self._final(487)\n        return self._end(cause)",
    ),
    Bug(
        "caller's end not told to the person",
        RECEIVED,
        "return [self._final(487), *self._end(cause)]",
        "return [self._final(487)]",
    ),
    Bug(
        "BYE of no dialog accepted",
        AGENT,
        "return [SendResponse(event.key, answer(request, 481))]",
        "return [SendResponse(event.key, answer(request, 200))]",
    ),
    # Transactions.
    Bug("timer F never fires", CLIENT, "now + timers.timeout_s  # Timer F.", "None"),
    Bug(
        "timer B never fires", INVITE_CLIENT, "now + self._timeout_s  # Timer B", "None  # Timer B"
    ),
    Bug(
        "timers H and L never fire",
        INVITE_SERVER,
        "self._enter(final, now + self._timeout_s)",
        "self._enter(final, None)",
    ),
    Bug(
        "CANCEL before any provisional answer",
        INVITE_CLIENT,
        "return self._send_cancel(now) if self.state is State.PROCEEDING else []",
        "return self._send_cancel(now)",
    ),
    Bug(
        "CANCEL with another branch",
        INVITE_CLIENT,
        '_follow_up(invite, "CANCEL", invite.headers.get("To"))',
        '_follow_up(invite, "CANCEL", invite.headers.get("To"))'
        '.set("Via", str(invite.via).replace("branch=z9hG4bK", "branch=z9hG4bKx"))',
    ),
    Bug(
        "refusal not acknowledged",
        INVITE_CLIENT,
        "return [SendMessage(_ack(self.request, response)), up]",
        "return [up]",
    ),
    Bug(
        "response matched by branch only",
        MATCHING,
        "return (message.via.branch, message.cseq.method)",
        "return (message.via.branch,)",
    ),
    Bug(
        "repetition taken for a new request",
        LAYER,
        "        if known := self._server(key):\n",
        "        if (known := self._server(key)) and False:\n",
    ),
    Bug(
        "an INVITE answered at another proxy",
        LAYER,
        "self._local is not None and server.lost_with in {None, self._proxy}",
        "self._local is not None",
    ),
    Bug(
        "requests wait on a dead link",
        LAYER,
        "            if client.is_open:\n"
        "                out += client.fail(RequestFailure.LINK_LOST)\n"
        "        self._clients.clear()\n",
        "            pass\n",
    ),
    # The stream.
    Bug(
        "pong not removed",
        STREAM,
        "                self._pongs_owed -= 1\n",
        "                self._pongs_owed -= 1\n                self._start -= len(CRLF)\n",
    ),
    Bug(
        "every CRLF a ping",
        STREAM,
        "            if not self._half_ping:\n",
        "            if True:\n",
    ),
    Bug(
        "CRLFs before a message refused",
        STREAM,
        "self._half_ping = not self._half_ping",
        'raise RemoteProtocolError("no message")',
    ),
    Bug("Content-Length ignored", STREAM, "    return length\n", "    return 0\n"),
    Bug(
        "partial body taken",
        STREAM,
        "if len(self._buffer) - self._start < self._body_bytes:",
        "if False:",
    ),
    Bug(
        "message without limit",
        STREAM,
        "if length > PASSED_OVER_BYTES_MAX:",
        "if False:",
    ),
    Bug(
        "lone CR refused",
        STREAM,
        "if not waiting or (waiting == 1 and self._buffer[self._start] == CRLF[0]):",
        "if not waiting:",
    ),
    Bug(
        "end of a head missed where it was cut",
        STREAM,
        "len(self._buffer) - len(HEAD_END) + 1",
        "len(self._buffer)",
    ),
    Bug(
        "scanned bytes not moved",
        STREAM,
        "        self._scanned = max(0, self._scanned - self._start)\n",
        "",
    ),
    # The session of a call.
    Bug("sound goes on after the call", CALL, "if self._told else []", "if False else []"),
    Bug(
        "no sound when the far end answers",
        CALL,
        "return [MediaChanged(self.number, plan)]",
        "return []",
    ),
    Bug("sound told anew for nothing", CALL, "plan is None or plan == self._told", "plan is None"),
    Bug(
        "a call in clear taken",
        NEGOTIATION,
        "    if wishes.srtp is SrtpMode.ONLY and not audio.cryptos:\n",
        "    if False:\n",
    ),
    Bug(
        "an answer in clear taken",
        NEGOTIATION,
        "if here.cryptos and not there.has_crypto and wishes.srtp is SrtpMode.ONLY:",
        "if False:",
    ),
    Bug(
        "an unknown codec agreed to",
        NEGOTIATION,
        """    if not any(wishes.choice(each) for each in audio.formats):
        raise NoAgreementError("no common codec", 305)
""",
        "",
    ),
    Bug(
        "a new key for the same session",
        NEGOTIATION,
        "current is not None and current.key_out is not None and current.key_in == theirs",
        "False",
    ),
    # The outage log.
    Bug(
        "an outage is over with the link",
        OUTAGES,
        "return Standing.OPEN not in found and (",
        "return bool(found) and (",
    ),
    Bug(
        "a refused account keeps an outage open",
        OUTAGES,
        "            return Standing.REFUSED\n",
        "            return Standing.OPEN\n",
    ),
    Bug("a loss that is no outage", OUTAGES, "elif not self._is_up or", "elif"),
    Bug(
        "a length by the wall clock", OUTAGES, "ended_at - began_at", "(ended or 0) - (began or 0)"
    ),
    Bug(
        "calls that an outage hits are not counted",
        OUTAGES,
        "        new = self._calls - self._hit\n",
        "        new = set[int]()\n",
    ),
    *BUGS_OF_SETTINGS,
    *BUGS_OF_TWO,
    *BUGS_OF_RESCUE,
    *BUGS_OF_CALLS,
    *BUGS_OF_PEERS,
    *BUGS_OF_SESSIONS,
    *BUGS_OF_KEYS,
)
