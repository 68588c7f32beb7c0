"""How much each part of the phone logs: by parameter, or by the console until a restart.

`log module trace` at its most talkative is a trace of SIP, its secrets masked, while it is so.
"""

from __future__ import annotations

import logging

from config.configuration import DEFAULT, Configuration
from firmware.runtime.log_lines import LEVELS, ROOT
from firmware.runtime.tap import Ear
from firmware.runtime.trace import SipTrace
from firmware.runtime.trace import log as trace_log
from firmware.syslog.line import MODULES, wanted

NOTHING = logging.CRITICAL + 1


class LogLevels:
    """The levels; `ears` are those at the way to the proxies."""

    def __init__(self, ears: list[Ear]) -> None:
        self._ears = ears
        self._known: dict[str, int] = {}  # By parameter.

    def renew(self, configuration: Configuration) -> None:
        """Take over what the parameters say; one that says the same again changes nothing."""
        for module in MODULES:
            level = level_of(configuration, module)
            if level != self._known.get(module, logging.NOTSET):
                self._known[module] = level
                self.set(module, level)

    def set(self, module: str, level: int) -> None:
        """Let a part log from a level on; NOTSET: as the whole phone does."""
        logging.getLogger(f"{ROOT}.{module}").setLevel(level)
        self._listen(on=trace_log.isEnabledFor(logging.DEBUG))

    def _listen(self, *, on: bool) -> None:
        mine = [ear for ear in self._ears if isinstance(ear, SipTrace)]
        if on and not mine:
            self._ears.append(SipTrace())
        for ear in mine if not on else ():
            self._ears.remove(ear)


def level_of(configuration: Configuration, module: str) -> int:
    """Return the level that the parameters give a part, NOTSET: none."""
    name = f"log module {module}"
    if configuration.origin(name) == DEFAULT:
        return logging.NOTSET
    severity = wanted(int(configuration.value(name)))
    return NOTHING if severity is None else LEVELS[severity]
