"""Parameters that are set at two doors at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from threading import get_ident

from config.configuration import Configuration
from config.layers import Key
from config.store import Store
from firmware.runtime.setter import Setter


class SlowStore(Store):
    """Takes its time to read what the first change has made of it."""

    slow: int | None = None  # The thread of that change.

    def change_local(self, wanted: Mapping[Key, str | None]) -> None:
        super().change_local(wanted)
        if ("ringer volume", 0) in wanted:
            self.slow = get_ident()

    def read(self) -> Configuration:
        found = super().read()
        if self.slow == get_ident():
            time.sleep(0.2)
        return found


def test_what_is_set_first_takes_back_nothing_that_is_set_next(tmp_path: Path) -> None:
    (tmp_path / "startup.cfg").write_text("")
    store = SlowStore(tmp_path, tmp_path / "state")
    taken = [store.read()]

    async def take(configuration: Configuration, *, waits: bool) -> None:
        taken.append(configuration)

    async def scene() -> None:
        setter = Setter(store, lambda: taken[-1], take)
        await asyncio.gather(setter.set("ringer volume", "2"), setter.set("call waiting", "0"))

    asyncio.run(scene())
    assert (taken[-1].value("ringer volume"), taken[-1].value("call waiting")) == (2, False)
