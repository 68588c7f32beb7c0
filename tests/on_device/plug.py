"""The plug is pulled, again and again: `make test-plug PULLS=50 SEED=7`.

Each start that is let through has to be a phone: the first screen, registered at a real Kamailio,
and every setting as it was left. Now and then there is a new card, whose first start is cut too.
What is pulled at which moment is drawn from one seed. What happens is in build/plug.log as it does.
"""

from __future__ import annotations

import html
import shutil
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from random import Random

import pytest

from config.configuration import Configuration
from config.store import Store
from tests.lab.file_server import FileServer
from tests.lab.namespaces import ROOT
from tests.lab.processes import said_by
from tests.lab.write_log import Loss
from tests.on_device.bundles import Bundles
from tests.on_device.machine import DATA_PARTITION, run
from tests.on_device.phone import START_S, Phone
from tests.on_device.pulled import NUMBERED, Owner, Pulled, Record, data_of
from tests.on_device.results import Results
from tests.on_device.site import Site

CARD_PULLS = 17
"""So often a card is used before there is a new one."""

MOMENTS, MANY_SAVES_S = 4, 60.0
"""How many moments for each plug are judged without a start, and how long settings are saved."""


def settings_of(data: Path, folder: Path) -> Configuration:
    """Return the settings as the phone would read them, once the partition is put right."""
    status, said = said_by("e2fsck", "-p", data)
    assert status < 4, said
    folder.mkdir()
    for name in ("site", "state"):
        run("debugfs", "-R", f"rdump /{name} {folder}", data)
    read = Store(folder / "site", folder / "state", writes=False).read()
    shutil.rmtree(folder)
    return read


@pytest.fixture
def lots(request: pytest.FixtureRequest) -> Random:
    return Random(request.config.getoption("--seed"))


@pytest.fixture
def record() -> Record:
    return Record(ROOT / "build" / "plug.log")


@pytest.fixture
def pulled(phone: Phone, bundles: Bundles, lots: Random, record: Record) -> Pulled:
    return Pulled(phone, bundles.good, lots, record)


def test_three_starts_cut_in_a_row_leave_a_new_phone_its_only_slot(pulled: Pulled) -> None:
    for after_s in (2.0, 8.0, 20.0):
        pulled.cut_start(after_s)
    tries = pulled.phone.tries()
    assert tries["BOOT_A_LEFT"] == "0"
    pulled.last_life()
    assert pulled.phone.tries()["BOOT_A_LEFT"] == "3"


def test_a_data_partition_that_has_lost_its_superblock_is_found_by_another(pulled: Pulled) -> None:
    pulled.last_life()
    with pulled.phone.card.open("r+b") as card:
        card.seek(DATA_PARTITION)
        card.write(bytes(4096))
    pulled.last_life()


def test_a_card_whose_data_partition_is_gone_is_a_phone_all_the_same(phone: Phone) -> None:
    size = phone.card.stat().st_size - DATA_PARTITION
    run("fallocate", "--punch-hole", "-o", DATA_PARTITION, "-l", size, phone.card)
    with phone.start("A") as running:
        page, by = "", time.monotonic() + START_S
        while "Show a code on the phone's screen" not in page:
            assert time.monotonic() < by, running.machine.said[-3000:]
            time.sleep(2.0)
            with suppress(OSError, HTTPException):
                page = html.unescape(running.api.ask("/"))
        assert "settings are lost, and new ones kept in memory" in running.machine.said


def test_whenever_the_power_goes_the_card_has_all_that_was_answered(
    pulled: Pulled, lots: Random, tmp_path: Path, results: Results, request: pytest.FixtureRequest
) -> None:
    """The moments of one long series of saves, judged without a start."""
    moments = MOMENTS * request.config.getoption("--pulls")
    with pulled.machine() as running:
        pulled.comes_up(running)
        owner = Owner(running, pulled.writes, *pulled.numbers)
        owner.save_for(MANY_SAVES_S)
        data, copy, lost = data_of(pulled.phone.card, tmp_path / "data"), tmp_path / "copy", 0
        for _ in range(moments):
            until = lots.randint(owner.marks[0][0], pulled.writes.length)
            *_, (_, kept, _) = (mark for mark in owner.marks if mark[0] <= until)
            *_, (_, _, asked) = (mark for mark in owner.marks if mark[0] <= until)
            run("cp", "--sparse=always", data, copy)
            loss = lots.choice(list(Loss))
            lost += pulled.writes.give_copy(copy, DATA_PARTITION, until, loss, lots).lost > 0
            read = settings_of(copy, tmp_path / "read")
            assert kept <= int(str(read.value(NUMBERED))) <= asked, f"{until}, {loss}"
            assert (read.value("ringer volume"), read.value("ring tone")) == (3, "Double")
        pulled.numbers = owner.kept, owner.asked
    pulled.last_life()
    assert owner.kept >= 10, "many settings were saved"
    results.tell(
        "plug, judged without a start",
        f"{moments} moments of {owner.kept} saves one after the other; at {lost} of them the card "
        "lost writes. Each time\nthe data partition was put right by its journal alone, and had "
        "every setting that was answered.",
    )


def test_the_plug_is_pulled_at_any_moment(
    site: Site,
    keys: Path,
    bundles: Bundles,
    lots: Random,
    record: Record,
    tmp_path: Path,
    results: Results,
    request: pytest.FixtureRequest,
) -> None:
    pulls = request.config.getoption("--pulls")
    try:
        while record.pulls.total() < pulls:
            card = site.write_card(tmp_path / "card.img", "--update-ca", keys / "certificate.pem")
            record.tell("a new card")
            folder = tmp_path / f"card-{record.pulls.total()}"
            folder.mkdir()
            until = min(pulls, record.pulls.total() + CARD_PULLS)
            with FileServer() as server:
                pulled = Pulled(Phone(site, card, folder, server), bundles.good, lots, record)
                while record.pulls.total() < until:
                    pulled.life()
                pulled.last_life()
            card.unlink()
    finally:  # What was seen until somebody had enough, or something was wrong.
        if record.starts_s:
            results.tell("plug", record.text(request.config.getoption("--seed")))
    assert record.starts_s
