"""A house of handsets, each in a call of its own, that lose their primary proxy at one moment.

    near (the handsets) == a wire == far (two Kamailio, and baresip as far ends)

In each room is a handset and its far end: another handset, which loses the same proxy, or baresip,
which is registered at the backup and loses nothing. What is said in a room passes the wire, or
the near end's loopback, and is counted there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path

from tests.interop.baresip import Baresip
from tests.interop.checks import HEAD_START_S, HOME_S, SLACK_S, backup_settings
from tests.interop.conftest import wait_until
from tests.interop.ends import BaresipEnd, End, HandsetEnd
from tests.interop.pair import World, two_proxies
from tests.interop.phone import Event, Phone
from tests.lab.authority import Authority
from tests.lab.flows import Flow
from tests.lab.namespaces import FAR_ADDRESS, NEAR_ADDRESS, Wire, run
from tests.lab.tap import Tap

ROUND_TRIP_S = 0.02
PORT = 5061
PRIMARY, BACKUP = FAR_ADDRESSES = FAR_ADDRESS, "10.77.0.3"

KEEP_ALIVE_S = 5
PONG_LIMIT_S = 2.0
SLOW_S = 10.0
"""Limits of what was not acknowledged, and of what was (D2)."""

READY_S = 15.0
MUTE_S = 0.2
"""How long the primary says nothing before it is gone: what is said meanwhile is lost with it."""

NOBODY = ""
RINGS_S, RINGS_LONG_S = 10, 120
"""After how long a proxy gives up an INVITE that rings; soon, where its caller will be lost."""


class Far(Enum):
    """Who is at the far ends."""

    BARESIP = "baresip"
    HANDSET = "handset"


@dataclass(frozen=True)
class Fault:
    """How the primary is lost, and how soon that is noticed."""

    name: str
    strike: Callable[[House], None]
    noticed_s: float
    is_gradual: bool  # Nobody is told: what is said after it is lost.


@dataclass
class Room:
    """A handset and its far end."""

    number: int
    house: House
    near: HandsetEnd
    far: End

    @property
    def phone(self) -> Phone:
        """The handset that may lose its proxy."""
        return self.near.phone

    @property
    def media_port(self) -> int:
        """Where the sound of the handset's first call comes from."""
        return self.phone.media_port

    @property
    def struck_at(self) -> float:
        """When the primary was gone."""
        return self.house.struck_at

    def events(self, kind: str) -> list[Event]:
        """Return what the handset said since then."""
        return self.phone.events(kind, self.struck_at)

    def wait_for(self, kind: str, fits: Callable[[Event], bool] = lambda event: True) -> Event:
        """Wait for something that the handset says since then."""
        return self.phone.wait_for(kind, self.house.patience_s, self.struck_at, fits)

    def wait_rescued(self) -> float:
        """Wait until the call is tied to its far end anew; return when it was."""
        return float(self.wait_for("tie", lambda event: event["tie"] == "anchored")["t"])

    def screens(self) -> list[str]:
        """Return what the handset's screen has shown since then."""
        return [" / ".join(event["text"]) for event in self.events("screen")]


