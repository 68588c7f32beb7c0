"""The fleet's server in the world: what root is given, and what comes of its words."""

from __future__ import annotations

import ssl
from pathlib import Path
from random import Random

import pytest

from config.store import Store
from firmware.provision.fleet_turns import FleetTurns
from firmware.provision.update_events import Where
from firmware.runtime.fleet_client import Device, authorities
from firmware.runtime.options import INSTALLING, TRIED
from firmware.runtime.slots import Slots
from tests.lab.authority import Authority
from tests.unit.runtime.test_updating import MAC, ONE_ACCOUNT, Rig, play

FLEET = f"{ONE_ACCOUNT}hawkbit server: hawkbit.test\nhawkbit target token: a secret\n"
FOUND = "MESSAGE: New software ready for download\nMESSAGE: Start downloading: x\n"
HALF = f"{FOUND}MESSAGE: Installing: /data/fleet/x : 40% Verifying signature done.\n"
SERVER = "hawkbit.test:443"


async def asked(rig: Rig) -> str:
    """Ask by hand; return the number of the wish."""
    assert rig.updating.ask("") == ""
    await rig.until(lambda: rig.wish("fleet") is not None)
    return rig.wish("fleet") or ""


def says(rig: Rig, number: str, words: str, end: str = "") -> None:
    """Be root: let the client say that."""
    (rig.root / "said").write_text(f"{number}\n{words}")
    if end:
        (rig.root / "end").write_text(f"{number} {end}\n")


def test_root_is_given_the_clients_file_and_gets_it_for_one_question(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        number = await asked(rig)
        text = rig.wish("fleet.conf") or ""
        assert "auth_token=a secret\n" in text
        assert f"target_name={MAC}\n" in text
        assert text.endswith("slot=A")
        assert rig.wish("fleet.pem") == ""
        says(rig, number, "MESSAGE: No new software.\n", "nothing")
        await rig.until(lambda: rig.updating.status.fleet == f"{SERVER}: nothing new")
        assert rig.wish("fleet.conf") is None, "a token lies there no longer than it is needed"
        assert rig.updating.status.state == "no update goes on"

    play(tmp_path, story, FLEET)


def test_what_the_fleets_server_has_is_shown_remembered_and_restarted_with(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        number = await asked(rig)
        says(rig, number, HALF)
        await rig.until(lambda: rig.updating.status.done == (40, 100))
        assert rig.updating.status.doing == "Verifying signature done."
        assert (rig.state / INSTALLING).read_text() == f"{number} A 1 fleet\n"
        says(rig, number, HALF, "ok")
        await rig.until(lambda: rig.wish("restart") is not None)
        assert (rig.state / TRIED).read_text() == "A 1 fleet\n"
        assert not (rig.state / INSTALLING).exists()

    play(tmp_path, story, FLEET)


def test_a_phone_that_starts_anew_meanwhile_hears_the_end(tmp_path: Path) -> None:
    numbers: list[str] = []

    async def begun(rig: Rig) -> None:
        numbers.append(await asked(rig))
        says(rig, numbers[0], HALF)
        await rig.until(lambda: rig.updating.status.done == (40, 100))

    async def heard(rig: Rig) -> None:
        assert rig.updating.status.state == "installing"
        says(rig, numbers[0], HALF, "ok")
        await rig.until(lambda: rig.wish("restart") is not None)

    play(tmp_path, begun, FLEET)
    play(tmp_path, heard, FLEET)


def test_somebody_who_uses_the_phone_has_the_installation_wait(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        number = await asked(rig)
        rig.updating.note_use({"phone"})
        assert rig.wish("busy") is not None
        says(rig, number, HALF)
        waits = "waits until nobody uses the phone"
        await rig.until(lambda: rig.updating.status.state == waits)
        rig.updating.note_use(set())
        assert rig.wish("busy") is None
        rig.updating.note_use({"phone"})

    async def anew(rig: Rig) -> None:
        assert rig.wish("busy") is None, "nobody uses a phone that has just begun"

    play(tmp_path, story, FLEET)
    play(tmp_path, anew, FLEET)


@pytest.mark.parametrize(
    ("words", "end", "fleet", "state"),
    [
        ("", "Could not connect to server (7)", "it is not reached", "no update goes on"),
        (
            HALF,
            "signature verification failed: x",
            "has new firmware",
            "the update is refused: its signature is not of whom this phone trusts",
        ),
        (
            FOUND,
            "Download failed: Couldn't connect to server",
            "has new firmware",
            "the update is not fetched: Couldn't connect to server",
        ),
    ],
)
def test_why_nothing_came_of_it_is_said(
    tmp_path: Path, words: str, end: str, fleet: str, state: str
) -> None:
    async def story(rig: Rig) -> None:
        says(rig, "1", HALF, "ok")  # An older word is nobody's.
        says(rig, await asked(rig), words, end)
        await rig.until(lambda: rig.updating.status.fleet == f"{SERVER}: {fleet}")
        await rig.until(lambda: rig.updating.status.state == state)
        assert rig.updating.status.failed is (state != "no update goes on")
        assert rig.wish("restart") is None

    play(tmp_path, story, FLEET)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        (rig.root / "wanted" / ".fleet.conf").mkdir()
        rig.updating.ask("")
        said = f"{SERVER}: the system cannot be asked for it: Is a directory"
        await rig.until(lambda: rig.updating.status.fleet == said)

    play(tmp_path, story, FLEET)


def test_authorities_are_those_of_the_parameters_as_far_as_they_can_be_read(
    tmp_path: Path,
) -> None:
    good, damaged = Authority(), tmp_path / "damaged.pem"
    (tmp_path / "good.pem").write_bytes(b"words before\n" + good.certificate_pem)
    damaged.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    names = "https user certificates: good.pem\nsips trusted certificates: damaged.pem\n"
    (tmp_path / "startup.cfg").write_text(names)
    pem = authorities(Store(tmp_path, tmp_path / "state").read(), tmp_path)
    assert pem.encode() == good.certificate_pem
    ssl.create_default_context(cadata=pem)


def test_the_device_says_what_its_image_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = tmp_path / "release"
    monkeypatch.setattr("firmware.runtime.fleet_client.RELEASE", release)
    assert Device(MAC).attributes() == {"product": "handset", "mac": MAC}
    release.write_text("version 2026.1\nkernel 6.12\nnonsense\n")
    assert Device(MAC, "0.1", "B").attributes() == {
        "product": "handset",
        "mac": MAC,
        "version": "2026.1",
        "slot": "B",
        "kernel": "6.12",
    }


def test_a_hold_that_cannot_be_said_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    slots = Slots(tmp_path)
    assert slots.here == Where()
    slots.hold(True)
    assert "an installation may begin under a call: No such file or directory" in caplog.text


def test_turns_without_a_server_are_none() -> None:
    turns = FleetTurns(None, Random(1))
    turns.plan(1.0)
    turns.by_notify(1.0)
    turns.by_hand(1.0, "asked for")
    assert turns.next is None
    assert (turns.text, turns.uri) == ("", "")
