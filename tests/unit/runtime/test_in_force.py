"""What a change of the configuration means to a phone in use (L5): told at once, or later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from config.configuration import Configuration
from config.store import Store
from firmware.agent.account import UseAccounts
from firmware.link.settings import UseSettings
from firmware.phone.events import ProblemsAre
from firmware.runtime import in_force, tls
from firmware.runtime.in_force import InForce
from firmware.runtime.tls import DISK_SILENT, TlsFiles, TlsFilesError
from firmware.runtime.transport import TransportSettings
from tests.lab.authority import Authority
from tests.unit.runtime.slow_disk import SlowDisk
from tests.unit.runtime.wire import until

FILES = """\
sip proxy ip: proxy.example.org
sips trusted certificates: ca.pem
sip line1 user name: 201
sip line1 password: secret
"""

KEEP_ALIVE = "sip persistent tls keep alive: 45\n"


class Desk:
    """A running phone's settings, and the files that they come from."""

    def __init__(self, folder: Path, files: str = FILES) -> None:
        self.folder = folder
        (folder / "ca.pem").write_bytes(Authority().certificate_pem)
        self.way_out = TransportSettings()
        self.told: list[object] = []
        self.in_force = InForce(self.read(files), folder, "urn:uuid:1", "handset", "", ())

    def read(self, files: str) -> Configuration:
        (self.folder / "startup.cfg").write_text(files)
        return Store(self.folder).read()

    def becomes(self, files: str) -> list[object]:
        """Change the files; return what the phone is told."""
        self.told.clear()
        asyncio.run(self.in_force.renew(self.read(files), self.use, self.told.append))
        return list(self.told)

    def use(self, settings: TransportSettings) -> None:
        self.way_out = settings


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_is_as_it_was_tells_nobody(desk: Desk) -> None:
    assert desk.becomes(FILES + "ringer volume: 3\n") == []


def test_a_keep_alive_is_for_the_link_alone(desk: Desk) -> None:
    (told,) = desk.becomes(FILES + KEEP_ALIVE)
    assert isinstance(told, UseSettings)
    assert (told.settings.keep_alive_s, told.settings.ways) == (45.0, 0)


def test_another_proxy_is_told_to_the_link_first_and_to_the_accounts_by_their_new_domain(
    desk: Desk,
) -> None:
    link, accounts = desk.becomes(FILES.replace("proxy.example.org", "other.example.net"))
    assert isinstance(link, UseSettings)
    assert isinstance(accounts, UseAccounts)
    assert link.settings.proxies[0].host == "other.example.net"
    assert accounts.accounts[0].domain == "other.example.net"


def test_another_password_is_for_the_accounts_alone(desk: Desk) -> None:
    (told,) = desk.becomes(FILES.replace("secret", "another"))
    assert isinstance(told, UseAccounts)
    assert "another" not in repr(told)


def test_another_mode_waits_and_nothing_that_belongs_to_it_is_told(desk: Desk) -> None:
    assert desk.becomes(FILES + "sips persistent tls: 0\nsip T1 timer: 700\n") == []
    (told,) = desk.becomes(FILES + "sips persistent tls: 0\nsip persistent tls keep alive: 45\n")
    assert isinstance(told, UseSettings)
    assert told.settings.listening_port is None
    assert told.settings.problem is None, "TLS mode would lack three files; it is not that mode yet"


def test_other_trusted_certificates_make_the_link_anew(desk: Desk) -> None:
    (desk.folder / "other.pem").write_bytes(Authority().certificate_pem)
    before = desk.in_force.contexts.read_now()
    (told,) = desk.becomes(FILES.replace("ca.pem", "other.pem"))
    assert isinstance(told, UseSettings)
    assert told.settings.ways == 1
    assert desk.in_force.contexts.context is not before


def test_files_that_cannot_be_used_cut_no_link_and_open_no_other(desk: Desk) -> None:
    (problems,) = desk.becomes(FILES.replace("ca.pem", "missing.pem"))
    assert isinstance(problems, ProblemsAre)
    assert "missing.pem" in problems.sentences[0]
    with pytest.raises(TlsFilesError):
        desk.in_force.contexts.read_now()
    good, link = desk.becomes(FILES + "sips allow wildcard certificates: 1\n")
    assert good == ProblemsAre(())
    assert isinstance(link, UseSettings)
    assert link.settings.ways == 1


def test_another_way_out_makes_the_link_anew(desk: Desk) -> None:
    (told,) = desk.becomes(FILES + "sips symmetric tls signaling: 1\ntos sip: 40\n")
    assert isinstance(told, UseSettings)
    assert told.settings.ways == 1
    assert desk.way_out == TransportSettings(source_port=5061, traffic_class=40)


