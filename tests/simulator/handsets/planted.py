"""Planted bugs that two handsets have to find: sound, its packets and figures, calls that move."""

from __future__ import annotations

from functools import partial

from tests.simulator.bug import Bug

CALL_VOICE = "firmware.media.call_voice"
CONCEAL = "firmware.media.conceal"
DELAY = "firmware.media.delay"
DTMF = "firmware.media.dtmf"
GAIN = "firmware.media.gain"
JITTER = "firmware.media.jitter"
NEGOTIATION = "firmware.media.negotiation"
PACKETS = "firmware.media.packets"
PROTECTION = "firmware.media.protection"
REPORTER = "firmware.media.reporter"
RESCUE = "firmware.agent.rescue"
SENDER = "firmware.media.rtp_sender"
SESSION = "firmware.media.session"
SOUND = "firmware.phone.sound"
SOURCE = "firmware.media.rtp_source"
SOURCE_LOCK = "firmware.media.source_lock"

Call = partial(Bug, world="tests.simulator.handsets.world")

BUGS_OF_CALLS = (
    # The jitter buffer, and what is heard in place of what is lost.
    Call(
        "a buffer that never gets shallower",
        JITTER,
        "        packet = self._samples(self._packet_ticks)\n        self._quantum",
        "        return sound\n        self._quantum",
    ),
    Call(
        "a buffer that does not follow jitter",
        DELAY,
        "        self.target_s = max((step + 1) * STEP_S, TARGET_MIN_S)\n",
        "        self.target_s = TARGET_MIN_S\n",
    ),
    Call(
        "a lost packet is a hole",
        CONCEAL,
        "        made *= self._loudness(",
        "        made *= 0 * self._loudness(",
    ),
    Call(
        "sound of before the hold",
        CALL_VOICE,
        "if before.receives != plan.receives or resumed:",
        "if before.receives != plan.receives:",
    ),
    # RTP.
    Call(
        "numbers that begin anew are old",
        SOURCE,
        "        self.taken_sequence = self._highest + ahead\n        self.taken_timestamp",
        "        self.taken_sequence = packet.sequence\n        self.taken_timestamp",
    ),
    Call(
        "time stands still while a digit is sent",
        SENDER,
        "marker=event.marker)\n        self.pause(ticks)\n",
        "marker=event.marker)\n",
    ),
    Call(
        "a timestamp that grows too slowly",
        SENDER,
        "(self.timestamp + ticks) % TIMESTAMPS\n        self._is_quiet = False",
        "(self.timestamp + ticks - 1) % TIMESTAMPS\n        self._is_quiet = False",
    ),
    # SRTP.
    Call(
        "one key for both ways",
        NEGOTIATION,
        "return MasterKey.make(theirs.suite, secret)",
        "return theirs",
    ),
    Call(
        "a cipher that begins anew with each plan",
        PROTECTION,
        "        if plan.key_out != self._key_out:\n",
        "        if True:\n",
    ),
    Call(
        "reports in clear",
        PROTECTION,
        "return self._sender.protect_rtcp(packet) if self._sender else packet",
        "return packet",
    ),
    Call(
        "the lock is always shown",
        SOUND,
        "return SoundLine(plan.is_encrypted,",
        "return SoundLine(True,",
    ),
    # RTCP.
    Call(
        "loss since the beginning",
        SOURCE,
        "        self._expected_before, self._received_before = expected, self._received\n",
        "",
    ),
    Call(
        "a jitter that is twice as quick",
        SOURCE,
        "- self._jitter_s) / 16",
        "- self._jitter_s) / 8",
    ),
    Call(
        "a round trip with the far end's time in it",
        REPORTER,
        "int(now * SHORT) - block.last_report - block.delay",
        "int(now * SHORT) - block.last_report",
    ),
    Call(
        "the far end's loss is ours",
        REPORTER,
        "loss_there=block.fraction_lost / 256",
        "loss_there=self.quality.loss_here",
    ),
    Call(
        "silence is told late",
        SESSION,
        "SILENCE_S = 10.0",
        "SILENCE_S = 14.0",
    ),
    # Digits.
    Call(
        "each packet of a digit is one",
        DTMF,
        "        if begins:\n            self._timestamp = timestamp\n",
        "        if True:\n            self._timestamp = timestamp\n",
    ),
    Call(
        "a late packet is another digit",
        DTMF,
        "        if self._timestamp is not None and timestamp < self._timestamp:\n",
        "        if False:\n",
    ),
    Call(
        "a digit swallows the next",
        DTMF,
        "            self._queue.popleft()\n",
        "            self._queue.clear()\n",
    ),
    # Whose packets are taken.
    Call(
        "a far end that moves is lost",
        SOURCE_LOCK,
        "        if proven or source == self._described or",
        "        if source == self._described or",
    ),
    Call(
        "a stranger is listened to",
        SOURCE_LOCK,
        "        if not proves and self.is_held(now):\n            return False\n",
        "",
    ),
    # Who hears whom.
    Call(
        "a held far end hears the room",
        CALL_VOICE,
        "if self._holds:",
        "if False:",
    ),
    Call(
        "mute is soft only",
        GAIN,
        "            return np.zeros(len(samples), np.int16)\n",
        "            return samples // 2\n",
    ),
    Call(
        "taken back in one way only",
        SESSION,
        "        self._take_plan(plan)\n        return []\n",
        "        return []\n",
    ),
    # Calls that move to another link.
    Call(
        "a dialog that is lost is not replaced",
        RESCUE,
        "        self._wants_replacement = True\n        wait_s",
        "        wait_s",
    ),
    Call(
        "a far end that is gone stays",
        RESCUE,
        '            out += self._give_up("the far end is gone", reasons.NOTHING_HEARD)\n',
        "            pass\n",
    ),
)
