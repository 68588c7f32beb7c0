"""What a seed draws for two handsets: their settings, their proxies, the network between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from firmware.agent.account import Account, AgentSettings, DigitMethod, RegistrationSettings
from firmware.link.events import Proxy
from firmware.link.settings import LinkSettings
from firmware.media.formats import G722, OPUS, PCMA, PCMU, CodecChoice
from firmware.media.negotiation import SrtpMode
from firmware.phone.settings import PhoneSettings
from firmware.stack import StackSettings

DOMAIN = "example.org"
USERS = ("201", "202")
PASSWORDS = {user: f"pw{user}" for user in USERS}

SOUND_DRIFT = 1e-4
"""Each sound card's clock, in opposite directions: 200 ppm between the two."""

LONG = 0.03
"""The share of the seeds that are one long call, for the drift."""


@dataclass(frozen=True)
class Path:
    """One way between the handsets' sockets, as it is for a while; chances are per packet."""

    latency_s: float = 0.02
    jitter_s: float = 0.0
    loss: float = 0.0
    burst: float = 0.0  # That the packet after a lost one is lost too.
    doubled: float = 0.0
    swapped: float = 0.0  # Kept back so that others overtake it.
    in_order: bool = True  # Jitter alone never changes the order.


@dataclass
class Plan:
    """One seed's world."""

    seed: int
    is_long: bool
    is_shared: bool  # Both proxies are doors of one exchange.
    gruu: bool
    outbound: bool
    accounts: list[Account]
    ways: list[Path]  # By who speaks.
    way_changes_every_s: float
    drifts: list[float]  # Of the sound cards' clocks.
    unevenness_s: float  # Of the sound cards' ticks.
    behind_router: int | None  # Which side is.
    router_forgets_every_s: float
    strangers_every_s: float
    outage_every_s: float  # Of the media's network.
    kill_share: float  # Of the changes of state after which a link is harmed.
    quick: float  # How soon people act, as a factor.
    is_worn: list[bool]  # Its numbers are about to roll over.
    sip_latency_s: float
    minimum_stay_s: float = 15.0
    session_timer_s: int = 0
    ends_s: float = 45.0
    sides: tuple[int, int] = field(default=(0, 1))

    @property
    def is_secret(self) -> bool:
        """Whether calls are encrypted both ways; what two phones agree on, said here by hand."""
        return all(account.srtp is not SrtpMode.OFF for account in self.accounts)

    @property
    def can_call(self) -> bool:
        """Whether there is anything that both phones can do."""
        modes = {account.srtp for account in self.accounts}
        return modes != {SrtpMode.ONLY, SrtpMode.OFF}

    def settings(self, side: int, proxies: tuple[Proxy, ...]) -> StackSettings:
        """Write one handset's configuration."""
        link = LinkSettings(
            proxies,
            keep_alive_s=5.0 if side else 10.0,
            retry_cap_s=8.0,
            probe_interval_s=5.0,
            probe_count=2,
            minimum_stay_s=self.minimum_stay_s,
            blacklist_s=30.0,
        )
        agent = AgentSettings(
            instance=f"urn:uuid:00000000-0000-4000-8000-00000000000{side}", outbound=self.outbound
        )
        return StackSettings(link, (self.accounts[side],), agent, PhoneSettings())


