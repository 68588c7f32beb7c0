"""Planted bugs of session descriptions and of Replaces, for the world of far ends to find."""

from __future__ import annotations

from tests.simulator.bug import bug_of_peers

ASKING = "firmware.agent.asking"
DESCRIBED = "firmware.media.described"
DIALOG = "firmware.agent.dialog"
NEGOTIATION = "firmware.media.negotiation"
REPLACED = "firmware.agent.replaced"
RESCUE = "firmware.agent.rescue"
SESSION = "firmware.agent.media"
UNHEARD = "firmware.agent.unheard"

OF_SESSIONS = (
    bug_of_peers("o= stands still", SESSION, "version=version + 1", "version=version"),
    bug_of_peers(
        "an answer receives what is not sent",
        NEGOTIATION,
        "receives=wanted.receives and far.direction.sends",
        "receives=wanted.receives",
    ),
    bug_of_peers(
        "0.0.0.0 is sent to",
        NEGOTIATION,
        "here.direction.sends and there.direction.receives and there.is_reachable",
        "here.direction.sends and there.direction.receives",
    ),
    bug_of_peers(
        "lines that are not taken have a port",
        NEGOTIATION,
        "Media(media.kind, 0, media.protocol, media.formats)",
        "Media(media.kind, media.port, media.protocol, media.formats)",
    ),
    bug_of_peers(
        "an answer has one line, whatever is offered",
        NEGOTIATION,
        "        line if number == place else Media(media.kind, 0, media.protocol, media.formats)\n"
        "        for number, media in enumerate(offered.media)\n",
        "        line for number, media in enumerate(offered.media) if number == place\n",
    ),
    bug_of_peers(
        "their order of codecs decides",
        NEGOTIATION,
        "(here if we_answered else there).formats",
        "there.formats",
    ),
    bug_of_peers("keys are answered under tag 1", NEGOTIATION, "Crypto(crypto.tag,", "Crypto(1,"),
    bug_of_peers(
        "the tag of their key is not looked at",
        NEGOTIATION,
        "key = ours.get(crypto.tag)",
        "key = next(k for k in ours.values() if k.suite is crypto.key.suite)",
    ),
    bug_of_peers(
        "the address of the media line is not read",
        DESCRIBED,
        "_host(media.connection or session.address)",
        "_host(session.address)",
    ),
)

OF_REPLACES = (
    bug_of_peers(
        "a replacement keeps the old keys",
        RESCUE,
        "self.media.offer(self.line.host, anew=True)",
        "self.media.offer(self.line.host)",
    ),
    bug_of_peers(
        "the dialog that we replace is not ended",
        RESCUE,
        "return [SendAck(ack), farewell, *tied",
        "return [SendAck(ack), *tied",
    ),
    bug_of_peers(
        "the 2xx of a replacement not acknowledged",
        RESCUE,
        "return [SendAck(ack), farewell, *tied",
        "return [farewell, *tied",
    ),
    bug_of_peers(
        "a stranger takes the place of the far end",
        REPLACED,
        "if not is_from(invite, call.dialog.remote.uri):",
        "if False:",
    ),
    bug_of_peers(
        "one tag is enough to take a call's place",
        DIALOG,
        "return named == (self.call_id, self.local.tag, self.remote.tag)",
        "return named[:2] == (self.call_id, self.local.tag)",
    ),
    bug_of_peers(
        "the dialog that they replace is not ended",
        RESCUE,
        "        return [*out, OweBye(self.line, old, reasons.REPEATED, accepted)]\n",
        "        return out\n",
    ),
    bug_of_peers(
        "a new dialog with the old keys",
        RESCUE,
        "*tied, *self._media_news()]",
        "*tied]",
    ),
    bug_of_peers(
        "a dialog that took another's place hears BYE before its ACK",
        UNHEARD,
        "waits = self._unheard is not None or self._accepted_opens",
        "waits = False",
    ),
    bug_of_peers(
        "an answer to the dialog before counts in the next",
        ASKING,
        "if response.call_id != self.dialog.call_id:",
        "if False:",
    ),
    bug_of_peers(
        "a far end that is gone is held for ever",
        RESCUE,
        '            out += self._give_up("the far end is gone", reasons.NOTHING_HEARD)\n',
        "            self._gone_by = None\n",
    ),
)

BUGS_OF_SESSIONS = (*OF_SESSIONS, *OF_REPLACES)
