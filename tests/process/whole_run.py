"""A phone used by every door it has; what it was told in secret, and all that it has written.

`Run.secrets` are texts by what they are, `Run.written` texts by where they were found. A door that
is built later writes one entry more: `run.written["the new door"] = ...`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import pytest

from board.board import Board
from firmware.sip.message import Message
from firmware.web.api import ROUTES
from tests.lab.authority import Usage
from tests.lab.collector import Collector
from tests.lab.exchange import Connection
from tests.process.console import ADMIN, DeskPhone, Terminal
from tests.process.handset import PASSWORD, Place, until
from tests.unit.board.web import Page

KEY_PASSWORD, USER_PASSWORD, PIN = "opens-the-key", "of-the-user", "73197319"
URL_PASSWORD, TYPED_PASSWORD = "of-the-upgrade", "typed-at-the-console"

HANDSET = re.compile(r"The handset is at (http://\S+)")
WEB = re.compile(r"administrator's page is at (https://\S+)")
TOKEN = re.compile(r"\b[0-9a-f]{48}\b")
CODE = re.compile(r"\b[0-9]{6}\b")
COOKIE = re.compile(r"(__Host-handset=[^;]+)")
FORM_WORD = re.compile(r'name="form_word"[^>]*value="([^"]+)"')

IN_MESSAGES = {
    "nonce": re.compile(r'(?<!c)nonce="([^"]+)"'),
    "digest": re.compile(r'response="([^"]+)"'),
    "client's nonce": re.compile(r'cnonce="([^"]+)"'),
    "SDES key": re.compile(r"inline:([A-Za-z0-9+/=]+)"),
}
PEM_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\n(.*?)\n-----END", re.DOTALL)


@dataclass
class Run:
    """What was secret, and what was written."""

    secrets: dict[str, set[str]] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)

    def secret(self, what: str, *texts: str) -> None:
        self.secrets.setdefault(what, set()).update(texts)

    def overhear(self, message: Message) -> None:
        """Note what is secret in a message between phone and exchange."""
        text = bytes(message).decode(errors="replace")
        for what, pattern in IN_MESSAGES.items():
            self.secret(what, *pattern.findall(text))


@contextmanager
def overheard(run: Run, place: Place) -> Iterator[None]:
    """Put an ear at both directions of what the exchange says and hears."""
    take, send = place.exchange.take, Connection.send

    def taken(message: Message, end: Any) -> None:
        run.overhear(message)
        take(message, end)

    def sent(self: Connection, message: Message) -> None:
        run.overhear(message)
        send(self, message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place.exchange, "take", taken)
        patch.setattr(Connection, "send", sent)
        yield


def configure(run: Run, place: Place, collector: Collector) -> None:
    """Give the phone every kind of secret that files can."""
    identity = place.authority.issue("desk-7", usage=Usage.CLIENT)
    identity.write(place.config, "phone", KEY_PASSWORD)
    run.secret("private key", *_key_lines((place.config / "phone.key").read_bytes()))
    run.secret("private key", *_key_lines(identity.key_pem()))
    place.configure(
        {
            "sip srtp mode": "2",
            "sips local certificate": "phone.pem",
            "sips private key": "phone.key",
            "sips private key password": KEY_PASSWORD,
            "user password": USER_PASSWORD,
            "key lock pin": PIN,
            "upgrade uri": f"https://fleet:{URL_PASSWORD}@files.lab.test/firmware",
            "log server ip": "127.0.0.1",
            "log server port": str(collector.tcp),
            "log server transport": "TCP",
            "log module trace": "65535",
            "web interface enabled": "1",
        }
    )
    run.secret("password", PASSWORD, KEY_PASSWORD, USER_PASSWORD, PIN, URL_PASSWORD)


def _key_lines(pem: bytes) -> list[str]:
    """Return the lines of a key, each of which would be a loss."""
    found = PEM_KEY.search(pem)
    assert found is not None
    return found[1].decode().splitlines()


def use(run: Run, place: Place, collector: Collector) -> None:
    """Set a phone up by its code, register, call, lose the link, look at everything."""
    with DeskPhone(place, more=("--web-port", "0", "--trace")) as phone:
        until(lambda: WEB.search(phone.program.text) is not None)
        desk, terminal = Desk(place, phone), Terminal(phone.console, dumb=True)
        _set_up(run, desk, terminal)
        until(lambda: "1 of 1 registered" in terminal.ask("status"))
        for topic in ("sip", "link", "media"):
            terminal.ask(f"trace {topic} on")
        browser = Browser(run, phone)
        browser.log_in()
        browser.record()
        desk.press(*"600#")
        terminal.wait_for("call 1: agreed")
        for line in ("calls", "status", "accounts"):
            terminal.ask(line)
        desk.press("soft2")
        place.background.run(place.exchange.set_fault("reset", on=True))
        terminal.wait_for("has ended: connection reset")
        terminal.wait_for("SIP/2.0 200")
        _look_around(run, terminal)
        browser.read_pages()
        browser.read_api()
        collector.wait_for("sends\nINVITE sip:600@")
        desk.close()
        assert phone.program.stop() == 0
        run.written["standard error"] = phone.errors
        run.written["standard output"] = HANDSET.sub("", phone.program.text)
        run.written["the console"] = terminal.seen
        run.written["the virtual handset"] = "\n".join(desk.seen)
        run.written["the log server"] = collector.text
        run.written["the outage log"] = (place.state / "outages.json").read_text()
        terminal.drop()
    own = (path.read_bytes() for path in place.state.rglob("*") if path.is_file())
    made = [data for data in own if PEM_KEY.search(data)]
    assert made, "the web page has a key of its own"
    for data in made:
        run.secret("private key", *_key_lines(data))


class Desk:
    """The virtual handset's page, as far as it has words and keys."""

    def __init__(self, place: Place, phone: DeskPhone) -> None:
        found = HANDSET.search(phone.program.text)
        assert found
        self._background = place.background
        self.seen: list[str] = []
        board = cast(Board, SimpleNamespace(address=found[1]))
        self._page = self._background.run(Page.let_in(board))
        self._listening = asyncio.run_coroutine_threadsafe(self._listen(), self._background.loop)

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):  # Nothing has changed.
                state = await self._page.next_state()
                self.seen.append("\n".join(map(str, state["words"])))

    def press(self, *keys: str) -> None:
        for key in keys:
            self._background.loop.call_soon_threadsafe(lambda key=key: self._page.say(key=key))  # type: ignore[misc] # As it is now.

    def shown(self, pattern: re.Pattern[str]) -> str:
        """Wait until the screen says that; return it."""
        until(lambda: bool(self.seen and pattern.search(self.seen[-1])))
        found = pattern.search(self.seen[-1])
        assert found
        return found[0]

    def close(self) -> None:
        self._listening.cancel()
        self._background.run(self._page.close())


