"""What a start loads while the handset's parts are not there yet.

On a card the service begins beside udev, which gives pins, display and card to their groups: a
second of a Raspberry Pi's start. The file that `HANDSET_PARTS` names says that udev is through
(board/image, handset-parts.service). Until then everything is imported that a start needs; once it
is there, the first screen comes first, and what is left is imported behind it (`start.py`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

log = logging.getLogger("handset")

PARTS = "HANDSET_PARTS"
"""The variable; where it is not set the parts are there."""

MODULES = (
    "firmware.phone.render",
    "board.handset",
    "firmware.transaction.layer",
    "firmware.link.link",
    "firmware.media.negotiation",
    "firmware.agent.agent",
    "firmware.phone.phone",
    "firmware.runtime.in_force",
    "firmware.runtime.application",
)
"""In the order in which a start needs them; each is a second or two of an emulated machine's."""

PARTS_S, LOOK_S = 300.0, 0.05
"""So long the parts are waited for at most, and so often they are looked for. What says that they
are there gives up by itself long before, but for a system that is held up."""


async def load_until_parts_are_there(load: Callable[[str], object] = import_module) -> None:
    """Import until the parts are there; without them the phone begins all the same, and says so."""
    if not (name := os.environ.get(PARTS)):
        return
    there, by = Path(name), time.monotonic() + PARTS_S
    for module in MODULES:
        if there.exists():
            return
        load(module)
    while not there.exists():
        if time.monotonic() >= by:
            log.warning("udev is not through after %.0f s: parts may be missing", PARTS_S)
            return
        await asyncio.sleep(LOOK_S)
