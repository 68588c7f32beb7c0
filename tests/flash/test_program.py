"""`flash.sh` as a program: its help, wrong usage, the list of cards, and its own style."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pexpect
import pytest

from tests.flash.desk import FLASH, LONGEST_S, ROOT, Desk
from tests.flash.small_card import SmallImage, run

OPTION = re.compile(r"--[a-z][a-z-]+")


def test_shellcheck_finds_nothing() -> None:
    """In `flash.sh` and in every part that it reads."""
    checker = ["shellcheck", "--external-sources", "--check-sourced", "flash.sh"]
    ended = subprocess.run(checker, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout == ""
    assert ended.returncode == 0
    parts = {path.name for path in (ROOT / "board" / "image" / "flash").glob("*.sh")}
    assert parts == set(re.findall(r'^source "\$parts/(.+)"$', FLASH.read_text(), re.MULTILINE))


def test_help_names_every_option(desk: Desk) -> None:
    ended = desk.flash("--help")
    assert (ended.status, ended.said) == (0, "")
    program = FLASH.read_text()
    parser = program[program.index("parse() {") : program.index("take() {")]
    options = set(OPTION.findall(parser))
    assert len(options) > 15
    assert options <= set(OPTION.findall(ended.out))
    assert set(OPTION.findall(ended.out)) <= options
    assert max(map(len, ended.out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--wrong"], "There is no option --wrong"),
        (["sdb"], "What is sdb meant for?"),
        (["--device"], "--device needs a value"),
        (["--device", ""], "--device needs a value"),
        (["--device", "/dev/x", "--to-file", "x"], "Either --device or --to-file"),
        (["--image", "x"], "Onto which card?"),
        (["--yes"], "Onto which card?"),
        (["--host", "x", "--device", "/dev/x"], "--host updates a phone that runs"),
        (["--host", "-oProxyCommand=x"], "--host takes a name"),
        (["--bundle", "x", "--check"], "--bundle and --restart go with --host"),
        (["--check", "--key", "x"], "--key goes with --certificate"),
        (["--check", "--certificate", "x"], "--certificate goes with --key"),
        (["--check", "--country", "DE"], "--wifi-file and --country go with --wifi"),
    ],
)
def test_wrong_usage_is_said_in_a_sentence(desk: Desk, arguments: list[str], words: str) -> None:
    ended = desk.flash(*arguments)
    assert ended.status == 2
    assert words in ended.said
    assert ended.said.count("\n") == 1
    assert ended.out == ""


def test_cards_are_listed_by_device_size_and_name(desk: Desk, card: Path) -> None:
    ended = desk.flash()
    assert ended.status == 0
    assert ended.out == f"{card}  0.1 GiB, Lab Card\n"
    desk.call_a_card(card, mountpoints=["/mnt"])
    assert desk.flash().out == f"{card}  0.1 GiB, Lab Card, mounted at /mnt\n"


def test_without_a_card_it_says_so(desk: Desk) -> None:
    desk.put_in_front("lsblk", "echo '{\"blockdevices\": []}'\n")
    ended = desk.flash()
    assert ended.status == 0
    assert "There is no card in this machine." in ended.said


@pytest.fixture
def checkout(desk: Desk) -> Path:
    """A clean checkout, as far as `flash.sh` needs one; returns its `flash.sh`."""
    folder = desk.folder / "checkout"
    (folder / "board").mkdir(parents=True)
    (folder / "board" / "image").symlink_to(ROOT / "board" / "image")
    run("cp", str(FLASH), str(folder))
    return folder / "flash.sh"


def test_check_builds_no_image_and_finds_one_that_was_built(
    desk: Desk, image: SmallImage, checkout: Path
) -> None:
    desk.put_in_front("make", f"touch {desk.folder}/made\n")
    ended = desk.flash("--check", program=checkout)
    assert (ended.status, ended.said) == (1, "There is no image yet: make image builds one.\n")
    assert not (desk.folder / "made").exists()
    (checkout.parent / "build").mkdir()
    run("cp", str(image.path), str(image.block_map), str(checkout.parent / "build"))
    ended = desk.flash("--check", program=checkout)
    assert (ended.status, ended.said) == (0, "All is well: nothing was written.\n")


def test_a_missing_image_is_built(desk: Desk, image: SmallImage, checkout: Path) -> None:
    card = desk.folder / "card.img"
    desk.put_in_front("make", "exit 2\n")
    ended = desk.flash("--to-file", card, program=checkout)
    assert ended.status == 1
    assert ended.said.endswith("The image could not be built.\n")
    copied = f"mkdir build && cp {image.path} {image.block_map} build"
    desk.put_in_front("make", f"[[ $* == *image ]] && {copied}\n")
    ended = desk.flash("--to-file", card, program=checkout)
    assert ended.status == 0, ended.said
    assert "building one (make image)" in ended.said
    assert card.exists()


def test_at_a_terminal_each_step_shows_how_far_it_is(
    desk: Desk, card: Path, image: SmallImage
) -> None:
    terminal = pexpect.spawn(
        str(FLASH), ["--device", str(card), "--image", str(image.path)],
        env=desk.environment, encoding="utf-8", timeout=LONGEST_S,
    )  # fmt: skip
    terminal.expect_exact("Reading the image 100 %")
    terminal.expect_exact(f"Type its name ({card.name}) to go on: ")
    terminal.sendline(card.name)
    terminal.expect_exact("100% copied")
    terminal.expect_exact("Reading back 100 %")
    terminal.expect_exact("is a handset's card.")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
