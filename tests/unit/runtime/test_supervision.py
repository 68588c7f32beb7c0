"""The service manager's end of a real socket: what it is told of a phone, and when it is fed."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.link.events import Failure, FailureKind, LinkState, LinkStatus
from firmware.phone.events import Report
from firmware.runtime.service_manager import ServiceManager, service_manager
from firmware.runtime.supervision import Supervision
from tests.unit.runtime.wire import run, until


class Ear:
    """The socket that NOTIFY_SOCKET names."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self._socket.setblocking(False)
        self.heard: list[str] = []

    def read(self) -> list[str]:
        """Return all that was said so far, a text a datagram."""
        while True:
            try:
                self.heard.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return self.heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def ear(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ear]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@handset-test-{os.getpid()}"
    made = Ear(name)
    yield made
    made.close()


class Phone:
    """As far as it is looked at."""

    name = "display"

    def __init__(self) -> None:
        self.due_at: float | None = None
        self.turns = 1
        self.is_stuck = False

    def wake(self) -> None:
        self.turns += not self.is_stuck


def manager_at(ear: Ear, **others: str) -> ServiceManager:
    found = service_manager({"NOTIFY_SOCKET": ear.name, **others})
    assert found is not None
    return found


def test_a_word_is_one_datagram(ear: Ear) -> None:
    manager = manager_at(ear)
    manager.tell("READY=1", "STATUS=starting")
    manager.close()
    assert ear.read() == ["READY=1\nSTATUS=starting"]


def test_a_manager_that_is_gone_or_takes_nothing_holds_nobody_up(ear: Ear) -> None:
    manager = manager_at(ear)
    for _ in range(3000):  # More than the queue of any socket.
        manager.tell("WATCHDOG=1")
    taken = len(ear.read())
    assert 0 < taken < 3000
    ear.close()
    manager.tell("WATCHDOG=1")
    manager.close()


@pytest.mark.parametrize("address", ["", "@", "/", "tcp:1234", "vsock:2:3"])
def test_without_a_socket_nobody_supervises(address: str) -> None:
    assert service_manager({"NOTIFY_SOCKET": address}) is None
    assert service_manager({}) is None


@pytest.mark.parametrize(
    ("others", "patience_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),  # Somebody else's.
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_its_patience_is_for_this_process(
    ear: Ear, others: dict[str, str], patience_s: float | None
) -> None:
    manager = manager_at(ear, **others)
    assert manager.patience_s == patience_s
    manager.close()


def test_a_sane_phone_is_fed_and_one_whose_display_is_stuck_is_not(
    ear: Ear, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware.runtime.watchdog.ANSWER_S", 0.05)

    async def scene() -> None:
        phone, manager = Phone(), manager_at(ear, WATCHDOG_USEC="80000")
        supervision = Supervision(manager, phone, lambda: [phone])
        supervision.start()
        await until(lambda: ear.read().count("WATCHDOG=1") >= 5)
        phone.is_stuck = True
        why = "the thread of the display does not answer"
        await until(lambda: f"STATUS=not sane: {why}" in ear.read())
        fed = ear.read().count("WATCHDOG=1")
        await asyncio.sleep(0.1)
        assert ear.read().count("WATCHDOG=1") == fed
        assert (f"the phone is not sane: {why}", logging.ERROR) in [
            (record.message, record.levelno) for record in caplog.records
        ]
        supervision.stop()
        manager.close()

    run(scene())
    assert ear.heard[0] == "WATCHDOG_USEC=80000", "it is loaded: no more patience than usual"


def test_the_link_is_told_in_words_and_the_end_as_what_it_is(ear: Ear) -> None:
    async def scene() -> None:
        manager = manager_at(ear)
        supervision = Supervision(manager, Phone(), list)
        reason = Failure(FailureKind.REFUSED, "connection refused by 192.0.2.1:5061")
        down = LinkStatus(LinkState.WAITING, reason=reason)
        supervision.take(Report(down))
        supervision.take(Report(down))
        supervision.take("a lamp")
        supervision.end(again=False)
        supervision.stop()
        manager.close()

    run(scene())
    assert ear.read() == ["STATUS=down, connection refused by 192.0.2.1:5061", "STOPPING=1"]


def test_a_phone_that_starts_anew_in_its_own_process_does_not_stop(ear: Ear) -> None:
    async def scene() -> None:
        manager = manager_at(ear, WATCHDOG_USEC="30000000")
        supervision = Supervision(manager, Phone(), list)
        supervision.end(again=True)
        supervision.stop()
        manager.close()

    run(scene())
    assert ear.read() == ["RELOADING=1\nWATCHDOG_USEC=180000000"], "it is loaded anew"
