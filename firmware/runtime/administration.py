"""What an administrator's door changes, whichever door it is: password, parameters, certificates.

Hashes and the disk are waited for in a thread. A change is on disk before it counts, and what can
take it over at once does so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from config.admin_password import ADMIN_PASSWORD
from config.certificate_list import Entry, listed
from config.checks import CERTIFICATE, KEY
from config.layers import Key
from config.parameters import canonical
from config.store import ConfigError
from firmware.console.certificates import MakeRequest, RequestMade
from firmware.console.parameters import ParameterKept
from firmware.frozen import frozen
from firmware.provision.update_events import NOT_THIS_WAY, UpdateStatus
from firmware.runtime import pasted_files
from firmware.runtime.pin_keeper import is_pin
from firmware.runtime.surroundings import Surroundings

if TYPE_CHECKING:
    from drivers.http_listener import Body
    from firmware.web.upload import UploadReader


@frozen
class PemKept:
    """What became of a certificate file, as a sentence."""

    text: str
    is_used: bool = True


class Administration:
    """One phone's, from the door of that name: so it stands in the log."""

    def __init__(self, around: Surroundings, door: str) -> None:
        self._around = around
        self._log = logging.getLogger(f"handset.{door}")

    @property
    def has_password(self) -> bool:
        """Tell whether an administrator's password was chosen."""
        return bool(self._around.configuration().value(ADMIN_PASSWORD))

    async def is_password(self, password: str) -> bool:
        """Tell whether it is the administrator's."""
        record = str(self._around.configuration().value(ADMIN_PASSWORD))
        is_right = await asyncio.to_thread(is_pin, password, record)
        if is_right:
            self._log.info("somebody has logged in")
        else:
            self._log.warning("a wrong password")
        return is_right

    async def change(self, wanted: Mapping[Key, str | None]) -> ParameterKept:
        """Set several parameters, and forget those that are None: all of them, or none."""
        try:
            changed = await self._around.setter.change(wanted)
        except ConfigError as error:
            return ParameterKept(problem=str(error))
        return ParameterKept(self._around.configuration(), changed=changed)

    async def set(self, name: str, text: str, account: int = 0) -> ParameterKept:
        """Set a parameter on this phone."""
        return await self.change({(canonical(name), account): text})

    async def unset(self, name: str, account: int = 0) -> ParameterKept:
        """Forget what was set on this phone."""
        return await self.change({(canonical(name), account): None})

    def update(self, uri: str) -> str:
        """Begin an update from there, "": from where parameters say; return why not."""
        provisioning = self._around.provisioning()
        if provisioning is None or provisioning.updating is None:
            return self.update_status.state
        refusal = provisioning.updating.ask(uri)
        if not refusal:
            self._log.info("an update is asked for")
        return refusal

    async def receive(self, body: Body, reader: UploadReader, first: bytes) -> str:
        """Take a bundle that a browser sends; return why it is not taken."""
        provisioning = self._around.provisioning()
        if provisioning is None or provisioning.updating is None:
            return self.update_status.state
        self._log.info("a file of firmware is sent")
        return await provisioning.updating.receive(body, reader, first)

    @property
    def update_status(self) -> UpdateStatus:
        """Where updates stand."""
        provisioning = self._around.provisioning()
        if provisioning is None or provisioning.updating is None:
            return UpdateStatus(NOT_THIS_WAY)
        return provisioning.updating.status

    async def certificates(self) -> list[Entry]:
        """Return every certificate that is configured."""
        return await asyncio.to_thread(
            listed,
            self._around.configuration(),
            self._around.store.directory,
            datetime.now(UTC),
        )

    async def request(self, wanted: MakeRequest) -> RequestMade:
        """Make a key that stays here, and a request for its certificate."""
        state = self._around.store.state_directory
        if state is None:
            return RequestMade(problem="there is no state folder to keep the key in")
        if not wanted.replaces and pasted_files.has_waiting_key(state):
            return RequestMade(is_there=True)
        make = partial(pasted_files.request, state, wanted.name, wanted.names)
        try:
            return RequestMade(await asyncio.to_thread(make, replaces=wanted.replaces))
        except ConfigError as error:
            return RequestMade(problem=str(error))

    async def keep_pem(self, parameter: str, pem: str) -> PemKept:
        """Keep a file that was pasted or sent, and let the parameter name it."""
        state, before = self._around.store.state_directory, self._around.configuration()
        password = str(before.value("sips private key password"))
        try:
            if state is None:
                raise ConfigError("there is no state folder to keep it in")
            path = await asyncio.to_thread(pasted_files.keep, state, parameter, pem, password)
        except ConfigError as error:
            return PemKept(f"It is not kept: {error}", is_used=False)
        files = {parameter: path}
        if parameter == CERTIFICATE:
            key = await asyncio.to_thread(pasted_files.take_waiting_key, state, pem)
            files |= {KEY: key} if key else {}
        other = {(n, 0): str(p) for n, p in files.items() if str(before.value(n)) != str(p)}
        if not other:
            return PemKept(f"It is kept as {path}, and counts with the next connection.")
        kept = await self.change(other)
        if kept.problem:
            return PemKept(f"It is kept as {path}, but not used: {kept.problem}", is_used=False)
        return PemKept(f"It is kept as {path}, and counts from now on.")
