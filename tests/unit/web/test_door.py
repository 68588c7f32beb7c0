"""The door: open as the parameters say, loaded when somebody knocks, let go when they have gone."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.store import Store
from firmware.phone.events import WarningsChanged
from firmware.runtime import web_door
from firmware.runtime.options import Options, Place, web_place
from firmware.runtime.web_door import WebDoor
from tests.unit.web.rig import Browser, Phone, page


async def set_(browser: Browser, name: str, value: str, door: WebDoor) -> None:
    browser.phone.store.set_local(name, value)
    browser.phone.configuration = browser.phone.store.read()
    door.renew()


def phone_in(folder: Path, text: str = "") -> Phone:
    (folder / "config").mkdir()
    (folder / "config" / "startup.cfg").write_text(text)
    store = Store(folder / "config", folder / "state")
    return Phone(folder, store, store.read())


def port_of(phone: Phone) -> int:
    return int(phone.told("Web")[0][1].rstrip("/").rpartition(":")[2])


async def told(phone: Phone, *, is_open: bool) -> None:
    async with asyncio.timeout(5):
        while bool(phone.told("Web")) != is_open:
            await asyncio.sleep(0.001)


def test_it_opens_and_closes_as_the_parameters_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_door, "OPEN_S", 0.0)

    async def scene() -> None:
        phone = phone_in(tmp_path)
        door = WebDoor(phone.around, Place(is_desk=True, port=0), phone.warned.append)
        door.start()
        await told(phone, is_open=True)
        port = port_of(phone)
        browser = Browser(phone, port)
        assert (await browser.get("/login")).status == 200
        await set_(browser, "web interface enabled", "0", door)
        await told(phone, is_open=False)
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        await set_(browser, "web interface enabled", "1", door)
        await told(phone, is_open=True)
        await door.stop()

    asyncio.run(scene())


def test_a_port_that_is_taken_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_door, "OPEN_S", 0.0)

    async def scene() -> None:
        phone = phone_in(tmp_path)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            door = WebDoor(phone.around, Place(is_desk=True, port=port), phone.warned.append)
            door.start()
            async with asyncio.timeout(5):
                while len(phone.warned) < 2:
                    await asyncio.sleep(0.001)
            text = f"the web page cannot be on port {port} (web interface port): "
            assert phone.warned[-1] == WarningsChanged((text + "address already in use",))
            await door.stop()

    asyncio.run(scene())


def test_the_server_is_let_go_when_nobody_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_door, "LOOK_S", 0.05)
    stopped = list[object]()

    async def scene() -> None:
        async with page(tmp_path) as browser:
            from firmware.runtime.web_server import WebServer

            stop = WebServer.stop

            async def noted(server: WebServer) -> None:
                stopped.append(server)
                await stop(server)

            monkeypatch.setattr(WebServer, "stop", noted)
            await browser.log_in()
            await asyncio.sleep(0.3)
            assert stopped == [], "somebody is logged in"
            await browser.post("/logout")
            async with asyncio.timeout(5):
                while not stopped:
                    await asyncio.sleep(0.01)
            assert (await browser.get("/login")).status == 200, "and back for who knocks"

    asyncio.run(scene())


def test_whoever_knocks_while_it_moves_finds_one_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_door, "OPEN_S", 0.0)
    begun = list[object]()

    async def scene() -> None:
        from firmware.runtime.web_server import WebServer

        start, may_go_on = WebServer.start, asyncio.Event()

        async def noted(server: WebServer, listening: socket.socket) -> None:
            begun.append(server)
            await may_go_on.wait()
            await start(server, listening)

        monkeypatch.setattr(WebServer, "start", noted)
        phone = phone_in(tmp_path)
        door = WebDoor(phone.around, Place(is_desk=True, port=0), phone.warned.append)
        door.start()
        await told(phone, is_open=True)
        before = phone.told("Web")[0][1]
        with socket.create_connection(("127.0.0.1", port_of(phone))):
            await asyncio.sleep(0)  # The knock is heard next: after what follows here.
            await set_(Browser(phone, 0), "web interface name", "desk.lab", door)
            async with asyncio.timeout(5):
                while not begun or phone.told("Web")[0][1] == before:
                    await asyncio.sleep(0.001)
            browser = Browser(phone, port_of(phone))
            answer = asyncio.create_task(browser.get("/login"))
            await asyncio.sleep(0.05)
            may_go_on.set()
            assert (await answer).status == 200
        await asyncio.sleep(0.05)
        assert len(begun) == 1
        await door.stop()

    asyncio.run(scene())


def test_nothing_of_it_is_loaded_before_somebody_knocks() -> None:
    code = (
        "import sys, firmware.runtime.application, firmware.runtime.doors;"
        "print([name for name in ('microdot', 'firmware.runtime.web_server', 'firmware.web.gate')"
        " if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_where_it_is() -> None:
    def place(board: str, page_port: int = 8088, web_port: int | None = None) -> Place | None:
        return web_place(Options(board, Path(), Path(), page_port=page_port, web_port=web_port))

    assert place("handset") == Place(is_desk=False)
    assert place("handset-spi", web_port=8443) == Place(is_desk=False, port=8443)
    assert place("desktop") == Place(is_desk=True, port=8443)
    assert place("desktop-wide", page_port=0) == Place(is_desk=True, port=0)
    assert place("desktop", page_port=0, web_port=9443) == Place(is_desk=True, port=9443)
    assert place("script") is None
    assert place("script", web_port=0) == Place(is_desk=True, port=0)
