"""How the card's image is built: steps say what they stand on, are done once, and break by name."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.lab.processes import said_by

ROOT = Path(__file__).parents[3]
IMAGE = ROOT / "board" / "image"
STEPS = sorted((IMAGE / "steps").glob("*.sh"))


@pytest.mark.parametrize("name", ["tools.list", "modules.list", "initramfs.list", "masked.list"])
def test_a_list_names_each_thing_once(name: str) -> None:
    lines = [line.split("#")[0].strip() for line in (IMAGE / name).read_text().splitlines()]
    names = [line for line in lines if line]
    assert len(names) > 10
    assert len(set(names)) == len(names)


def test_the_first_program_knows_the_card_by_its_label() -> None:
    text = (IMAGE / "partitions.sfdisk").read_text()
    (label,) = re.findall(r"label-id: 0x(\w{8})", text)
    on_disk = bytes.fromhex(label)[::-1].hex()
    assert f"DISK={on_disk} " in (IMAGE / "initramfs-init").read_text()


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.stem)
def test_a_step_says_what_it_stands_on(step: Path) -> None:
    text = step.read_text()
    heads = dict(re.findall(r"^# (title|needs|reads|asks): (.*)", text, re.MULTILINE))
    assert heads["title"]
    before = {each.stem.split("-", 1)[1] for each in STEPS[: STEPS.index(step)]}
    needs = set(heads.get("needs", "").split())
    assert needs <= before
    code = re.sub(r"^ *#.*", "", text, flags=re.MULTILINE)
    assert set(re.findall(r"\$\(made (\w+)\)", code)) - needs == set()
    assert "tools" in needs or not re.search(r"(^|[|(] *)tools ", code, re.MULTILINE)
    is_first = step == STEPS[0]
    assert is_first or "lists" in needs or not re.search(r"\b(epoch|apt_for|tools|pack)\b", code)
    reads = heads.get("reads", "").split()
    assert all((ROOT / path).exists() for path in reads)
    named = {f"board/image/{name}" for name in re.findall(r"\$HERE\"?/([\w.-]+)", code)}
    named |= set(re.findall(r"\$CHECKOUT/([a-z][\w./-]*)", code))
    for path in named:
        assert any(path == read or path.startswith(f"{read}/") for read in reads), path
    asked = {"KERNEL", "MOMENT"} & set(re.findall(r"\$(\w+)", code))
    assert asked == set(heads.get("asks", "").split())


def test_the_scripts_are_clean() -> None:
    scripts = [IMAGE / "build.sh", IMAGE / "common.sh", IMAGE / "initramfs-init", *STEPS]
    scripts += [p for p in (IMAGE / "files").rglob("*") if p.is_file() and p.stat().st_mode & 0o100]
    assert len(scripts) > len(STEPS) + 3
    assert said_by("shellcheck", "--shell=bash", *scripts) == (0, "")


class Kitchen:
    """A build with small steps of its own, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.here = folder, folder / "board" / "image"
        (self.here / "steps").mkdir(parents=True)
        (self.here / "build.sh").write_bytes((IMAGE / "build.sh").read_bytes())
        (self.here / "common.sh").write_text("")
        (folder / ".gitignore").write_text("/build/\n")
        (folder / "salt").write_text("a pinch\n")
        self.step("01-soup", "# title: soup\n# reads: salt\n", 'cp "$CHECKOUT/salt" soup')
        self.step("02-meal", "# title: a meal\n# needs: soup\n", 'cp "$BUILD/steps/soup/soup" meal')
        subprocess.run(["git", "init", "-q", folder], check=True)

    def step(self, name: str, head: str, body: str) -> None:
        (self.here / "steps" / f"{name}.sh").write_text(f"{head}\n{body}\n")

    def build(self, *arguments: str) -> tuple[int, str]:
        status, said = said_by("bash", self.here / "build.sh", *arguments)
        return status, re.sub(r"\b\d+ s\b", "N s", said)

    @property
    def meal(self) -> str:
        return (self.folder / "build" / "steps" / "meal" / "meal").read_text()


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    return Kitchen(tmp_path)


def test_a_step_is_done_once_until_what_it_reads_changes(kitchen: Kitchen) -> None:
    assert kitchen.build() == (0, "1/2 soup ... N s\n2/2 a meal ... N s\n")
    assert kitchen.build() == (0, "1/2 soup ... unchanged\n2/2 a meal ... unchanged\n")
    (kitchen.folder / "salt").write_text("a spoon\n")
    assert kitchen.build() == (0, "1/2 soup ... N s\n2/2 a meal ... N s\n")
    assert kitchen.meal == "a spoon\n"


def test_a_step_that_breaks_is_named_and_leaves_what_was(kitchen: Kitchen) -> None:
    kitchen.build()
    kitchen.step("02-meal", "# title: a meal\n# needs: soup\n", "echo too hot >&2; false; cp x y")
    status, said = kitchen.build()
    assert status == 1
    assert (
        "2/2 a meal ... failed after N s\ntoo hot\nStep 2/2 (a meal) failed with status 1" in said
    )
    assert kitchen.meal == "a pinch\n"
    assert kitchen.build()[0] == 1


def test_a_build_can_end_at_a_step(kitchen: Kitchen) -> None:
    assert kitchen.build("soup") == (0, "1/2 soup ... N s\n")
    status, said = kitchen.build("pudding")
    assert (status, said.splitlines()[-1]) == (1, "There is no step pudding.")
