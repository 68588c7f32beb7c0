"""What ails the primary, and the way of a phone from it to the backup and home again.

A fault is a way to strike, which tells since when the bound counts and how to mend it. A journey is
one fault: the way there is gone once, when first asked for. The way home takes a probe interval;
many phones are on it together, each with two proxies of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread

from tests.interop.checks import EARLY_WAIT_S, HEAD_START_S, SLACK_S, check_dialled, check_log, way
from tests.interop.pair import Pair, World, open_pair
from tests.lab.relay import Mode

SLOW_S = 10.0
"""When a proxy that acknowledges and says nothing is given up (D4)."""

RENEWAL_S = 6.0
"""A registration is renewed after half of its period."""

RETRY_AFTER_S = 14
"""Longer than the longest probe interval."""

FLAPS, DOWN_S, UP_S = 3, 5.0, 5.0
STAY_S = 25.0
"""The minimum stay on the backup of a phone with a flapping primary (F3)."""

CALL_S = 5.0
"""What was dialled rings, or says why not: D4's four seconds, and the answer."""


@dataclass
class Struck:
    """A fault that lasts: since when its bound counts, and how it ends."""

    since: float
    mend: Callable[[], None]
    well_at: float = 0.0
    """When the primary may be gone to, if that is later than its mending."""


def refuse(pair: Pair) -> Struck:
    return away(pair, Mode.REFUSE)


def finish(pair: Pair) -> Struck:
    """The primary closes the link with FIN, and its port."""
    at = time.time()
    pair.relays[0].set_mode(Mode.REFUSE)
    pair.relays[0].finish()
    return Struck(at, lambda: pair.relays[0].set_mode(Mode.PASS))


def accept_and_close(pair: Pair) -> Struck:
    return away(pair, Mode.ACCEPT_CLOSE)


def alert(pair: Pair) -> Struck:
    return away(pair, Mode.ALERT)


def accept_and_silent(pair: Pair) -> Struck:
    return away(pair, Mode.SILENT)


def hanging_handshake(pair: Pair) -> Struck:
    """Kamailio is stopped as a process: the kernel accepts, nobody shakes hands."""
    at = time.time()
    pair.proxies[0].freeze()
    pair.relays[0].reset()
    return Struck(at, pair.proxies[0].thaw)


def unavailable(pair: Pair) -> Struck:
    at = time.time()
    pair.proxies[0].set_unavailable(True)
    pair.relays[0].reset()
    return Struck(at, lambda: pair.proxies[0].set_unavailable(False))


def unavailable_to_renewals(pair: Pair) -> Struck:
    """The link stands, and no account's registration is renewed (D8)."""
    at = time.time()
    pair.proxies[0].set_unavailable(True)
    return Struck(at, lambda: pair.proxies[0].set_unavailable(False))


def unavailable_for_a_while(pair: Pair) -> Struck:
    """503 asks for longer than a probe interval; the primary is well before that is over (D8)."""
    at = time.time()
    pair.proxies[0].set_unavailable(True, RETRY_AFTER_S)
    pair.relays[0].reset()
    return Struck(at, lambda: pair.proxies[0].set_unavailable(False), at + RETRY_AFTER_S)


def flapping(pair: Pair) -> Struck:
    """The primary is down and up, again and again."""
    at = time.time()
    Thread(target=flap, args=(pair,), daemon=True).start()
    return Struck(at, lambda: None, at + FLAPS * (DOWN_S + UP_S) - UP_S)


def flap(pair: Pair) -> None:
    for _ in range(FLAPS):
        pair.relays[0].set_mode(Mode.REFUSE)
        pair.relays[0].reset()
        time.sleep(DOWN_S)
        pair.relays[0].set_mode(Mode.PASS)
        time.sleep(UP_S)


def restart(pair: Pair) -> Struck:
    at = time.time()
    pair.proxies[0].stop()
    return Struck(at, pair.proxies[0].start)


def both_down_then_backup(pair: Pair) -> Struck:
    pair.take_both_down()
    at = time.time()
    pair.relays[1].set_mode(Mode.PASS)
    return Struck(at, lambda: pair.relays[0].set_mode(Mode.PASS))


def expired_certificate(pair: Pair) -> Struck:
    at = time.time()
    proxy = pair.proxies[0]
    good = proxy.identity
    proxy.take_identity(pair.authorities[0].issue(proxy.host, starts_days=-90, ends_days=-3))
    pair.relays[0].reset()
    return Struck(at, lambda: proxy.take_identity(good))


