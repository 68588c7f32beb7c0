"""TFTP as a machine, in simulated time: blocks, losses, doubles, strangers, bounds, nonsense."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

import pytest

from firmware.provision.tftp import (
    BLOCK_BYTES,
    TOTAL_S,
    Datagram,
    TftpEnd,
    TftpRead,
    is_name,
)

ASK_PORT, TRANSFER_PORT = 69, 40_000
SIZE_MAX = 100_000


class Server:
    """A server of one file; with `options` it grants what is asked for (RFC 2347)."""

    def __init__(self, data: bytes, *, options: bool = True) -> None:
        self.data, self.options = data, options
        self.block_bytes = 512
        self.requests: list[bytes] = []

    def take(self, datagram: Datagram) -> Datagram | None:
        opcode, number = struct.unpack("!HH", datagram.data[:4].ljust(4, b"\0"))
        if opcode == 1:
            assert datagram.port == ASK_PORT
            self.requests.append(datagram.data)
            if not self.options:
                return self._block(1)
            self.block_bytes = BLOCK_BYTES
            words = f"blksize\0{BLOCK_BYTES}\0tsize\0{len(self.data)}\0".encode()
            return Datagram(TRANSFER_PORT, b"\0\6" + words)
        assert opcode == 4, datagram
        assert datagram.port == TRANSFER_PORT
        is_over = number * self.block_bytes > len(self.data)
        return None if is_over else self._block(number + 1)

    def _block(self, number: int) -> Datagram:
        part = self.data[(number - 1) * self.block_bytes : number * self.block_bytes]
        return Datagram(TRANSFER_PORT, struct.pack("!HH", 3, number) + part)


def transfer(server: Server, harm: Callable[[], int] = lambda: 1) -> tuple[TftpEnd, float]:
    """Carry datagrams until it is over; `harm` says how often each of the server's arrives."""
    now = 0.0
    machine = TftpRead("phones/startup.cfg", ASK_PORT, SIZE_MAX, now)
    waiting: list[object] = machine.wake(now)
    for _ in range(10_000):
        if not waiting:
            due = machine.deadline()
            assert due is not None, "it neither ended nor waits"
            assert due >= now
            now = due
            waiting = machine.wake(now)
            continue
        item = waiting.pop(0)
        if isinstance(item, TftpEnd):
            assert machine.deadline() is None
            return item, now
        assert isinstance(item, Datagram)
        answer = server.take(item)
        for _ in range(harm() if answer else 0):
            assert answer is not None
            waiting += machine.handle(answer, now)
    raise AssertionError("it does not end")


@pytest.mark.parametrize("options", [True, False])
@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, BLOCK_BYTES, 10 * BLOCK_BYTES, 65_537])
def test_a_file_comes_whole(size: int, options: bool) -> None:
    data = Random(size).randbytes(size)
    server = Server(data, options=options)
    end, now = transfer(server)
    assert end == TftpEnd(data)
    assert now == 0.0
    asked = b"\0\1phones/startup.cfg\0octet\0blksize\x001400\0tsize\x000\0"
    assert server.requests == [asked]


@pytest.mark.parametrize("seed", range(30))
def test_what_is_lost_or_doubled_harms_no_file(seed: int) -> None:
    random = Random(seed)
    data = random.randbytes(random.randrange(6000))
    end, _ = transfer(Server(data), lambda: random.choice((0, 1, 1, 1, 1, 1, 1, 1, 2)))
    assert end == TftpEnd(data)


def test_a_server_that_is_not_there_is_given_up() -> None:
    end, now = transfer(Server(b""), lambda: 0)
    assert end == TftpEnd(reason="no answer")
    assert now == 1 + 2 + 4 + 4


def begun() -> TftpRead:
    machine = TftpRead("startup.cfg", ASK_PORT, SIZE_MAX, 0.0)
    machine.wake(0.0)
    return machine


