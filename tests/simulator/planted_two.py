"""Planted bugs of a phone with two proxies: the race, the choice, the way home, what F5 repeats."""

from __future__ import annotations

from tests.simulator.bug import Bug

AGENT = "firmware.agent.agent"
CHOOSER = "firmware.link.chooser"
CONNECTION = "firmware.link.connection"
CREDENTIALS = "firmware.agent.credentials"
HOMECOMING = "firmware.link.homecoming"
KEEPALIVE = "firmware.link.keepalive"
LAYER = "firmware.transaction.layer"
LINK = "firmware.link.link"
WAYS = "firmware.link.ways"
OUTGOING = "firmware.agent.outgoing"
RACE = "firmware.link.race"
REGISTER = "firmware.agent.register"
REGISTRATION = "firmware.agent.registration"
REGISTRATIONS = "firmware.agent.registrations"
RETRY = "firmware.link.retry"

BUGS_OF_TWO = (
    # The race (F1, L10).
    Bug(
        "the backup waits for the primary's time-out",
        RACE,
        "            self._next_by = now + self._chooser.head_start_s(proxy)\n",
        "            pass\n",
    ),
    Bug("no backup after a refusal", RACE, "return out + self._start_next(now)", "return out"),
    Bug("losers are not closed", RACE, "return out + self.stop(LOSER)", "return out"),
    Bug(
        "an old attempt heard by a race",
        RACE,
        "next(r for r in self._runners if r.attempt == event.attempt)",
        "self._runners[-1]",
    ),
    Bug(
        "a candidate survives the network's change",
        RACE,
        "return [item for runner in runners for item in runner.close(failure)]",
        "return [item for runner in runners[1:] for item in runner.close(failure)]",
    ),
    # The choice (D8).
    Bug(
        "the backup first",
        CHOOSER,
        "return sorted(allowed, key=lambda proxy: not self.is_fit(proxy, now))",
        "return sorted(allowed, key=lambda proxy: not self.is_fit(proxy, now))[::-1]",
    ),
    Bug(
        "unfit proxies are not put behind",
        CHOOSER,
        "return sorted(allowed, key=lambda proxy: not self.is_fit(proxy, now))",
        "return allowed",
    ),
    Bug(
        "only one proxy is ever tried",
        CHOOSER,
        "return sorted(allowed, key=lambda proxy: not self.is_fit(proxy, now))",
        "return sorted(allowed, key=lambda proxy: not self.is_fit(proxy, now))[:1]",
    ),
    Bug(
        "Retry-After holds every proxy",
        CHOOSER,
        "return min((self.allowed_at(proxy, now) for proxy in self._proxies), default=now)",
        "return max((self.allowed_at(proxy, now) for proxy in self._proxies), default=now)",
    ),
    Bug(
        "a proxy that never stays is fit",
        CHOOSER,
        "        if record.short_links >= SHORT_LINKS_MAX and self.is_fit(proxy, now):\n",
        "        if False:\n",
    ),
    Bug(
        "a quick proxy wins every race",
        CHOOSER,
        "HEAD_START_DOUBLINGS_MAX = 4",
        "HEAD_START_DOUBLINGS_MAX = 0",
    ),
    Bug(
        "Retry-After is forgotten with the link",
        REGISTRATIONS,
        "if self.registered or not failing.retry_after_s:",
        "if self.registered or any(r.is_settling for r in self._all.values()):",
    ),
    Bug("pongs missed for ever", CHOOSER, "PONGS_MISSED_MAX = 10", "PONGS_MISSED_MAX = 10**9"),
    # When to try again (F2).
    Bug(
        "moves to a fit proxy are never counted",
        WAYS,
        "turned = self._was_fit and not self._chooser.is_fit(flow.proxy, now)",
        "turned = not self._chooser.is_fit(flow.proxy, now)",
    ),
    Bug(
        "an unfit proxy is left with a wait",
        WAYS,
        "        if turned and self._chooser.has_fit(now):\n",
        "        if False:\n",
    ),
    Bug(
        "health missed by a machine that slept",
        RETRY,
        "        if is_due(self.healthy_at, now):\n            self.forget_outage()",
        "        pass",
    ),
    Bug(
        "the early bound holds for ever",
        RETRY,
        "if now - self._outage_since < PATIENCE_S:",
        "if True:",
    ),
    # The way home (F3).
    Bug(
        "never home",
        HOMECOMING,
        "        self._step, self._step_by = Step.LEAVING, min(now + LEAVE_S, self._ready_until)\n"
        "        return [LeaveSoon()]",
        "        return self._end_probe(now)",
    ),
    Bug(
        "home after one probe",
        HOMECOMING,
        "if self._successes < self._settings.probe_count:",
        "if False:",
    ),
    Bug(
        "home with a call in progress",
        HOMECOMING,
        "if calls or now < self._leave_from:",
        "if now < self._leave_from:",
    ),
    Bug(
        "a call that begins while leaving is ignored",
        HOMECOMING,
        "return [*self._end_probe(now), StayHere()] if self.is_leaving else []",
        "return []",
    ),
    Bug(
        "home too early",
        HOMECOMING,
        "if calls or now < self._leave_from:",
        "if calls:",
    ),
    Bug("probes too often", HOMECOMING, "uniform(1 - SPREAD, 1 + SPREAD)", "uniform(0.3, 0.5)"),
    Bug(
        "one probe and no more",
        HOMECOMING,
        "        self._probe_at = self._next_probe_at(now)\n"
        "        candidate, self._candidate = self._candidate, None\n",
        "        candidate, self._candidate = self._candidate, None\n",
    ),
    Bug(
        "a probe left open",
        HOMECOMING,
        "        candidate, self._candidate = self._candidate, None\n"
        "        return candidate.close(DONE) if candidate else []\n\n    def _leave",
        "        self._candidate = None\n        return []\n\n    def _leave",
    ),
    Bug(
        "a probe outlives its link",
        WAYS,
        "out = self._homecoming.give_up() if self._homecoming else []",
        "out: list[object] = []",
    ),
    Bug(
        "the last probe waits for ever",
        HOMECOMING,
        "Step.LEAVING, min(now + LEAVE_S, self._ready_until)",
        "Step.LEAVING, now + 5.0",
    ),
    Bug("a pong is waited for too long", HOMECOMING, "PONG_S = 1.5", "PONG_S = 9.0"),
    Bug("home without a 2xx is kept", LINK, "GOING_HOME, now + HOME_BY_S", "GOING_HOME, now + 60"),
    Bug(
        "stays do not grow",
        HOMECOMING,
        "self.minimum_s = min(2 * max(self.minimum_s, 1.0), longest)",
        "pass",
    ),
    Bug(
        "stays forgotten too early",
        HOMECOMING,
        "SETTLED_S = 600.0",
        "SETTLED_S = 5.0",
    ),
    Bug(
        "the backup's link is not closed at home",
        WAYS,
        "return [*probe, *old.close(failure), LinkDown(failure)]",
        "return [*probe, LinkDown(failure)]",
    ),
    Bug(
        "probed before Retry-After",
        HOMECOMING,
        "        if allowed_at > now:  # Its Retry-After (D8).",
        "        if False:",
    ),
    # Registrations of two proxies.
    Bug(
        "accounts do not sign off",
        REGISTRATIONS,
        "return [item for r in self._all.values() for item in r.leave(now, why)]",
        "return []",
    ),
    Bug(
        "who stays does not register again",
        REGISTRATIONS,
        "return [item for r in self._all.values() for item in r.stay(now)]",
        "return []",
    ),
    Bug(
        "one account's trouble condemns the proxy",
        REGISTRATIONS,
        "        if self.registered:\n            return []\n",
        "",
    ),
    Bug(
        "signed off for good",
        REGISTRATION,
        "            self._stopping = self._moving = False\n        if self.state",
        "            self._moving = False\n        if self.state",
    ),
    Bug(
        "a late REGISTER undoes the new binding",
        REGISTRATION,
        "UNDONE_S if self._unanswered_at - {self.line.proxy} else expires_s",
        "expires_s",
    ),
    Bug(
        "a binding's time counts from its answer",
        REGISTRATION,
        "expires_at = self._sent_at + expires_s",
        "expires_at = now + expires_s",
    ),
    Bug(
        "a binding is claimed that is over when its answer is read",
        REGISTRATION,
        "        if expires_at <= now:\n",
        "        if False:\n",
    ),
    Bug(
        "a REGISTER that waits its turn is left when the binding ends",
        REGISTRATION,
        "        return self._send(now) if waits else self._begin_again(now)\n",
        "        self._send_at = now if waits else None\n"
        "        return [] if waits else self._begin_again(now)\n",
    ),
    Bug(
        "one proxy's refusal forgotten at another",
        REGISTRATION,
        "        self._refusals[self.line.proxy] = refusal\n",
        "        self._refusals = {self.line.proxy: refusal}\n",
    ),
    Bug(
        "reg-id of the link",
        REGISTER,
        '"reg-id", REGISTRATION_ID',
        '"reg-id", str(len(self._used))',
    ),
    Bug(
        "nonces of all proxies mixed",
        CREDENTIALS,
        "if key.proxy == proxy and key.account == account.number",
        "if key.account == account.number",
    ),
    Bug(
        "nonces of all accounts mixed",
        CREDENTIALS,
        "if key.proxy == proxy and key.account == account.number",
        "if key.proxy == proxy",
    ),
    # What F5 repeats.
    Bug(
        "a call ends with its link",
        OUTGOING,
        "        self._may_be_our_own = True\n"
        "        return [] if self.has_ended else [Repeating(self.number)]",
        "        return self._stop_waiting(EndCause.LINK_LOST)",
    ),
    Bug("a lost INVITE does not go again", AGENT, "out += call.repeat()", "pass"),
    Bug(
        "the same INVITE again",
        OUTGOING,
        "        self._begin()\n        return [*out, self._send(), ",
        "        self._cseq = 0\n        return [*out, self._send(), ",
    ),
    Bug(
        "a lost INVITE is not cancelled",
        OUTGOING,
        '            out = [CancelLost(self._lost, "" if self.has_ended else reasons.REPEATED)]\n',
        "            pass\n",
    ),
    Bug(
        "CANCEL to another proxy",
        OUTGOING,
        "if self._lost and self.line.proxy == self._proxy:",
        "if self._lost:",
    ),
    Bug(
        "the CANCEL of a lost INVITE has a branch of its own",
        LAYER,
        "return [SendMessage(cancel_of(event.invite, event.reason))]",
        "return self._send_ack(cancel_of(event.invite, event.reason))",
    ),
    Bug(
        "a CANCEL that the next link has not carried is forgotten",
        LAYER,
        "owed = self._owed if proxy == self._proxy else []",
        "owed = list[CancelLost]()",
    ),
    # Brought back: a silent ping that nothing follows.
    Bug(
        "no OPTIONS after a silent ping",
        KEEPALIVE,
        "            self._second_at = now + SECOND_AFTER_S\n",
        "            pass\n",
    ),
    Bug(
        "OPTIONS put off by every ping",
        KEEPALIVE,
        "        if self._second_at is None:  # Short",
        "        if True:  # Short",
    ),
    # A proxy's addresses.
    Bug(
        "only the first address is tried",
        CONNECTION,
        "            if self._addresses:\n                return self._dial(now)\n",
        "",
    ),
)
