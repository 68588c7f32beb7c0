"""One whole handset: the stack, the sound of all its calls, the sockets and card around them.

What `firmware/runtime` does with threads and sockets is done here in simulated time: the stack is
woken at its deadline, the card ticks by a clock of its own, datagrams come from the network.
"""

from __future__ import annotations

from functools import partial
from itertools import count
from math import inf
from random import Random
from typing import TYPE_CHECKING

from firmware.agent.events import CallEnded
from firmware.link.events import CheckDelivery, Close, Connect, Resolve, Write
from firmware.media.events import (
    HushCall,
    MuteMicrophone,
    PacketReceived,
    PlayTone,
    QualityMeasured,
    SayDigit,
    SetVolume,
    SoundReport,
)
from firmware.media.jitter_counts import JitterStatistics
from firmware.media.plan import Endpoint, MediaPlan
from firmware.media.rtp_sender import SEQUENCE_BITS
from firmware.media.voices import Said, Voices, Wish
from firmware.phone.events import (
    Report,
    Show,
    StartVoice,
    StopVoice,
)
from firmware.phone.screen import Screen
from firmware.phone.state import State
from firmware.stack import Stack
from tests.simulator.handsets.figures import Figures
from tests.simulator.handsets.signal import CYCLE_FRAMES, RATE, SPOKEN
from tests.simulator.site import Site
from tests.simulator.wire import Wire

if TYPE_CHECKING:
    from tests.simulator.handsets.world import World

TICK_S = 0.02
DUE_FRAMES = 5
DIGIT_S = 0.35
"""A digit's events, its ends and the pause after it, whatever a packet holds."""


class Worn(Random):
    """Draws numbers that are about to roll over: sequence numbers and timestamps."""

    packets = 300  # Before the sequence numbers do.

    def getrandbits(self, bits: int) -> int:
        """Return a number of so many bits; the first sequence number has 15 (RFC 3711 3.3.1)."""
        drawn = super().getrandbits(bits)
        if bits == SEQUENCE_BITS:
            return 2**16 - self.packets - drawn % 300
        return 2**32 - 1 - drawn % 2**17 if bits == 32 else drawn


class WornLater(Worn):
    """Where links are harmed an answer may come late: who has no key yet must miss no roll-over."""

    packets = 4000


