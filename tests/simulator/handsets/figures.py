"""What a handset's reports should say, computed from the packets by other code (RFC 3550 6.4, A).

Loss, jitter and round trip are those of the network as it was. They are compared where the whole
interval was plain: what comes while keys, addresses or plans change may or may not count.
Silence is told when, and only when, nothing came for so long.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from firmware.media.events import QualityMeasured
from firmware.media.plan import MediaPlan
from firmware.media.rtp import is_rtcp

if TYPE_CHECKING:
    from tests.simulator.handsets.handset import Handset
    from tests.simulator.handsets.world import World

SILENCE_S, SLACK_S = 10.0, 0.1
REPORTS_S = 30.0
LEFT_S = 2.0
"""After the far end's goodbye."""

PLAIN_S = 1.5
"""After a change, until figures are whole."""

JITTER_PACKETS = 100
"""After so many the beginning is forgotten: (15/16)^100."""

JITTER_S, ROUND_TRIP_S = 0.0005, 0.001
FORGOTTEN_S = 60.0
"""A hundredth of the buffer's memory is left of the way as it was: 6.6 times 400 packets."""

LOSS = 1 / 256 + 1e-6


@dataclass
class Counted:
    """One call's packets from its far end."""

    ssrc: int = 0
    highest: int = 0
    came: int = 0
    numbers: set[int] = field(default_factory=set)
    transit_s: float | None = None
    jitter_s: float = 0.0
    smoothed: int = 0
    measured_at: float | None = None  # The last report,
    highest_then: int = 0  # and what was so then.
    came_then: int = 0
    harmed_at: float = 0.0
    deep: int = 0  # Reports in a row of a buffer that is too deep.
    losses: deque[float] = field(default_factory=lambda: deque([0.0], 6))  # As we reported them.
    reports_s: deque[float] = field(default_factory=lambda: deque(maxlen=16))  # What they took.


