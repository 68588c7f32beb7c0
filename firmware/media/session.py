"""The packets of one call: what goes out, what comes in, whose it is, and how well it goes.

Theory of operation
-------------------
    SendFrame -> digit or encoder -> RtpSender -> Protection -> SendPacket
    PacketReceived -> SourceLock -> Protection -> RtpSource -> jitter buffer
                                              `-> Reporter (RTCP)

A datagram passes these doors in this order, the cheapest first, and is counted where it is
dropped (`counts`). Nothing that comes raises.

- Only the far end's packets reach the jitter buffer: `source_lock.py` says whose they are. With
  SRTP that is proven.
- A new SSRC is a new stream, and the buffer starts anew. It is believed when its second packet
  follows the first and the old one is no longer heard (RFC 3550 A.1, 8.2). Our own SSRC from
  elsewhere is a collision: we say BYE and take another (8.2), every `COLLISION_S` at most.
- A digit is sent in place of sound, frame by frame. What comes of digits and of comfort noise does
  not go through the buffer's order (`digits.py`, `JitterBuffer.comfort`).
- Reports go out as RFC 3550 6.3 times them. Each of ours is followed by `QualityMeasured`.
- `FarEndSilent` warns when neither sound nor reports have come for `SILENCE_S`. While the far end
  need not send (held), only one that has sent reports before is missed, after `REPORTS_S`. One
  that has said goodbye by RTCP and is not heard again is missed after `GOODBYE_S`.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, assert_never

from firmware.machine import earliest, is_due
from firmware.media.digits import Digits
from firmware.media.errors import MediaError
from firmware.media.events import (
    ChangePlan,
    FarEndHeard,
    FarEndLeft,
    FarEndSilent,
    LeaveMedia,
    PacketReceived,
    PressDigit,
    QualityMeasured,
    ReleaseDigit,
    SendDigit,
    SendFrame,
    SendPacket,
    SendSilence,
    WrongKey,
)
from firmware.media.formats import COMFORT_NOISE
from firmware.media.interfaces import Encoder, JitterBuffer, MediaPacket
from firmware.media.plan import Endpoint, MediaPlan
from firmware.media.protection import Protection
from firmware.media.reporter import Reporter
from firmware.media.rtcp import parse_compound
from firmware.media.rtcp_clock import RtcpClock
from firmware.media.rtp import SEQUENCES, RtpPacket, is_rtcp
from firmware.media.rtp_sender import RtpSender
from firmware.media.rtp_source import RESTARTED, USEFUL, RtpSource
from firmware.media.source_lock import SourceLock
from firmware.media.srtp import Refusal, SrtpError

if TYPE_CHECKING:
    from firmware.media.interfaces import Samples

SILENCE_S = 10.0
"""Two of the far end's reports are overdue by then."""

REPORTS_S = 30.0
"""Four reports in a row, by far ends that report every 7 s."""

GOODBYE_S = 2.0
"""A far end that changes its source says goodbye too, and goes on at once."""

STRAGGLERS_S = 0.5
"""Sound that was on its way when the goodbye came; what comes later takes it back."""

WRONG_KEY_PACKETS = 25
"""Half a second of sound that cannot be decrypted, and not one packet that can."""

COLLISION_S = 10.0
"""Two phones rarely draw the same number; somebody who echoes ours must not make us draw on."""

MediaEvent = (
    PacketReceived
    | SendFrame
    | SendSilence
    | PressDigit
    | ReleaseDigit
    | SendDigit
    | ChangePlan
    | LeaveMedia
)


