"""The addresses of one proxy, and which of them disappointed (F1).

DNS gives the order. An address that failed is put behind the others until `sip blacklist
duration` is over, as an unfit proxy is (D8). Among those, the ones that ran out of a head start
come last and the latest of them at the very end: the last address of a round has the whole budget,
so that each gets it in turn and a slow proxy is reached too.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.link.events import Address

KEPT_MAX = 32
"""Addresses remembered; DNS may name new ones every day."""


@dataclass(slots=True)
class Mark:
    """What is held against an address."""

    at: float
    was_hurried: bool  # It had a head start only, and was silent when that was over.


class Targets:
    """What is known of the addresses of one proxy."""

    def __init__(self, held_s: float) -> None:
        self._held_s = held_s
        self._marks: dict[Address, Mark] = {}

    def use(self, held_s: float) -> None:
        """Hold what failed against an address for so long."""
        self._held_s = held_s

    def ordered(self, addresses: tuple[Address, ...], now: float) -> tuple[Address, ...]:
        """Return the addresses in the order to try them now."""
        return tuple(sorted(dict.fromkeys(addresses), key=lambda one: self._rank(one, now)))

    def failed(self, address: Address, now: float, *, was_hurried: bool = False) -> None:
        """An address did not come to a link, or its link did not serve."""
        self._marks.pop(address, None)
        self._marks[address] = Mark(now, was_hurried)
        if len(self._marks) > KEPT_MAX:
            del self._marks[next(iter(self._marks))]

    def stands(self, address: Address) -> None:
        """TLS stands at an address: nothing is held against it."""
        self._marks.pop(address, None)

    def forget(self) -> None:
        """The network changed: what failed there may be reached from here (D6)."""
        self._marks.clear()

    def _rank(self, address: Address, now: float) -> tuple[int, float]:
        mark = self._marks.get(address)
        if mark is None or mark.at + self._held_s <= now:
            return 0, 0.0
        return (2, mark.at) if mark.was_hurried else (1, 0.0)
