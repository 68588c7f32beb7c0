"""Under which names the page may be asked for: a foreign name that leads here is somebody's trick.

DNS rebinding has a browser take this phone for the attacker's own site. An address cannot be made
to lead elsewhere, so addresses pass; of names only the phone's own do.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address

LOCAL = "localhost"


def is_own(host: str, names: Collection[str]) -> bool:
    """Tell whether a Host header names this phone; `names` are its own, in lower case."""
    name = name_of(host)
    if name in {LOCAL, *names}:
        return True
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


def name_of(host: str) -> str:
    """Return the host without its port, an IPv6 address without its brackets."""
    if host.startswith("["):
        address, end, _ = host[1:].partition("]")
        return address.lower() if end else ""
    return host.partition(":")[0].rstrip(".").lower()


def address_of(host: str, port: int) -> str:
    """Return the address of the page, as a browser wants it."""
    shown = f"[{host}]" if ":" in host else host
    return f"https://{shown}/" if port == 443 else f"https://{shown}:{port}/"


def own_names(hostname: str, configured: str) -> frozenset[str]:
    """Return the phone's own names: the system's, the same in the local domain, the parameter's."""
    first = hostname.lower()
    names = {first, f"{first.partition('.')[0]}.local", configured.lower()}
    return frozenset(name for name in names if name)
