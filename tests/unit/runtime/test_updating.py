"""The updater in the world: a real server, the disk, and the folder by which root is asked."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from config.store import Store
from firmware.agent.events import AccountStatus, RegistrationState, ResyncAsked
from firmware.phone.events import FactsTold, Report, WarningsChanged
from firmware.provision.update_events import Where
from firmware.runtime.fetching import Fetcher
from firmware.runtime.fleet_client import Device, FleetClient
from firmware.runtime.options import BUNDLE, INSTALLING, TRIED
from firmware.runtime.resolver import Resolver
from firmware.runtime.slots import (
    CUT_OFF,
    ENDED,
    NO_SCREEN,
    NOT_REGISTERED,
    NOT_STARTED,
    PASSED_OVER,
    Slots,
    in_words,
    why_undone,
)
from firmware.runtime.tasks import Tasks
from firmware.runtime.updating import UpdateWays, Updating
from tests.lab.file_server import FileServer
from tests.lab.namespaces import ROOT

PATH = "/handset.raucb"
BYTES = bytes(range(256)) * 4096
MAC = "00085D1A2B3C"
ONE_ACCOUNT = "sip line1 user name: 201\nsip line1 password: x\n"


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as made:
        made.files[PATH] = BYTES
        yield made


class Rig:
    """One phone's updates; `root` is what the units of the image do."""

    def __init__(self, folder: Path, settings: str = ONE_ACCOUNT, start: str = "1") -> None:
        self.state, self.root = folder / "state", folder / "run"
        self.config = folder / "config"
        for made in (self.state, self.root / "wanted", folder / "config"):
            made.mkdir(parents=True, exist_ok=True)
        (self.root / "slot").write_text(f"A {start}\n")
        (folder / "config" / "startup.cfg").write_text(settings)
        configuration = Store(folder / "config", self.state).read()
        fetcher = Fetcher(Resolver(Random(1)), folder, "Handset/0.1")
        self.told: list[object] = []
        self._tasks = Tasks()
        tell = self.told.append
        ways = UpdateWays(lambda: fetcher, self._run, tell, tell, self._client, MAC)
        self.updating = Updating(self.state, self.root, configuration, Random(1), ways)
        self.updating.start()

    def _client(self, slots: Slots) -> FleetClient:
        return FleetClient(slots, self.config, Device(MAC, "0.1", slots.here.slot))

    def _run(self, work: Coroutine[object, object, None]) -> None:
        self._tasks.begin(work)

    async def stop(self) -> None:
        self.updating.stop()
        self._tasks.cancel()
        await self._tasks.finish()

    def wish(self, name: str) -> str | None:
        """Return what was wished for, None where that was not."""
        path = self.root / "wanted" / name
        return path.read_text().strip() if path.exists() else None

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(30.0):
            while not done():
                await asyncio.sleep(0.01)

    async def install(self, words: str) -> None:
        """Be root: say how far it is, then how it has ended."""
        await self.until(lambda: self.wish("install") is not None)
        (self.root / "said").write_text(" 20% Checking bundle\n 40% Verifying signature done.\n")
        await self.until(lambda: self.updating.status.done == (40, 100))
        (self.root / "end").write_text(f"{self.wish('install')} {words}\n")

    @property
    def warnings(self) -> tuple[str, ...]:
        return [said for said in self.told if isinstance(said, WarningsChanged)][-1].sentences


def play(
    folder: Path, story: Callable[[Rig], object], settings: str = ONE_ACCOUNT, start: str = "1"
) -> None:
    async def run() -> None:
        rig = Rig(folder, settings, start)
        try:
            await story(rig)  # type: ignore[misc] # A story is a coroutine function.
        finally:
            await rig.stop()

    asyncio.run(run())


def test_a_bundle_is_fetched_installed_by_root_remembered_and_restarted_with(
    tmp_path: Path, server: FileServer
) -> None:
    async def story(rig: Rig) -> None:
        assert rig.updating.ask(server.url(PATH)) == ""
        await rig.until(lambda: rig.wish("install") is not None)
        assert (rig.state / BUNDLE).read_bytes() == BYTES
        await rig.install("ok")
        await rig.until(lambda: rig.wish("restart") is not None)
        assert not (rig.state / BUNDLE).exists()
        assert (rig.state / TRIED).read_text().startswith("A 1 ")
        assert rig.updating.ask("") == (
            "an update is installed already: the phone restarts when nobody uses it"
        )

    play(tmp_path, story)
    pages: list[FactsTold] = []

    async def back(rig: Rig) -> None:
        pages.extend(said for said in rig.told if isinstance(said, FactsTold))
        assert rig.warnings == ("the update is undone: it did not start, or not register",)

    play(tmp_path, back, start="2")
    assert [page.title for page in pages] == ["Update"]


