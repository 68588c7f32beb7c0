"""The card's image before it is built: partitions, packages, and which root U-Boot starts."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.lab import u_boot
from tests.lab.processes import said_by

ROOT = Path(__file__).parents[3]
IMAGE = ROOT / "board" / "image"

MIB_SECTORS = 2048
CARD_BYTES = 3_800_000_000
"""The smallest card that is sold as 4 GB, with some room."""

DEBIAN_MODULES = {"RPi": "rpi-lgpio", "spidev": "python3-spidev"}
"""What is imported on a phone alone, and who brings it."""


def names_in(name: str) -> list[str]:
    lines = (line.split("#")[0].strip() for line in (IMAGE / name).read_text().splitlines())
    return [line for line in lines if line]


def partitions() -> list[tuple[int, int, str]]:
    """Return start and size, in sectors, and type of each."""
    text = (IMAGE / "partitions.sfdisk").read_text()
    found = re.findall(r"^start=(\d+), size=(\d+), type=(\w+)", text, re.MULTILINE)
    return [(int(start), int(size), kind) for start, size, kind in found]


def test_the_partitions_follow_each_other_and_fit_a_small_card() -> None:
    boot, first, second, data = partitions()
    assert [kind for _, _, kind in (boot, first, second, data)] == ["c", "83", "83", "83"]
    assert boot[0] >= MIB_SECTORS
    for before, after in ((boot, first), (first, second), (second, data)):
        assert before[0] + before[1] <= after[0]
    assert all(n % MIB_SECTORS == 0 for start, size, _ in partitions() for n in (start, size))
    assert first[1] == second[1]
    assert (data[0] + data[1] + MIB_SECTORS) * 512 <= CARD_BYTES


def test_rauc_knows_the_card_by_its_label() -> None:
    text = (IMAGE / "partitions.sfdisk").read_text()
    label = re.findall(r"label-id: 0x(\w{8})", text)[0]
    devices = re.findall(r"^device=(.*)", (IMAGE / "rauc.conf").read_text(), re.MULTILINE)
    assert devices == [f"/dev/disk/by-partuuid/{label}-{number:02}" for number in (2, 3)]


def test_the_packages_are_named_once_in_order_and_with_a_reason() -> None:
    names = names_in("packages.list")
    assert names == sorted(set(names))
    lines = (IMAGE / "packages.list").read_text().splitlines()
    assert [line for line in lines if "#" not in line] == []


def test_the_modules_that_are_loaded_at_the_start_are_in_the_image() -> None:
    early = names_in("files/usr/lib/modules-load.d/handset-image.conf")
    assert early
    assert set(early) <= set(names_in("modules.list"))


def test_everything_that_the_application_imports_is_in_the_image() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.M))
    debian = set(names_in("packages.list"))
    brought = packages_distributions()
    imported = imported_from_elsewhere()
    assert {"cryptography", "luma", "RPi"} <= imported
    for module in imported:
        for who in [DEBIAN_MODULES[module]] if module in DEBIAN_MODULES else brought[module]:
            assert who.lower().replace(".", "-").replace("_", "-") in locked | debian, module


def imported_from_elsewhere() -> set[str]:
    found: set[str] = set()
    for folder in ("firmware", "drivers", "board", "config"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    found.add((node.module or "").split(".")[0])
    return found - set(sys.stdlib_module_names) - {"firmware", "drivers", "board", "config"}


def start(order: str = "", left_a: str = "", left_b: str = "", broken: str = "") -> list[str]:
    """Return what a start saves and boots; `broken` is a partition without a kernel."""
    variables = {"BOOT_ORDER": order, "BOOT_A_LEFT": left_a, "BOOT_B_LEFT": left_b}
    return u_boot.started(variables, broken)


def test_a_new_card_boots_the_first_slot_and_counts_the_try() -> None:
    assert start() == ["saved 2 3", "boots 2"]


def test_a_slot_without_tries_is_passed_over() -> None:
    assert start("A B", "0", "3") == ["saved 0 2", "boots 3"]
    assert start("B A", "3", "0") == ["saved 2 0", "boots 2"]


def test_what_was_updated_last_comes_first() -> None:
    assert start("B A", "3", "3") == ["saved 3 2", "boots 3"]


def test_a_slot_without_a_kernel_is_passed_over_at_once() -> None:
    assert start("A B", "3", "3", broken="2") == ["saved 2 3", "saved 2 2", "boots 3"]


def test_a_new_slot_that_never_works_is_left_after_three_starts() -> None:
    left_b, booted = "3", []
    for _ in range(4):
        saved, boots = start("B A", "3", left_b)
        left_b = saved.split()[2]
        booted.append(boots)
    assert booted == ["boots 3", "boots 3", "boots 3", "boots 2"]


def test_where_nothing_is_left_all_begin_again() -> None:
    assert start("A B", "0", "0") == ["saved 3 3", "resets"]


@pytest.mark.parametrize(
    "overlay", sorted((IMAGE / "overlays").glob("*.dts")), ids=lambda o: o.stem
)
def test_an_overlay_is_one(overlay: Path, tmp_path: Path) -> None:
    out = tmp_path / "overlay.dtbo"
    assert said_by("dtc", "-@", "-I", "dts", "-O", "dtb", "-o", out, overlay) == (0, "")
    assert out.read_bytes()[:4] == b"\xd0\x0d\xfe\xed"


def test_the_units_wait_for_each_other_in_no_circle(tmp_path: Path) -> None:
    """Systemd breaks one by leaving out a unit that it chooses."""
    preset = IMAGE / "files/usr/lib/systemd/system-preset/00-handset.preset"
    enabled = re.findall(r"^enable (handset\S+)$", preset.read_text(), re.MULTILINE)
    for folder in (IMAGE / "files/usr/lib/systemd/system", ROOT / "board" / "service"):
        for unit in filter(Path.is_file, folder.glob("handset*")):
            shutil.copy(unit, tmp_path)
    for name in enabled:
        (target,) = re.findall(r"^WantedBy=(\S+)$", (tmp_path / name).read_text(), re.MULTILINE)
        wants = tmp_path / f"{target}.wants"
        wants.mkdir(exist_ok=True)
        (wants / name).symlink_to(tmp_path / name)
    assert "handset-slot.service" in enabled
    places = f"{tmp_path}:/lib/systemd/system"
    words = ("systemd-analyze", "verify", "--man=no", "multi-user.target")
    status, said = said_by(*words, SYSTEMD_UNIT_PATH=places)
    assert (status, [line for line in said.splitlines() if "cycle" in line]) == (0, [])
