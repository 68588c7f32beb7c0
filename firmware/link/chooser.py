"""Which proxy next: the ordered list, and what each proxy has shown of itself (F1, D8).

A proxy is *unfit* when its link ended before its first 2xx to REGISTER, or when its registrar does
not serve. Unfit proxies are tried after fit ones until the blacklist time is over, but none before
its Retry-After. A 2xx makes a proxy fit again, and so do the probes of F3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firmware.link.connection import Connection
from firmware.link.events import Proxy
from firmware.link.targets import Targets

HEAD_START_MAX_S = 1.0
"""A head start is never longer (unless the parameter is), and so long while unmeasured (F1)."""

RETRY_AFTER_MAX_S = 86_400.0
"""A registrar that asks for more than a day is taken to mean a day: it may be a mistake."""


@dataclass(slots=True)
class Record:
    """What is known of one proxy."""

    targets: Targets
    handshake_s: float | None = None  # From dialling to the end of TLS, the last time.
    answers_pings: bool = False  # It did so on its last link.
    unfit_until: float | None = None
    not_before: float | None = None  # Its Retry-After.


class Chooser:
    """The proxies in their order, and their records."""

    def __init__(self, proxies: tuple[Proxy, ...], head_start_s: float, blacklist_s: float) -> None:
        self._proxies = proxies
        self._head_start_s = head_start_s
        self._blacklist_s = blacklist_s
        self._records = {proxy: Record(Targets(blacklist_s)) for proxy in proxies}

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

    def unfit(self, proxy: Proxy, retry_after_s: float, now: float) -> None:
        """A proxy does not serve (D8)."""
        record = self._records[proxy]
        record.unfit_until = now + self._blacklist_s
        if retry_after_s:
            held = now + min(retry_after_s, RETRY_AFTER_MAX_S)
            record.not_before = max(held, record.not_before or held)

    def fit(self, proxy: Proxy) -> None:
        """A proxy serves, or its probes succeeded: nothing is held against it."""
        self._records[proxy].unfit_until = self._records[proxy].not_before = None

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

    def answers_pings(self, proxy: Proxy) -> bool:
        """Tell whether a proxy is known to answer pings."""
        return self._records[proxy].answers_pings

    def head_start_s(self, proxy: Proxy) -> float:
        """Return how long a proxy may take before the next one is tried beside it (F1)."""
        longest = max(self._head_start_s, HEAD_START_MAX_S)
        known = self._records[proxy].handshake_s
        return longest if known is None else min(max(self._head_start_s, 2 * known), longest)
