"""A real TFTP server (Debian's tftpd-hpa): files, what is not there, what is too large."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.link.events import Address
from firmware.provision.tftp import TftpEnd
from firmware.runtime.tftp_client import TftpClient
from tests.process.handset import Place

HOST = "127.0.0.1"
MAC = "00085D123ABC"
SIZE_MAX = 1024 * 1024


class TftpServer:
    """`in.tftpd` on a port of its own, with a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o755)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HOST, 0))
            self.port = free.getsockname()[1]
        place = ["--address", f"{HOST}:{self.port}"]
        words = ["in.tftpd", "--foreground", "--listen", *place, "--user", "root", "--secure"]
        path = f"{os.environ['PATH']}:/usr/sbin"
        self._process = subprocess.Popen([*words, str(folder)], env={**os.environ, "PATH": path})

    def put(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o644)  # It serves only what all may read.

    def read(self, name: str) -> TftpEnd:
        async def read() -> TftpEnd:
            return await TftpClient(name, Address(HOST, self.port), SIZE_MAX).read()

        return asyncio.run(read())

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


@pytest.fixture
def tftp(tmp_path: Path) -> Iterator[TftpServer]:
    folder = tmp_path / "tftp"
    folder.mkdir()
    made = TftpServer(folder)
    try:
        made.put("ready", b"yes")
        by = time.monotonic() + 20
        while made.read("ready").data != b"yes":
            assert time.monotonic() < by, "the TFTP server does not start"
        yield made
    finally:
        made.stop()


def test_files_of_any_length_come_whole(tftp: TftpServer) -> None:
    for size in (0, 1, 1399, 1400, 1401, 200_000, SIZE_MAX):
        data = os.urandom(size)
        tftp.put("startup.cfg", data)
        assert tftp.read("startup.cfg").data == data, size


def test_what_is_not_there_not_allowed_or_too_large_is_said(tftp: TftpServer) -> None:
    assert tftp.read("handset.cfg") == TftpEnd(reason="not found", is_absent=True)
    secret = tftp.folder.parent / "secret"
    secret.write_text("not for phones")
    secret.chmod(0o644)
    assert tftp.read("../secret").data is None
    with (tftp.folder / "large.cfg").open("wb") as large:
        large.truncate(64 * 1024 * 1024)
    (tftp.folder / "large.cfg").chmod(0o644)
    assert tftp.read("large.cfg") == TftpEnd(reason="larger than 1048576 bytes")


def test_a_phone_takes_from_tftp_what_anybody_may_say(place: Place, tftp: TftpServer) -> None:
    """T2: how it sounds, and no proxy."""
    place.configure({"download protocol": "TFTP", "tftp server": HOST, "tftp path": "/phones"})
    with (place.config / "startup.cfg").open("a") as more:
        more.write(f"tftp port: {tftp.port}\n")
    tftp.put(f"phones/{MAC}.cfg", b"ring tone: Chime\nsip outbound proxy: evil.test\n")
    with place.phone("--mac", MAC) as phone:
        phone.wait_for("registered")
        told = phone.wait_for("warnings", lambda event: event["warnings"] != [])
        refused = "not taken from this file: it came over TFTP, unsigned"
        assert told["warnings"] == [f"fetched {MAC}.cfg:2: sip outbound proxy: {refused}"]
        assert f"changed: ring tone: Classic -> Chime (fetched {MAC}.cfg:1)" in phone.errors
        assert phone.status()["link"]["state"] == "up"