def test_l11_without_trusted_certificates_the_link_is_off_and_with_them_on_again(
    desk: Desk,
) -> None:
    problems, link = desk.becomes(FILES.replace("sips trusted", "#"))
    assert isinstance(problems, ProblemsAre)
    assert isinstance(link, UseSettings)
    assert "trusted certificates" in problems.sentences[0]
    assert link.settings.problem is not None
    problems, link = desk.becomes(FILES)
    assert problems == ProblemsAre(())
    assert isinstance(link, UseSettings)
    assert link.settings.problem is None


@pytest.mark.parametrize(("module", "name"), [(in_force, "problems_of"), (tls, "_load")])
def test_the_phone_does_not_wait_for_a_slow_disk(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    (desk.folder / "other.pem").write_bytes(Authority().certificate_pem)
    disk = SlowDisk(monkeypatch, module, name)

    async def scene() -> None:
        files = desk.read(FILES.replace("ca.pem", "other.pem"))
        changing = asyncio.create_task(desk.in_force.renew(files, desk.use, desk.told.append))
        await until(lambda: disk.asked > 0)
        assert not changing.done()
        disk.answer()
        await changing

    asyncio.run(scene())
    (told,) = desk.told
    assert isinstance(told, UseSettings)
    assert told.settings.ways == 1


@pytest.mark.parametrize(("module", "name"), [(in_force, "problems_of"), (tls, "_load")])
def test_files_that_a_slow_disk_gives_late_make_the_link_anew_when_they_come(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    """All else counts at once, and the person reads what is waited for."""
    (desk.folder / "other.pem").write_bytes(Authority().certificate_pem)
    disk = SlowDisk(monkeypatch, module, name)
    for place in (in_force, tls):
        monkeypatch.setattr(place, "DISK_S", 0.05)

    async def scene() -> None:
        files = desk.read(FILES.replace("ca.pem", "other.pem") + KEEP_ALIVE)
        await desk.in_force.renew(files, desk.use, desk.told.append)
        silent, link = desk.told
        assert silent == ProblemsAre((DISK_SILENT,))
        assert isinstance(link, UseSettings)
        assert (link.settings.keep_alive_s, link.settings.ways) == (45.0, 0)
        desk.told.clear()
        await asyncio.sleep(0.2)  # It is asked again.
        assert (desk.told, disk.asked) == ([], 1), "and by one thread"
        disk.answer()
        await until(lambda: len(desk.told) == 2)
        found, link = desk.told
        assert found == ProblemsAre(())
        assert isinstance(link, UseSettings)
        assert link.settings.ways == 1

    asyncio.run(scene())


def test_what_is_changed_while_the_disk_is_silent_is_looked_at_when_it_answers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.folder / "other.pem").write_bytes(Authority().certificate_pem)
    other = FILES.replace("ca.pem", "other.pem")
    disk = SlowDisk(monkeypatch, in_force, "problems_of")
    monkeypatch.setattr(in_force, "DISK_S", 0.05)

    async def scene() -> None:
        for files in (other, other + KEEP_ALIVE, other + KEEP_ALIVE + "ringer volume: loud\n"):
            await desk.in_force.renew(desk.read(files), desk.use, desk.told.append)
        assert disk.asked == 1, "one thread, however much is changed"
        desk.told.clear()
        disk.answer()
        await until(lambda: len(desk.told) > 1)

    asyncio.run(scene())
    problems, link = desk.told
    assert isinstance(problems, ProblemsAre)
    assert "loud" in problems.sentences[0], "the newest"
    assert isinstance(link, UseSettings)
    assert link.settings.ways == 1, "other files, though the last change named none"


def test_a_disk_that_is_dead_costs_one_thread_and_not_the_link(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can have changed a file that nobody can read: what it held serves on."""
    contexts = desk.in_force.contexts
    monkeypatch.setattr(tls, "DISK_S", 0.05)

    async def scene() -> None:
        before = await contexts.read()
        disk = SlowDisk(monkeypatch, tls, "_load")
        for _ in range(3):
            assert await contexts.read() is before
        assert disk.asked == 1
        assert "the disk does not answer" in caplog.text
        contexts.use(TlsFiles(desk.folder / "other.pem"))
        with pytest.raises(TlsFilesError, match="does not answer"):
            await contexts.read()
        (desk.folder / "other.pem").write_bytes(Authority().certificate_pem)
        disk.answer()
        monkeypatch.setattr(tls, "DISK_S", 10.0)
        assert await contexts.read() is not before

    asyncio.run(scene())
