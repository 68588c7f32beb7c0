"""Which proxy next: the ordered list, and what each proxy has shown of itself (F1, D8).

A proxy is *unfit* when its link ended before its first 2xx to REGISTER, or when its registrar does
not serve. Unfit proxies are tried after fit ones until the blacklist time is over, but none before
its Retry-After. A 2xx makes a proxy fit again, and so do the probes of F3. One whose
links end again and again before they were healthy is unfit as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firmware.link.connection import Connection
from firmware.link.events import Failure, Proxy
from firmware.link.retry import HEALTHY_S
from firmware.link.settings import LinkSettings
from firmware.link.targets import Targets

HEAD_START_MAX_S = 1.0
"""A head start is never longer (unless the parameter is), and so long while unmeasured (F1)."""

SHORT_LINKS_MAX = 3
"""Links in a row that ended before they were healthy. A proxy of which that is so is unfit, even
where it registered us each time: it would be tried first for ever."""

HEAD_START_DOUBLINGS_MAX = 4
"""After so many short links, to whomever, head starts double up to the budgets of TCP and TLS: else
a quick proxy that never stays would win every race against one that is slow and works."""

PONGS_MISSED_MAX = 10
"""Probes in a row without a pong: what was known of the proxy is not so, or no longer (F3)."""


@dataclass(slots=True)
class Record:
    """What is known of one proxy."""

    targets: Targets
    handshake_s: float | None = None  # From dialling to the end of TLS, the last time.
    answers_pings: bool = False  # It did so on its last link, for certain.
    pongs_missed: int = 0  # By probes, in a row.
    short_links: int = 0  # In a row.
    unfit_until: float | None = None
    not_before: float | None = None  # Its Retry-After.
    failure: Failure | None = None  # Why its last candidate came to nothing.


class Chooser:
    """The proxies in their order, and their records."""

    def __init__(self, proxies: tuple[Proxy, ...], head_start_s: float, blacklist_s: float) -> None:
        self._proxies = proxies
        self._head_start_s = head_start_s
        self._blacklist_s = blacklist_s
        self._short_links = 0  # In a row, of all proxies.
        self._records = {proxy: Record(Targets(blacklist_s)) for proxy in proxies}

    def use(self, settings: LinkSettings, live: Proxy | None) -> None:
        """Choose among other proxies from now on; what is known of those that stay is kept.

        So is what is known of `live`, which carries the link still.
        """
        self._proxies, self._head_start_s = settings.proxies, settings.head_start_s
        self._blacklist_s = settings.blacklist_s
        before, wanted = self._records, (*settings.proxies, *filter(None, (live,)))
        self._records = {p: before.get(p) or Record(Targets(self._blacklist_s)) for p in wanted}
        for record in self._records.values():
            record.targets.use(self._blacklist_s)

    def has(self, proxy: Proxy) -> bool:
        """Tell whether a proxy is among those to choose from."""
        return proxy in self._proxies

    @property
    def home(self) -> Proxy:
        """The proxy that the phone belongs to: the first."""
        return self._proxies[0]

    def order(self, now: float) -> list[Proxy]:
        """Return the proxies to try now: fit ones first, none before its Retry-After."""
        allowed = [proxy for proxy in self._proxies if self.allowed_at(proxy, now) <= now]
        return sorted(allowed, key=lambda proxy: not self.is_fit(proxy, now))

    def allowed_at(self, proxy: Proxy, now: float) -> float:
        """Return when a proxy may be tried: now, or when its Retry-After is over."""
        return max(now, self._records[proxy].not_before or now)

    def any_at(self, now: float) -> float:
        """Return when the first of the proxies may be tried."""
        return min((self.allowed_at(proxy, now) for proxy in self._proxies), default=now)

    def is_fit(self, proxy: Proxy, now: float) -> bool:
        """Tell whether nothing is held against a proxy (D8)."""
        until = self._records[proxy].unfit_until
        return until is None or until <= now

    def has_fit(self, now: float) -> bool:
        """Tell whether some proxy may be tried with hope."""
        return any(self.is_fit(proxy, now) for proxy in self.order(now))

    def unfit(self, proxy: Proxy, now: float) -> None:
        """A proxy does not serve (D8)."""
        self._records[proxy].unfit_until = now + self._blacklist_s

    def hold(self, proxy: Proxy, retry_after_s: float, now: float) -> None:
        """A proxy asked for time: it is not tried before that, unless it serves after all."""
        record, until = self._records[proxy], now + retry_after_s
        record.not_before = max(until, record.not_before or until)

    def fit(self, proxy: Proxy) -> None:
        """A proxy serves, or its probes succeeded: nothing is held against it."""
        self._records[proxy].unfit_until = self._records[proxy].not_before = None

    def link_ended(self, proxy: Proxy, served_at: float | None, now: float) -> bool:
        """A link is gone; `served_at` is the moment of its first 2xx. Tell whether it was short."""
        record = self._records[proxy]
        if served_at is not None and now - served_at >= HEALTHY_S:
            record.short_links = self._short_links = 0
            return False
        record.short_links, self._short_links = record.short_links + 1, self._short_links + 1
        if record.short_links >= SHORT_LINKS_MAX and self.is_fit(proxy, now):
            self.unfit(proxy, now)
        return True

    def tried(self, proxy: Proxy, failure: Failure | None) -> None:
        """A candidate stood, or failed: that is what people are told of the proxy (I2)."""
        self._records[proxy].failure = failure

    def failure_at_home(self) -> Failure | None:
        """Return why the last candidate to the first proxy came to nothing."""
        return self._records[self.home].failure

    def measured(self, proxy: Proxy, handshake_s: float) -> None:
        """Learn how long TCP and TLS took."""
        self._records[proxy].handshake_s = handshake_s

    def connection(self, proxy: Proxy, numbers: Iterator[int]) -> Connection:
        """Return a new connection to a proxy, with what is known of it; `start` it."""
        return Connection(proxy, numbers, self.targets(proxy), self.head_start_s(proxy))

    def targets(self, proxy: Proxy) -> Targets:
        """Return what is known of the addresses of a proxy (F1)."""
        return self._records[proxy].targets

    def forget_targets(self) -> None:
        """The network changed: every address is as good as another (D6)."""
        for record in self._records.values():
            record.targets.forget()

    def learn_pings(self, proxy: Proxy, answers_pings: bool) -> None:
        """Learn whether a proxy answers pings."""
        self._records[proxy].answers_pings = answers_pings

    def pong_missed(self, proxy: Proxy) -> None:
        """A probe stood and was not answered: too often, and pongs are not demanded any more."""
        record = self._records[proxy]
        record.pongs_missed += 1
        if record.pongs_missed >= PONGS_MISSED_MAX:
            record.answers_pings, record.pongs_missed = False, 0

    def pong_came(self, proxy: Proxy) -> None:
        """A probe was answered."""
        self._records[proxy].pongs_missed = 0

    def answers_pings(self, proxy: Proxy) -> bool:
        """Tell whether a proxy is known to answer pings."""
        return self._records[proxy].answers_pings

    def head_start_s(self, proxy: Proxy) -> float:
        """Return how long a proxy may take before the next one is tried beside it (F1)."""
        doublings = min(max(0, self._short_links - SHORT_LINKS_MAX), HEAD_START_DOUBLINGS_MAX)
        longest = max(self._head_start_s, HEAD_START_MAX_S) * 2.0**doublings
        known = self._records[proxy].handshake_s
        return longest if known is None else min(max(self._head_start_s, 2 * known), longest)
