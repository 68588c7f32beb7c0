"""The process and another firmware: a server of bundles, and somebody in root's place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.file_server import FileServer
from tests.process.handset import USER, Handset, Place, until

PATH = "/handset.raucb"
BUNDLE = bytes(range(256)) * 1024


class Slots:
    """What the units of the card do for the phone, and what it wishes for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "wanted").mkdir(parents=True)
        self.machine_starts("1")

    def machine_starts(self, start: str) -> None:
        (self.folder / "slot").write_text(f"A {start}\n")

    def has(self, wish: str) -> bool:
        return (self.folder / "wanted" / wish).exists()

    def install(self, end: str) -> None:
        """Wait for the wish; say how far it is, and how it has ended."""
        until(lambda: self.has("install"))
        number, *_ = (self.folder / "wanted" / "install").read_text().split()
        (self.folder / "said").write_text(" 40% Verifying signature done.\n")
        (self.folder / "end").write_text(f"{number} {end}\n")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as made:
        made.files[PATH] = BUNDLE
        yield made


@pytest.fixture
def slots(place: Place, server: FileServer) -> Slots:
    place.configure({"auto resync mode": "2", "upgrade uri": server.url(PATH)})
    return Slots(place.directory / "update")


def phone_of(place: Place, slots: Slots) -> Handset:
    return place.phone("--update", str(slots.folder))


def resync(place: Place) -> None:
    """Let the proxy say check-sync."""

    async def say() -> None:
        place.exchange.numbers.mailboxes.resync(USER, "")

    place.background.run(say())


def test_an_update_waits_for_the_end_of_a_call_and_a_phone_that_registers_is_good(
    place: Place, slots: Slots, server: FileServer
) -> None:
    with phone_of(place, slots) as phone:
        phone.wait_for("registered")
        until(lambda: slots.has("good"))
        phone.send("dial", uri="600")
        phone.wait_for("answered")
        resync(place)
        until(lambda: "handset.update INFO waits until nobody uses the phone" in phone.errors)
        assert server.asked == []
        assert phone.status()["calls"][0]["state"] == "answered"
        phone.send("hangup")
        until(lambda: slots.has("install"))
        assert server.statuses(PATH) == [200]
        assert (place.state / "update.raucb").read_bytes() == BUNDLE
        slots.install("ok")
        until(lambda: slots.has("restart"))
        assert phone.stop() == 0
    assert not (place.state / "update.raucb").exists()


def test_a_phone_that_is_back_in_its_slot_says_so_and_does_not_try_it_again(
    place: Place, slots: Slots, server: FileServer
) -> None:
    with phone_of(place, slots) as phone:
        phone.wait_for("registered")
        resync(place)
        slots.install("ok")
        until(lambda: slots.has("restart"))
        assert phone.stop() == 0
    (slots.folder / "wanted" / "restart").unlink()
    slots.machine_starts("2")
    with phone_of(place, slots) as phone:
        phone.wait_for("registered")
        undone = "the update is undone: it did not start, or not register"
        phone.wait_for("warnings", lambda event: event["warnings"] == [undone])
        resync(place)
        until(lambda: server.statuses(PATH) == [200, 304])
        until(lambda: "handset.update INFO up to date" in phone.errors)
        assert not slots.has("restart")
        assert phone.stop() == 0


def test_a_phone_that_root_has_brought_back_says_why(place: Place, slots: Slots) -> None:
    (slots.folder / "tried").write_text("writing\nwritten\nstarted\nscreen\nleft\n")
    undone = "the update is undone: no registration within 10 minutes"
    with phone_of(place, slots) as phone:
        phone.wait_for("warnings", lambda event: event["warnings"] == [undone])
        until(lambda: f"handset.update WARNING {undone}" in phone.errors)
        assert phone.stop() == 0


def test_a_bundle_that_is_refused_is_said_in_words(place: Place, slots: Slots) -> None:
    with phone_of(place, slots) as phone:
        phone.wait_for("registered")
        resync(place)
        slots.install("LastError: signature verification failed: self-signed certificate")
        refused = "the update is refused: its signature is not of whom this phone trusts"
        phone.wait_for("warnings", lambda event: event["warnings"] == [refused])
        assert not slots.has("restart")
        assert phone.stop() == 0


def test_a_phone_on_another_system_knows_of_no_slots(place: Place, server: FileServer) -> None:
    place.configure({"auto resync mode": "2", "upgrade uri": server.url(PATH)})
    with place.phone("--update", str(place.directory / "none")) as phone:
        phone.wait_for("registered")
        resync(place)
        until(lambda: "check-sync from the proxy" in phone.errors)
        assert phone.stop() == 0
    assert server.asked == []
