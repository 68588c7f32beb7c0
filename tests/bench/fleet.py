"""`make bench-fleet`: a whole fleet loses its one proxy at the same instant, and comes back.

Each phone is the very `Link` of the firmware with all its parts; the clock is simulated. Beside it
run the same links whose `Retry` alone is exchanged: for the formula of RFC 5626 4.5 with its
defaults, and for a fixed minute.

The model. At time 0 every link is reset, one way of its wire later; the round trips of the phones
lie between 10 and 100 ms. The proxy is away, then it is back and accepts 1 % of the fleet a second
(so many in each whole second). What it does not accept is refused, after one round trip; or, in
the second model, nothing is answered at all and the phone's own budget for TCP ends the attempt.
TCP, TLS 1.3 and a REGISTER with a kept nonce take one round trip each. An attempt is a connection
that is opened, counted where it begins.
"""

from __future__ import annotations

import argparse
import heapq
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

from firmware.link.events import (
    Address,
    Connect,
    Connected,
    Failure,
    FailureKind,
    LinkUp,
    Lost,
    Proxy,
    Role,
    ServiceConfirmed,
    TcpConnected,
    TlsFacts,
)
from firmware.link.link import Link, LinkEvent
from firmware.link.retry import Retry
from firmware.link.settings import LinkSettings
from tests.bench.machine import header
from tests.bench.picture import Axis, Panel, draw

SIZES = (1_000, 10_000, 100_000)
AWAY_S = (60, 600)
ACCEPTED_SHARE = 0.01
ROUND_TRIP_S = (0.01, 0.1)
END_S = 20_000.0
"""Of one run: the fixed minute needs hours."""

SETTINGS = LinkSettings(proxies=(Proxy(Role.PRIMARY, "192.0.2.1", 5061),))
LOCAL = Address("192.0.2.99", 40000)
FACTS = TlsFacts(LOCAL, "TLSv1.3", "TLS_AES_256_GCM_SHA384", resumed=True, certificate_ends=2e9)
RESET = Failure(FailureKind.RESET, "connection reset")
REFUSED = Failure(FailureKind.REFUSED, "connection refused")


class Rfc5626(Retry):
    """RFC 5626 4.5, no other flow: 50-100 % of min(1800 s, 30 s x 2^failures), after one try."""

    def _bound_s(self, now: float) -> float:
        return min(1800.0, 30.0 * 2.0 ** (self._failures - 1))  # The loss itself is no failure.


class FixedMinute(Retry):
    """One try at once, then one a minute."""

    def after_failure(self, now: float) -> float:
        return now + 60.0


FORMULAS: dict[str, type[Retry]] = {
    "this phone": Retry,
    "RFC 5626": Rfc5626,
    "fixed 60 s": FixedMinute,
}


@dataclass(frozen=True)
class Case:
    """What one run is about."""

    size: int
    away_s: int
    formula: str
    refuses: bool = True


@dataclass
class Outcome:
    """What was seen at the proxy."""

    attempts: list[int] = field(default_factory=list)  # In each second since the loss.
    registered: list[float] = field(default_factory=list)  # When each phone was, in order.

    def attempt_at(self, now: float) -> None:
        """Count a connection that is opened."""
        second = int(now)
        while len(self.attempts) <= second:
            self.attempts.append(0)
        self.attempts[second] += 1

    def peak(self, begin: int, end: int | None = None) -> int:
        """Return the most attempts of a second between those."""
        return max(self.attempts[begin:end], default=0)


class Phone:
    """One phone's link, and how far it is from the proxy."""

    __slots__ = ("attempt", "link", "round_trip_s")

    def __init__(self, retry: type[Retry], ids: Iterator[str], random: Random) -> None:
        self.round_trip_s = random.uniform(*ROUND_TRIP_S)
        self.link = Link(SETTINGS, ids, random, -60.0)
        self.link._retry = retry(SETTINGS.retry_base_s, SETTINGS.retry_cap_s, random)
        (connect,) = [out for out in self.link.wake(-60.0) if isinstance(out, Connect)]
        self.attempt = connect.attempt
        events = TcpConnected(self.attempt), Connected(self.attempt, FACTS), ServiceConfirmed(None)
        for event in events:
            self.link.handle(event, -60.0)


