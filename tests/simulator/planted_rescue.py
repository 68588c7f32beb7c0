"""Planted bugs of dialogs that stand, and of calls that outlive their link (F6)."""

from __future__ import annotations

from tests.simulator.bug import Bug

STANDING = "firmware.agent.standing"
RESCUE = "firmware.agent.rescue"
REPLACING = "firmware.agent.replacing"
OUTLASTING = "firmware.agent.outlasting"
AGENT = "firmware.agent.agent"
LAYER = "firmware.transaction.layer"
PEERS = "tests.simulator.peers.world"

BUGS_OF_RESCUE = (
    Bug(
        "a re-INVITE's 2xx not acknowledged",
        STANDING,
        "return [SendAck(ack), *far, *self._take_session(response, now)]",
        "return [*far, *self._take_session(response, now)]",
    ),
    Bug(
        "a re-INVITE takes no number of its own",
        STANDING,
        'self.dialog, request = self.dialog.over(self.line.hop).next_request("INVITE", *fields)',
        '_, request = self.dialog.over(self.line.hop).next_request("INVITE", *fields)',
    ),
    Bug(
        "a re-INVITE without its session",
        STANDING,
        "        request = replace(request, body=offer)\n",
        "",
    ),
    Bug(
        "a re-INVITE without Contact",
        STANDING,
        "(*dialog_fields(self.line), *self.timer.fields(),",
        "(*self.timer.fields(),",
    ),
    Bug("Retry-After within a dialog ignored", STANDING, "self._ask_at = now + wait_s", "pass"),
    Bug("Replaces not required", REPLACING, '            ("Require", "replaces"),\n', ""),
    Bug(
        "Replaces with its tags exchanged",
        REPLACING,
        'old.remote.tag or "", old.local.tag or ""',
        'old.local.tag or "", old.remote.tag or ""',
    ),
    Bug(
        "a replacement that went down is not cancelled",
        RESCUE,
        'return [CancelLost(lost, "" if self.has_ended else reasons.REPEATED)]',
        "return []",
    ),
    Bug(
        "a far end that is not there yet asked at once",
        RESCUE,
        "        self._wants_replacement = wait_s > 0\n"
        "        self._replace_at = now + wait_s if wait_s else None\n",
        "        self._wants_replacement = wait_s > 0\n",
    ),
    Bug(
        "a call ended by the loss of its link",
        RESCUE,
        "        return self._bind(Tie.REFRESHING)\n",
        "        return self._give_up('', '')\n",
    ),
    Bug(
        "the ACK of a re-INVITE with another number",
        STANDING,
        "dialog.acknowledge(asked.cseq.number, *fields)",
        "dialog.acknowledge(asked.cseq.number + 1, *fields)",
    ),
    # A call that rings when its link is lost.
    Bug(
        "a call that rings ends with its link",
        OUTLASTING,
        "                return self._cut(now)\n",
        "                return [self._final(480), *self._end(EndCause.LINK_LOST)]\n",
    ),
    Bug(
        "a call that rings on is not told again",
        OUTLASTING,
        "[*self._said_again(now), *self._bind(Tie.ANCHORED)]",
        "[*self._bind(Tie.ANCHORED)]",
    ),
    Bug(
        "who answers without a link is forgotten",
        OUTLASTING,
        "*(self.answer(now) if self._wants_answer else [])]",
        "]",
    ),
    Bug(
        "a 2xx that crosses who comes again is forgotten",
        OUTLASTING,
        "        if was_said_here:",
        "        if False:",
        world=PEERS,
    ),
    Bug(
        "a refusal without a link is lost",
        LAYER,
        "again = (s.refuse_again() for s in self._invites() if self._reaches(s))",
        "again = iter(())",
    ),
    Bug(
        "a caller who comes again rings twice",
        AGENT,
        "rings_on = None if request.replaces else self._calls.awaiting(request, line)",
        "rings_on = None",
        world=PEERS,
    ),
    Bug(
        "a call rings on for nobody",
        OUTLASTING,
        "            self._clock_at = min(self._rings_until, now + KEPT_S)\n",
        "            pass\n",
        world=PEERS,
    ),
)