class Figures:
    """All that one handset is sent."""

    def __init__(self, handset: Handset) -> None:
        self.world: World
        self.far_ssrc = 0
        self.seen = dict.fromkeys(["loss", "jitter", "round trip", "there", "silent", "depth"], 0)
        self.calls: dict[int, Counted] = {}
        self.depths: list[int] = []
        self._handset = handset
        self._came_at: dict[int, float] = {}  # Of whatever comes, and of what can be read.
        self._heard_at: dict[int, float] = {}
        self._is_silent: dict[int, bool] = {}

    def agreed(self, call: int, before: MediaPlan | None, plan: MediaPlan, now: float) -> None:
        """A call's sound begins or changes."""
        counted = self.calls.setdefault(call, Counted())
        counted.harmed_at = now
        receives = plan.direction.receives and (before is None or before.direction.receives)
        if before is None or not receives:
            self._heard_at[call] = self._came_at[call] = now
        self._is_silent.setdefault(call, False)

    def over(self, call: int) -> None:
        """A call's sound is over."""
        self.calls.pop(call, None)
        self._came_at.pop(call, None)
        self._heard_at.pop(call, None)
        self._is_silent.pop(call, None)

    def harm(self) -> None:
        """What comes now may count or not."""
        for counted in self.calls.values():
            counted.harmed_at = self.world.schedule.now

    def arrives(self, call: int, data: bytes, sent_at: float) -> None:
        """Count a packet of the far end's that comes to a call's port."""
        now = self.world.schedule.now
        self._came_at[call] = now
        if self._has_our_key(call):
            self._heard_at[call] = now
        counted = self.calls[call]
        if is_rtcp(data):
            counted.reports_s.append(now - sent_at)
            return
        ssrc = int.from_bytes(data[8:12], "big")
        sequence = int.from_bytes(data[2:4], "big")
        if ssrc != counted.ssrc:
            self.far_ssrc = ssrc
            losses, reports = counted.losses, counted.reports_s
            counted = self.calls[call] = Counted(ssrc, sequence, harmed_at=now)
            counted.losses, counted.reports_s = losses, reports
        self._count(counted, sequence, data, now)

    def _has_our_key(self, call: int) -> bool:
        """Tell whether what comes can be read."""
        key = self._handset.plans[call].key_in
        far = self.world.handsets[1 - self._handset.side]
        if key is None and self.world.plan.behind_router == far.side and far.plan:
            # Where too much is out of order, an address that was not described is not believed.
            source = self.world.network.outer(far.side, far.plan.local_port)
            return self._handset.is_locked_to(source)
        return any(plan.key_out == key for plan in far.plans.values())

    def _count(self, counted: Counted, sequence: int, data: bytes, now: float) -> None:
        ahead = (sequence - counted.highest + 32768) % 65536 - 32768
        number = counted.highest + ahead
        again = number in counted.numbers
        if again and self.world.plan.is_secret:
            return  # A replay, for the cipher.
        counted.numbers.add(number)
        counted.highest = max(counted.highest, number)
        counted.came += 1
        if len(counted.numbers) > 1000:
            counted.numbers = {n for n in counted.numbers if n > counted.highest - 500}
        if not again:
            self._smooth(counted, data, now)

    def _smooth(self, counted: Counted, data: bytes, now: float) -> None:
        """A.8, with time stamps as far as they go: they do not roll over in what is compared."""
        plan = self._handset.plans.get(self._call_of(counted))
        rates = {f.payload_type: f.codec.clock_rate for f in plan.receives} if plan else {}
        rate = rates.get(data[1] & 0x7F)
        if rate is None:
            return  # A digit: its time stands still.
        stamp = int.from_bytes(data[4:8], "big")
        transit_s = now - stamp / rate
        if counted.transit_s is not None:
            step_s = abs(transit_s - counted.transit_s)
            step_s = min(step_s, abs(step_s - 2**32 / rate))
            counted.jitter_s += (step_s - counted.jitter_s) / 16
            counted.smoothed += 1
        counted.transit_s = transit_s

    def _call_of(self, counted: Counted) -> int:
        return next((call for call, one in self.calls.items() if one is counted), 0)

    # What is compared.

    def measured(self, call: int, fact: QualityMeasured) -> None:
        """The handset has sent a report, and says what it knows."""
        now = self.world.schedule.now
        counted, quality = self.calls[call], fact.quality
        broken_at = self.world.ears[self._handset.side].broken_at
        plain_since = max(counted.harmed_at, self.world.harmed_at, broken_at) + PLAIN_S
        before = counted.measured_at
        if before is not None and before > plain_since and counted.highest > counted.highest_then:
            self.seen["loss"] += 1
            expected = counted.highest - counted.highest_then
            missing = expected - (counted.came - counted.came_then)
            share = max(0.0, missing / expected)
            assert abs(quality.loss_here - share) <= LOSS, f"loss {quality.loss_here}, not {share}"
            if counted.smoothed > JITTER_PACKETS:
                self.seen["jitter"] += 1
                wrong_s = quality.jitter_here_s - counted.jitter_s
                assert abs(wrong_s) < JITTER_S, f"jitter {quality.jitter_here_s:.4f}, {wrong_s}"
        counted.measured_at, counted.losses = now, counted.losses
        counted.losses.append(quality.loss_here)
        counted.highest_then, counted.came_then = counted.highest, counted.came
        self._far_side(fact, now - plain_since)
        self._depth(call, fact, now - plain_since)

    def _far_side(self, fact: QualityMeasured, plain_s: float) -> None:
        """What the far end reports is what it has measured; the round trip is both ways'."""
        far = self.world.handsets[1 - self._handset.side].figures
        changed_at = max(way.harmed_at for way in self.world.network.ways)
        plain_s = min(plain_s, self.world.schedule.now - changed_at)
        if plain_s < 20 or len(far.calls) != 1 or len(self.calls) != 1:
            return
        (theirs,), (ours,) = far.calls.values(), self.calls.values()
        quality = fact.quality
        self.seen["there"] += 1
        assert any(abs(quality.loss_there - loss) < LOSS for loss in theirs.losses), (
            f"loss there {quality.loss_there}, not one of {theirs.losses}"
        )
        if quality.round_trip_s is None:
            return
        self.seen["round trip"] += 1
        sums = [there + back for there in theirs.reports_s for back in ours.reports_s]
        assert any(abs(quality.round_trip_s - one) < ROUND_TRIP_S for one in sums), (
            f"round trip {quality.round_trip_s}, not one of {sums}"
        )

    def _depth(self, call: int, fact: QualityMeasured, plain_s: float) -> None:
        """The buffer holds what the network's unevenness asks for, and little more."""
        buffer = fact.buffer
        assert buffer.depth_ms < 1000, f"a buffer of {buffer.depth_ms} ms"
        plan = self._handset.plans.get(call)
        if plain_s < 15 or plan is None or not plan.direction.receives:
            return
        way = self.world.network.ways[1 - self._handset.side]
        now = self.world.schedule.now
        lately = sorted(took for at, took in way.transits if at > now - 8)
        if len(lately) < 100 or now - way.harmed_at < 15:
            return
        self.seen["depth"] += 1
        uneven_ms = 1000 * (lately[-1] - lately[0])
        common_ms = 1000 * (lately[int(len(lately) * 0.9)] - lately[0])
        if now - way.harmed_at > FORGOTTEN_S:
            assert buffer.target_ms <= uneven_ms + 75, f"target {buffer.target_ms}, {uneven_ms:.0f}"
        assert buffer.target_ms >= common_ms - 10, f"target {buffer.target_ms}, {common_ms:.0f}"
        counted = self.calls[call]
        is_deep = buffer.depth_ms > 1.4 * buffer.target_ms + plan.ptime_ms + 30
        counted.deep = counted.deep + 1 if is_deep else 0
        # A pause is waited for to cut sound out, but not for ever.
        assert counted.deep < 2, f"depth {buffer.depth_ms}, target {buffer.target_ms}"

    # Silence.

    def fell_silent(self, call: int) -> None:
        """The handset says that nothing comes."""
        now = self.world.schedule.now
        self.seen["silent"] += 1
        self._is_silent[call] = True
        patience_s = SILENCE_S if self._receives(call) else REPORTS_S
        if not self._is_held_there(call):
            patience_s = LEFT_S
        heard_at = self._heard_at.get(call, 0.0)
        excused = self.world.harmed_at > now - patience_s
        late = now - heard_at >= patience_s - SLACK_S
        assert late or excused, f"silent since {now - heard_at:.1f} s only"

    def _is_held_there(self, call: int) -> bool:
        """Tell whether the far end still has the call's sound."""
        port = self._handset.plans[call].local_port
        far = self.world.handsets[1 - self._handset.side]
        return any(plan.remote.port == port for plan in far.plans.values())

    def is_heard_again(self, call: int) -> None:
        """The handset says that something comes again."""
        self._is_silent[call] = False

    def look(self) -> None:
        """Whoever is silent for too long has to be missed."""
        now, plan = self.world.schedule.now, self.world.plan
        if plan.strangers_every_s and not plan.is_secret:
            return  # A stranger may be taken for the far end that is silent.
        for call, heard_at in self._came_at.items():
            overdue = now - heard_at > SILENCE_S + SLACK_S and self._receives(call)
            assert not overdue or self._is_silent[call], f"nothing came for {now - heard_at:.1f} s"

    def _receives(self, call: int) -> bool:
        plan = self._handset.plans.get(call)
        return plan is not None and plan.direction.receives
