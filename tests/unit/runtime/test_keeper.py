"""The outage log is kept while the phone runs: at once, paced, to the last word (S3)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.phone.events import OutageEnded, OutageLog, OutageLogTrouble, OutagesKept
from firmware.phone.kept import (
    AccountServices,
    CallsKept,
    CallWay,
    Contact,
    ContactNumber,
    ContactsKept,
    DirectoryLog,
    HistoryLog,
    KeepingTrouble,
    NumberKind,
    PastCall,
    ServicesKept,
    ServicesLog,
)
from firmware.phone.outage import Outage
from firmware.runtime import keeper
from firmware.runtime.keeper import BURST_MAX
from firmware.runtime.keepers import Keepers
from firmware.runtime.outage_file import OUTAGE_LOG
from firmware.runtime.services_file import services_fields, services_of
from tests.unit.runtime.outages import entry, log_of
from tests.unit.runtime.wire import run, until

NAME, ASIDE = OUTAGE_LOG.name, OUTAGE_LOG.aside


class Scene:
    """A keeper and a count of what it writes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.heard: list[object] = []
        self.writes: list[tuple[Outage, ...]] = []
        self.threads: set[int] = set()
        self.before_write: Callable[[], None] = lambda: None
        self._really_save = OUTAGE_LOG.save
        monkeypatch.setattr(OUTAGE_LOG, "save", self._save)
        self.keeper = Keepers(folder, self._hear)
        self.keeper.start()

    def _hear(self, event: object) -> None:
        if not isinstance(event, CallsKept | ContactsKept | ServicesKept):
            self.heard.append(event)

    def _save(self, folder: Path, outages: tuple[Outage, ...]) -> None:
        self.before_write()
        self.threads.add(threading.get_ident())
        self.writes.append(outages)
        self._really_save(folder, outages)

    def log(self, *outages: Outage) -> None:
        self.keeper.take(OutageLog(outages))

    async def written(self, count: int) -> None:
        await until(lambda: len(self.writes) >= count and self.keeper._outages._writing is None)

    async def spend(self) -> None:
        """Write as often as may be done in a row."""
        for number in range(BURST_MAX):
            self.log(entry(number))
            await self.written(number + 1)

    @property
    def kept(self) -> tuple[Outage, ...]:
        return OUTAGE_LOG.read(self.folder).entries


def test_the_phone_is_told_what_was_kept_and_nothing_is_written_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    OUTAGE_LOG.save(tmp_path, log_of(2))

    async def scene() -> None:
        at = Scene(tmp_path, monkeypatch)
        assert at.heard == [OutagesKept(log_of(2))]
        at.log(*log_of(2))
        await asyncio.sleep(0.02)
        await at.keeper.stop()
        assert at.writes == []

    run(scene())


def test_an_outage_is_on_disk_as_soon_as_it_begins_and_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        at = Scene(tmp_path, monkeypatch)
        at.keeper.take(OutageEnded(entry()))  # For somebody else.
        at.log(entry(is_open=True))
        await at.written(1)
        assert at.kept == (entry(is_open=True),)
        at.log(entry())
        await at.written(2)
        assert at.kept == (entry(),)
        assert threading.get_ident() not in at.threads, "the link waits for no memory card"
        await at.keeper.stop()
        assert len(at.writes) == 2

    run(scene())


def test_a_link_that_flaps_does_not_wear_out_the_card_and_the_last_word_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        at = Scene(tmp_path, monkeypatch)
        for number in range(300):
            at.log(entry(number))
            await asyncio.sleep(0.001)
        assert len(at.writes) <= BURST_MAX
        await at.keeper.stop()
        assert len(at.writes) <= BURST_MAX + 1
        assert at.kept == (entry(299),)

    run(scene())


def test_what_waited_for_its_turn_is_written_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "REFILL_S", 0.1)

    async def scene() -> None:
        at = Scene(tmp_path, monkeypatch)
        await at.spend()
        for number in range(50, 60):
            at.log(entry(number))
        await at.written(BURST_MAX + 1)
        assert at.kept == (entry(59),)
        await at.keeper.stop()
        assert len(at.writes) == BURST_MAX + 1

    run(scene())


def test_nothing_is_written_after_the_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "REFILL_S", 0.1)

    async def scene() -> None:
        at = Scene(tmp_path, monkeypatch)
        await at.spend()
        at.log(entry(50))  # Its turn is to come.
        await at.keeper.stop()
        await asyncio.sleep(0.2)
        assert at.kept == (entry(50),)
        assert len(at.writes) == BURST_MAX + 1

    run(scene())


class Held:
    """A memory card that takes its time over a write."""

    def __init__(self, scene: Scene) -> None:
        self.began, self.go_on = threading.Event(), threading.Event()
        scene.before_write = self._hold

    def _hold(self) -> None:
        self.began.set()
        assert self.go_on.wait(5)


