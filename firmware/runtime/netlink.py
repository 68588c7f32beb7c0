"""What of the network matters to a phone, as the kernel tells it over netlink (D6).

A picture holds the addresses, the routes of the main table, and whether the interfaces that have
addresses are up and have a carrier. Lifetimes, neighbours, link-local and multicast routes, and
interfaces without an address (the many ends of containers) are not in it: their news is noise.
The layouts are those of linux/rtnetlink.h.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

Fact = tuple[object, ...]

NEW_LINK, GET_LINK, GET_ADDRESS, GET_ROUTE = 16, 18, 22, 26
ERROR, DONE = 2, 3
REQUEST_DUMP = 0x1 | 0x300

HEADER = struct.Struct("=IHHII")  # Length, type, flags, sequence, port.
LINK = struct.Struct("=BxHiII")  # Family, kind, index, flags, changed flags.
ADDRESS = struct.Struct("=BBBBI")  # Family, prefix length, flags, scope, index.
ROUTE = struct.Struct("=BBBBBBBBI")  # ..., table, protocol, scope, type, flags.
ATTRIBUTE = struct.Struct("=HH")  # Length, type.

UP_AND_RUNNING = 0x1 | 0x40
"""IFF_UP, and IFF_RUNNING: with a carrier."""

IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS = 1, 2, 8
NOT_READY = 0x40 | 0x08
"""IFA_F_TENTATIVE, IFA_F_DADFAILED: nothing can be sent from there yet, or ever."""

RTA_DESTINATION, RTA_INTERFACE, RTA_GATEWAY, RTA_METRIC = 1, 4, 5, 6
MAIN_TABLE, UNICAST, CLONED = 254, 1, 0x200
LINK_LOCAL = b"\xfe\x80"

READ_BYTES = 64 * 1024
READS_MAX = 256
ANSWER_S = 1.0
"""The kernel answers within the call; this is for a kernel that does not."""


def picture() -> frozenset[Fact]:
    """Return what matters of the network now. Raises OSError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asked:
        asked.settimeout(ANSWER_S)
        addresses = set(filter(None, map(_address, _dump(asked, GET_ADDRESS))))
        routes = set(filter(None, map(_route, _dump(asked, GET_ROUTE))))
        with_address = {index for _, index, *_ in addresses}
        links = {link_state(body) for body in _dump(asked, GET_LINK)}
    carriers = {("link", *state) for state in links if state[0] in with_address}
    return frozenset(addresses | routes | carriers)


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut what was read into messages: type and body."""
    while len(data) >= HEADER.size:
        length, kind, *_ = HEADER.unpack_from(data)
        if length < HEADER.size:
            return
        yield kind, data[HEADER.size : length]
        data = data[_aligned(length) :]


def link_state(body: bytes) -> tuple[int, bool]:
    """Return the index of an interface, and whether it is up with a carrier."""
    _, _, index, flags, _ = LINK.unpack_from(body)
    return index, flags & UP_AND_RUNNING == UP_AND_RUNNING


def _dump(asked: socket.socket, what: int) -> Iterator[bytes]:
    """Ask for everything of one kind; yield the bodies."""
    asked.send(HEADER.pack(HEADER.size + 4, what, REQUEST_DUMP, 1, 0) + bytes(4))
    for _ in range(READS_MAX):
        for kind, body in messages(asked.recv(READ_BYTES)):
            if kind == DONE:
                return
            if kind == ERROR:
                raise OSError("the kernel does not tell of the network")
            yield body


def _address(body: bytes) -> Fact | None:
    family, length, short_flags, _, index = ADDRESS.unpack_from(body)
    found = dict(_attributes(body[ADDRESS.size :]))
    address = found.get(IFA_LOCAL) or found.get(IFA_ADDRESS, b"")
    flags = int.from_bytes(found.get(IFA_FLAGS, bytes([short_flags])), "little")
    if flags & NOT_READY or _is_link_local(family, address):
        return None
    return "address", index, address, length


def _route(body: bytes) -> Fact | None:
    family, length, _, _, table, _, _, kind, flags = ROUTE.unpack_from(body)
    found = dict(_attributes(body[ROUTE.size :]))
    destination = found.get(RTA_DESTINATION, b"")
    if (table, kind) != (MAIN_TABLE, UNICAST) or flags & CLONED:
        return None
    if _is_link_local(family, destination):
        return None
    way = tuple(found.get(part) for part in (RTA_INTERFACE, RTA_GATEWAY, RTA_METRIC))
    return "route", family, destination, length, *way


def _is_link_local(family: int, address: bytes) -> bool:
    return family == socket.AF_INET6 and address.startswith(LINK_LOCAL)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(data)
        if length < ATTRIBUTE.size:
            return
        yield kind, data[ATTRIBUTE.size : length]
        data = data[_aligned(length) :]


def _aligned(length: int) -> int:
    """Messages and attributes begin at multiples of four."""
    return (length + 3) & ~3