@dataclass
class House:
    """Two proxies, and rooms; a context manager."""

    directory: Path
    fault: Fault
    world: World
    rooms: list[Room] = field(default_factory=list)
    struck_at: float = 0.0

    def __enter__(self) -> House:
        self._stack = ExitStack()
        with ExitStack() as stack:
            self._build(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with self._stack:
            for phone in self.handsets:  # Together: each signs off at its proxy.
                phone.tell_to_stop()

    @property
    def patience_s(self) -> float:
        """Until whatever follows from the loss has come about."""
        return self.fault.noticed_s + HEAD_START_S + SLACK_S + READY_S

    def furnish(self, far: Far, early_media: bool) -> None:
        """Start what a new room needs; `settle` waits for it."""
        number = len(self.rooms)
        if (
            far is Far.HANDSET
        ):  # These two encrypt: whatever becomes of their dialog, they know keys.
            ends = [HandsetEnd(self._phone(number, end, srtp_mode=2)) for end in (0, 1)]
            self.rooms.append(Room(number, self, *ends))
            return
        near = HandsetEnd(self._phone(number, 0))
        peer = Baresip(
            self.directory / f"far{number}",
            self.authority,
            (BACKUP, PORT),
            user=f"far{number}",
            host=BACKUP,
            namespace=self.wire.far,
            tone_hz=440,
        )
        self._stack.enter_context(peer).answer_early(early_media)
        self.rooms.append(Room(number, self, near, BaresipEnd(peer)))

    def settle(self) -> None:
        """Wait until every handset is at the primary, and has seen it answer a ping."""
        for phone in self.handsets:
            phone.wait_registered(timeout_s=READY_S)
        for phone in self.handsets:  # A busy machine may have sent it to the backup at first.
            wait_until(partial(is_settled, phone), READY_S + HOME_S)

    def ring_for(self, seconds: int) -> None:
        """Have the proxies give up an INVITE that rings for so long, if it comes from now on."""
        for proxy in self.proxies:
            proxy.command("cfg.set_now_int", "tm", "fr_inv_timer", str(1000 * seconds))

    @property
    def handsets(self) -> list[Phone]:
        """Every handset of ours."""
        ends = [end for room in self.rooms for end in (room.near, room.far)]
        return [end.phone for end in ends if isinstance(end, HandsetEnd)]

    def strike(self, act: Callable[[], None]) -> None:
        """Lose the primary; what is done in `act` goes down with it."""
        if self.fault.is_gradual:
            self.fault.strike(self)
            self.struck_at = time.time()
            act()
            return
        self.proxies[0].freeze()
        act()
        time.sleep(MUTE_S)
        self.struck_at = time.time()
        self.fault.strike(self)

    def links(self) -> dict[str, list[Flow]]:
        """Return the connections that carried SIP, by the user of the handset whose link it was."""
        facts = [(phone, event["tls"]) for phone in self.handsets for event in phone.events("link")]
        owners = {str(tls["local"]): phone.users[0] for phone, tls in facts if tls}
        links: dict[str, list[Flow]] = {}
        for flow in self.wire.flows():
            if flow.sip_from is not None:
                links.setdefault(owners.get(flow.client, NOBODY), []).append(flow)
        return links

    def _build(self, stack: ExitStack) -> None:
        self.directory.mkdir(parents=True)
        authority = Authority()
        self.authority = self.directory / "authority.pem"
        self.authority.write_bytes(authority.certificate_pem)
        self.wire = stack.enter_context(Wire(ROUND_TRIP_S, FAR_ADDRESSES[1:]))
        # The sound of a baresip leaves from no address of its own choice: not from the primary's.
        route = ("10.77.0.0/24", "dev", "wire", "src", BACKUP)
        run("ip", "-n", self.wire.far, "route", "replace", *route)
        prefix = self.wire.command(self.wire.far, ())
        roots = (authority, authority)
        self.proxies = two_proxies(
            self.directory, roots, self.world, PORT, hosts=FAR_ADDRESSES, prefix=prefix
        )
        for proxy in self.proxies:
            stack.enter_context(proxy)
        self.tap = stack.enter_context(Tap(self.wire.command(self.wire.near, ())))

    def _phone(self, number: int, end: int, srtp_mode: int = 0) -> Phone:
        phone = Phone(
            self.directory / f"room{number}-{end}",
            (PRIMARY, PORT),
            self.authority,
            users=(f"{('near', 'far')[end]}{number}",),
            keep_alive_s=KEEP_ALIVE_S,
            more={
                **backup_settings(BACKUP, PORT),
                "sip customized codec": "payload=0;ptime=20",
                "sip srtp mode": str(srtp_mode),
            },
            prefix=self.wire.command(self.wire.near, ()),
        )
        return self._stack.enter_context(phone)


def is_settled(phone: Phone) -> bool:
    """Whether a handset is at the primary, and has seen it answer a ping."""
    link = phone.status()["link"]
    return bool(link["role"] == "primary" and link["answers_pings"])


def reset(house: House) -> None:
    """RST on every link; the primary lives on, and can be had again at once."""
    links = ("src", PRIMARY, "sport", "=", f":{PORT}", "dst", NEAR_ADDRESS)
    run(*house.wire.command(house.wire.far, ["ss", "-K", "-t", *links]))
    house.proxies[0].thaw()


def blackhole(house: House) -> None:
    """Every packet to and from the primary is lost."""
    house.wire.set_dead(PRIMARY)


def kill(house: House) -> None:
    """The primary's processes are gone."""
    house.proxies[0].running.kill()


def stop(house: House) -> None:
    """The primary's processes stand still: its kernel accepts and acknowledges."""
    house.proxies[0].freeze()


RESET = Fault("reset", reset, 0.0, is_gradual=False)
KILL = Fault("kill", kill, 0.0, is_gradual=False)
BLACKHOLE = Fault("blackhole", blackhole, KEEP_ALIVE_S + PONG_LIMIT_S, is_gradual=True)
STOP = Fault("stop", stop, KEEP_ALIVE_S + SLOW_S, is_gradual=True)
FAULTS = (RESET, KILL, BLACKHOLE, STOP)