def test_what_changes_during_a_write_is_written_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        at = Scene(tmp_path, monkeypatch)
        held = Held(at)
        at.log(entry(1))
        await until(held.began.is_set)
        at.log(entry(2))
        at.log(entry(3))
        held.go_on.set()
        await at.written(2)
        assert at.writes == [(entry(1),), (entry(3),)]
        assert at.kept == (entry(3),)
        await at.keeper.stop()

    run(scene())


def test_a_phone_that_stops_during_a_write_waits_for_it_and_writes_its_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        at = Scene(tmp_path, monkeypatch)
        held = Held(at)
        at.log(entry(1))
        await until(held.began.is_set)
        at.log(entry(2))
        stopping = asyncio.create_task(at.keeper.stop())
        await asyncio.sleep(0.01)
        assert not stopping.done()
        held.go_on.set()
        await stopping
        assert at.writes == [(entry(1),), (entry(2),)]
        assert at.kept == (entry(2),)

    run(scene())


def test_a_disk_that_refuses_is_said_once_and_asked_again_at_the_next_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        folder = tmp_path / "file"
        folder.write_text("in the folder's place")
        at = Scene(tmp_path / "state", monkeypatch)
        at.keeper._outages._folder = folder / "state"
        at.log(entry(1))
        await at.written(1)
        at.log(entry(2))
        await at.written(2)
        await asyncio.sleep(0.02)
        assert len(at.writes) == 2, "no hot loop on a full disk"
        trouble = OutageLogTrouble("the outage log cannot be saved: Not a directory")
        assert at.heard == [OutagesKept(()), trouble]
        assert caplog.messages == [trouble.text]
        folder.unlink()
        at.log(entry(3))
        await at.written(3)
        assert at.heard[-1] == OutageLogTrouble("")
        await at.keeper.stop()
        assert len(at.writes) == 3

    run(scene())


def test_a_damaged_log_is_put_aside_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).write_text("{")

    async def scene() -> None:
        at = Scene(tmp_path, monkeypatch)
        trouble = OutageLogTrouble(f"the outage log is damaged; it is kept as {ASIDE}")
        assert at.heard == [trouble, OutagesKept(())]
        assert caplog.messages == [trouble.text]
        at.log(entry(1))
        await at.keeper.stop()
        assert at.kept == (entry(1),)

    run(scene())


def test_a_log_that_cannot_be_moved_is_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / NAME).write_text("{")
    (tmp_path / ASIDE).mkdir()

    async def scene() -> None:
        at = Scene(tmp_path, monkeypatch)
        at.log(entry(1))
        await at.keeper.stop()
        assert at.writes == []
        assert (tmp_path / NAME).read_text() == "{"

    run(scene())


def test_past_calls_and_contacts_are_kept_the_same_way(tmp_path: Path) -> None:
    call = PastCall(CallWay.DIALLED, "", "603", 1)
    bert = Contact("Bert", (ContactNumber(NumberKind.WORK, "603"),))

    async def scene() -> None:
        (tmp_path / "directory.json").write_text("?")
        heard: list[object] = []
        keepers = Keepers(tmp_path, heard.append)
        keepers.start()
        said = "the directory is damaged; it is kept as directory.json.aside"
        trouble = KeepingTrouble("the directory", said)
        assert heard[:-1] == [OutagesKept(()), CallsKept(()), trouble, ContactsKept(())]
        assert heard[-1] == ServicesKept(())
        quiet = AccountServices(1, no_disturbance=True, always="+49301234567", ring_s=15)
        keepers.take(ServicesLog((quiet,)))
        keepers.take(HistoryLog((call,)))
        keepers.take(DirectoryLog((bert,)))
        await keepers.stop()
        again: list[object] = []
        other = Keepers(tmp_path, again.append)
        other.start()
        await other.stop()
        lists = [CallsKept((call,)), ContactsKept((bert,)), ServicesKept((quiet,))]
        assert again == [OutagesKept(()), *lists]

    run(scene())


@pytest.mark.parametrize(
    "fields",
    [
        [],
        {"account": 0},
        {"account": 10},
        {"account": True},
        {"no_disturbance": 1},
        {"ring_s": 0},
        {"ring_s": 1000},
        {"always": "not a number"},
        {"busy": 605},
    ],
)
def test_services_that_no_phone_has_written_are_refused(fields: object) -> None:
    good = services_fields(AccountServices(1, always="605"))
    assert services_of(good) == AccountServices(1, always="605")
    with pytest.raises(ValueError, match=r"\w"):
        services_of(good | fields if isinstance(fields, dict) else fields)