def draw_plan(seed: int, random: Random) -> Plan:
    """Draw a world."""
    is_long = random.random() < LONG
    secret = _modes(random)
    choices = _codecs(random)
    digits = DigitMethod.INFO if random.random() < 0.2 else DigitMethod.RTP
    drift = random.choice([0.0, SOUND_DRIFT, SOUND_DRIFT, -SOUND_DRIFT])
    behind = random.choice([None, None, 0, 1])
    in_clear = any(mode is SrtpMode.OFF for mode in secret)

    def period(shortest: float, longest: float, share: float = 0.5) -> float:
        return random.uniform(shortest, longest) if random.random() < share else 0.0

    strangers, outages = period(2, 15), period(30, 120, 0.3)
    return Plan(
        seed=seed,
        is_long=is_long,
        is_shared=random.random() < 0.5,
        gruu=random.random() < 0.5,
        outbound=random.random() < 0.7,
        accounts=[_account(side, secret[side], choices, digits, random) for side in (0, 1)],
        ways=[draw_path(random, is_long=is_long) for _ in (0, 1)],
        way_changes_every_s=0.0 if is_long else period(15, 60),
        drifts=[SOUND_DRIFT, -SOUND_DRIFT] if is_long else [drift, -drift],
        unevenness_s=random.choice([0.0, 0.0, 0.002]),
        behind_router=behind,
        router_forgets_every_s=0.0 if is_long else period(10, 40),
        # Without keys nobody can tell a stranger from a far end whose router has changed its mind.
        strangers_every_s=0.0 if in_clear and behind is not None else strangers,
        outage_every_s=0.0 if is_long else outages,
        kill_share=0.03 if is_long else random.choice([0.0, 0.1, 0.3, 0.5]),
        quick=random.choice([0.5, 1.0, 1.0, 2.0]),
        # Whoever misses the first packets cannot know that the numbers have rolled over.
        is_worn=[random.random() < 0.4 and not outages for _ in (0, 1)],
        sip_latency_s=random.choice([0.001, 0.02, 0.1]),
        minimum_stay_s=random.choice([0.0, 5.0, 15.0]),
        ends_s=330.0 if is_long else 45.0,
    )


def draw_path(random: Random, *, is_long: bool = False) -> Path:
    """Draw one way between the sockets; a long call is not harmed by its network."""
    latency_s = random.choice([0.001, 0.01, 0.05, 0.15])
    if is_long:
        return Path(latency_s, random.choice([0.0, 0.002, 0.01]))
    return Path(
        latency_s,
        jitter_s=random.choice([0.0, 0.0, 0.01, 0.03, 0.08]),
        loss=random.choice([0.0, 0.0, 0.0, 0.005, 0.02, 0.1]),
        burst=random.choice([0.0, 0.0, 0.3]),
        doubled=random.choice([0.0, 0.0, 0.05, 0.3]),
        swapped=random.choice([0.0, 0.0, 0.05]),
        in_order=random.random() < 0.5,
    )


def _modes(random: Random) -> list[SrtpMode]:
    only, preferred, off = SrtpMode.ONLY, SrtpMode.PREFERRED, SrtpMode.OFF
    usual = [only, only]
    others = [[preferred, only], [only, preferred], [preferred, preferred]]
    clear = [[off, off], [off, off], [off, preferred], [preferred, off]]
    return random.choice([usual, usual, random.choice(others), random.choice(clear)])


def _codecs(random: Random) -> tuple[CodecChoice, ...]:
    """G.711 mostly: it costs least, and packets are what is looked at here."""
    ptime_ms = random.choice([20, 20, 20, 20, 10, 30, 40])
    pcmu, pcma = CodecChoice(PCMU, 0, ptime_ms), CodecChoice(PCMA, 8, ptime_ms)
    g722, opus = CodecChoice(G722, 9, 20), CodecChoice(OPUS, 107, 20)
    kinds = [(pcmu, pcma), (pcma, pcmu), (g722, pcmu), (opus, pcmu)]
    return random.choices(kinds, [8, 8, 2, 1])[0]


def _account(
    side: int,
    srtp: SrtpMode,
    codecs: tuple[CodecChoice, ...],
    digits: DigitMethod,
    random: Random,
) -> Account:
    user = USERS[side]
    return Account(
        number=1,
        user=user,
        domain=DOMAIN,
        password=PASSWORDS[user],
        registration=RegistrationSettings(rejected_retry_s=5.0, timeout_retry_s=5.0),
        codecs=codecs,
        srtp=srtp,
        session_timer_s=random.choice([0, 0, 90]),
        digits=digits,
    )