class PacketSession:
    """One call's packets, from the plan's beginning to `LeaveMedia`."""

    def __init__(
        self,
        plan: MediaPlan,
        encoder: Encoder,
        buffer: JitterBuffer,
        random: Random,
        now: float,
    ) -> None:
        self.counts: Counter[str] = Counter()
        """What was dropped, by the reason."""
        self.sounding: int | None = None
        """The SSRC of the sound that came last; None before there was any."""
        self._encoder = encoder
        self._buffer = buffer
        self._random = random
        self._protection = Protection(plan)
        self._lock = SourceLock(plan.remote, now)
        self._rtcp_lock = SourceLock(plan.remote_rtcp, now)
        self._sender = RtpSender(random)
        self._digits = Digits(plan)
        self._reporter = Reporter(random)
        self._clock = RtcpClock(random, now)
        self._source: RtpSource | None = None
        self._candidate: tuple[int, int] | None = None  # SSRC and sequence number to follow.
        self._collided_at: float | None = None
        self._refused = 0  # For a wrong key, in a row.
        self._has_told_wrong_key = False
        self._hears_reports = False
        self._heard_at = now
        self._is_silent = False
        self._goodbye_at: float | None = None
        self._has_left = False
        self._take_plan(plan)

    @property
    def is_encrypted(self) -> bool:
        """Tell whether both directions are: the lock on the screen, when and only when."""
        return self._plan.is_encrypted

    def deadline(self) -> float | None:
        if self._has_left:
            return None
        return earliest((self._clock.report_at, self._silent_at, self._digits.deadline()))

    def wake(self, now: float) -> list[object]:
        out: list[object] = []
        if self._has_left:
            return out
        if self._clock.is_time(now):
            self._clock.sent(now)
            out += self._rtcp(self._reporter.report(self._sender, self._source, now))
            out.append(QualityMeasured(self._reporter.quality, self._buffer.statistics))
        if is_due(self._silent_at, now):
            self._is_silent = True
            out.append(FarEndSilent(self._heard_at))
        return out + self._digits.wake(now)

    def handle(self, event: MediaEvent, now: float) -> list[object]:
        if self._has_left:
            return []
        match event:
            case PacketReceived(data, source, on_rtcp_port):
                return self._received(data, source, now, on_rtcp_port=on_rtcp_port)
            case SendFrame(frame):
                return self._send(now, frame)
            case SendSilence(description):
                return self._send(now, None, description)
            case PressDigit() | ReleaseDigit() | SendDigit():
                return self._take_digit(event)
            case ChangePlan():
                return self._change_plan(event, now)
            case LeaveMedia():
                self._has_left = True
                return self._rtcp(self._reporter.bye(self._sender.ssrc))
            case _:
                assert_never(event)

    # The plan.

    def _take_plan(self, plan: MediaPlan) -> None:
        self._plan = plan
        self._sends, self._receives = plan.direction.sends, plan.direction.receives
        encoder = self._encoder
        # How much RTP time a frame takes.
        self._ticks = encoder.frame_samples * encoder.clock_rate // encoder.sample_rate
        self._clocks = {each.payload_type: each.codec.clock_rate for each in plan.receives}

    def _change_plan(self, change: ChangePlan, now: float) -> list[object]:
        plan = change.plan
        if plan.key_in != self._plan.key_in:
            self._refused, self._has_told_wrong_key = 0, False
        if not plan.direction.receives or not self._plan.direction.receives:
            self._heard_at = now  # Silence was allowed until now, or is from now on.
        self._encoder, self._buffer = change.encoder, change.buffer
        self._protection.change(plan, now)
        self._lock.moved(plan.remote, now)
        self._rtcp_lock.moved(plan.remote_rtcp, now)
        self._digits.change(plan)
        self._take_plan(plan)
        return []

    # What goes out.

    def _take_digit(self, event: PressDigit | ReleaseDigit | SendDigit) -> list[object]:
        match event:
            case PressDigit(digit):
                self._digits.press(digit)
            case ReleaseDigit():
                self._digits.release()
            case SendDigit(digit):
                self._digits.send(digit)
            case _:
                assert_never(event)
        return []

    def _send(self, now: float, frame: Samples | None, silence: bytes = b"") -> list[object]:
        """Send a frame's worth of time: a digit, sound, or what there is to say of silence."""
        self._sender.note_time(self._encoder.clock_rate, now)
        if not self._sends:
            self._sender.pause(self._ticks)
            return []
        digit = self._digits.next_packet(self._sender.timestamp)
        if digit is not None and self._plan.events_out is not None:
            return self._rtp(self._sender.event(self._plan.events_out, digit, self._ticks))
        if silence:
            return self._rtp(self._sender.comfort(COMFORT_NOISE, silence, self._ticks))
        payload = b"" if frame is None else self._encoder.encode(frame)
        if not payload:
            self._sender.pause(self._ticks)
            return []
        payload_type = self._plan.sends.payload_type
        return self._rtp(self._sender.frame(payload_type, payload, self._ticks))

    def _rtp(self, packet: RtpPacket) -> list[object]:
        address = self._lock.address
        secret = self._protection.protect(bytes(packet))
        return [SendPacket(secret, address)] if address else []

    def _rtcp(self, packets: bytes) -> list[object]:
        mux = self._plan.rtcp_mux
        address = (self._lock if mux else self._rtcp_lock).address
        secret = self._protection.protect_rtcp(packets)
        return [SendPacket(secret, address, from_rtcp_port=not mux)] if address else []

    # What comes in.

    def _received(
        self, data: bytes, source: Endpoint, now: float, *, on_rtcp_port: bool
    ) -> list[object]:
        """Let a datagram through the doors; what is wrong with it is only counted."""
        lock = self._rtcp_lock if on_rtcp_port else self._lock
        if not lock.admits(source, now, proves=self._protection.authenticates):
            self.counts["stranger"] += 1
            return []
        try:
            if on_rtcp_port or is_rtcp(data):
                return self._rtcp_received(data, source, lock, now)
            return self._rtp_received(data, source, now)
        except SrtpError as error:
            self.counts[error.refusal.value] += 1
            return self._refuse(error.refusal, source)
        except MediaError:
            self.counts["malformed"] += 1
            return []

    def _refuse(self, refusal: Refusal, source: Endpoint) -> list[object]:
        """Count towards the verdict that the keys differ; one good packet takes it back."""
        self._refused += refusal is Refusal.WRONG_KEY and self._lock.is_at(source.host)
        if self._refused < WRONG_KEY_PACKETS or self._has_told_wrong_key:
            return []
        self._has_told_wrong_key = True
        return [WrongKey()]

    def _heard(self, now: float) -> list[object]:
        """Take note of something that the far end sent."""
        self._heard_at, self._refused = now, 0
        if self._goodbye_at is not None and now > self._goodbye_at + STRAGGLERS_S:
            self._goodbye_at = None
        was_silent, self._is_silent = self._is_silent, False
        return [FarEndHeard()] if was_silent else []

    @property
    def _silent_at(self) -> float | None:
        """When the far end will have been silent for too long."""
        if self._is_silent:
            return None
        if self._goodbye_at is not None:
            return self._heard_at + GOODBYE_S
        if self._receives:
            return self._heard_at + SILENCE_S
        return self._heard_at + REPORTS_S if self._hears_reports else None

    def _rtp_received(self, data: bytes, source: Endpoint, now: float) -> list[object]:
        packet = RtpPacket.parse(self._protection.unprotect(data, now))
        if not (self._lock.hears(source, now) or self._follows(source, packet, now)):
            self.counts["stranger"] += 1
            return []
        if packet.ssrc == self._sender.ssrc:
            return self._collide(now)
        if not self._believes(packet):
            self.counts["unproven"] += 1
            return []
        out = self._heard(now)
        if self._source is None:
            self._source = RtpSource(packet)
        elif packet.ssrc != self._source.ssrc:
            self._source = RtpSource(packet)
            out += self._begin_anew()
        return [*out, *self._take(packet, self._source, now)]

    def _follows(self, source: Endpoint, packet: RtpPacket, now: float) -> bool:
        """Tell whether the far end is where this packet comes from."""
        proven = self._protection.authenticates
        newest = self._source is None or self._source.is_before(packet)
        return self._lock.accepts(source, packet.sequence, now, proven=proven, is_newest=newest)

    def _believes(self, packet: RtpPacket) -> bool:
        """Tell whether a packet is of the stream that is heard, or of one that took its place."""
        is_known = self._source is None or packet.ssrc == self._source.ssrc
        if is_known or self._candidate == (packet.ssrc, packet.sequence):
            self._candidate = None
            return True
        self._candidate = (packet.ssrc, (packet.sequence + 1) % SEQUENCES)
        return False

    def _take(self, packet: RtpPacket, stream: RtpSource, now: float) -> list[object]:
        """Give a packet's content to whom it is for."""
        kind = packet.payload_type
        clock_rate = self._clocks.get(kind, 0)
        if not clock_rate and not self._digits.carries(kind) and kind != COMFORT_NOISE:
            self.counts["unknown payload"] += 1
            return []
        arrival = stream.take(packet, clock_rate, now)
        if arrival not in USEFUL:
            self.counts[arrival.value] += 1
            return []
        if not self._receives:
            return []
        out = self._begin_anew() if arrival is RESTARTED else []
        if self._digits.carries(kind):
            at = stream.taken_timestamp
            return [*out, *self._digits.heard(kind, packet.payload, at, now)]
        if kind == COMFORT_NOISE:
            self._buffer.comfort(packet.payload, now)
        else:
            self.sounding = packet.ssrc
            media = MediaPacket(
                stream.taken_sequence, stream.taken_timestamp, kind, packet.payload, packet.marker
            )
            self._buffer.insert(media, now)
        return out

    def _begin_anew(self) -> list[object]:
        """Forget the order and the time of what came before."""
        self._buffer.restart()
        return self._digits.restart()

    def _collide(self, now: float) -> list[object]:
        self.counts["collision"] += 1
        if self._collided_at is not None and now - self._collided_at < COLLISION_S:
            return []
        self._collided_at = now
        bye = self._rtcp(self._reporter.bye(self._sender.ssrc))
        self._sender.choose_ssrc()
        return bye

    def _rtcp_received(
        self, data: bytes, source: Endpoint, lock: SourceLock, now: float
    ) -> list[object]:
        packets = parse_compound(self._protection.unprotect_rtcp(data, now))
        proven = self._protection.authenticates or self._lock.is_at(source.host)
        # Reports have no order that could be compared: proven sound knows better.
        sounds = self._protection.authenticates and lock is self._lock and lock.is_held(now)
        if not lock.accepts(source, 0, now, proven=proven, is_newest=not sounds):
            self.counts["stranger"] += 1
            return []
        self._hears_reports = True
        far = self._source.ssrc if self._source else None
        left = self._reporter.take(packets, self._sender, far, now)
        out = self._heard(now)
        if left:
            self._goodbye_at = now
            out.append(FarEndLeft())
        return out
