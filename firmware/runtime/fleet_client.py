"""The server of a fleet in the world: root is asked to ask it, and what comes of that is told.

The phone lays the client's configuration and the authorities beside its wish, where nobody but it
and root can read (T4). Root's unit starts Debian's rauc-hawkbit-updater with them, as a user of its
own (`board/image/files`), and says in the folder of the slots how far it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from config.configuration import Configuration
from config.files import read_bounded, reason
from config.validity import UNREADABLE
from firmware.frozen import frozen
from firmware.provision.fleet import Fleet, client_file, in_words, said_by
from firmware.provision.update_events import FleetAnswered, Installed, NotInstalled, Proceeds
from firmware.provision.updater import UpdateEvent
from firmware.runtime.slots import FLEET, End, Slots

CLIENT_FILE, AUTHORITIES = "fleet.conf", "fleet.pem"
"""Beside the wish."""

LOOK_S = 0.5
"""So often it is looked how far it is."""

ASK_MAX_S = 9 * 3600.0
"""Root's unit ends the client after 8 h."""

NOTHING = "nothing"
"""How the wish ends where the server has nothing for this phone."""

DOWNLOAD = "Download failed: "
"""Before the client's reason why it could not fetch what it had found."""

TRUSTED = ("https user certificates", "sips trusted certificates")

Tell = Callable[[str, Proceeds], Awaitable[None]]
"""Takes the number of the question, and how far it is."""

RELEASE = Path("/etc/handset-release")
RELEASE_MAX = 4096
AUTHORITIES_MAX = 1 << 20


@frozen
class Device:
    """What the server is told of the phone, for its filters: hardware address, version, slot."""

    mac: str = ""
    version: str = ""
    slot: str = ""

    def attributes(self) -> Mapping[str, str]:
        """Return them, and what the image says of itself (`kernel`, `debian`)."""
        known = {"product": "handset", "mac": self.mac, "version": self.version, "slot": self.slot}
        with suppress(OSError):
            text = read_bounded(RELEASE, RELEASE_MAX)[:RELEASE_MAX].decode("ascii", "replace")
            known |= {name: value for name, _, value in map(_parted, text.splitlines()) if value}
        return {name: value for name, value in known.items() if value}


def _parted(line: str) -> tuple[str, str, str]:
    return line.strip().partition(" ")


class FleetClient:
    """Between the updater and root's unit; `directory` is that of the configuration's files."""

    def __init__(self, slots: Slots, directory: Path, device: Device) -> None:
        self._slots, self._directory, self._device = slots, directory, device

    async def ask(self, fleet: Fleet, configuration: Configuration, tell: Tell) -> UpdateEvent:
        """Have the server asked; `tell` how far it is, once it has something. Return the end."""
        number = str(time.monotonic_ns())
        try:
            await asyncio.to_thread(self._lay, fleet, configuration)
        except OSError as error:
            return FleetAnswered(f"the system cannot be asked for it: {reason(error)}")
        if problem := self._slots.wish(FLEET, number):
            return FleetAnswered(problem)
        try:
            async with asyncio.timeout(ASK_MAX_S):
                return await self._ended(number, tell)
        except TimeoutError:
            return FleetAnswered("nothing is heard of the client any more")
        finally:
            self._slots.take_back(CLIENT_FILE)

    def _lay(self, fleet: Fleet, configuration: Configuration) -> None:
        self._slots.put(AUTHORITIES, authorities(configuration, self._directory))
        self._slots.put(CLIENT_FILE, client_file(fleet, self._device.attributes()))

    async def _ended(self, number: str, tell: Tell) -> UpdateEvent:
        while True:
            await asyncio.sleep(LOOK_S)
            end, said = self._slots.end(number), said_by(self._words(number))
            if said.is_new:
                done = None if said.percent is None else (said.percent, 100)
                await tell(number, Proceeds(done, said.text))
            if end is not None:
                return _in_the_end(end, is_new=said.is_new)

    def _words(self, number: str) -> str:
        """Return what the client has said, but not what it said the time before."""
        first, _, words = self._slots.said().partition("\n")
        return words if first == number else ""


def _in_the_end(end: End, *, is_new: bool) -> UpdateEvent:
    if not end.reason:
        return Installed()
    if not is_new:
        return FleetAnswered("" if end.said == NOTHING else in_words(end.said))
    if DOWNLOAD in end.said:
        return NotInstalled(f"the update is not fetched: {end.said.partition(DOWNLOAD)[2]}")
    return NotInstalled(end.reason)


def authorities(configuration: Configuration, directory: Path) -> str:
    """Return the certificates (PEM) that are trusted beside those of the system.

    A file that cannot be read is left out, as everywhere: that can only refuse more.
    """
    pem = []
    for name in TRUSTED:
        path = configuration.file(name, directory)
        with suppress(OSError, *UNREADABLE):
            data = b"" if path is None else read_bounded(path, AUTHORITIES_MAX)
            found = x509.load_pem_x509_certificates(data[:AUTHORITIES_MAX]) if data else []
            pem += [one.public_bytes(Encoding.PEM).decode() for one in found]
    return "".join(pem)
