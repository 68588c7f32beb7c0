"""A fleet's server, the phone, and all that is between them: `make test-fleet`.

rauc-hawkbit-updater and RAUC are Debian's own, in a Debian as the image has it, under a real
systemd with the image's units; the phone's part runs here, and speaks with them by the folder of
the slots. The kernel of a test may have no device mapper: bundles here are of RAUC's plain form,
and slots are files.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from random import Random

import pytest

from config.store import Store
from firmware.provision.update_events import UpdateStatus
from firmware.runtime.fetching import Fetcher
from firmware.runtime.fleet_client import Device, FleetClient
from firmware.runtime.slots import Slots
from firmware.runtime.tasks import Tasks
from firmware.runtime.updating import UpdateWays, Updating
from tests.lab.authority import Authority
from tests.lab.card import BARE, HERE, Card
from tests.lab.hawkbit import HawkBit

FLEET_ROOT, CLIENT = Path(os.environ["FLEET_ROOT"]), Path(os.environ["FLEET_CLIENT"])

TARGET, TOKEN = "00085D1A2B3C", "a-token-of-the-target"
SLOT_BYTES = 4 << 20

SYSTEM = """\
[system]
compatible=handset-pi
bootloader=uboot
bundle-formats=plain
data-directory=/data/rauc
[handlers]
pre-install=/usr/lib/handset/slot
post-install=/usr/lib/handset/slot-written
[keyring]
path=/data/site/update-keyring.pem
[slot.rootfs.0]
device=/data/a.img
type=raw
bootname=A
[slot.rootfs.1]
device=/data/b.img
type=raw
bootname=B
"""
"""board/image/rauc.conf, but for the form of bundles and what a slot is."""

MANIFEST = """\
[update]
compatible=handset-pi
version=2
[image.rootfs]
filename=root.img
"""

BUS = """\
[Unit]
DefaultDependencies=no
[Service]
ExecStartPre=/bin/mkdir -p /run/dbus
"""


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That Debian, with the client of its next release."""
    made = tmp_path_factory.mktemp("debian")
    subprocess.run(["tar", "-C", str(made), "-xf", str(FLEET_ROOT)], check=True)
    (package,) = CLIENT.glob("rauc-hawkbit-updater_*.deb")
    subprocess.run(["dpkg-deb", "-x", str(package), str(made)], check=True)
    return made


class House:
    """A phone on its card, a fleet's server, and whoever signs bundles."""

    def __init__(self, folder: Path, below: Path) -> None:
        self.folder = folder
        self.card = Card(
            folder,
            {},
            {
                "rauc.service.d/here.conf": HERE,
                "dbus.service.d/bare.conf": BUS,
                "dbus.socket.d/bare.conf": BARE,
                "handset.service.d/bus.conf": "[Unit]\nWants=dbus.socket\n",
            },
            below,
        )
        data = self.card.data
        (data / "site").mkdir()
        (data / "rauc").mkdir()
        (data / "update/good-A").touch()
        self.image = Random(7).randbytes(1 << 20)
        for name in ("a", "b"):
            (data / f"{name}.img").write_bytes(bytes(SLOT_BYTES))
        (self.card.root / "etc/rauc").mkdir(exist_ok=True)
        (self.card.root / "etc/rauc/system.conf").write_text(SYSTEM)
        self.bundle = self._bundle("keys")
        keyring = folder / "keys/certificate.pem"
        (data / "site/update-keyring.pem").write_bytes(keyring.read_bytes())
        self.authority = Authority()
        identity = self.authority.issue("127.0.0.1")
        self.server = HawkBit(identity, "DEFAULT", TARGET, f"TargetToken {TOKEN}")

    def _bundle(self, keys: str) -> bytes:
        """Make a signed bundle of RAUC's plain form; the key is made first."""
        folder, content = self.folder / keys, self.folder / f"{keys}-content"
        folder.mkdir()
        content.mkdir()
        words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={keys}"]
        words += ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/certificate.pem"]
        subprocess.run(words, check=True, capture_output=True)
        (content / "root.img").write_bytes(self.image)
        (content / "manifest.raucm").write_text(MANIFEST)
        made = self.folder / f"{keys}.raucb"
        signs = [f"--cert={folder}/certificate.pem", f"--key={folder}/key.pem"]
        subprocess.run(
            ["rauc", *signs, "bundle", str(content), str(made)], check=True, capture_output=True
        )
        return made.read_bytes()

    def somebody_elses(self) -> bytes:
        """Return a bundle that is signed by nobody this phone trusts."""
        return self._bundle("others")

    def slot(self, name: str) -> str:
        """Return what was written into a slot, as its hash."""
        whole = (self.card.data / f"{name}.img").read_bytes()
        return hashlib.sha256(whole[: len(self.image)]).hexdigest()


@pytest.fixture
def house(tmp_path: Path, below: Path) -> Iterator[House]:
    made = House(tmp_path, below)
    with made.server:
        yield made
    made.card.close()