class Handset:
    """One side. It is told events, and tells its world what it does."""

    def __init__(self, side: int, world: World, sites: list[Site], wire: Wire) -> None:
        plan, now = world.plan, world.schedule.now
        self.side = side
        self.sites, self.wire = sites, wire
        self.ports: dict[int, int] = {}  # Local ports of RTP, and whose calls'.
        self.plans: dict[int, MediaPlan] = {}  # What each call's sound is.
        self.figures = Figures(self)
        self.screen: Screen | None = None
        self.is_muted = False
        self.hushed: set[int] = set()  # Calls that neither hear nor are heard here.
        self.tone_until = 0.0
        self.digits_until = 0.0
        self.frames = 0  # That the card has captured.
        self.due = now  # When the stack has to be woken.
        self.ended: list[CallEnded] = []
        ids = (f"{'ab'[side]}x{number}" for number in count(1))
        settings = plan.settings(side, tuple(site.proxy for site in sites))
        self.stack = Stack(settings, ids, Random(f"{plan.seed} stack {side}"), now)
        worn = WornLater if plan.kill_share else Worn
        draws: type[Random] = worn if plan.is_worn[side] else Random
        self.voices = Voices(RATE, "US", draws(f"{plan.seed} sound {side}"))
        self._world = world
        self._ticks = False
        self._has_tone = False
        self._period_s = TICK_S * (1 + plan.drifts[side])
        self._tick_at = now

    @property
    def state(self) -> State:
        """Where the person stands."""
        return self.stack.phone.state

    @property
    def plan(self) -> MediaPlan | None:
        """The one call's sound; None where there is none or more than one."""
        return next(iter(self.plans.values())) if len(self.plans) == 1 else None

    def call_at(self, port: int) -> int | None:
        """Return the call that has a port."""
        return self.ports.get(port, self.ports.get(port - 1))

    def statistics(self, call: int) -> JitterStatistics:
        """Look into a call's buffer."""
        return self.voices._calls[call]._buffer.statistics

    def is_locked_to(self, source: Endpoint) -> bool:
        """Tell whether the one call takes its packets from there."""
        return all(c._session._lock.address == source for c in self.voices._calls.values())

    @property
    def has_digits(self) -> bool:
        """Tell whether digits wait to be sent: while the far end holds us, they do."""
        calls = self.voices._calls.values()
        return any(call._session._digits._sender._queue for call in calls)

    # The stack.

    def tell(self, event: object) -> None:
        """Give the stack an event."""
        now = self._world.schedule.now
        self._world.note(self, ">", event)
        self._settle(self.stack.handle(event, now))

    def wake(self) -> None:
        """Let the stack do what is due."""
        self._settle(self.stack.wake(self._world.schedule.now))

    def _settle(self, out: list[object]) -> None:
        for item in out:
            self._world.note(self, "<", item)
            self._carry_out(item)
        due = self.stack.deadline()
        self.due = inf if due is None else due
        self._world.after_step(self)

    def _carry_out(self, item: object) -> None:
        match item:
            case Resolve() | Connect() | Write() | Close() | CheckDelivery():
                self.wire.command(item)
            case StartVoice(call, plan):
                self._start(call, plan)
            case StopVoice(call):
                self._stop(call)
            case PlayTone() | MuteMicrophone() | HushCall() | SetVolume() | SayDigit():
                self._wish(item)
            case Report(fact):
                if isinstance(fact, CallEnded):
                    self.ended.append(fact)
                self._world.told(self, fact)
            case Show(screen):
                self.screen = screen
            case _:
                pass  # Ringer, lamp, logs: the other simulator looks at these.

    # The sound.

    def _start(self, call: int, plan: MediaPlan) -> None:
        now = self._world.schedule.now
        self._world.agreed(self, call, self.plans.get(call), plan)
        before = self.plans.get(call)
        if before is not None and before.local_port != plan.local_port:
            self.ports.pop(before.local_port)
        self.plans[call] = plan
        self.ports[plan.local_port] = call
        self.figures.agreed(call, before, plan, now)
        self._said(self.voices.agreed(call, plan, now))
        self._run_card()

    def _stop(self, call: int) -> None:
        now = self._world.schedule.now
        plan = self.plans.get(call)
        self._said(self.voices.over(call, now))
        if plan is not None:
            del self.plans[call], self.ports[plan.local_port]
        self.figures.over(call)
        self.hushed.discard(call)
        if not self.plans:
            self.is_muted = False

    def _wish(self, wish: Wish) -> None:
        now = self._world.schedule.now
        if isinstance(wish, PlayTone):
            self._has_tone = wish.kind is not None
        elif isinstance(wish, MuteMicrophone):
            self.is_muted = wish.muted
        elif isinstance(wish, HushCall):
            (self.hushed.add if wish.hushed else self.hushed.discard)(wish.call)
            for ear in self._world.ears:
                ear.harmed_at = now  # A hold that is refused at once may have cost a frame.
        elif isinstance(wish, SayDigit):
            self.digits_until = max(self.digits_until, now) + DIGIT_S
            self._world.digits[self.side].said(wish.digit, now, self.digits_until)
        self._said(self.voices.wish(wish, now))
        self._run_card()

    def datagram(self, port: int, source: Endpoint, data: bytes) -> None:
        """A datagram has come to a port; to one that is closed, it has not."""
        call = self.call_at(port)
        if call is None:
            return
        on_rtcp = port not in self.ports
        packet = PacketReceived(data, source, on_rtcp)
        self._said(self.voices.received(call, packet, self._world.schedule.now))

    def _said(self, said: Said) -> None:
        for item in said:
            if isinstance(item, SoundReport):
                if isinstance(item.fact, QualityMeasured):
                    self.figures.measured(item.call, item.fact)
                self._world.schedule.later(0.0, partial(self.tell, item))
            elif item[0] in self.plans:
                call, packet = item
                self._world.sends(self, call, packet)

    # The card.

    def _run_card(self) -> None:
        if not self._ticks and not self.voices.is_idle:
            self._ticks = True
            self._tick_at = self._world.schedule.now
            self._world.schedule.later(0.0, self._tick)

    def _tick(self) -> None:
        world, now = self._world, self._world.schedule.now
        if self.voices.is_idle:
            self._ticks = False
            return
        if self._has_tone:
            self.tone_until = now + TICK_S
        played, said = self.voices.exchange(SPOKEN[self.side][self.frames % CYCLE_FRAMES], now)
        self.frames += 1
        self._said(said)
        world.ears[self.side].frame(played)
        if self.frames % DUE_FRAMES == 0:  # As the sound's thread does.
            self._said(self.voices.wake(now))
        self._tick_at += self._period_s
        world.schedule.at(self._tick_at + world.unevenness(), self._tick)
