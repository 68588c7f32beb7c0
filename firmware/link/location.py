"""Where a proxy is, from what DNS says of its name: records in, addresses in order out (RFC 3263).

- NAPTR records (`Pointer`) tell which name holds the SRV records. Only SIP over TLS is usable
  here, `SIPS+D2T`. Order comes before preference, and a higher order is not looked at (RFC 3403 4).
- SRV records (`Service`) tell host and port. Priorities come in order; within one the weights draw
  lots (RFC 2782). The single target "." says that there is no such service.
- The addresses of one host alternate between the families, IPv6 first (RFC 8305 4), so that one
  broken family costs one try and not as many as there are addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, groupby, zip_longest
from random import Random

from firmware.frozen import frozen

SIP_OVER_TLS = "SIPS+D2T"

POINTERS_MAX = 4
SERVICES_MAX = 8
HOSTS_MAX = 8
"""Of each record type no more are looked at: a phone that tries longer is not reachable either."""


@frozen
class Pointer:
    """A NAPTR record; names without the final dot."""

    order: int
    preference: int
    flags: str
    service: str
    expression: str
    replacement: str

    @property
    def is_terminal(self) -> bool:
        """Tell whether it leads to hosts without another look at SRV (flag "a")."""
        return self.flags.lower() == "a"


@frozen
class Service:
    """An SRV record; the target is a host name without the final dot, "" for "not here"."""

    priority: int
    weight: int
    port: int
    target: str


def usable_pointers(pointers: Iterable[Pointer]) -> list[Pointer]:
    """Return those that lead to SIP over TLS, the best first, all of one order."""
    usable = sorted(filter(_is_usable, pointers), key=lambda one: (one.order, one.preference))
    return [one for one in usable if one.order == usable[0].order][:POINTERS_MAX]


def usable_services(services: Iterable[Service]) -> list[Service]:
    """Return those that name a host and a port, the best first, as many as are looked at."""
    usable = [one for one in services if one.target and one.port]
    return sorted(usable, key=lambda one: one.priority)[:SERVICES_MAX]


def is_denied(services: Sequence[Service]) -> bool:
    """Tell whether the domain says that the service is not there (RFC 2782, target ".")."""
    return bool(services) and not any(one.target for one in services)


def drawn(services: Sequence[Service], random: Random) -> list[Service]:
    """Return every service in the order to try them; lots are drawn anew at each call."""
    ordered = sorted(services, key=lambda one: one.priority)
    order: list[Service] = []
    for _, same in groupby(ordered, key=lambda one: one.priority):
        order += _drawn_by_weight(list(same), random)
    return order


def interleaved(hosts: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses of one host, the families in turn (RFC 8305 4)."""
    known = list(dict.fromkeys(hosts))
    six = [host for host in known if ":" in host]
    four = [host for host in known if ":" not in host]
    pairs = zip_longest(six, four)
    return tuple(host for host in chain.from_iterable(pairs) if host is not None)[:HOSTS_MAX]


def _is_usable(pointer: Pointer) -> bool:
    named = pointer.replacement and not pointer.expression
    known = pointer.flags.lower() in {"s", "a"}
    return bool(named and known and pointer.service.upper() == SIP_OVER_TLS)


def _drawn_by_weight(services: list[Service], random: Random) -> list[Service]:
    """RFC 2782: weight 0 first in the list, so that it has a very small chance among others."""
    left = sorted(services, key=lambda one: one.weight > 0)
    order = []
    while left:
        lot, total = random.randint(0, sum(one.weight for one in left)), 0
        for chosen in left:
            total += chosen.weight
            if total >= lot:
                break
        left.remove(chosen)
        order.append(chosen)
    return order