class Phone:
    """The part of the phone that updates it."""

    def __init__(self, house: House, token: str = TOKEN, *, trusts: bool = True) -> None:
        config, state = house.folder / "config", house.folder / "state"
        config.mkdir()
        state.mkdir()
        (config / "authority.pem").write_bytes(house.authority.certificate_pem)
        trust = "https user certificates: authority.pem\n" if trusts else ""
        (config / "startup.cfg").write_text(
            "sip line1 user name: 201\nsip line1 password: x\nhawkbit server: 127.0.0.1\n"
            f"hawkbit port: {house.server.port}\nhawkbit target token: {token}\n"
            f"hawkbit interval: 86400\n{trust}"
        )
        folder = house.card.system.inside / "run/handset-update"
        tasks = Tasks()

        def client(slots: Slots) -> FleetClient:
            return FleetClient(slots, config, Device(TARGET, "0.1", slots.here.slot))

        def run(work: Coroutine[object, object, None]) -> None:
            tasks.begin(work)

        ways = UpdateWays(_no_fetcher, run, _unheard, _unheard, client, TARGET)
        self.updating = Updating(state, folder, Store(config, state).read(), Random(1), ways)
        self._tasks = tasks
        self.seen: list[UpdateStatus] = []

    async def until(self, done: Callable[[UpdateStatus], bool], limit_s: float = 60.0) -> None:
        """Wait until its status is so."""
        async with asyncio.timeout(limit_s):
            while not done(self.updating.status):
                self.seen.append(self.updating.status)
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        self.updating.stop()
        self._tasks.cancel()
        await self._tasks.finish()


def _no_fetcher() -> Fetcher:
    raise AssertionError("nothing is fetched by the phone itself")


def _unheard(_: object) -> None:
    """Nobody looks."""


Story = Callable[[Phone], Awaitable[None]]


def play(house: House, story: Story, token: str = TOKEN, *, trusts: bool = True) -> None:
    """Start the card's system, then the phone, which asks at once."""

    async def run() -> None:
        phone = Phone(house, token, trusts=trusts)
        phone.updating.start()
        assert phone.updating.ask("") == ""
        try:
            await story(phone)
        finally:
            await phone.stop()

    with house.card.system:
        house.card.ended("handset-slot.service")
        asyncio.run(run())


def closings(house: House) -> list[str]:
    """Return how the server was told that the roll-out has ended."""
    return [one.finished for one in house.server.feedback if one.execution == "closed"]


def test_what_the_fleets_server_rolls_out_is_installed_and_restarted_with(house: House) -> None:
    house.server.bundle = house.bundle
    card = house.card
    (card.data / "update/good-B").touch()

    async def story(phone: Phone) -> None:
        await phone.until(lambda _: card.has("/data/restarted"))
        states = {status.state for status in phone.seen}
        assert "installing" in states
        assert max(status.done[0] for status in phone.seen if status.done) >= 40
        assert {status.why for status in phone.seen if status.done} == {"rolled out to the fleet"}

    play(house, story)
    assert house.slot("b") == hashlib.sha256(house.image).hexdigest()
    assert house.slot("a") != house.slot("b")
    assert (card.tells("BOOT_ORDER"), card.has("/data/update/good-B")) == ("B A", False)
    assert card.tried("B") == "writing written"
    assert closings(house) == ["success"]
    assert house.server.attributes["mac"] == TARGET
    assert house.server.attributes["slot"] == "A"
    assert list((card.data / "fleet").iterdir()) == []
    assert (house.folder / "state/update.tried").read_text().endswith(" fleet\n")


def test_while_somebody_uses_the_phone_no_byte_of_the_other_slot_is_written(house: House) -> None:
    house.server.bundle = house.bundle
    empty = house.slot("b")

    async def story(phone: Phone) -> None:
        phone.updating.note_use({"phone"})
        waits = "waits until nobody uses the phone"
        await phone.until(lambda status: status.state == waits and status.done is not None)
        await asyncio.sleep(3.0)
        assert (house.slot("b"), phone.updating.status.state) == (empty, waits)
        phone.updating.note_use(set())
        await phone.until(lambda _: closings(house) == ["success"])
        phone.updating.note_use({"phone"})
        restarts = "starts anew when nobody uses the phone"
        await phone.until(lambda status: status.state == restarts)
        assert not house.card.has("/data/restarted")
        phone.updating.note_use(set())
        await phone.until(lambda _: house.card.has("/data/restarted"))

    play(house, story)
    assert house.slot("b") != empty


def test_a_bundle_of_somebody_else_is_refused_and_the_server_hears_of_it(house: House) -> None:
    house.server.bundle = house.somebody_elses()
    empty = house.slot("b")

    async def story(phone: Phone) -> None:
        await phone.until(lambda status: status.failed)
        said = "the update is refused: its signature is not of whom this phone trusts"
        assert phone.updating.status.state == said

    play(house, story)
    assert closings(house) == ["failure"]
    assert (house.slot("b"), house.card.tells("BOOT_ORDER")) == (empty, "A B")
    assert not house.card.has("/data/restarted")


def test_a_server_with_nothing_new_has_learnt_of_the_phone(house: House) -> None:
    async def story(phone: Phone) -> None:
        await phone.until(lambda status: status.fleet.endswith(": nothing new"))

    play(house, story)
    assert house.server.attributes["product"] == "handset"
    assert house.server.feedback == []


def test_a_wrong_token_is_said(house: House) -> None:
    async def story(phone: Phone) -> None:
        await phone.until(lambda status: status.fleet.endswith(": it does not take the token"))

    play(house, story, "another")


def test_a_server_that_nobody_vouches_for_never_sees_the_token(house: House) -> None:
    why = ": its certificate is not trusted, or of another name"

    async def story(phone: Phone) -> None:
        await phone.until(lambda status: status.fleet.endswith(why))

    play(house, story, trusts=False)
    assert house.server.asked == []
