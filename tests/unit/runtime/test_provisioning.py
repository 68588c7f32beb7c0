"""The provisioner in the world: what is set on the phone counts at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

from config.configuration import Configuration
from config.store import Store
from firmware.provision.events import Fetch, FileAbsent, Outcome
from firmware.runtime.fetching import Fetcher
from firmware.runtime.options import Options
from firmware.runtime.provisioning import Provisioning, Ways


class Asked(Fetcher):
    """A server without any file."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    async def fetch(self, wanted: Fetch, configuration: Configuration) -> Outcome:
        self.urls.append(wanted.server.url(wanted.name))
        return FileAbsent(wanted.number)


def test_a_server_that_is_set_on_the_phone_is_asked_at_once(tmp_path: Path) -> None:
    (tmp_path / "startup.cfg").write_text("")
    store, asked, told = Store(tmp_path, tmp_path / "state"), Asked(), list[object]()

    async def take(configuration: Configuration) -> None:
        told.append(configuration)

    async def play() -> None:
        options = Options("script", tmp_path, tmp_path / "state", dhcp=tmp_path / "no dhcp")
        ways = Ways(
            lambda: asked,
            told.append,
            lambda _: told.append,
            take,
            play_no_more,
            play_no_more,
        )
        made = Provisioning(store, store.read(), Random(1), ways, options)
        made.start()
        await asyncio.sleep(0.05)
        assert asked.urls == []
        store.set_local("https server", "files.test")
        made.renew(store.read())
        async with asyncio.timeout(10.0):
            while len(asked.urls) < 2:
                await asyncio.sleep(0.01)
        await made.stop()

    asyncio.run(play())
    assert asked.urls == ["https://files.test/startup.cfg", "https://files.test/aastra.cfg"]


def play_no_more() -> None:
    raise AssertionError("nothing needs a new start")
