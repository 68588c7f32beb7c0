"""A change of the network is heard once, a moment after the last message of the kernel (D6)."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from itertools import count

import pytest

from firmware.link.events import NetworkChanged
from firmware.runtime import network
from firmware.runtime.netlink import HEADER, LINK, NEW_LINK, UP_AND_RUNNING
from firmware.runtime.network import NetworkWatch
from tests.lab.namespaces import PREFIX, ROOT, remove_leftovers, remove_namespace
from tests.lab.namespaces import run as do
from tests.lab.processes import Program
from tests.unit.runtime.wire import run, until

LISTENER = """
import asyncio, json
from firmware.runtime.network import NetworkWatch

async def main():
    watch = NetworkWatch(lambda event: print(json.dumps(type(event).__name__), flush=True))
    watch.start()
    print(json.dumps("listening"), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def namespace() -> Iterator[str]:
    remove_leftovers()
    name = f"{PREFIX}{os.getpid()}xnetwork"
    do("ip", "netns", "add", name)
    yield name
    remove_namespace(name)


@pytest.fixture
def listener(namespace: str) -> Iterator[Program]:
    """A watch in the namespace, and nothing to complain of at its end."""
    words = ["ip", "netns", "exec", namespace, sys.executable, "-c", LISTENER]
    program = Program(words, directory=ROOT)
    try:
        program.wait_for("listening", 20)
        yield program
    finally:
        program.stop()
    assert {json.loads(line.text) for line in program.lines} <= {"listening", "NetworkChanged"}


def settle() -> None:
    """Wait until the last message of a change has settled."""
    time.sleep(network.SETTLE_S * 3)


def test_each_kind_of_change_is_heard(namespace: str, listener: Program) -> None:
    for change in (
        ("link", "set", "lo", "up"),
        ("address", "add", "192.0.2.1/24", "dev", "lo"),
        ("route", "add", "198.51.100.0/24", "via", "192.0.2.1"),
        ("route", "add", "default", "via", "192.0.2.1"),
        ("-6", "address", "add", "2001:db8::1/64", "dev", "lo", "nodad"),
        ("-6", "route", "add", "2001:db8:1::/64", "dev", "lo"),
        ("-6", "route", "add", "default", "dev", "lo"),
        ("route", "del", "198.51.100.0/24"),
        ("address", "del", "192.0.2.1/24", "dev", "lo"),
        ("link", "set", "lo", "down"),
    ):
        at = time.time()
        do("ip", "-n", namespace, *change)
        listener.wait_for("NetworkChanged", 10, at)
        settle()


def test_what_is_no_change_is_not_heard(namespace: str, listener: Program) -> None:
    four, six = "192.0.2.1/24 dev lo", "2001:db8::1/64 dev lo nodad noprefixroute"
    for setting in ("link set lo up", f"address add {four}", f"-6 address add {six}"):
        do("ip", "-n", namespace, *setting.split())
    settle()
    at = time.time()
    for noise in (
        f"address change {four} valid_lft 900 preferred_lft 900",
        f"-6 address change {six} valid_lft 900 preferred_lft 900",
        "neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev lo",
        "link add one type veth peer name other",
        "link set one up",
        "link set other up",  # Now with a carrier, a link-local address and its routes.
        "link set one mtu 1400",
        "-6 route add multicast ff05::/16 dev one",
        "route add 198.51.100.0/24 dev one table 77",
        "link del one",
    ):
        do("ip", "-n", namespace, *noise.split())
        settle()
    assert not listener.matching("NetworkChanged", at)
    do("ip", "-n", namespace, "address", "del", "192.0.2.1/24", "dev", "lo")
    listener.wait_for("NetworkChanged", 10, at)


@pytest.mark.parametrize(
    ("index", "flags", "is_heard"), [(3, 0, True), (3, UP_AND_RUNNING, False), (4, 0, False)]
)
def test_a_carrier_that_is_back_at_once_was_lost_all_the_same(
    index: int, flags: int, is_heard: bool
) -> None:
    """The picture afterwards is that from before; another interface's carrier is noise."""
    heard = list[object]()
    body = LINK.pack(0, 0, index, flags, 0)
    message = HEADER.pack(HEADER.size + len(body), NEW_LINK, 0, 0, 0) + body

    async def scene() -> None:
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        near.setblocking(False)
        with near, far:
            watch = NetworkWatch(heard.append, lambda: frozenset({("link", 3, True)}))
            watch._socket, watch._seen = near, watch._pictured()
            asyncio.get_running_loop().add_reader(near.fileno(), watch._readable)
            far.send(message)
            await asyncio.sleep(network.SETTLE_S * 3)
            watch.stop()
            assert heard == [NetworkChanged()] * is_heard

    run(scene())


def test_an_address_counts_when_it_can_be_used(namespace: str, listener: Program) -> None:
    """IPv6 first makes sure that nobody else has it: until then nothing can be sent from there."""
    for change in (
        ("link", "add", "one", "type", "veth", "peer", "name", "other"),
        ("link", "set", "one", "up"),
        ("link", "set", "other", "up"),
    ):
        do("ip", "-n", namespace, *change)
    settle()
    do("ip", "-n", namespace, "-6", "address", "add", "2001:db8::1/64", "dev", "one")
    show = ("ip", "-n", namespace, "-6", "address", "show", "dev", "one", "scope", "global")
    while "tentative" in do(*show):
        time.sleep(0.02)
    listener.wait_for("NetworkChanged", 10, time.time() - network.SETTLE_S)


def test_messages_that_never_end_do_not_keep_the_phone_from_looking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(network, "SETTLE_MAX_S", 0.3)
    heard, looks = list[object](), count()

    async def scene() -> None:
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        near.setblocking(False)
        with near, far:
            watch = NetworkWatch(heard.append, lambda: frozenset({(next(looks),)}))
            watch._socket = near
            asyncio.get_running_loop().add_reader(near.fileno(), watch._readable)
            async with asyncio.timeout(20):
                while not heard:
                    far.send(b"route")
                    await asyncio.sleep(network.SETTLE_S / 5)
            watch.stop()

    run(scene())


def test_a_burst_is_one_change() -> None:
    heard, looks = list[object](), count()

    async def scene() -> None:
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        near.setblocking(False)
        with near, far:
            watch = NetworkWatch(heard.append, lambda: frozenset({(next(looks),)}))
            watch._socket = near
            asyncio.get_running_loop().add_reader(near.fileno(), watch._readable)
            for _ in range(5):
                far.send(b"address")
                await asyncio.sleep(network.SETTLE_S / 5)
            assert heard == []
            await until(lambda: bool(heard))
            far.send(b"route")
            await asyncio.sleep(network.SETTLE_S / 5)
            watch.stop()
            await asyncio.sleep(network.SETTLE_S * 2)
            assert heard == [NetworkChanged()]

    run(scene())


def test_more_than_the_kernel_could_keep_is_a_change_all_the_same() -> None:
    heard = list[object]()

    class Overrun:
        def recv(self, size: int) -> bytes:
            raise OSError(errno.ENOBUFS, "No buffer space available")

    async def scene() -> None:
        watch = NetworkWatch(heard.append)
        watch._socket = Overrun()  # type: ignore[assignment] # All that is asked of it.
        watch._readable()
        await until(lambda: heard == [NetworkChanged()])

    run(scene())


def test_a_system_that_does_not_tell_is_logged_and_lived_with(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*words: object) -> socket.socket:
        raise OSError(errno.EPROTONOSUPPORT, "Protocol not supported")

    async def scene() -> None:
        watch = NetworkWatch(lambda event: None)
        with monkeypatch.context() as patched:
            patched.setattr(socket, "socket", refuse)
            watch.start()
        watch.stop()

    run(scene())
    assert (
        "changes of the network are not noticed: [Errno 93] Protocol not supported" in caplog.text
    )
