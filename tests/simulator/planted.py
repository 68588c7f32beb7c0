"""The planted bugs: where each stands, and what it does to the code."""

from __future__ import annotations

from dataclasses import dataclass

LINK = "firmware.link."
TRANSACTION = "firmware.transaction."
AGENT = "firmware.agent."
SIP = "firmware.sip."


@dataclass(frozen=True)
class Bug:
    """A change of text: `old`, which stands once, becomes `new`."""

    name: str
    module: str
    old: str
    new: str

    def plant(self, text: str) -> str:
        """Return the file's text with the bug."""
        assert text.count(self.old) == 1, (
            f"{self.name}: {self.old!r} stands {text.count(self.old)}x"
        )
        return text.replace(self.old, self.new)


BUGS = (
    # The link.
    Bug(
        "a missing pong is never acted on",
        LINK + "keepalive",
        "if self._watch and is_due(self._watch.condemn_by, now):",
        "if self._watch and is_due(self._watch.condemn_by, now - 1e6):",
    ),
    Bug(
        "no ping after the first one",
        LINK + "keepalive",
        "        if self._started:\n            self._ping_at = self._next_ping_at(now)\n",
        "        self._ping_at = None\n",
    ),
    Bug(
        "pings before the first REGISTER is answered only when a second one is",
        LINK + "keepalive",
        "        if self._started or not self.period_s:\n            return []\n",
        "        if not self._started:\n            self._started = True\n            return []\n",
    ),
    Bug(
        "no OPTIONS for a proxy that answers no pings",
        LINK + "keepalive",
        "            out += self._send_options(now)\n        return out\n",
        "        return out\n",
    ),
    Bug(
        "unacknowledged bytes are not looked at",
        LINK + "keepalive",
        "        if unacknowledged and self._watch and self._watch.check_at is None:",
        "        if unacknowledged < 0 and self._watch and self._watch.check_at is None:",
    ),
    Bug(
        "a link without proof of life is shown as up",
        LINK + "keepalive",
        "        return self.proof_at + self.period_s + self.round_trip.limit_s + SLACK_S\n",
        "        return self.proof_at + 1e9\n",
    ),
    Bug(
        "bytes from the proxy are no proof of life",
        LINK + "keepalive",
        "        self._watch = self._request_at = self._probe_at = None\n",
        "        self._request_at = self._probe_at = None\n",
    ),
    Bug(
        "a lost link is retried after a minute",
        LINK + "retry",
        "            self._fail(now)\n            return now\n",
        "            self._fail(now)\n            return now + 60.0\n",
    ),
    Bug(
        "waits without a bound at first",
        LINK + "retry",
        "        if now - self._outage_since < PATIENCE_S:\n",
        "        if now - self._outage_since < 0:\n",
    ),
    Bug(
        "the back-off is forgotten with every connection",
        LINK + "retry",
        "        bound_s = self._bound_s(now)\n",
        "        self._doublings = 0\n        bound_s = self._bound_s(now)\n",
    ),
    Bug(
        "no wait at all between attempts",
        LINK + "retry",
        "        return now + self._random.uniform(bound_s / 2, bound_s)\n",
        "        return now + 0.05\n",
    ),
    Bug(
        "gives up after the seventh failure",
        LINK + "retry",
        "        bound_s = self._bound_s(now)\n",
        "        bound_s = self._bound_s(now) if self._failures < 7 else 1e7\n",
    ),
    Bug(
        "a connect without a time limit",
        LINK + "connection",
        "        if not is_due(self._stage_by, now):\n            return []\n",
        "        return []\n",
    ),
    Bug(
        "Retry-After is not honoured",
        LINK + "chooser",
        "        if retry_after_s:\n",
        "        if retry_after_s < 0:\n",
    ),
    Bug(
        "an unfit proxy is kept",
        LINK + "link",
        "        return self._lose(failure, now, close=True)\n\n    def _lose(",
        "        return []\n\n    def _lose(",
    ),
    Bug(
        "what an old connection says is heard",
        LINK + "link",
        "        if flow is None or event.attempt != flow.attempt:\n",
        "        if flow is None:\n",
    ),
    Bug(
        "a condemned connection is not closed",
        LINK + "link",
        "            return out + self._lose(self._flow.verdict, now, close=True)\n",
        "            return out + self._lose(self._flow.verdict, now, close=False)\n",
    ),
    Bug(
        "the layers above do not hear of a loss",
        LINK + "link",
        "        self._wait(failure, self._after_loss(flow, now), now)\n"
        "        return [*out, LinkDown(failure)]\n",
        "        self._wait(failure, self._after_loss(flow, now), now)\n        return out\n",
    ),
    Bug(
        "a network change does not cut the wait short",
        LINK + "link",
        "            self._retry_at = self._chooser.any_at(now)\n",
        "            pass\n",
    ),
    Bug(
        "the proxy's pings are not answered",
        LINK + "flow",
        "        if pings:\n",
        "        if pings > 99:\n",
    ),
    # Framing.
    Bug(
        "a pong is taken for half of a ping",
        SIP + "stream",
        "            if self._pongs_owed:\n",
        "            if self._pongs_owed > 9:\n",
    ),
    Bug(
        "halves of a ping are kept across messages",
        SIP + "stream",
        "            return False\n        self._half_ping = False\n",
        "            return False\n",
    ),
    Bug(
        "an empty line before a message is refused",
        SIP + "stream",
        "        while self._buffer.startswith(CRLF, self._start):\n",
        "        while self._buffer.startswith(CRLF + CRLF, self._start):\n",
    ),
    Bug(
        "a message whose body has not come is taken",
        SIP + "stream",
        "            if len(self._buffer) - self._start < self._body_bytes:\n",
        "            if len(self._buffer) - self._start < 0:\n",
    ),
    Bug(
        "a body is left on the stream",
        SIP + "stream",
        "        self._head, self._start = None, end\n",
        "        self._head, self._start = None, end - self._body_bytes\n",
    ),
    Bug(
        "the end of a head that two reads share is missed",
        SIP + "stream",
        "            self._scanned = max(self._start, could_end)\n",
        "            self._scanned = len(self._buffer)\n",
    ),
    # Transactions.
    Bug(
        "timer F never fires",
        TRANSACTION + "client",
        "        self._fail_by: float | None = now + timers.timeout_s  # Timer F.\n",
        "        self._fail_by: float | None = None\n",
    ),
    Bug(
        "requests outlive their link",
        TRANSACTION + "layer",
        "        self._clients.clear()\n        self._servers.clear()\n",
        "        self._servers.clear()\n",
    ),
    Bug(
        "a request that repeats is handed up again",
        TRANSACTION + "layer",
        "        if key in self._servers:\n            return self._servers[key].repeated()\n",
        "",
    ),
    Bug(
        "CANCEL before the first provisional response",
        TRANSACTION + "invite_client",
        "        return self._send_cancel(now) if self.state is State.PROCEEDING else []\n",
        "        return self._send_cancel(now)\n",
    ),
    Bug(
        "a wanted CANCEL is forgotten",
        TRANSACTION + "invite_client",
        "        return self._send_cancel(now) if self._cancel_wanted else []\n",
        "        return []\n",
    ),
    Bug(
        "CANCEL with a CSeq of its own",
        TRANSACTION + "invite_client",
        '        ("CSeq", CSeq(invite.cseq.number, method)),\n',
        '        ("CSeq", CSeq(invite.cseq.number + 1, method)),\n',
    ),
    Bug(
        "no ACK for a refused INVITE",
        TRANSACTION + "invite_client",
        "                return [SendMessage(_ack(self.request, response)), up]\n",
        "                return [up]\n",
    ),
    Bug(
        "a repeated 2xx is not handed up",
        TRANSACTION + "invite_client",
        "            case State.ACCEPTED if 200 <= response.status < 300:\n",
        "            case State.ACCEPTED if response.status < 200:\n",
    ),
    # Registration and credentials.
    Bug(
        "no REGISTER on a new link",
        AGENT + "registrations",
        "        return [item for _, r in order for item in r.service_up(event.local, now)]\n",
        "        return [i for _, r in order[:1] for i in r.service_up(event.local, now)]\n",
    ),
    Bug(
        "a registration is not renewed",
        AGENT + "registration",
        "        self._register_at = self._expires_at - early_s\n",
        "        self._register_at = None\n",
    ),
    Bug(
        "a registration that has run out is still claimed",
        AGENT + "registration",
        "        self._expires_at = now + expires_s\n",
        "        self._expires_at = now + 2 * expires_s\n",
    ),
    Bug(
        "an account is registered while the link is down",
        AGENT + "registration",
        "            self._enter(RegistrationState.WAITING, failure.text)\n",
        "            pass\n",
    ),
    Bug(
        "a wrong password is tried again at once",
        AGENT + "registration",
        "        self._register_at = now + self._spread(wait_s)\n        return []\n",
        "        self._register_at = now + 0.2\n        return []\n",
    ),
    Bug(
        "CSeq does not grow",
        AGENT + "register",
        "        series.cseq += 1\n",
        "        series.cseq = 1\n",
    ),
    Bug(
        "the Contact of an old link",
        AGENT + "register",
        "        contact = NameAddress(self._line.contact_uri())\n",
        "        first = next(iter(self._used))\n"
        "        uri = replace(self._line.contact_uri(), host=first.host, port=first.port)\n"
        "        contact = NameAddress(uri)\n",
    ),
    Bug(
        "the nonce count does not grow",
        AGENT + "credentials",
        "            nonce.count += 1\n",
        "            nonce.count = 1\n",
    ),
    Bug(
        "a stale nonce means a wrong password",
        AGENT + "credentials",
        "    if not challenge.stale:\n        return NOT_OURS\n",
        "    return NOT_OURS\n",
    ),
    Bug(
        "a refused nonce from earlier means a wrong password",
        AGENT + "credentials",
        '    if key not in exchange.fresh:\n        return ""\n',
        "",
    ),
    # Calls.
    Bug(
        "a BYE is lost with its link",
        AGENT + "farewell",
        "        self._key = None\n        self._exchange = Exchange(Use.DIALOG)\n\n"
        "    def heard_bye",
        "        self.is_done = True\n\n    def heard_bye",
    ),
    Bug(
        "a BYE is sent once only, challenged or not",
        AGENT + "farewell",
        "            return self.send()\n        self.is_done = True\n",
        "            pass\n        self.is_done = True\n",
    ),
    Bug(
        "a 2xx that crosses a CANCEL is not ended",
        AGENT + "outgoing",
        "        return [ack, OweBye(self.line, dialog)]\n",
        "        return [ack]\n",
    ),
    Bug(
        "a call is left open when its link dies",
        AGENT + "outgoing",
        "        return self.failed(RequestFailure.LINK_LOST)\n",
        "        return []\n",
    ),
    Bug(
        "our 2xx is not repeated",
        AGENT + "call",
        "        elif self._accepted:\n            out += self._accepted.wake(now)\n",
        "        elif self._accepted:\n            self._accepted.wake(now)\n",
    ),
    Bug(
        "the dialog's CSeq does not grow",
        AGENT + "dialog",
        "        after = replace(self, local_cseq=self.local_cseq + 1)\n",
        "        after = self\n",
    ),
)
