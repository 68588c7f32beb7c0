"""Planted bugs of transactions, dialogs and session timers, for the world of far ends to find."""

from __future__ import annotations

from tests.simulator.bug import bug_of_peers

ACCEPTED = "firmware.agent.accepted"
ASKING = "firmware.agent.asking"
CALL = "firmware.agent.call"
DIALOG = "firmware.agent.dialog"
EARLY = "firmware.agent.early"
FAREWELL = "firmware.agent.farewell"
INVITE_CLIENT = "firmware.transaction.invite_client"
LAYER = "firmware.transaction.layer"
RECEIVED = "firmware.agent.received"
RESCUE = "firmware.agent.rescue"
RINGING = "firmware.agent.ringing"
SESSION = "firmware.agent.media"
STANDING = "firmware.agent.standing"
TIMER = "firmware.agent.session_timer"
UNHEARD = "firmware.agent.unheard"


OF_TRANSACTIONS = (
    bug_of_peers(
        "a 2xx that comes again is not handed up",
        INVITE_CLIENT,
        "            case State.ACCEPTED if 200 <= response.status < 300:\n"
        "                return [up]\n",
        "",
    ),
    bug_of_peers(
        "timer M never fires",
        INVITE_CLIENT,
        "self._enter(State.ACCEPTED, now + self._timeout_s)",
        "self._enter(State.ACCEPTED, None)",
    ),
    bug_of_peers(
        "a CANCEL that has to wait is forgotten",
        INVITE_CLIENT,
        "return self._send_cancel(now) if self._cancel_wanted else []",
        "return []",
    ),
    bug_of_peers(
        "a CANCEL with the next CSeq",
        INVITE_CLIENT,
        "CSeq(invite.cseq.number, method)",
        'CSeq(invite.cseq.number + (method == "CANCEL"), method)',
    ),
    bug_of_peers(
        "the ACK of a refusal without its To tag",
        INVITE_CLIENT,
        '"ACK", response.headers.get("To")',
        '"ACK", invite.headers.get("To")',
    ),
    bug_of_peers("the ACK of a refusal goes another way", INVITE_CLIENT, "        *routes,\n", ""),
    bug_of_peers(
        "a CANCEL is answered under another tag",
        LAYER,
        "to_tag=tag or next(self._ids)",
        "to_tag=next(self._ids)",
    ),
    bug_of_peers("a CANCEL of nothing is welcome", LAYER, "cancel.answer(481", "cancel.answer(200"),
    bug_of_peers(
        "a 2xx is repeated without pause",
        ACCEPTED,
        "min(2 * self._interval_s, self._interval_max_s)",
        "self._interval_s",
    ),
    bug_of_peers(
        "a 2xx without its ACK is repeated for ever",
        ACCEPTED,
        "self._give_up_at: float | None = now + GIVE_UP_T1 * self._t1_s",
        "self._give_up_at: float | None = None",
    ),
)

OF_DIALOGS = (
    bug_of_peers(
        "their INVITE is taken while ours is out",
        CALL,
        "        if self._asked:\n"
        "            return [SendResponse(key, answer(request, 491))]\n"
        "        if self.state",
        "        if self.state",
    ),
    bug_of_peers(
        "an offer by UPDATE is taken while ours is out",
        CALL,
        "            return [SendResponse(key, answer(request, 491))]  # RFC 3311 5.2.\n",
        "            pass\n",
    ),
    bug_of_peers(
        "an INVITE is taken before the ACK of the last",
        CALL,
        "if self.state is not CallState.CONFIRMED or self._accepted:",
        "if self.state is not CallState.CONFIRMED:",
    ),
    bug_of_peers(
        "old requests are served",
        CALL,
        "if not self.dialog.accepts(request):",
        "if False:",
    ),
    bug_of_peers(
        "their new Contact is not learnt",
        DIALOG,
        "target=contacts[0].uri if contacts else self.target,",
        "target=self.target,",
    ),
    bug_of_peers(
        "the Contact of a 2xx in the dialog is not learnt",
        DIALOG,
        "return replace(self, target=contacts[0].uri) if contacts else self",
        "return self",
    ),
    bug_of_peers(
        "a BYE with the wrong tag ends the call",
        DIALOG,
        '            and (request.from_.tag or "") == (self.remote.tag or "")\n',
        "",
    ),
    bug_of_peers(
        "Record-Route of a 2xx is not turned round",
        DIALOG,
        "tuple(reversed(response.record_routes))",
        "tuple(response.record_routes)",
    ),
    bug_of_peers(
        "Record-Route of an INVITE is turned round",
        DIALOG,
        "tuple(request.record_routes)",
        "tuple(reversed(request.record_routes))",
    ),
    bug_of_peers(
        "the proxy that is gone stays in the route",
        DIALOG,
        "step = hop.route if self.hop.is_named_by(route.uri) else route",
        "step = route",
    ),
    bug_of_peers(
        "what was asked early is not counted",
        EARLY,
        "return replace(dialog, local_cseq=before.local_cseq, remote_cseq=before.remote_cseq)",
        "return dialog",
    ),
    bug_of_peers("all forks share one session", SESSION, "return copy(self)", "return self"),
    bug_of_peers(
        "an offer before the answer is taken",
        RINGING,
        "        if not early.has_answer:\n",
        "        if False:\n",
    ),
    bug_of_peers(
        "an INVITE in an early dialog is no method", RINGING, 'case "INVITE":', 'case "-":'
    ),
    bug_of_peers(
        "after 491 both wait alike",
        STANDING,
        "OWNER_WAIT_S if self._owns_call_id else OTHER_WAIT_S",
        "OTHER_WAIT_S",
    ),
    bug_of_peers(
        "a second INVITE before the first is answered",
        STANDING,
        "busy = self._asked or self._accepted or self._ask_at is not None",
        "busy = self._ask_at is not None",
    ),
    bug_of_peers(
        "a re-INVITE that is not answered is never cancelled",
        STANDING,
        "            out.append(CancelRequest(self._out_key, reasons.NO_ANSWER))\n",
        "",
    ),
    bug_of_peers(
        "a BYE that is challenged is given up",
        FAREWELL,
        "            return self.send()\n        if response.status in NOT_THERE_NOW",
        "            pass\n        if response.status in NOT_THERE_NOW",
    ),
    bug_of_peers(
        "silence is not looked into",
        RESCUE,
        "        if self.tie is Tie.ANCHORED:\n            self._wants_refresh = True\n",
        "",
    ),
    bug_of_peers(
        "who is silent and does not like the session is asked once",
        RESCUE,
        "self._probe_at = now + PROBE_S if self._is_silent else None",
        "self._probe_at = None",
    ),
    bug_of_peers(
        "a 2xx that took a dialog's place is said over one link",
        UNHEARD,
        "(self.state in OPENING or accepted is self._unconfirmed)",
        "self.state in OPENING",
    ),
    bug_of_peers(
        "a dialog that is replaced before its ACK hears BYE at once",
        RESCUE,
        "OweBye(self.line, old, reasons.REPEATED, accepted)",
        "OweBye(self.line, old, reasons.REPEATED)",
    ),
    bug_of_peers(
        "who says BYE while it rings is asked all the same",
        RINGING,
        "                early.is_over = True\n",
        "",
    ),
    bug_of_peers(
        "a hold that an answer of ours says is not told",
        STANDING,
        "        self._was_holding = self.media.is_holding\n"
        "        return [HoldChanged(self.number, self._was_holding), *super()._media_news()]\n",
        "        return super()._media_news()\n",
    ),
    bug_of_peers(
        "the ACK of a re-INVITE is sent once",
        STANDING,
        "return [SendAck(self._confirmed[key])]",
        "return []",
    ),
)

