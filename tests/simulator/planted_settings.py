"""Planted bugs of a phone whose settings change while it is in use (L5)."""

from __future__ import annotations

from tests.simulator.bug import Bug

KEEPALIVE = "firmware.link.keepalive"
LINK = "firmware.link.link"
REGISTRATION = "firmware.agent.registration"

BUGS_OF_SETTINGS = (
    Bug(
        "a link that is to be made otherwise stays",
        LINK,
        "if settings.ways != before.ways or not self._chooser.has(flow.proxy):",
        "if not self._chooser.has(flow.proxy):",
    ),
    Bug(
        "whoever does not sign off keeps the old link",
        LINK,
        "self._leave_by or now + LEAVE_S",
        "self._leave_by or now + 60.0",
    ),
    Bug(
        "a race goes on to a proxy that is none any more",
        LINK,
        "            return self._race.stop(SETTINGS) + self._begin_race(now)\n",
        "            return []\n",
    ),
    Bug(
        "the old primary is probed on",
        LINK,
        "        if settings.proxies[0] != before.proxies[0]:\n",
        "        if False:\n",
    ),
    Bug(
        "a shorter keep-alive waits for the longer one",
        KEEPALIVE,
        "            return self._ask(now)\n        self._ping_at = earliest(",
        "            return []\n        self._ping_at = earliest(",
    ),
    Bug(
        "another name on the screen asks a registrar that has refused",
        REGISTRATION,
        "hopes = wanted.pleads_otherwise(self.line) or not self.is_refused",
        "hopes = True",
    ),
)
