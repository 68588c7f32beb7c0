"""Files that parameters name by URL: when each is fetched, and what is wrong with it.

Certificates and contacts may come so. Each is fetched at the start (a moment later where there is
its last good copy already), when its URL is another one, when somebody asks (`provision`,
check-sync), and once a day. One that fails is tried again, less and less often, with chance in it
(as F2), and at once when the network or the clock is another one. Whatever happens, the copy stays
until a good file is here. One file is fetched at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import assert_never

from firmware.frozen import frozen
from firmware.link.events import NetworkChanged
from firmware.machine import earliest, is_due
from firmware.phone.events import TimeIs
from firmware.provision.state import (
    ASKED_GAP_S,
    RETRY_AFTER_MAX_S,
    RETRY_BASE_S,
    RETRY_CAP_S,
    START_SPREAD_S,
)

DAY_S = 86_400.0


@frozen
class Link:
    """A file that a parameter names. `is_kept`: there is a good copy of it."""

    parameter: str
    url: str = field(repr=False)  # It may hold a password (T4).
    is_kept: bool = False


@frozen
class LinksAre:
    """What parameters name by URL now."""

    links: tuple[Link, ...]


@frozen
class LinksAsked:
    """Somebody wants them fetched; not `by_hand`: somebody else, who does not keep us busy."""

    by_hand: bool


@frozen
class FetchLink:
    """Fetch a file, look at it, and keep it where it is good."""

    number: int
    link: Link


@frozen
class LinkDone:
    """It was done. `fault`: why not, as a sentence."""

    number: int
    fault: str = ""
    retry_after_s: float = 0.0


@frozen
class LinkFaults:
    """What is wrong with such files, as sentences; none where all is well."""

    faults: tuple[str, ...]


LinkEvent = LinksAre | LinksAsked | LinkDone | NetworkChanged | TimeIs


@dataclass(slots=True)
class _Followed:
    """One of them: when it is due, and what was wrong last time."""

    link: Link
    due_at: float
    failures: int = 0
    fault: str = ""


class Links:
    """The machine."""

    def __init__(self, random: Random, now: float) -> None:
        self._random = random
        self._followed: dict[str, _Followed] = {}  # By parameter.
        self._fetching: _Followed | None = None
        self._number = 0
        self._asked_at = now - ASKED_GAP_S
        self._is_new = True  # Nothing was fetched yet: a fleet that starts does not ask at once.
        self._told: tuple[str, ...] = ()

    def deadline(self) -> float | None:
        if self._fetching is not None:
            return None
        return earliest(followed.due_at for followed in self._followed.values())

    @property
    def is_asked(self) -> bool:
        """Tell whether something is fetched, or about to be."""
        return self._fetching is not None or any(
            one.due_at <= self._asked_at for one in self._followed.values()
        )

    def handle(self, event: LinkEvent, now: float) -> list[object]:
        match event:
            case LinksAre(links):
                self._follow(links, now)
            case LinksAsked(by_hand):
                self._ask(now, by_hand=by_hand)
            case LinkDone():
                self._done(event, now)
            case NetworkChanged() | TimeIs():
                self._try_again(now)
            case _:
                assert_never(event)
        return self._go_on(now)

    def wake(self, now: float) -> list[object]:
        return self._go_on(now)

    def _follow(self, links: tuple[Link, ...], now: float) -> None:
        before, self._followed = self._followed, {}
        for link in links:
            known = before.get(link.parameter)
            if known is None or known.link.url != link.url:
                wait_s = self._random.uniform(0, START_SPREAD_S) * (self._is_new and link.is_kept)
                known = _Followed(link, now + wait_s)
            self._followed[link.parameter] = known
        self._is_new = False

    def _ask(self, now: float, *, by_hand: bool) -> None:
        self._asked_at = now if by_hand else max(now, self._asked_at + ASKED_GAP_S)
        for followed in self._followed.values():
            followed.due_at = min(followed.due_at, self._asked_at)

    def _try_again(self, now: float) -> None:
        """Do not wait with what failed: things are different now (D6, I3)."""
        for followed in self._followed.values():
            if followed.fault:
                followed.due_at = min(followed.due_at, now)

    def _done(self, event: LinkDone, now: float) -> None:
        done = self._fetching
        if done is None or event.number != self._number:
            return
        self._fetching, done.fault = None, event.fault
        if not event.fault:
            done.failures, done.due_at = 0, now + DAY_S * self._random.uniform(0.9, 1.0)
            return
        most_s = min(RETRY_CAP_S, RETRY_BASE_S * 2 ** min(done.failures, 20))
        wait_s = most_s * self._random.uniform(0.5, 1.0)
        done.due_at = now + max(wait_s, min(event.retry_after_s, RETRY_AFTER_MAX_S))
        done.failures += 1

    def _go_on(self, now: float) -> list[object]:
        out = list[object]()
        faults = tuple(one.fault for one in self._followed.values() if one.fault)
        if faults != self._told:
            self._told = faults
            out.append(LinkFaults(faults))
        due = min(self._followed.values(), key=lambda one: one.due_at, default=None)
        if self._fetching is None and due is not None and is_due(due.due_at, now):
            self._fetching = due
            self._number += 1
            out.append(FetchLink(self._number, due.link))
        return out
