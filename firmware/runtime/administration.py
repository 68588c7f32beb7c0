"""What an administrator's door changes, whichever door it is: password, parameters, certificates.

Hashes and the disk are waited for in a thread. A change is on disk before it counts, and what can
take it over at once does so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from datetime import UTC, datetime

from config.certificate_list import listed
from config.store import ConfigError
from firmware.console.console import PASSWORD
from firmware.console.parameters import ParameterKept
from firmware.runtime import pasted_files
from firmware.runtime.pin_keeper import is_pin
from firmware.runtime.surroundings import Surroundings


class Administration:
    """One phone's, from the door of that name: so it stands in the log."""

    def __init__(self, around: Surroundings, door: str) -> None:
        self._around = around
        self._log = logging.getLogger(f"handset.{door}")

    @property
    def has_password(self) -> bool:
        """Tell whether an administrator's password was chosen."""
        return bool(self._around.configuration().value(PASSWORD))

    async def is_password(self, password: str) -> bool:
        """Tell whether it is the administrator's."""
        record = str(self._around.configuration().value(PASSWORD))
        is_right = await asyncio.to_thread(is_pin, password, record)
        if is_right:
            self._log.info("somebody has logged in")
        else:
            self._log.warning("a wrong password")
        return is_right

    async def set(self, name: str, text: str, account: int = 0) -> ParameterKept:
        """Set a parameter on this phone."""
        return await self._change(self._around.setter.set(name, text, account))

    async def unset(self, name: str, account: int = 0) -> ParameterKept:
        """Forget what was set on this phone."""
        return await self._change(self._around.setter.unset(name, account))

    async def certificates(self) -> tuple[str, ...]:
        """Return every certificate that is configured, in lines."""
        return await asyncio.to_thread(self._certificates)

    async def keep_pem(self, parameter: str, pem: str) -> str:
        """Keep a file that was pasted, and let the parameter name it; return what to say."""
        state, before = self._around.store.state_directory, self._around.configuration()
        password = str(before.value("sips private key password"))
        try:
            if state is None:
                raise ConfigError("there is no state folder to keep it in")
            path = await asyncio.to_thread(pasted_files.keep, state, parameter, pem, password)
        except ConfigError as error:
            return f"It is not kept: {error}"
        if str(before.value(parameter)) == str(path):
            return f"It is kept as {path}, and counts with the next connection."
        kept = await self._change(self._around.setter.set(parameter, str(path)))
        if kept.problem:
            return f"It is kept as {path}, but not used: {kept.problem}"
        return f"It is kept as {path}, and counts from now on."

    async def _change(self, change: Awaitable[object]) -> ParameterKept:
        """Have a setting changed."""
        try:
            await change
        except ConfigError as error:
            return ParameterKept(problem=str(error))
        return ParameterKept(self._around.configuration())

    def _certificates(self) -> tuple[str, ...]:
        """Say every certificate that is configured; runs in a thread."""
        lines: list[str] = []
        for entry in listed(
            self._around.configuration(), self._around.store.directory, datetime.now(UTC)
        ):
            words = {"warning": entry.warning, "error": entry.wrong}
            facts = (*entry.facts, *((label, text) for label, text in words.items() if text))
            lines += [f"{entry.parameter}: {entry.file}"]
            lines += [f"    {label:<10}{text}" for label, text in facts]
        return tuple(lines)
