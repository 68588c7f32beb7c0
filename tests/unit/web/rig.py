"""The web page of a phone that is there, and a browser's end of it, down to the bytes."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from config.configuration import Configuration
from config.store import Store
from firmware.phone.events import FactsTold, TimeIs
from firmware.phone.status import Status
from firmware.runtime import web_door
from firmware.runtime.options import Place
from firmware.runtime.setter import Setter
from firmware.runtime.surroundings import Surroundings
from firmware.runtime.tap import Ear
from firmware.runtime.web_door import WebDoor

NOON = 1_795_780_800.0  # 2026-11-27 12:00 UTC
PASSWORD = "correct horse"
COOKIE = "__Host-handset"
WORD = re.compile(r'name="form_word" value="([0-9a-f]+)"')


@dataclass
class Answer:
    """What came back; `headers` by their names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Phone:
    """What the page is a page of."""

    folder: Path
    store: Store
    configuration: Configuration
    status: Status = field(default_factory=Status)
    fed: list[object] = field(default_factory=list)
    warned: list[object] = field(default_factory=list)
    uses: list[tuple[str, bool]] = field(default_factory=list)
    ears: list[Ear] = field(default_factory=list)
    provisioning: Any = None
    restarts: int = 0
    resets: int = 0

    @cached_property
    def around(self) -> Surroundings:
        return Surroundings(
            feed=self.fed.append,
            status=self.status,
            store=self.store,
            configuration=lambda: self.configuration,
            setter=Setter(self.store, lambda: self.configuration, self._changed),
            time=lambda: TimeIs(NOON),
            about=(("Version", "0.1"), ("Model", "handset")),
            logs=lambda: None,
            provisioning=lambda: self.provisioning,
            bench=None,
            ears=self.ears,
            watchers=[],
            restart=self._restart,
            reset=self._reset,
            occupied=lambda door, is_used: self.uses.append((door, is_used)),
        )

    async def _changed(self, configuration: Configuration, *, waits: bool) -> None:
        self.configuration = configuration

    def _restart(self) -> None:
        self.restarts += 1

    def _reset(self) -> None:
        self.resets += 1

    def told(self, title: str) -> tuple[tuple[str, str], ...]:
        """Return what the phone was last told of a page."""
        rows = [
            fact.rows for fact in self.fed if isinstance(fact, FactsTold) and fact.title == title
        ]
        return rows[-1] if rows else ()

    @property
    def code(self) -> str:
        """What the screen shows somebody who logs in for the first time."""
        return dict(self.told("Set-up code")).get("Code", "")


class Browser:
    """Asks a page; `session` is its cookie, `word` that of its forms."""

    def __init__(self, phone: Phone, port: int) -> None:
        self.phone, self.port = phone, port
        self.session = self.word = ""
        self.host = f"127.0.0.1:{port}"

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=careless())

    async def exchange(self, request: bytes) -> bytes:
        """Send bytes; return everything that comes back."""
        reader, writer = await self.open()
        try:
            writer.write(request)
            async with asyncio.timeout(5):
                return await reader.read()
        finally:
            writer.transport.abort()

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str | None) -> Answer:
        """Ask as a browser does; `origin="..."` and so on add headers, None leaves one out."""
        fields: dict[str, str | None] = {"host": self.host}
        if self.session:
            fields["cookie"] = f"{COOKIE}={self.session}"
        if method == "POST":
            fields["origin"] = f"https://{self.host}"
            fields["content-type"] = "application/x-www-form-urlencoded"
            fields["content-length"] = str(len(body))
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
        head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1")
        return self._read(await self.exchange(head + body))

    def _read(self, data: bytes) -> Answer:
        head, _, body = data.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        pairs = (line.split(": ", 1) for line in rest)
        answer = Answer(int(first.split()[1]), {n.lower(): v for n, v in pairs}, body)
        cookie = re.match(rf"{COOKIE}=([^;]*)", answer.headers.get("set-cookie", ""))
        if cookie is not None:
            self.session = cookie[1]
        word = WORD.search(body.decode(errors="replace"))
        if word is not None:
            self.word = word[1]
        return answer

    async def get(self, path: str = "/", **headers: str | None) -> Answer:
        return await self.ask("GET", path, b"", **headers)

    async def post(self, path: str, **fields: str) -> Answer:
        """Send a form with the word of the last page that had one."""
        words = {"form_word": self.word} if self.word else {}
        return await self.ask("POST", path, urlencode({**words, **fields}).encode())

    async def log_in(self) -> None:
        answer = await self.post("/login", password=PASSWORD)
        assert answer.status == 303, answer
        assert (await self.get("/")).status == 200


def careless() -> ssl.SSLContext:
    """Return the TLS of a browser whose person has said that it may be."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@contextlib.asynccontextmanager
async def page(folder: Path, text: str = f"admin password: {PASSWORD}\n") -> AsyncIterator[Browser]:
    """Serve the page of a phone with this startup.cfg; a browser stands before it."""
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "startup.cfg").write_text(text)
    store = Store(folder / "config", folder / "state")
    phone = Phone(folder, store, store.read())
    door = WebDoor(phone.around, Place(is_desk=True, port=0), phone.warned.append)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web_door, "OPEN_S", 0.0)
        door.start()
        async with asyncio.timeout(5):
            while not phone.told("Web"):
                await asyncio.sleep(0.001)
    try:
        yield Browser(phone, int(phone.told("Web")[0][1].rstrip("/").rpartition(":")[2]))
    finally:
        await door.stop()