def _set_up(run: Run, desk: Desk, terminal: Terminal) -> None:
    """Choose the administrator's password with the code of the first start (T3)."""
    terminal.type("\r")
    terminal.wait_for("Code: ")
    desk.press("soft2")  # The pages of the link.
    code = desk.shown(CODE)
    desk.press("soft1")
    desk.seen.clear()  # There it may stand, and nowhere else.
    run.secret("one-time code", code)
    terminal.type(f"{code}\r")
    for prompt in ("New password: ", "nce more"):
        terminal.wait_for(prompt)
        terminal.type(f"{ADMIN}\r")
    terminal.wait_for("handset> ")
    run.secret("password", ADMIN)


def _look_around(run: Run, terminal: Terminal) -> None:
    """Ask for everything that the console tells."""
    for topic in ("sip", "link", "media"):
        terminal.type(f"trace {topic} off\r")
    terminal.type("link\r")
    terminal.wait_for("until a key is pressed")
    terminal.type(b"\x03")
    terminal.wait_for("handset> ")
    terminal.type("token new\r")
    terminal.wait_for("keeps its hash")
    found = TOKEN.findall(terminal.seen)
    run.secret("API token", found[-1])
    terminal.wait_for("handset> ")
    for line in ("outages", "show", "certificates", "log 500", "log server", "ping", "help log"):
        terminal.ask(line)
    for name in ("sip line1 password", "key lock pin", "upgrade uri", "sips private key password"):
        terminal.ask(f"show {name}")
    terminal.type("set user password\r")
    for prompt in ("New value", "Once more"):
        terminal.wait_for(prompt)
        terminal.type(f"{TYPED_PASSWORD}\r")
    run.secret("password", TYPED_PASSWORD)
    terminal.wait_for("handset> ")
    terminal.type("support\r")
    terminal.wait_for("----- support ends")


class Browser:
    """Somebody at the web page, and a program at the API beside it."""

    def __init__(self, run: Run, phone: DeskPhone) -> None:
        found = WEB.search(phone.program.text)
        assert found
        self._run, self.place = run, urlsplit(found[1]).netloc
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self._headers = {"Origin": f"https://{self.place}"}

    def _ask(self, method: str, path: str, body: str = "") -> tuple[int, str]:
        connection = HTTPSConnection(self.place, context=self.context, timeout=20)
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, path, body or None, {**self._headers, **kind})
        answer = connection.getresponse()
        cookie = COOKIE.search(answer.headers.get("Set-Cookie", ""))
        if cookie:
            self._headers["Cookie"] = cookie[1]
        text = answer.read().decode(errors="replace")
        connection.close()
        return answer.status, text

    def log_in(self) -> None:
        assert self._ask("GET", "/login")[0] == 200
        assert self._ask("POST", "/login", urlencode({"password": ADMIN}))[0] == 303
        self._run.secret("web session", self._headers["Cookie"].partition("=")[2])

    def page(self, path: str) -> str:
        """Read a page."""
        status, text = self._ask("GET", path)
        assert status == 200, path
        return text

    def record(self) -> None:
        """Have SIP recorded."""
        word = FORM_WORD.search(self._ask("GET", "/trace")[1])
        assert word
        assert self._ask("POST", "/trace/begin", urlencode({"form_word": word[1]}))[0] == 303

    def read_pages(self) -> None:
        """Read every page and file that leads from the first."""
        pages = ["/"]
        for path in pages:
            status, text = self._ask("GET", path)
            assert status in {200, 303}, path
            self._run.secret("web form's word", *FORM_WORD.findall(text))
            self._run.written[f"the web page {path}"] = FORM_WORD.sub("", text)
            links = re.findall(r'href="(/[^"#?]*)"', text)
            pages += [link for link in links if link not in pages]

    def read_api(self) -> None:
        """Read all that the token opens."""
        (token,) = self._run.secrets["API token"]
        self._headers["Authorization"] = f"Bearer {token}"
        for route in (one for one in ROUTES if one.method == "GET"):
            path = route.path.replace("<name>", "sip%20line1%20password")
            status, text = self._ask("GET", path)
            assert status == 200, path
            self._run.written[f"the API {path}"] = text
