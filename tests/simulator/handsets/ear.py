"""What one person hears of the other, frame by frame: all that was said, nothing else, in time.

A way is *open* while both ends agree that its speaker is heard; *closed* while the speaker cannot
be heard by anybody. What is heard is judged when either has been so for long enough. The link has
no part in that: a call's sound goes on whatever becomes of its proxies (F6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.machine import earliest
from firmware.media.formats import OPUS
from firmware.media.plan import Direction, MediaPlan
from tests.simulator.handsets.signal import SLOT_FRAMES, SLOT_S, SLOTS, Heard, listen

if TYPE_CHECKING:
    from tests.simulator.handsets.handset import Handset
    from tests.simulator.handsets.network import Way
    from tests.simulator.handsets.world import World

SETTLED_S = 1.2
"""After a change: the longest way, the deepest buffer, a codec that finds its feet."""

AUDIBLE, FAINT = 2000.0, 300.0
"""Of an amplitude of 8000: while nothing is lost, and while a packet is concealed."""

GAP_PACKETS = 3
"""Lost close together, they may be heard as a gap."""

BELIEVED_S = 4.0
"""Two seconds in which nobody else is heard, a few packets in sequence, and slack."""

LOSS_MAX = 0.02
"""Where more is lost, a few packets in sequence may take long to come."""

CLOSE_S = 0.3
MINE, ALIEN = 0.4, 0.5
PURE = 0.9
SPARE_S = 0.11
"""Of a delay that is known to a slot: frames of both cards, and packets."""


class Ear:
    """One handset's earpiece, and the way from the other one's microphone to it."""

    def __init__(self, world: World, listener: Handset, speaker: Handset, way: Way) -> None:
        self.way = way
        self.harmed_at = 0.0  # When the way was last not open, or not quiet itself.
        self.broken_at = 0.0  # The same, but for digits and tones.
        self.delays_s: list[float] = []  # Of the pure frames, the latest.
        self.seen = dict.fromkeys(
            ["judged open", "judged closed", "judged lossy", "failing over", "delays"], 0
        )
        self._world = world
        self._listener, self._speaker = listener, speaker
        # Apart, since sound takes its time from the one to the other.
        self._mute_since: float | None = None  # The speaker cannot be heard by anybody,
        self._deaf_since: float | None = None  # or the listener hears nobody.
        self._doubted_at: float | None = None
        self._odd = 0  # Frames in a row that hold what they should not.

    def change(self) -> None:
        """A call's sound has begun, changed or ended at one end."""
        now = self._world.schedule.now
        if not self.is_open:
            self.broken_at = self.harmed_at = now
            self._doubted_at = None
        self._note_who_speaks(now)

    def frame(self, played: bytes) -> None:
        """Judge one frame of the earpiece."""
        now = self._world.schedule.now
        self._look(now)
        heard = listen(played)
        has_tone = self._listener.tone_until >= now
        self._nothing_odd(heard, now, has_tone=has_tone)
        quiet_since = max(self.harmed_at, self.way.harmed_at, self._listener.tone_until)
        if now - quiet_since > SETTLED_S:
            self._is_heard(heard, now)

    @property
    def is_open(self) -> bool:
        """Tell whether the speaker is to be heard."""
        ours, theirs = self._listener.plan, self._speaker.plan
        return ours is not None and theirs is not None and _fits(theirs, ours)

    def _look(self, now: float) -> None:
        speaker = self._speaker
        if not self.is_open or not self._is_believed(now):
            self.broken_at = self.harmed_at = now
        if (
            speaker.is_muted
            or speaker.hushed
            or self._listener.hushed
            or speaker.digits_until > now - 0.1
        ):
            self.harmed_at = now
        self._note_who_speaks(now)

    def _note_who_speaks(self, now: float) -> None:
        speaker, listener = self._speaker, self._listener
        speaks = not speaker.is_muted and any(
            plan.direction is Direction.SENDRECV and call not in speaker.hushed
            for call, plan in speaker.plans.items()
        )
        hears = any(
            plan.direction.receives and call not in listener.hushed
            for call, plan in listener.plans.items()
        )
        self._mute_since = None if speaks else self._mute_since or now
        self._deaf_since = None if hears else self._deaf_since or now

    @property
    def _closed_since(self) -> float | None:
        return earliest((self._mute_since, self._deaf_since))

    def _is_believed(self, now: float) -> bool:
        """Without keys, a far end whose address has changed is believed after a while only."""
        plan, path = self._speaker.plan, self.way.path
        if plan is None or self._world.plan.is_secret or self._world.plan.behind_router is None:
            return True
        source = self._world.network.outer(self._speaker.side, plan.local_port)
        believed = self._listener.is_locked_to(source)
        if believed or path.loss > LOSS_MAX or now - self.way.harmed_at < BELIEVED_S:
            self._doubted_at = None
        else:
            self._doubted_at = self._doubted_at or now
            assert now - self._doubted_at < BELIEVED_S, f"{self._name} does not believe {source}"
        return believed

    @property
    def _slack_s(self) -> float:
        """How long what was said may be on its way, or wait here."""
        path = self.way.path
        deepest = max(
            (self._listener.statistics(call).target_ms for call in self._listener.plans), default=0
        )
        return path.latency_s + path.jitter_s + 1.5 * deepest / 1000 + 0.35

    def _nothing_odd(self, heard: Heard, now: float, *, has_tone: bool) -> None:
        """No stranger, not oneself, nobody who has been silenced: not two frames of them."""
        self.seen["judged closed"] += self._closed_since is not None
        if heard.level < FAINT or has_tone:
            self._odd = 0
            return
        side = self._speaker.side
        captured = self._world.network.may_be_captured(self._listener, 0.0)
        wrong = "a stranger" if heard.strange > ALIEN and not captured else ""
        wrong = wrong or ("himself" if heard.shares[1 - side] > ALIEN else "")
        closed_since = self._closed_since
        since = max(closed_since or now, self.way.harmed_at)
        if closed_since is not None and now - since > self._slack_s:
            wrong = wrong or ("who cannot be heard" if heard.shares[side] > ALIEN else "")
        if self.way.transits and now - self.way.transits[-1][0] > self._slack_s:
            wrong = wrong or ("what nobody says" if heard.shares[side] > ALIEN else "")
        self._odd = self._odd + 1 if wrong else 0
        assert self._odd < 2, f"{self._name} hears {wrong}"

    def _is_heard(self, heard: Heard, now: float) -> None:
        lost = sum(at > now - SETTLED_S for at in self.way.lost_at)
        side = self._speaker.side
        if lost:
            self.seen["judged lossy"] += 1
            close = sum(at > now - CLOSE_S - self._slack_s for at in self.way.lost_at)
            enough = heard.level > FAINT or close >= self._gap_packets
            assert enough, f"{self._name} hears a gap: {close} packets lost"
            return
        self.seen["judged open"] += 1
        self.seen["failing over"] += self._world.is_failing_over
        assert heard.level > AUDIBLE, f"{self._name} hears nothing: {heard}"
        self._odd = 0 if heard.shares[side] > MINE else self._odd + 1
        assert self._odd < 3, f"{self._name} hears something else: {heard}"
        if heard.slot_shares[side] > PURE:
            self._in_time(heard.slots[side])

    @property
    def _gap_packets(self) -> int:
        """libopus lets a pure tone fade to a fiftieth in its second lost frame."""
        plan = self._speaker.plan
        is_short = plan is not None and plan.ptime_ms <= 20
        return GAP_PACKETS if plan and is_short and plan.sends.codec is not OPUS else 2

    def _in_time(self, slot: int) -> None:
        """The delay is the way's, the buffer's, and a little."""
        spoken = (self._speaker.frames - 1) // SLOT_FRAMES
        delay_s = (spoken - slot) % SLOTS * SLOT_S
        self.seen["delays"] += 1
        self.delays_s = [*self.delays_s[-49:], delay_s]
        (call,) = self._listener.plans
        statistics, path = self._listener.statistics(call), self.way.path
        plan = self._speaker.plan
        packet_s = plan.ptime_ms / 1000 if plan else 0.0
        wait_s = max(statistics.depth_ms, statistics.target_ms) / 1000
        longest_s = path.latency_s + path.jitter_s + wait_s + packet_s + SPARE_S
        assert delay_s <= longest_s, f"{self._name} hears {delay_s:.2f} s late, not {longest_s:.2f}"
        assert delay_s + SLOT_S >= path.latency_s, f"{self._name} hears the future"

    @property
    def _name(self) -> str:
        return f"handset {self._listener.side}"


def _fits(theirs: MediaPlan, ours: MediaPlan) -> bool:
    """Tell whether two ends agree that what the one says is heard by the other."""
    agreed = theirs.key_out == ours.key_in and theirs.sends in ours.receives
    agreed = agreed and theirs.remote.port == ours.local_port
    return agreed and theirs.direction is Direction.SENDRECV and ours.direction.receives
