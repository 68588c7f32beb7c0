"""The network that sound travels through: two ways, a router that may change its mind, strangers.

What is sent is handed over here with its target's address, as the socket would. The network knows
what became of every packet, and tells the far end's `Ear` and `Figures` of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from firmware.media.events import SendPacket
from firmware.media.g711 import LAWS
from firmware.media.plan import Endpoint
from firmware.media.rtp import RtpPacket, is_rtcp
from tests.simulator.handsets.plan import Path, Plan, draw_path
from tests.simulator.handsets.signal import STRANGE
from tests.simulator.schedule import Schedule

if TYPE_CHECKING:
    from tests.simulator.handsets.handset import Handset

HOSTS = ("192.0.2.7", "192.0.2.8")
ROUTER = "198.51.100.200"
STRANGER = "198.18.0.{}"
SWAP_S = 0.05
CAPTURE_S = 1.9
"""So long the far end was silent when somebody else was believed; two seconds and a frame."""

LEARNT_S = 0.5
BASE_S = 2.0
LATE_S = 0.015
"""A packet that comes so little before the buffer's depth may be late."""

KEPT = 64
"""Packets that a stranger has recorded."""


class Way:
    """One direction: who speaks, how its packets fare."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_out = False  # Nothing passes.
        self.lost_at: deque[float] = deque(maxlen=8)  # RTP that was lost, lately.
        self.transits: deque[tuple[float, float]] = deque(maxlen=400)  # Arrival, time it took.
        self._lately: deque[tuple[float, float]] = (
            deque()
        )  # Of the transits, the least from here on.
        self.harmed_at = 0.0  # When it was last changed, or out.
        self.loses_next = False
        self.forgot_at = 0.0  # When the router changed the addresses, and
        self.heard_since: float | None = None  # since when sound came from the new ones.
        self.last_arrival = 0.0
        self.arrived_at = 0.0  # Of any packet of the far end's.

    def is_late(self, target_ms: int) -> bool:
        """Tell whether the packet that came last may have missed its moment."""
        now, took_s = self.transits[-1]
        while self._lately and self._lately[-1][1] >= took_s:
            self._lately.pop()
        self._lately.append(self.transits[-1])
        while self._lately[0][0] < now - BASE_S:
            self._lately.popleft()
        return took_s - self._lately[0][1] > target_ms / 1000 - LATE_S


def path_is_even(path: Path) -> bool:
    """Tell whether no packet is ever late on such a way."""
    return not path.jitter_s and not path.swapped


class Network:
    """Everything between two handsets' sockets."""

    def __init__(self, schedule: Schedule, random: Random, plan: Plan) -> None:
        self.schedule = schedule
        self.ways = [Way(path) for path in plan.ways]
        kinds = [
            "packets",
            "lost",
            "doubled",
            "swapped",
            "nowhere",
            "reports",
            "outages",
            "changes",
        ]
        kinds += ["router forgot", "strangers", "replayed", "forged"]
        self.seen = dict.fromkeys(kinds, 0)
        self.handsets: list[Handset] = []
        self.is_known: Callable[[Handset], bool] = lambda listener: True  # By its keys.
        self._random = random
        self._plan = plan
        self._router = 0  # How often it has changed the addresses.
        self._recorded: deque[tuple[int, bytes, int, bool]] = deque(maxlen=KEPT)
        """For whom, to its port, and whether anybody was there to hear it."""

    # What a handset sends.

    def send(self, sender: Handset, packet: SendPacket, port: int) -> None:
        """Take a datagram from a handset's port."""
        now, way = self.schedule.now, self.ways[sender.side]
        is_far_end = packet.to.host in HOSTS or packet.to.host == ROUTER
        assert is_far_end or self.may_be_captured(sender), f"a packet to a stranger: {packet.to}"
        self.seen["packets"] += 1
        rtcp = is_rtcp(packet.data)
        self.seen["reports"] += rtcp
        receiver = self.handsets[1 - sender.side]
        inner = self._inner_port(receiver.side, packet.to)
        if inner is None:
            self._goes_nowhere(sender, way)
            return
        if self._is_lost(way):
            self.seen["lost"] += 1
            if not rtcp:
                way.lost_at.append(now)
            return
        self._carry(sender, receiver, packet.data, port, inner)
        if self._random.random() < way.path.doubled:
            self.seen["doubled"] += 1
            self._carry(sender, receiver, packet.data, port, inner)

    def _goes_nowhere(self, sender: Handset, way: Way) -> None:
        """A router has forgotten the address; whoever hears the far end knows a better one."""
        now, back = self.schedule.now, self.ways[1 - sender.side]
        self.seen["nowhere"] += 1
        way.harmed_at = now
        known = back.heard_since is not None and now - back.heard_since > LEARNT_S
        assert not known or not self._plan.is_secret, "sound is sent to where nobody is"

    def _is_lost(self, way: Way) -> bool:
        if way.is_out:
            way.harmed_at = self.schedule.now
            return True
        path = way.path
        lost = way.loses_next or self._random.random() < path.loss
        way.loses_next = lost and self._random.random() < path.burst
        return lost

    def _carry(
        self, sender: Handset, receiver: Handset, data: bytes, port: int, inner: int
    ) -> None:
        now, way = self.schedule.now, self.ways[sender.side]
        path = way.path
        at = now + path.latency_s + self._random.uniform(0, path.jitter_s)
        if path.in_order:
            at = way.last_arrival = max(at, way.last_arrival)
        if self._random.random() < path.swapped:
            self.seen["swapped"] += 1
            at += self._random.uniform(0.02, SWAP_S)
        source = self.outer(sender.side, port)
        is_heard = receiver.call_at(inner) is not None
        self._recorded.append((receiver.side, data, inner, is_heard))
        self.schedule.at(at, partial(self._arrive, receiver, data, source, inner, now))

    def _arrive(
        self, receiver: Handset, data: bytes, source: Endpoint, inner: int, sent_at: float
    ) -> None:
        now, way = self.schedule.now, self.ways[1 - receiver.side]
        call = receiver.call_at(inner)
        if not is_rtcp(data):
            way.transits.append((now, now - sent_at))
            if not self.is_known(receiver):
                way.heard_since = None
            elif way.heard_since is None and sent_at > way.forgot_at:
                way.heard_since = now
            is_even = path_is_even(way.path)
            if (
                call is not None
                and not is_even
                and way.is_late(receiver.statistics(call).target_ms)
            ):
                way.lost_at.append(now)
        if call is not None:
            way.arrived_at = now
            receiver.figures.arrives(call, data, sent_at)
        receiver.datagram(inner, source, data)

    # Addresses.

    def outer(self, side: int, port: int) -> Endpoint:
        """Return what the far end sees a handset's packets come from."""
        if side != self._plan.behind_router:
            return Endpoint(HOSTS[side], port)
        return Endpoint(ROUTER, 10000 + 200 * self._router + port - 3000)

    def _inner_port(self, side: int, to: Endpoint) -> int | None:
        """Return the handset's port that an address leads to just now."""
        if side != self._plan.behind_router:
            return to.port if to.host == HOSTS[side] else None
        port = to.port - 10000 - 200 * self._router + 3000
        return port if to.host == ROUTER and 3000 <= port < 3200 else None

    def may_be_captured(self, handset: Handset, for_s: float = CAPTURE_S) -> bool:
        """Tell whether a stranger may be taken for the far end: without keys, while it is mute."""
        far = self.ways[1 - handset.side]
        return not self._plan.is_secret and self.schedule.now - far.arrived_at > for_s

    # Trouble.

    def change(self, side: int) -> None:
        """A way becomes another one, from one packet to the next."""
        self.seen["changes"] += 1
        self.ways[side].path = draw_path(self._random)
        self.ways[side].harmed_at = self.schedule.now

    def forget(self) -> None:
        """The router gives the handset behind it another address."""
        self.seen["router forgot"] += 1
        self._router += 1
        for way in self.ways:
            way.harmed_at = way.forgot_at = self.schedule.now
            way.heard_since = None

    def outage(self, seconds: float, sides: list[int]) -> None:
        """Nothing passes for a while."""
        self.seen["outages"] += 1
        for side in sides:
            self.ways[side].is_out = True
            self.schedule.later(seconds, partial(self._mend, self.ways[side]))

    def _mend(self, way: Way) -> None:
        way.is_out = False
        way.harmed_at = self.schedule.now

    def calm(self) -> None:
        """Both ways are as good as ways are."""
        for way in self.ways:
            way.is_out = False
            way.path = Path(way.path.latency_s)
            way.harmed_at = self.schedule.now

    def intrude(self) -> None:
        """A stranger sends something: sound, nonsense, or what it has recorded."""
        victim = self.handsets[self._random.randrange(2)]
        port = self._random.choice([*victim.ports, 3000])
        kinds = [self._speak, self._speak, self._replay, self._forge]
        self.seen["strangers"] += 1
        self._random.choice(kinds)(victim, port)

    def _stranger(self) -> Endpoint:
        return Endpoint(STRANGER.format(self._random.randrange(4)), 5004)

    def _speak(self, victim: Handset, port: int) -> None:
        """Talk into a call for a second, in sequence."""
        source, first = self._stranger(), self._random.getrandbits(16)
        ssrc = self._random.choice([victim.figures.far_ssrc, self._random.getrandbits(32)])
        payload_type = self._random.choice([0, 8, 9, 101])
        sound = _g711(payload_type)
        for number in range(self._random.choice([3, 50])):
            sequence, stamp = (first + number) % 65536, 160 * number
            data = bytes(RtpPacket(payload_type, sequence, stamp, ssrc, sound))
            self.schedule.later(0.02 * number, partial(victim.datagram, port, source, data))

    def _replay(self, victim: Handset, port: int) -> None:
        """Say again what was said; with keys even under the far end's address."""
        mine = [one[1:] for one in self._recorded if one[0] == victim.side]
        spoofs = self._plan.is_secret and self._random.random() < 0.5
        far = self.outer(1 - victim.side, port)
        self.seen["replayed"] += len(mine)
        way = self.ways[1 - victim.side]
        for number, (data, to, was_heard) in enumerate(mine):
            source = far if spoofs else self._stranger()
            at = 0.5 + 0.005 * number
            if not was_heard:  # It is no replay to whom it comes for the first time: it is late.
                way.harmed_at = self.schedule.now + at
            self.schedule.later(at, partial(victim.datagram, to, source, data))

    def _forge(self, victim: Handset, port: int) -> None:
        """Say goodbye in the far end's name, or nonsense."""
        self.seen["forged"] += 1
        bye = b"\x81\xcb\x00\x01" + victim.figures.far_ssrc.to_bytes(4, "big")
        noise = self._random.randbytes(self._random.choice([0, 1, 11, 12, 200, 1500]))
        for data in (bye, noise):
            victim.datagram(port, self._stranger(), data)


def _g711(payload_type: int) -> bytes:
    return LAWS["PCMA" if payload_type == 8 else "PCMU"].compress(STRANGE)