def test_a_phone_that_starts_anew_while_root_installs_restarts_the_machine_afterwards(
    tmp_path: Path, server: FileServer
) -> None:
    async def begins(rig: Rig) -> None:
        rig.updating.ask(server.url(PATH))
        await rig.until((rig.state / INSTALLING).exists)
        (rig.root / "said").write_text(" 40% Verifying signature done.\n")

    async def goes_on(rig: Rig) -> None:
        assert (rig.state / BUNDLE).read_bytes() == BYTES, "root reads it still"
        await rig.install("ok")
        await rig.until(lambda: rig.wish("restart") is not None)
        assert {path.name for path in rig.state.glob("update*")} == {TRIED}
        assert (rig.state / TRIED).read_text().startswith('A 1 "')

    play(tmp_path, begins)
    play(tmp_path, goes_on)


def test_a_machine_that_starts_anew_while_root_installs_waits_for_nothing(
    tmp_path: Path, server: FileServer
) -> None:
    async def begins(rig: Rig) -> None:
        rig.updating.ask(server.url(PATH))
        await rig.until((rig.state / INSTALLING).exists)
        (rig.root / "tried").write_text("writing\n")

    async def is_back(rig: Rig) -> None:
        assert rig.warnings == (CUT_OFF,)
        assert (rig.updating.ask(server.url(PATH)), list(rig.state.glob("update*"))) == ("", [])

    play(tmp_path, begins)
    play(tmp_path, is_back, start="2")


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("", ""),
        ("writing", CUT_OFF),
        ("writing written", NOT_STARTED),
        ("writing started", ENDED),
        ("writing written started started started", ENDED),
        ("writing written started screen started screen started", ENDED),
        ("writing written started left", NO_SCREEN),
        ("writing written started screen started left", NO_SCREEN),
        ("writing written started started screen left", NOT_REGISTERED),
        ("passed", PASSED_OVER),
    ],
)
def test_how_far_the_other_slot_has_come_says_why_it_was_left(steps: str, said: str) -> None:
    assert why_undone(steps.split()) == said


def test_the_minutes_that_are_said_are_those_of_the_unit() -> None:
    timer = ROOT / "board/image/files/usr/lib/systemd/system/handset-back.timer"
    assert "OnBootSec=10min\n" in timer.read_text()
    assert all(said.endswith(" within 10 minutes") for said in (NO_SCREEN, NOT_REGISTERED))


def test_what_nobody_asked_for_is_to_be_newer(tmp_path: Path, server: FileServer) -> None:
    async def story(rig: Rig) -> None:
        rig.updating.take(ResyncAsked(restarts=False))
        await rig.until(lambda: rig.wish("install") is not None)
        number, *words = str(rig.wish("install")).split()
        assert (number.isdigit(), words) == (True, ["newer"])

    nightly = f"auto resync mode: 2\nupgrade uri: {server.url(PATH)}\n"
    play(tmp_path, story, ONE_ACCOUNT + nightly)


def test_what_root_refuses_is_said_and_nothing_is_kept(tmp_path: Path, server: FileServer) -> None:
    async def story(rig: Rig) -> None:
        rig.updating.ask(server.url(PATH))
        await rig.install("LastError: signature verification failed: self-signed certificate")
        await rig.until(lambda: rig.updating.status.failed)
        said = "the update is refused: its signature is not of whom this phone trusts"
        assert (rig.updating.status.state, rig.warnings) == (said, (said,))
        assert (rig.wish("restart"), list(rig.state.glob("update*"))) == (None, [])

    play(tmp_path, story)


class Fault(NamedTuple):
    answer: int | str | None
    said: str


@pytest.mark.parametrize(
    "fault",
    [
        Fault(404, "not on the server"),
        Fault(503, "the server cannot serve now (status 503)"),
        Fault("half", "bytes have come"),
        Fault("endless", "the server does not say how long the file is"),
        Fault(None, "refused"),
    ],
)
def test_a_server_that_gives_none_is_named_with_the_reason(
    tmp_path: Path, server: FileServer, fault: Fault
) -> None:
    async def story(rig: Rig) -> None:
        if fault.answer is None:
            server.stop()
        else:
            server.answers[PATH] = fault.answer
        rig.updating.ask(server.url(PATH))
        await rig.until(lambda: rig.updating.status.failed)
        assert rig.updating.status.state.startswith("the update is not fetched: ")
        assert fault.said in rig.updating.status.state
        assert list(rig.state.glob("update*")) == []

    play(tmp_path, story)