def authority_not_trusted(pair: Pair) -> Struck:
    """The authority of the primary is taken out of the phone's file."""
    at = time.time()
    trusted = pair.phone.authority
    both = trusted.read_bytes()
    trusted.write_bytes(pair.authorities[1].certificate_pem)
    pair.relays[0].reset()

    def mend() -> None:
        trusted.write_bytes(both)

    return Struck(at, mend)


def away(pair: Pair, mode: Mode) -> Struck:
    at = time.time()
    pair.relays[0].set_mode(mode)
    pair.relays[0].reset()
    return Struck(at, lambda: pair.relays[0].set_mode(Mode.PASS))


@dataclass(frozen=True)
class Fault:
    """How to strike, and how soon every account is registered at the backup."""

    strike: Callable[[Pair], Struck]
    bound_s: float = 0.0
    serves: bool = True
    """The primary serves others meanwhile: a caller can still call through it."""
    way: tuple[str, ...] = ("backup", "primary")
    """The links that come up, in their order."""
    words: str = ""
    """What the phone says of the primary while it is on the backup (I2)."""
    cause: str = "reset"
    """What the outage log says (S3)."""
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """What it is."""
        return self.strike.__name__


FAULTS = [
    Fault(flapping, settings=(("sips failback minimum stay", str(int(STAY_S))),)),
    Fault(unavailable_for_a_while, serves=False, way=("primary", "backup", "primary")),
    Fault(refuse),
    Fault(finish, cause="closed"),
    Fault(accept_and_close),
    Fault(alert),
    Fault(hanging_handshake, HEAD_START_S, serves=False),
    Fault(accept_and_silent, SLOW_S, way=("primary", "backup", "primary")),
    Fault(unavailable, serves=False, way=("primary", "backup", "primary")),
    Fault(
        unavailable_to_renewals,
        RENEWAL_S,
        serves=False,
        cause="unfit",
        settings=(("sip registration period", str(int(2 * RENEWAL_S))),),
    ),
    Fault(restart, serves=False, cause="closed"),
    Fault(both_down_then_backup, EARLY_WAIT_S),
    Fault(
        expired_certificate,
        serves=False,
        words="certificate of 127.0.0.1 expired 3 days ago",
    ),
    Fault(authority_not_trusted, words="is from an unknown authority"),
]


class Journey:
    """A phone, from the fault to the backup and home."""

    def __init__(self, pair: Pair, fault: Fault) -> None:
        self.pair, self.fault = pair, fault
        self.struck_at = self.well_at = 0.0

    def go(self) -> None:
        """Strike, see every account at the backup and reachable there, mend."""
        pair, fault = self.pair, self.fault
        self.struck_at = time.time()
        struck = fault.strike(pair)
        pair.dial()
        pair.phone.wait_registered(struck.since, fault.bound_s + SLACK_S)
        assert pair.role == "backup"
        check_dialled(pair.phone, self.struck_at, fault.bound_s + CALL_S)
        serving = pair.proxies if fault.serves else pair.proxies[1:]
        pair.check_bindings(pair.proxies[1], *serving)
        pair.check_calls(*serving)
        pair.check_wire()
        check_log(pair.phone, self.struck_at, (fault.cause, "backup"))
        assert fault.words in pair.phone.status()["link"]["home_failure"]
        struck.mend()
        self.well_at = max(struck.well_at, time.time())

    def come_home(self) -> None:
        """See every account at the primary again, not too early, and reachable there."""
        pair = self.pair
        pair.wait_home(self.well_at)
        assert way(pair.phone, self.struck_at) == self.fault.way
        check_log(
            pair.phone, self.struck_at, (self.fault.cause, "backup"), ("going home", "primary")
        )
        pair.check_bindings(pair.proxies[0], *pair.proxies)
        pair.check_calls(*pair.proxies)
        pair.check_wire()


class Journeys:
    """The journeys of one world; each begins when first asked for."""

    def __init__(self, world: World, directory: Path, stack: ExitStack) -> None:
        self._world, self._directory, self._stack = world, directory, stack
        self._begun: dict[str, Journey] = {}

    def gone(self, fault: Fault) -> Journey:
        """Return the journey of a fault, once the phone is at the backup."""
        if fault.name not in self._begun:
            directory = Path(mkdtemp(prefix=fault.name, dir=self._directory))
            pair = open_pair(directory, self._world, dict(fault.settings))
            journey = Journey(self._stack.enter_context(pair), fault)
            journey.go()
            self._begun[fault.name] = journey
        return self._begun[fault.name]
