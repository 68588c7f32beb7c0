"""What goes wrong, drawn once per seed (swarm testing): some kinds are wholly off in some runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from random import Random


class Spell(Enum):
    """A time in which the proxy does not serve, and how."""

    NONE = "none"
    REFUSES = "refuses"
    UNREACHABLE = "unreachable"
    BLACK_HOLE = "black hole"  # TCP gets no answer.
    TLS_HANGS = "TLS hangs"
    TLS_FAILS = "TLS fails"
    BAD_CERTIFICATE = "bad certificate"
    NAME_UNKNOWN = "name unknown"
    NAME_HANGS = "name hangs"
    CLOSES = "closes"  # Accepts and closes at once, or when it has registered the phone.
    MUTE = "mute"  # Accepts and never answers.
    UNAVAILABLE = "unavailable"  # 503 to REGISTER.
    UNAVAILABLE_UNTIL = "unavailable until"  # 503 with Retry-After.


class Ending(Enum):
    """How a spell, or chance, treats a connection that stands."""

    RESET = "reset"
    CLOSED = "closed"
    DEAD = "dead path"  # Nothing passes; the kernel holds what was sent (SIOCOUTQ > 0).
    MUTE = "mute"  # Everything is acknowledged, nothing is answered.


@dataclass(frozen=True)
class Faults:
    """Chances per message or per chunk, periods in seconds; 0 is off."""

    latency_s: float = 0.02  # One way.
    jitter_s: float = 0.0
    addresses: int = 1
    dead_addresses: int = 0  # Of those, the first ones: DNS names them and nobody listens there.
    renumber_every_s: float = 0.0  # The name gets other addresses; connections are cut off.
    dns_lag_s: float = 0.0  # How long DNS still tells the old ones.
    split: float = 0.0
    glue_s: float = 0.0
    cut: float = 0.0
    freeze: float = 0.0
    garble: float = 0.0
    late: float = 0.0
    spells: tuple[Spell, ...] = ()
    spell_every_s: float = 0.0
    spell_s: float = 60.0
    endings: tuple[Ending, ...] = tuple(Ending)
    network_every_s: float = 0.0
    pause_every_s: float = 0.0
    clock_every_s: float = 0.0
    # The registrar.
    slow_s: float = 0.0
    unanswered: float = 0.0
    refused: float = 0.0  # 403, 404, 500 and the like to a REGISTER that was fine.
    fails_account: bool = False  # The last account always gets 500 (D8).
    # The callers and the called.
    calls_every_s: float = 0.0
    malformed: float = 0.0
    lost_behind: float = 0.0  # The first ACK or 2xx of a call, behind the proxy, where UDP may be.


@dataclass(frozen=True)
class Nature:
    """What the far end is like, fault or not; the calm phase keeps it."""

    answers_pings: bool = True
    pings_every_s: float = 0.0
    pings_first_s: float = 0.0  # After a connection stands; 0: as always.
    flow_timer_s: int | None = None
    algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    qop: str = "auth"
    nonce_s: float = 300.0
    says_stale: bool = True
    next_nonce: bool = False
    challenges_calls: bool = True
    call_realm_differs: bool = False
    min_expires_s: int = 0
    grants_s: int = 600
    outbound: bool = True
    refuses_outbound: bool = False  # 439.
    other_contacts: int = 0
    gruu: bool = False
    service_route: bool = False
    forks: bool = False
    challenges_dialogs: bool = False
    speaks_first: bool = False  # Before the calm, a request on every connection that stands.
    busy_with_itself: bool = False  # A far end that still rings is busy for the next INVITE.


def draw_faults(random: Random) -> Faults:
    """Draw what goes wrong in one run."""

    def maybe(top: float) -> float:
        return random.choice([0.0, random.uniform(0, top)])

    def period(shortest: float, longest: float) -> float:
        return random.choice([0.0, random.uniform(shortest, longest)])

    spells = [spell for spell in Spell if spell is not Spell.NONE]
    return Faults(
        latency_s=random.choice([0.001, 0.02, 0.1, 0.3]),
        jitter_s=random.choice([0.0, 0.005, 0.05]),
        addresses=random.choice([1, 1, 2, 3]),
        split=random.choice([0.0, 0.3, 1.0]),
        glue_s=random.choice([0.0, 0.0, 0.05, 0.5]),
        cut=maybe(0.03),
        freeze=maybe(0.02),
        garble=maybe(0.01),
        late=maybe(1.0),
        renumber_every_s=period(60, 300),
        dns_lag_s=random.choice([0.0, 5.0, 30.0]),
        spells=tuple(random.sample(spells, random.randint(0, 5))),
        spell_every_s=period(40, 400),
        spell_s=random.choice([5.0, 30.0, 150.0]),
        endings=tuple(random.sample(list(Ending), random.randint(1, 4))),
        network_every_s=period(60, 600),
        pause_every_s=period(120, 900),
        clock_every_s=period(60, 600),
        slow_s=random.choice([0.0, 0.0, 1.0, 6.0]),
        unanswered=maybe(0.05),
        refused=maybe(0.2),
        fails_account=random.random() < 0.1,
        calls_every_s=period(10, 120),
        malformed=maybe(0.2),
        lost_behind=maybe(0.5),
    )


def draw_site(random: Random) -> Faults:
    """Draw what goes wrong at one of two proxies; some of them have a character of their own."""
    faults = draw_faults(random)
    kinds = {"any": 5, "well": 2, "flapping": 2, "slow": 2, "refuses all": 1}
    match random.choices(list(kinds), list(kinds.values()))[0]:
        case "well":
            return calm(faults)
        case "flapping":
            spells = tuple(random.sample(FLAPS, random.randint(1, 3)))
            return replace(faults, spells=spells, spell_every_s=random.uniform(8, 30), spell_s=6.0)
        case "slow":
            return slow_site(random)
        case "refuses all":
            return replace(faults, refused=0.7)
        case _:
            return replace(faults, spell_every_s=random.uniform(20, 150))


def slow_site(random: Random) -> Faults:
    """A proxy that is far away and in no hurry, and otherwise well."""
    return replace(calm(draw_faults(random)), latency_s=random.uniform(0.3, 0.9), slow_s=4.0)


FLAPS = (Spell.REFUSES, Spell.CLOSES, Spell.MUTE, Spell.BLACK_HOLE, Spell.UNAVAILABLE)


def draw_nature(random: Random) -> Nature:
    """Draw what the far end of one run is like."""
    return Nature(
        answers_pings=random.random() < 0.7,
        pings_every_s=random.choice([0.0, 0.0, 7.0, 30.0]),
        flow_timer_s=random.choice([None, None, 12, 25, 120]),
        algorithms=random.choice([("MD5",), ("SHA-256", "MD5"), ("SHA-512-256",), ("SHA-256",)]),
        qop=random.choice(["auth", "auth", "auth,auth-int", "auth-int", ""]),
        nonce_s=random.choice([5.0, 60.0, 300.0, 1e9]),
        says_stale=random.random() < 0.7,
        next_nonce=random.random() < 0.2,
        challenges_calls=random.random() < 0.6,
        call_realm_differs=random.random() < 0.3,
        min_expires_s=random.choice([0, 0, 0, 7200]),
        grants_s=random.choice([40, 120, 600, 3600]),
        outbound=random.random() < 0.7,
        refuses_outbound=random.random() < 0.2,
        other_contacts=random.choice([0, 0, 1, 3]),
        gruu=random.random() < 0.3,
        service_route=random.random() < 0.3,
        forks=random.random() < 0.3,
        challenges_dialogs=random.random() < 0.2,
        speaks_first=random.random() < 0.15,
        busy_with_itself=random.random() < 0.5,
    )


def calm(faults: Faults) -> Faults:
    """The same wire without its troubles: it still splits and glues, which is no trouble."""
    return replace(
        Faults(),
        latency_s=faults.latency_s,
        addresses=faults.addresses,
        dead_addresses=faults.dead_addresses,
        split=faults.split,
        glue_s=faults.glue_s,
        late=faults.late,
    )
