"""Where the link goes: the first hop that the parameters name, and which lines it cannot serve.

The outbound proxy comes first, then the proxy, then the registrar. There is one link, so a line
whose first hop is another one's is refused. Where nothing is set for the whole phone, the lowest
account's first hop is the link's: files for desk phones often name the proxy by line only.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from config.kinds import Value

Look = Callable[[str, int], Value]
"""`Configuration.value`."""

PRIMARY = ("sip outbound proxy", "sip proxy ip", "sip registrar ip")
BACKUP = ("sip backup outbound proxy", "sip backup proxy ip", "sip backup registrar ip")

DEFAULT_PORT = 5061


@dataclass(frozen=True, slots=True)
class Hop:
    """A proxy as configured: a name or an IP address, and a port; 0 leaves it to DNS."""

    host: str
    port: int
    parameter: str  # Which one named it.

    def is_at(self, other: Hop) -> bool:
        """Tell whether both are the same place."""
        return self._place == other._place

    @property
    def _place(self) -> tuple[str, int]:
        host = self.host.lower().removesuffix(".")
        return host, self.port or (DEFAULT_PORT if is_address(host) else 0)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else self.host


def is_address(host: str) -> bool:
    """Tell an IP address from a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def hop_of(look: Look, account: int, *, backup: bool = False) -> Hop | None:
    """Return the first hop as one account sees it (0: as the whole phone does)."""
    for name in BACKUP if backup else PRIMARY:
        host = look(name, account)
        if host:
            port = look(port_parameter(name), account)
            return Hop(str(host), int(port), name)
    return None


def port_parameter(host_parameter: str) -> str:
    """Return "sip proxy port" for "sip proxy ip"."""
    return f"{host_parameter.removesuffix(' ip')} port"


def link_hop(look: Look, accounts: Iterable[int], *, backup: bool = False) -> Hop | None:
    """Return the link's first hop: the whole phone's, else the lowest account's."""
    hops = (hop_of(look, account, backup=backup) for account in (0, *accounts))
    return next((hop for hop in hops if hop is not None), None)


class Stray(NamedTuple):
    """A line that names another proxy than the link's."""

    account: int
    hop: Hop
    link: Hop | None
    backup: bool


def strays(look: Look, accounts: tuple[int, ...], *, backup: bool = False) -> tuple[Stray, ...]:
    """Return the lines whose first hop is not the link's."""
    link = link_hop(look, accounts, backup=backup)
    found = ((account, hop_of(look, account, backup=backup)) for account in accounts)
    return tuple(
        Stray(account, hop, link, backup)
        for account, hop in found
        if hop is not None and link is not None and not hop.is_at(link)
    )