OF_RELIABLE_ANSWERS = (
    bug_of_peers(
        "a reliable answer out of order counts",
        EARLY,
        "if self._sequence is not None and sequence != self._sequence + 1:",
        "if False:",
    ),
    bug_of_peers(
        "RAck of another answer", RINGING, 'f"{sequence} {invited}"', 'f"{sequence + 1} {invited}"'
    ),
    bug_of_peers(
        "no PRACK",
        RINGING,
        "            out += self._ask_within(self._prack(early, sequence))\n",
        "",
    ),
    bug_of_peers(
        "a call without its PRACK rings on",
        RECEIVED,
        'return self.reject(504, EndCause.FAILED, "the caller does not confirm")',
        "self._reliable.rest()\n        return []",
    ),
    bug_of_peers(
        "a PRACK of nothing is no method",
        ASKING,
        "return [SendResponse(key, answer(request, 481))]",
        "return super()._other_request(key, request, now)",
    ),
    bug_of_peers(
        "a PRACK that crosses the answer is refused",
        RECEIVED,
        "            self._reliable.rest()\n",
        "            self._reliable = None\n",
    ),
    bug_of_peers(
        "a 2xx before the PRACK of an offer",
        RECEIVED,
        "if self._reliable and self._reliable.offered:",
        "if False:",
    ),
    bug_of_peers(
        "an offer in a PRACK beside that of the INVITE is welcome",
        RECEIVED,
        "if prack.body and not reliable.offered:",
        "if False:",
    ),
    bug_of_peers(
        "a BYE leaves the INVITE that it ends open",
        RECEIVED,
        "        if self.state is not CallState.OFFERED:\n"
        "            return super()._bye_came(key, request)\n",
        "        if True:\n            return super()._bye_came(key, request)\n",
    ),
)

OF_SESSION_TIMERS = (
    bug_of_peers(
        "422 is never said",
        CALL,
        "self.timer.too_small(request) if request.method in REFRESHING else None",
        "None",
    ),
    bug_of_peers(
        "a session that has run out goes on",
        TIMER,
        "self._end_at = now + interval_s - min(MARGIN_S_MAX, interval_s / 3)",
        "self._end_at = None",
    ),
    bug_of_peers(
        "sessions run out while there is no link",
        ASKING,
        "        super()._lose_link()\n        self.timer.pause()\n",
        "        super()._lose_link()\n",
    ),
    bug_of_peers(
        "the refresh comes too late", TIMER, "now + interval_s / 2 if", "now + interval_s if"
    ),
    bug_of_peers("the other one shall refresh", TIMER, "'uac' if theirs", "'uac' if not theirs"),
    bug_of_peers("timer is not required", TIMER, '(("Require", TAG),) if theirs else ()', "()"),
    bug_of_peers(
        "a 422 is not obeyed",
        TIMER,
        "        self._minimum_s = minimum_s\n        return True\n",
        "        return True\n",
    ),
    bug_of_peers(
        "an UPDATE refreshes nothing",
        CALL,
        "            fields = self._granting(request, now)\n            return",
        "            fields = dialog_fields(self.line)\n            return",
    ),
)

BUGS_OF_PEERS = (
    *OF_TRANSACTIONS,
    *OF_DIALOGS,
    *OF_RELIABLE_ANSWERS,
    *OF_SESSION_TIMERS,
)
