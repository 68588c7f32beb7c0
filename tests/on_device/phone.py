"""A phone on a card: the machine that is started from it again and again, and who asks it.

U-Boot's part of a start, the choice of a slot and the count of its tries, is done by
`tests/lab/u_boot.py`, on the card itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from tests.lab import u_boot
from tests.lab.file_server import FileServer
from tests.lab.ports import Ports
from tests.on_device.api import Api, Browser
from tests.on_device.machine import BOOT_PARTITION, SLOTS, Machine, has_kernel, run, virt
from tests.on_device.remote import Remote
from tests.on_device.site import HERE_FOR_THE_MACHINE, USER, Site

START_S, INSTALL_S, PAGE_S = 900.0, 2400.0, 120.0
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

    def tries(self) -> dict[str, str]:
        """Return U-Boot's variables, as they are on the card."""
        file = self.folder / "uboot.env"
        run("mcopy", "-n", "-i", self._boot, "::/uboot.env", file)
        return u_boot.read(file.read_bytes())

    def next_slot(self) -> str:
        """Do what U-Boot does: choose a slot, and count the try."""
        variables = self.tries() if self.starts else {}  # U-Boot makes the file at its first one.
        broken = "" if has_kernel(self.card, "B") else "3"
        *saved, ended = u_boot.started(variables, broken)
        _, left_a, left_b = saved[-1].split()
        more = {"BOOT_ORDER": variables.get("BOOT_ORDER", "A B")}
        file = self.folder / "uboot.env"
        file.write_bytes(u_boot.written({**more, "BOOT_A_LEFT": left_a, "BOOT_B_LEFT": left_b}))
        run("mcopy", "-o", "-i", self._boot, file, "::/uboot.env")
        self.starts += 1
        return self.next_slot() if ended == "resets" else PARTITIONS[int(ended.split()[1])]

    @property
    def _boot(self) -> str:
        return f"{self.card}@@{BOOT_PARTITION}"

    @contextmanager
    def start(self, slot: str) -> Iterator[Running]:
        """Start the machine; U-Boot is to choose this slot."""
        assert self.next_slot() == slot
        with self.runs(slot, self.starts_in()) as running:
            yield running

    def starts_in(self) -> Path:
        """Return a new folder for the start that comes."""
        folder = self.folder / str(self.starts)
        folder.mkdir()
        return folder

    @contextmanager
    def runs(self, slot: str, folder: Path, disk: Sequence[str] = ()) -> Iterator[Running]:
        """Let the machine run with the slot that U-Boot has chosen."""
        with Ports() as web, Ports() as ssh:
            began, ports = time.time(), (web.first, ssh.first)
            with virt(self.card, folder, *ports, "", slot, 1, disk) as machine:
                remote = Remote(ssh.first, self.site.key)
                yield Running(self, machine, remote, Browser(web.first), Api(web.first), began)

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
    api: Api
    began: float

    def registers(self) -> float:
        """Wait until it has registered; return how many seconds after its start."""
        kamailio = self.phone.site.kamailio
        return kamailio.wait_registered([USER], self.began, START_S)[USER] - self.began

    def logs_in(self) -> None:
        """Log in at the page, which comes a moment after the registration."""
        by = time.monotonic() + PAGE_S
        while True:
            try:
                self.browser.log_in()
                return
            except (OSError, HTTPException):
                assert time.monotonic() < by, self.machine.said[-3000:]
                time.sleep(1.0)

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
