"""Another firmware for a phone that runs: `make test-update`.

The image's own root is the update. The phone fetches it from a server on this machine, as its
administrator asks on its page; RAUC judges it and writes the other slot; the machine restarts, and
the script of the card says which slot is next (`tests/lab/u_boot.py`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab import u_boot
from tests.lab.file_server import FileServer
from tests.lab.namespaces import ROOT
from tests.lab.ports import Ports
from tests.on_device.api import Browser
from tests.on_device.conftest import HERE_FOR_THE_MACHINE, USER, Site
from tests.on_device.machine import BOOT_PARTITION, SLOTS, Machine, has_kernel, run, virt
from tests.on_device.remote import Remote

START_S, INSTALL_S = 900.0, 1200.0
PARTITIONS = {number: slot for slot, (number, _) in SLOTS.items()}
PATH = "/handset.raucb"


@dataclass
class Phone:
    """A card, and the machine that is started from it again and again."""

    site: Site
    card: Path
    folder: Path
    server: FileServer
    starts: int = 0

    def next_slot(self) -> str:
        """Do what U-Boot does: choose a slot, and count the try."""
        file = self.folder / "uboot.env"
        place = f"{self.card}@@{BOOT_PARTITION}"
        variables: dict[str, str] = {}
        if self.starts:  # U-Boot makes the file at its first one.
            run("mcopy", "-n", "-i", place, "::/uboot.env", file)
            variables = u_boot.read(file.read_bytes())
        broken = "" if has_kernel(self.card, "B") else "3"
        *saved, ended = u_boot.started(variables, broken)
        _, left_a, left_b = saved[-1].split()
        more = {"BOOT_ORDER": variables.get("BOOT_ORDER", "A B")}
        file.write_bytes(u_boot.written({**more, "BOOT_A_LEFT": left_a, "BOOT_B_LEFT": left_b}))
        run("mcopy", "-o", "-i", place, file, "::/uboot.env")
        self.starts += 1
        return self.next_slot() if ended == "resets" else PARTITIONS[int(ended.split()[1])]

    @contextmanager
    def start(self, slot: str) -> Iterator[Running]:
        """Start the machine; U-Boot is to choose this slot."""
        assert self.next_slot() == slot
        folder = self.folder / str(self.starts)
        folder.mkdir()
        with Ports() as web, Ports() as ssh:
            began = time.time()
            with virt(self.card, folder, web.first, ssh.first, slot=slot) as machine:
                remote = Remote(ssh.first, self.site.key)
                yield Running(self, machine, remote, Browser(web.first), began)

    def offer(self, bundle: Path) -> str:
        """Have the server give a bundle; return where it is, as the machine sees it."""
        self.server.files[PATH] = bundle.read_bytes()
        return f"http://{HERE_FOR_THE_MACHINE}:{self.server.port}{PATH}"


@dataclass
class Running:
    """A machine that runs."""

    phone: Phone
    machine: Machine
    remote: Remote
    browser: Browser
    began: float

    def registers(self) -> None:
        self.phone.site.kamailio.wait_registered([USER], self.began, START_S)

    def update(self, bundle: Path) -> None:
        """Ask for an update on the page."""
        self.browser.log_in()
        self.browser.send("/updates", "/updates/firmware", uri=self.phone.offer(bundle))

    def says(self, words: str, seconds: float = INSTALL_S) -> str:
        """Wait until the page of updates says that; return the page."""
        by = time.monotonic() + seconds
        while words not in (page := self.browser.ask("/updates")):
            assert time.monotonic() < by, re.sub(r"<[^>]+>", " ", page)
            time.sleep(2.0)
        return page

    def ends(self, seconds: float) -> None:
        """Wait until the machine restarts by itself."""
        by = time.monotonic() + seconds
        while self.machine.program.running:
            assert time.monotonic() < by, self.machine.said[-3000:]
            time.sleep(1.0)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


class Bundles:
    """Updates of the image's own root, each made when it is wanted."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self._folder = folder
        self.good = self.made("good", keys)

    def made(self, name: str, keys: Path) -> Path:
        bundle = self._folder / f"{name}.raucb"
        root = ROOT / "build/steps/filesystems/root.ext4"
        run(ROOT / "board/image/bundle.sh", root, keys, bundle)
        return bundle

    def damaged(self) -> Path:
        """Return the good one with a few bytes changed in what is packed, and only there."""
        data = bytearray(self.good.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 8] = bytes(byte ^ 0xFF for byte in data[middle : middle + 8])
        path = self._folder / "damaged.raucb"
        path.write_bytes(data)
        return path


@pytest.fixture(scope="module")
def bundles(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    return Bundles(tmp_path_factory.mktemp("bundles"), keys)


@pytest.fixture
def phone(site: Site, keys: Path, bundles: Bundles, tmp_path: Path) -> Iterator[Phone]:
    assert bundles.good.exists(), "its key is what the card trusts"
    card = site.write_card(tmp_path / "card.img", "--update-ca", keys / "certificate.pem")
    with FileServer() as server:
        yield Phone(site, card, tmp_path, server)
    card.unlink()


def test_a_good_update_is_used_and_kept(phone: Phone, bundles: Bundles) -> None:
    with phone.start("A") as first:
        first.registers()
        first.update(bundles.good)
        first.ends(INSTALL_S)
    with phone.start("B") as second:
        second.registers()
        second.remote.until("test -e /data/update/good-B")
        assert second.remote.run("cat /run/handset-update/slot").split()[0] == "B"
        assert second.remote.run("fw_printenv -n BOOT_B_LEFT") == "3\n"
    assert phone.next_slot() == "B"


def test_what_is_of_somebody_else_or_damaged_is_refused_and_said(
    phone: Phone, bundles: Bundles, tmp_path: Path
) -> None:
    foreign = bundles.made("foreign", tmp_path / "others")
    with phone.start("A") as running:
        running.registers()
        running.update(foreign)
        running.says("its signature is not of whom this phone trusts")
        running.update(bundles.damaged())
        running.says("the update is refused: it is damaged, or the card is")
        assert running.machine.program.running
    assert phone.next_slot() == "A"
