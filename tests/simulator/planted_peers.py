"""Planted bugs of dialogs, sessions and transactions, for the world of far ends to find."""

from __future__ import annotations

from tests.simulator.bug import Bug

WORLD = "tests.simulator.peers.world"

ACCEPTED = "firmware.agent.accepted"
CALL = "firmware.agent.call"
DIALOG = "firmware.agent.dialog"
EARLY = "firmware.agent.early"
INVITE_CLIENT = "firmware.transaction.invite_client"
LAYER = "firmware.transaction.layer"
RECEIVED = "firmware.agent.received"
RINGING = "firmware.agent.ringing"
SESSION = "firmware.agent.media"
STANDING = "firmware.agent.standing"
TIMER = "firmware.agent.session_timer"


def _bug(name: str, module: str, old: str, new: str, first_seed: int = 0) -> Bug:
    return Bug(name, module, old, new, WORLD, first_seed)


OF_TRANSACTIONS = (
    _bug(
        "a 2xx that comes again is not handed up",
        INVITE_CLIENT,
        "            case State.ACCEPTED if 200 <= response.status < 300:\n"
        "                return [up]\n",
        "",
    ),
    _bug(
        "timer M never fires",
        INVITE_CLIENT,
        "self._enter(State.ACCEPTED, now + self._timeout_s)",
        "self._enter(State.ACCEPTED, None)",
    ),
    _bug(
        "a CANCEL that has to wait is forgotten",
        INVITE_CLIENT,
        "return self._send_cancel(now) if self._cancel_wanted else []",
        "return []",
    ),
    _bug(
        "a CANCEL with the next CSeq",
        INVITE_CLIENT,
        "CSeq(invite.cseq.number, method)",
        'CSeq(invite.cseq.number + (method == "CANCEL"), method)',
    ),
    _bug(
        "the ACK of a refusal without its To tag",
        INVITE_CLIENT,
        '"ACK", response.headers.get("To")',
        '"ACK", invite.headers.get("To")',
    ),
    _bug("a CANCEL of nothing is welcome", LAYER, "cancel.answer(481", "cancel.answer(200", 12),
    _bug(
        "a 2xx is repeated without pause",
        ACCEPTED,
        "min(2 * self._interval_s, self._interval_max_s)",
        "self._interval_s",
    ),
    _bug(
        "a 2xx without its ACK is repeated for ever",
        CALL,
        "if self._accepted and self._accepted.is_hopeless(now):",
        "if False:",
        50,
    ),
)

OF_DIALOGS = (
    _bug(
        "their INVITE is taken while ours is out",
        CALL,
        "        if self._asked:\n"
        "            return [SendResponse(key, answer(request, 491))]\n"
        "        if self.state",
        "        if self.state",
        13,
    ),
    _bug(
        "an offer by UPDATE is taken while ours is out",
        CALL,
        "            return [SendResponse(key, answer(request, 491))]  # RFC 3311 5.2.\n",
        "            pass\n",
        20,
    ),
    _bug(
        "an INVITE is taken before the ACK of the last",
        CALL,
        "if self.state is not CallState.CONFIRMED or self._accepted:",
        "if self.state is not CallState.CONFIRMED:",
        15,
    ),
    _bug(
        "old requests are served",
        CALL,
        "if not self.dialog.accepts(request):",
        "if False:",
        4,
    ),
    _bug(
        "their new Contact is not learnt",
        DIALOG,
        "target=contacts[0].uri if contacts else self.target,",
        "target=self.target,",
    ),
    _bug(
        "the Contact of a 2xx in the dialog is not learnt",
        DIALOG,
        "return replace(self, target=contacts[0].uri) if contacts else self",
        "return self",
    ),
    _bug(
        "a BYE with the wrong tag ends the call",
        DIALOG,
        '            and (request.from_.tag or "") == (self.remote.tag or "")\n',
        "",
    ),
    _bug(
        "Record-Route of a 2xx is not turned round",
        DIALOG,
        "tuple(reversed(response.record_routes))",
        "tuple(response.record_routes)",
        3,
    ),
    _bug(
        "Record-Route of an INVITE is turned round",
        DIALOG,
        "tuple(request.record_routes)",
        "tuple(reversed(request.record_routes))",
        3,
    ),
    _bug(
        "the proxy that is gone stays in the route",
        DIALOG,
        "step = hop.route if self.hop.is_named_by(route.uri) else route",
        "step = route",
        6,
    ),
    _bug(
        "what was asked early is not counted",
        EARLY,
        "return replace(dialog, local_cseq=before.local_cseq, remote_cseq=before.remote_cseq)",
        "return dialog",
    ),
    _bug("all forks share one session", SESSION, "return copy(self)", "return self"),
    _bug(
        "an offer before the answer is taken",
        RINGING,
        "        if not early.has_answer:\n",
        "        if False:\n",
        9,
    ),
    _bug("an INVITE in an early dialog is no method", RINGING, 'case "INVITE":', 'case "-":'),
    _bug(
        "after 491 both wait alike",
        STANDING,
        "OWNER_WAIT_S if self._owns_call_id else OTHER_WAIT_S",
        "OTHER_WAIT_S",
    ),
    _bug(
        "a second INVITE before the first is answered",
        STANDING,
        "busy = self._asked or self._accepted or self._ask_at is not None",
        "busy = self._ask_at is not None",
    ),
    _bug(
        "the ACK of a re-INVITE is sent once",
        STANDING,
        "return [SendAck(self._confirmed[key])]",
        "return []",
    ),
)

OF_RELIABLE_ANSWERS = (
    _bug(
        "a reliable answer out of order counts",
        EARLY,
        "if self._sequence is not None and sequence != self._sequence + 1:",
        "if False:",
    ),
    _bug(
        "RAck of another answer", RINGING, 'f"{sequence} {invited}"', 'f"{sequence + 1} {invited}"'
    ),
    _bug(
        "no PRACK",
        RINGING,
        "            out += self._ask_within(self._prack(early, sequence))\n",
        "",
    ),
    _bug(
        "a PRACK that crosses the answer is refused",
        RECEIVED,
        "            self._reliable.rest()\n",
        "            self._reliable = None\n",
        3,
    ),
    _bug(
        "a 2xx before the PRACK of an offer",
        RECEIVED,
        "if self._reliable and self._reliable.offered:",
        "if False:",
    ),
    _bug(
        "an offer in a PRACK beside that of the INVITE is welcome",
        RECEIVED,
        "if prack.body and not reliable.offered:",
        "if False:",
        3,
    ),
    _bug(
        "a BYE leaves the INVITE that it ends open",
        RECEIVED,
        "        if self.state is not CallState.OFFERED:\n"
        "            return super()._bye_came(key, request)\n",
        "        if True:\n            return super()._bye_came(key, request)\n",
    ),
)

OF_SESSION_TIMERS = (
    _bug("the refresh comes too late", TIMER, "now + interval_s / 2 if", "now + interval_s if"),
    _bug("the other one shall refresh", TIMER, "'uac' if theirs", "'uac' if not theirs"),
    _bug("timer is not required", TIMER, '(("Require", TAG),) if theirs else ()', "()"),
    _bug(
        "a 422 is not obeyed",
        TIMER,
        "        self._minimum_s = minimum_s\n        return True\n",
        "        return True\n",
    ),
    _bug(
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
