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

import pytest

from firmware.link.events import NetworkChanged
from firmware.runtime import network
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


def test_each_kind_of_change_is_heard(namespace: str) -> None:
    words = ["ip", "netns", "exec", namespace, sys.executable, "-c", LISTENER]
    program = Program(words, directory=ROOT)
    try:
        program.wait_for("listening", 20)
        for change in (
            ("link", "set", "lo", "up"),
            ("address", "add", "192.0.2.1/24", "dev", "lo"),
            ("route", "add", "198.51.100.0/24", "via", "192.0.2.1"),
            ("-6", "address", "add", "2001:db8::1/64", "dev", "lo", "nodad"),
            ("-6", "route", "add", "2001:db8:1::/64", "dev", "lo"),
            ("route", "del", "198.51.100.0/24"),
            ("address", "del", "192.0.2.1/24", "dev", "lo"),
            ("link", "set", "lo", "down"),
        ):
            at = time.time()
            do("ip", "-n", namespace, *change)
            program.wait_for("NetworkChanged", 10, at)
            time.sleep(network.SETTLE_S * 3)  # Until the last message of this change has settled.
    finally:
        program.stop()
    assert {json.loads(line.text) for line in program.lines} == {"listening", "NetworkChanged"}


def test_a_burst_is_one_change() -> None:
    heard = list[object]()

    async def scene() -> None:
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        near.setblocking(False)
        with near, far:
            watch = NetworkWatch(heard.append)
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
