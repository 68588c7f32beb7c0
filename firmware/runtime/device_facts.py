"""What this device is and how it is connected, for the pages of facts.

Read from the kernel's own files, which take no time: `/proc/net`, `/sys/class/net`. What is not
there is left out: a page never shows a guess.
"""

from __future__ import annotations

import fcntl
import platform
import socket
import struct
import sysconfig
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from firmware.phone.events import FactsTold

NETWORK = "Network"
ABOUT = "About"

SIOCGIFADDR = 0x8915
"""netdevice(7): the first IPv4 address of an interface."""

GLOBAL_SCOPE = "00"
"""Of an IPv6 address in /proc/net/if_inet6."""

ADDRESSES_MAX = 4
"""Of an interface, on the page."""

Rows = tuple[tuple[str, str], ...]


def about(version: str, model: str, mac: str, instance: str) -> FactsTold:
    """Return what the phone is; `instance` is its `urn:uuid:`."""
    packages = Path(sysconfig.get_paths()["purelib"])
    rows = (
        ("Version", version),
        ("Model", model),
        ("MAC", ":".join(mac[at : at + 2] for at in range(0, len(mac), 2))),
        ("Serial", instance.removeprefix("urn:uuid:")),
        ("Python", platform.python_version()),
        ("Packages of others", str(len(list(packages.glob("*.dist-info"))))),
    )
    return FactsTold(ABOUT, tuple((label, text) for label, text in rows if text))


def network(proc: Path = Path("/proc/net"), devices: Path = Path("/sys/class/net")) -> FactsTold:
    """Return how the phone is connected: of the interface that leads out, else of the first."""
    name, gateway = _way_out(_lines(proc / "route"))
    names = [name] if name else sorted(path.name for path in devices.glob("*"))
    rows: list[tuple[str, str]] = []
    for each in names:
        addresses = [*_ipv4(each), *_ipv6(_lines(proc / "if_inet6"), each)]
        if each != "lo" and addresses:
            speed = "".join(_lines(devices / each / "speed")[:1])
            rows += [("Interface", each)]
            rows += [("Address", address) for address in addresses[:ADDRESSES_MAX]]
            rows += [("Gateway", gateway)] if gateway else []
            rows += [("Speed", f"{speed} Mbit/s")] if speed.isdigit() and speed != "0" else []
            rows += [("MAC", text) for text in _lines(devices / each / "address")[:1]]
            break
    return FactsTold(NETWORK, tuple(rows) or (("", "no network"),))


def address() -> str:
    """Return the address under which others find the phone, "" where it has none."""
    return next((text for label, text in network().rows if label == "Address"), "")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []  # No such interface any more, or one without a speed.


def _way_out(table: list[str]) -> tuple[str, str]:
    """Return the interface and the gateway of the default route with the least metric."""
    rows = [line.split() for line in table[1:]]
    ways = [row for row in rows if len(row) > 6 and row[1] == "00000000" and row[2] != row[1]]
    if not ways:
        return "", ""
    best = min(ways, key=lambda row: int(row[6]))
    return best[0], str(IPv4Address(bytes.fromhex(best[2])[::-1]))


def _ipv4(name: str) -> list[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            found = fcntl.ioctl(sock, SIOCGIFADDR, struct.pack("256s", name[:15].encode()))
        except OSError:
            return []
    return [str(IPv4Address(found[20:24]))]


def _ipv6(table: list[str], name: str) -> list[str]:
    rows = [line.split() for line in table]
    mine = [row for row in rows if len(row) == 6 and row[5] == name and row[3] == GLOBAL_SCOPE]
    return [str(IPv6Address(bytes.fromhex(row[0]))) for row in mine]