class Fleet:
    """All phones, the proxy, and what happens next."""

    def __init__(self, case: Case, seed: int = 7) -> None:
        self._case = case
        self._accepts = max(1, int(case.size * ACCEPTED_SHARE))
        self._accepted: dict[int, int] = {}  # By the second.
        self._order = count()
        self._due: list[tuple[float, int, Phone, LinkEvent | None]] = []
        self.outcome = Outcome()
        ids, random = (str(number) for number in count()), Random(seed)
        for _ in range(case.size):
            phone = Phone(FORMULAS[case.formula], ids, random)
            self._later(phone.round_trip_s / 2, phone, Lost(phone.attempt, RESET))

    def run(self) -> Outcome:
        """Play until 99 % of the phones are registered, or it has taken too long."""
        wanted = self._case.size * 0.99
        while self._due and len(self.outcome.registered) < wanted:
            now, _, phone, event = heapq.heappop(self._due)
            if now > END_S:
                break
            self._step(phone, event, now)
        return self.outcome

    def _step(self, phone: Phone, event: LinkEvent | None, now: float) -> None:
        if isinstance(event, ServiceConfirmed):
            self.outcome.registered.append(now)
            return  # It has what it wants; its pings are not of interest here.
        if event is None:
            due = phone.link.deadline()
            if due is None or due > now:
                return  # It has changed its mind meanwhile.
        out = phone.link.wake(now) if event is None else phone.link.handle(event, now)
        for item in out:
            if isinstance(item, Connect):
                self._attempt(phone, item.attempt, now)
            elif isinstance(item, LinkUp):
                self._later(now + phone.round_trip_s, phone, ServiceConfirmed(None))
                return
        due = phone.link.deadline()
        if due is not None:
            self._later(max(due, now), phone, None)

    def _attempt(self, phone: Phone, attempt: int, now: float) -> None:
        """Let the proxy decide: it answers one round trip later, or not at all."""
        self.outcome.attempt_at(now)
        back_s, twice_s = now + phone.round_trip_s, now + 2 * phone.round_trip_s
        if self._is_accepted(now + phone.round_trip_s / 2):
            self._later(back_s, phone, TcpConnected(attempt))
            self._later(twice_s, phone, Connected(attempt, FACTS))
        elif self._case.refuses:
            self._later(back_s, phone, Lost(attempt, REFUSED))

    def _is_accepted(self, now: float) -> bool:
        taken = self._accepted.get(int(now), 0)
        if now < self._case.away_s or taken >= self._accepts:
            return False
        self._accepted[int(now)] = taken + 1
        return True

    def _later(self, when: float, phone: Phone, event: LinkEvent | None) -> None:
        heapq.heappush(self._due, (when, next(self._order), phone, event))


def row(case: Case, outcome: Outcome) -> str:
    """Return one row of the table."""
    size, away_s = case.size, case.away_s
    attempts = sum(outcome.attempts) / size
    done = len(outcome.registered) >= 0.99 * size
    back_s = f"{outcome.registered[-1] - away_s:.0f}" if done else f"> {END_S - away_s:.0f}"
    cells = [
        f"{size:,}",
        f"{away_s}",
        case.formula,
        f"{outcome.peak(0, 1):,}",
        f"{outcome.peak(1, away_s):,}",
        f"{outcome.peak(away_s):,}",
        back_s,
        f"{attempts:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


HEAD = (
    "| phones | proxy away, s | formula | attempts in the first second | peak a second while away"
    " | peak a second once back | 99 % registered, s after it is back | attempts of a phone |"
)


PICTURED = 10_000
"""Phones of the fleet that is drawn; the curves of the others look the same."""

SHOWN_S = {60: 900, 600: 1500}
"""How long after the proxy's return the picture goes on."""


def panels(outcomes: dict[Case, Outcome], away_s: int) -> list[Panel]:
    """Return the two pictures of one outage: who is registered, and the attempts a second."""
    span = (-away_s, SHOWN_S[away_s])
    shares = {case.formula: _share(case, outcome, span[1]) for case, outcome in outcomes.items()}
    rates = {
        case.formula: [
            (float(second - away_s), 100 * number / case.size)
            for second, number in enumerate(outcome.attempts)
        ]
        for case, outcome in outcomes.items()
    }
    title = f"proxy away for {away_s} s"
    x = Axis("seconds since the proxy is back", *span)
    return [
        Panel(f"{title}: registered", x, Axis("% of the fleet", 0, 100), shares),
        Panel(f"{title}: attempts", x, Axis("% of the fleet a second", 0.1, 100, log=True), rates),
    ]


def _share(case: Case, outcome: Outcome, end_s: int) -> list[tuple[float, float]]:
    """Return the share that is registered in each second."""
    return [
        (float(second), 100 * bisect(outcome.registered, second + case.away_s) / case.size)
        for second in range(-case.away_s, end_s + 1)
    ]


def main() -> None:
    """Play every case; print the table, draw the picture."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fleet", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--silent", action="store_true", help="what is not accepted gets no answer")
    parser.add_argument("--picture", type=Path, help=f"a PNG of {PICTURED} phones")
    given = parser.parse_args()
    print("\n".join([*header(), "", HEAD, "|---" * HEAD.count(" | ") + "|---|"]), flush=True)
    drawn: list[Panel] = []
    for size in given.sizes:
        for away_s in AWAY_S:
            outcomes = {}
            for formula in FORMULAS:
                case = Case(size, away_s, formula, refuses=not given.silent)
                outcomes[case] = Fleet(case).run()
                print(row(case, outcomes[case]), flush=True)
            if size == PICTURED:
                drawn += panels(outcomes, away_s)
    if given.picture:
        draw(drawn, given.picture)


if __name__ == "__main__":
    main()
