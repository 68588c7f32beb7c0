"""/etc/hosts by a thread: what has changed is read, within bounds, and no disk is waited for."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from firmware.runtime import hosts_file
from firmware.runtime.hosts_file import ADDRESSES_MAX, HOSTS_BYTES_MAX, HostsFile
from tests.unit.runtime.slow_disk import SlowDisk

NAME = "proxy1.example.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hosts"


def looked(hosts: HostsFile) -> tuple[str, ...]:
    asyncio.run(hosts.look())
    return hosts.addresses(NAME)


def test_it_is_read_where_it_changed_and_only_there(path: Path) -> None:
    hosts = HostsFile(path)
    assert looked(hosts) == ()
    path.write_text(f"192.0.2.7 {NAME}\n")
    assert looked(hosts) == ("192.0.2.7",)
    stamp = path.stat()
    path.write_text(f"192.0.2.8 {NAME}\n")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert looked(hosts) == ("192.0.2.7",), "nothing says that it is another one"
    os.utime(path)
    assert looked(hosts) == ("192.0.2.8",)
    path.unlink()
    assert looked(hosts) == ()


def test_the_first_look_goes_by_what_was_read_at_the_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread is waited for until all is loaded, and the link is not to wait for that."""
    path.write_text(f"192.0.2.7 {NAME}\n")
    hosts = HostsFile(path)
    hosts.begin()
    path.write_text(f"192.0.2.99 {NAME}\n")
    disk = SlowDisk(monkeypatch, hosts_file, "_read")
    assert looked(hosts) == ("192.0.2.7",)
    assert disk.asked == 0
    disk.answer()
    assert looked(hosts) == ("192.0.2.99",), "the next look reads"


def test_a_disk_that_hangs_leaves_what_was_known_and_costs_one_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text(f"192.0.2.7 {NAME}\n")
    hosts = HostsFile(path)
    hosts.begin()
    monkeypatch.setattr(hosts_file, "HOSTS_S", 0.05)

    async def scene() -> None:
        await hosts.look()
        path.write_text(f"192.0.2.99 {NAME}\n")
        disk = SlowDisk(monkeypatch, hosts_file, "_read")
        for _ in range(3):
            await hosts.look()
            assert hosts.addresses(NAME) == ("192.0.2.7",)
        assert disk.asked == 1
        assert "the disk does not answer" in caplog.text
        disk.answer()
        monkeypatch.setattr(hosts_file, "HOSTS_S", 10.0)
        await hosts.look()
        assert hosts.addresses(NAME) == ("192.0.2.99",)

    asyncio.run(scene())


def test_a_huge_one_is_read_as_far_as_its_bound_and_that_is_said_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, last = f"192.0.2.7 {NAME}\n", "192.0.2.8 cut"
    filler = "#" * (HOSTS_BYTES_MAX - len(first) - len(last)) + "\n"
    path.write_text(first + filler + last + ".example\n")
    hosts = HostsFile(path)
    assert looked(hosts) == looked(hosts) == ("192.0.2.7",)
    for length in range(1, 12):
        assert hosts.addresses("cut.example"[:length]) == (), "no name that is another's beginning"
    (said,) = caplog.messages
    assert said.endswith("hosts is larger than 256 KiB: its end is not read")


def test_a_name_has_so_many_addresses_and_each_once_a_line(path: Path) -> None:
    path.write_text("".join(f"192.0.2.{n} {NAME} {NAME.upper()}\n" for n in range(50)))
    assert looked(HostsFile(path)) == tuple(f"192.0.2.{n}" for n in range(ADDRESSES_MAX))


def test_what_is_no_file_is_said_and_has_no_names(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkfifo(path)
    hosts = HostsFile(path)
    assert looked(hosts) == looked(hosts) == ()
    (said,) = caplog.messages
    assert said.endswith("hosts: Not a regular file")
