"""Another firmware for a phone that runs: `make test-update`.

The image's own root is the update, whole or broken. The phone fetches it from a server on this
machine, as its administrator asks on its page; RAUC judges it and writes the other slot; the
machine restarts, and the script of the card says which slot is next (`tests/lab/u_boot.py`).

One card has it all happen to it, since each start of an emulated machine takes minutes: a test
goes on with the machine that the one before has left. Whatever happens, the phone is to be one
again by itself, with its settings, and to say why it is not another.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from firmware.runtime.slots import CUT_OFF, NO_SCREEN, NOT_REGISTERED, NOT_STARTED
from tests.lab.file_server import FileServer
from tests.lab.processes import Program
from tests.on_device.bundles import Bundles
from tests.on_device.phone import INSTALL_S, START_S, Phone, Running
from tests.on_device.results import Results
from tests.on_device.site import Site

BACK_S = 600.0 + START_S
"""A slot that does not register is left after ten minutes; then the machine restarts."""

TRIES = 3
SETTING = ("ringer volume", "3")
CONTACT = {"name": "Ada Lovelace", "number1": "4711", "kind1": "work"}

WATCH = (
    "journalctl --follow --lines=0 --output=cat --unit=handset &"
    " while cat /sys/class/block/vda/stat /sys/class/block/vda[23]/stat; do sleep 1; done"
)
"""What the phone says, and what its disk has been given."""

OTHER = {"A": "B", "B": "A"}
SECTOR = 512


class Station:
    """That card, and the machine that runs with it."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.slot = "A"
        self._stack = ExitStack()
        self._running: Running | None = None
        self._is_new = True

    def up(self) -> Running:
        """Return the phone that runs in its slot, as it should be; start it where none does."""
        if self._running is None:
            running = self.starts(self.slot)
            running.registers()
            running.logs_in()
            if self._is_new:
                running.api.set(*SETTING)
                running.browser.send("/directory/contact", "/directory/contact", **CONTACT)
                self._is_new = False
        assert self._running is not None
        self._has_all(self._running)
        return self._running

    def starts(self, slot: str) -> Running:
        """Start the machine; U-Boot is to choose this slot."""
        assert self.phone.next_slot() == slot
        phone = self.phone
        runs = phone.runs(slot, phone.starts_in())
        self._running = self._stack.enter_context(runs)
        return self._running

    def ends(self, seconds: float) -> None:
        """Wait until the machine restarts by itself."""
        assert self._running is not None
        self._running.ends(seconds)
        self.is_pulled()

    def is_pulled(self) -> None:
        """Pull the plug of a machine that runs."""
        self._stack.close()
        self._running = None

    def is_back(self, said: str) -> None:
        """Look at a phone that is back in its slot: it is what it was, and says why."""
        running = self.up()
        running.says(said, 60.0)
        assert said in json.loads(running.api.ask("/api/status"))["warnings"]
        assert f": {said}" in running.remote.journal()
        assert running.remote.run("cat /run/handset-update/slot").split()[0] == self.slot

    @staticmethod
    def _has_all(running: Running) -> None:
        """See that every setting stands."""
        assert running.api.values()[SETTING[0]] == SETTING[1]
        assert CONTACT["name"] in running.browser.ask("/directory")


@pytest.fixture(scope="module")
def station(
    site: Site, keys: Path, bundles: Bundles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Station]:
    assert bundles.good.exists(), "its key is what the card trusts"
    folder = tmp_path_factory.mktemp("station")
    card = site.write_card(folder / "card.img", "--update-ca", keys / "certificate.pem")
    with FileServer() as server:
        made = Station(Phone(site, card, folder, server))
        yield made
        made.is_pulled()
    card.unlink()


def test_what_is_of_somebody_else_or_damaged_is_refused_and_said(
    station: Station, bundles: Bundles, tmp_path: Path
) -> None:
    foreign = bundles.made("foreign", tmp_path / "others")
    running = station.up()
    running.update(foreign)
    running.says("its signature is not of whom this phone trusts")
    running.update(bundles.damaged())
    running.says("the update is refused: it is damaged, or the card is")
    assert running.machine.program.running
    assert running.remote.run(f"fw_printenv -n BOOT_{station.slot}_LEFT") == "3\n"


def test_power_that_is_lost_while_it_is_written_harms_nothing(
    station: Station, bundles: Bundles
) -> None:
    running = station.up()
    running.update(bundles.good)
    running.says("Copying image")
    time.sleep(5.0)
    assert "Copying image" in running.browser.ask("/updates"), "in the middle"
    station.is_pulled()
    station.is_back(CUT_OFF)


def test_a_slot_that_does_not_start_is_left_after_its_tries(
    station: Station, bundles: Bundles
) -> None:
    station.up().update(bundles.without("/usr/sbin/init"))
    station.ends(INSTALL_S)
    for _ in range(TRIES):
        station.starts(OTHER[station.slot])
        station.ends(START_S)
    station.is_back(NOT_STARTED)


def test_a_slot_whose_phone_always_ends_is_left_after_ten_minutes(
    station: Station, bundles: Bundles
) -> None:
    station.up().update(bundles.without("/opt/handset/venv/bin/python"))
    station.ends(INSTALL_S)
    broken = station.starts(OTHER[station.slot])
    station.ends(BACK_S)
    assert time.time() - broken.began > 600.0
    station.is_back(NO_SCREEN)


def test_a_slot_that_cannot_register_is_left_after_ten_minutes(
    station: Station, bundles: Bundles
) -> None:
    kamailio = station.phone.site.kamailio
    station.up().update(bundles.good)
    station.ends(INSTALL_S)
    kamailio.stop()
    without = station.starts(OTHER[station.slot])
    station.ends(BACK_S)
    assert time.time() - without.began > 600.0
    kamailio.start()
    station.is_back(NOT_REGISTERED)


def test_a_good_update_is_used_and_kept(
    station: Station, bundles: Bundles, results: Results
) -> None:
    running = station.up()
    watch = Program(running.remote.words(WATCH))
    asked = time.time()
    running.update(bundles.good)
    installing, installed = (
        watch.wait_for(words, INSTALL_S, asked)[0].at for words in ("^installing$", "^starts anew")
    )
    station.ends(INSTALL_S)
    ended = time.time()
    watch.stop()
    station.slot = OTHER[station.slot]
    now = station.up()
    registered = time.time()
    now.remote.until(f"test -e /data/update/good-{station.slot}")
    assert now.remote.run("cat /run/handset-update/slot").split()[0] == station.slot
    assert now.remote.run(f"fw_printenv -n BOOT_{station.slot}_LEFT") == "3\n"
    card, *roots = written(watch)
    results.tell(
        "update",
        f"Fetched: {bundles.good.stat().st_size / 1e6:.0f} MB in {installing - asked:.0f} s. Judged"
        f" and written: {installed - installing:.0f} s, {max(roots) / 1e6:.0f} MB into the slot,"
        f" {card / 1e6:.0f} MB onto the card in all. Down: {ended - installed:.0f} s. From there to"
        f" registered in the other slot, settings and directory seen: {registered - ended:.0f} s.",
    )
    station.is_pulled()
    assert station.phone.next_slot() == station.slot


def written(watch: Program) -> list[int]:
    """Return the bytes that were written to the disk, and to each root, while it was watched."""
    figures = [line.text.split() for line in watch.matching(r"^\s*\d+(\s+\d+){9,}$")]
    sectors = [int(words[6]) for words in figures]
    sectors = sectors[: len(sectors) // 3 * 3]
    return [(sectors[-3 + n] - sectors[n]) * SECTOR for n in range(3)]