def test_a_server_that_says_a_byte_now_and_then_is_given_up() -> None:
    machine = begun()
    number, now = 0, 0.0
    said: list[object] = []
    while not said or not isinstance(said[-1], TftpEnd):
        now += 0.9
        number += 1
        data = struct.pack("!HH", 3, number) + b"x" * 512
        due = machine.deadline()
        assert due is not None
        is_late = due <= now
        said = machine.wake(now) if is_late else machine.handle(Datagram(TRANSFER_PORT, data), now)
    assert said == [TftpEnd(reason="not complete within 30 s")]
    assert now <= TOTAL_S + 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"\0\6tsize\x0099999999\0", "larger than 100000 bytes"),
        (b"\0\6blksize\x0065464\0", "a block size that nobody asked for"),
        (b"\0\6blksize\x00many\0", "an option that is no number"),
        (b"\0\3\0\1" + b"x" * 513, "a block larger than agreed"),
        (b"\0\2startup.cfg\0octet\0", "an answer that is no TFTP"),
        (b"", "an answer that is no TFTP"),
        (b"\0\3", "an answer that is no TFTP"),
        (b"\0\5\0\2no\0", "the server says: access denied"),
        (b"\0\5\0\0disk \x1b[31m\0", "the server says: disk ?[31m"),
        (b"\0\5\0\0\0", "the server says: error"),
    ],
)
def test_a_server_that_is_wrong_is_named(answer: bytes, reason: str) -> None:
    said = begun().handle(Datagram(TRANSFER_PORT, answer), 0.1)
    assert said[-1] == TftpEnd(reason=reason)


def test_a_file_that_is_not_there_is_told_apart() -> None:
    said = begun().handle(Datagram(TRANSFER_PORT, b"\0\5\0\1File not found\0"), 0.1)
    assert said == [TftpEnd(reason="not found", is_absent=True)]


def test_a_file_that_never_ends_is_left() -> None:
    machine, number = begun(), 0
    said: list[object] = []
    while not said or not isinstance(said[-1], TftpEnd):
        number += 1
        block = struct.pack("!HH", 3, number) + b"x" * 512
        said = machine.handle(Datagram(TRANSFER_PORT, block), 0.1)
    assert said[-1] == TftpEnd(reason="larger than 100000 bytes")
    assert number == SIZE_MAX // 512 + 1


def test_another_port_is_not_heard_and_told_so() -> None:
    machine = begun()
    machine.handle(Datagram(TRANSFER_PORT, b"\0\3\0\1" + b"a" * 512), 0.1)
    said = machine.handle(Datagram(666, b"\0\3\0\2evil"), 0.2)
    assert said == [Datagram(666, b"\0\5\0\5another transfer\0")]
    said = machine.handle(Datagram(TRANSFER_PORT, b"\0\3\0\2good"), 0.3)
    assert said[-1] == TftpEnd(b"a" * 512 + b"good")


def test_any_bytes_are_answered_or_passed_over() -> None:
    random = Random(3)
    for _ in range(3000):
        machine = begun()
        for _ in range(4):
            head = bytes((0, random.randrange(8))) if random.random() < 0.8 else b""
            data = head + random.randbytes(random.choice((0, 1, 2, 8, 600)))
            for item in machine.handle(Datagram(TRANSFER_PORT, data), 0.1):
                assert isinstance(item, Datagram | TftpEnd)


@pytest.mark.parametrize(("name", "good"), [("a/b.cfg", True), ("a\0b", False), ("x" * 401, False)])
def test_a_name_has_to_fit(name: str, good: bool) -> None:
    assert is_name(name) is good


def test_a_block_that_is_ahead_makes_no_hole() -> None:
    machine = begun()
    machine.handle(Datagram(TRANSFER_PORT, b"\0\3\0\1" + b"a" * 512), 0.1)
    assert machine.handle(Datagram(TRANSFER_PORT, b"\0\3\0\3end"), 0.2) == []
    said = machine.handle(Datagram(TRANSFER_PORT, b"\0\3\0\2whole"), 0.3)
    assert said[-1] == TftpEnd(b"a" * 512 + b"whole")