def test_a_card_without_room_is_not_filled(
    tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=33_000_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: full)

    async def story(rig: Rig) -> None:
        rig.updating.ask(server.url(PATH))
        await rig.until(lambda: rig.updating.status.failed)
        assert rig.updating.status.state == (
            "the update is not fetched: no room for it: 1 MB, and 33 MB are free"
        )
        assert list(rig.state.glob("update*")) == []

    play(tmp_path, story)


def test_a_large_one_fills_no_memory(server: FileServer) -> None:
    """Of the system's neither: a page of its counts as the service's. /tmp may be memory itself."""
    server.files[PATH] = bytes(1 << 20) * 24

    async def story(rig: Rig) -> None:
        rig.updating.ask(server.url(PATH))
        await rig.until(lambda: rig.wish("install") is not None)
        assert (rig.state / BUNDLE).stat().st_size == len(server.files[PATH])
        resident = pages_in_memory(rig.state / BUNDLE)
        assert resident < 0.2, resident

    with TemporaryDirectory(dir="/var/tmp") as folder:
        play(Path(folder), story)


def pages_in_memory(path: Path) -> float:
    """Return which share of a file the system has in its memory (fincore(1))."""
    words = ["fincore", "--bytes", "--noheadings", "--raw", "--output", "RES,SIZE", str(path)]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    return int(said[0]) / int(said[1])


def test_beside_a_call_it_comes_slowly(tmp_path: Path, server: FileServer) -> None:
    server.files[PATH] = bytes(64 * 1024)

    async def story(rig: Rig) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        rig.updating.ask(server.url(PATH))
        rig.updating.note_use({"phone"})
        waiting = "waits until nobody uses the phone"
        await rig.until(lambda: rig.updating.status.state == waiting)
        assert loop.time() - began > 0.3, "four pieces, each with a pause behind it"
        assert rig.wish("install") is None
        rig.updating.note_use(set())
        await rig.until(lambda: rig.wish("install") is not None)

    play(tmp_path, story)


def test_what_a_power_cut_has_left_is_gone_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    for name in (BUNDLE, f"{BUNDLE}.new"):
        (tmp_path / "state" / name).write_bytes(BYTES)

    async def story(rig: Rig) -> None:
        assert list(rig.state.glob("update*")) == []

    play(tmp_path, story)


def test_a_slot_is_good_once_an_account_is_registered(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        assert rig.wish("good") is None
        rig.updating.take(Report(AccountStatus(1, "201", "201", RegistrationState.REGISTERING)))
        assert rig.wish("good") is None
        rig.updating.take(Report(AccountStatus(1, "201", "201", RegistrationState.REGISTERED)))
        assert rig.wish("good") == ""

    play(tmp_path, story)


def test_a_slot_of_a_phone_without_accounts_is_good_with_its_first_screen(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        assert rig.wish("good") == ""

    play(tmp_path, story, settings="")


def test_a_system_that_takes_no_wishes_is_said(tmp_path: Path, server: FileServer) -> None:
    async def story(rig: Rig) -> None:
        (rig.root / "wanted").rmdir()
        rig.updating.ask(server.url(PATH))
        await rig.until(lambda: rig.updating.status.failed)
        assert rig.updating.status.state.startswith("the system cannot be asked for it: ")

    play(tmp_path, story)


def test_the_end_of_another_installation_is_not_taken_for_this_one(tmp_path: Path) -> None:
    (tmp_path / "end").write_text("17 ok\n")
    slots = Slots(tmp_path)
    assert (slots.here, slots.end("18")) == (Where(), None)
    end = slots.end("17")
    assert end is not None
    assert end.reason == ""


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            "Invalid bundle format: Signature size (9) exceeds bundle size",
            "damaged, or no firmware",
        ),
        ("Compatible mismatch: Expected 'a' but bundle manifest has 'b'", "another kind of device"),
        ("No space left on device", "no room in its slot"),
        ("something new", "the update is refused: something new"),
    ],
)
def test_what_rauc_says_is_said_in_words(said: str, meant: str) -> None:
    assert meant in in_words(said)
