"""Each parameter of the link is changed in a call (L5): the call stays, the link follows.

It is set over the API, as a fleet would; the page for people shows it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import quote

import pytest

from config.parameters import canonical
from config.table_link import LINK
from tests.lab.authority import Authority, Usage
from tests.lab.ports import Ports
from tests.process.console import ADMIN, DeskPhone, Terminal
from tests.process.handset import Place, until
from tests.process.whole_run import TOKEN, WEB, Browser, Desk, Run

FOLLOWS_S = 5.0
"""A second is promised; the machine may be busy."""

KEY_PASSWORD = "opens-the-key"

VALUES = {
    "sip persistent tls keep alive": "23",
    "sips trusted certificates": "both.pem",
    "sips root and intermediate certificates": "chain.pem",
    "sips private key": "phone.key",
    "sips private key password": KEY_PASSWORD,
    "sips local certificate": "phone.pem",
    "sips certificate revocation list": "revoked.pem",
    "sips allow wildcard certificates": "1",
    "sips symmetric tls signaling": "1",
    "sip outbound support": "0",
    "sips persistent tls retry base": "2",
    "sips persistent tls retry cap": "90",
    "sips persistent tls head start": "300",
    "sips failback probe interval": "50",
    "sips failback probe count": "4",
    "sips failback minimum stay": "100",
    "sip send sips over tls": "1",
    "sip transport protocol": "4",
}
"""What is set in turn: a key before its certificate, so that each step is one that can be gone."""

WAITS = {"sips persistent tls": "0", "sip local tls port": "5062"}
"""These count when nobody uses the phone."""

MAKE_IT_ANEW = {*list(VALUES)[1:9]}
"""Other files, or another way out: the link in use was made without them."""


@dataclass
class Talk:
    """A phone in a call, and its API."""

    place: str
    token: str
    browser: Browser

    def ask(self, method: str, path: str, body: object = None) -> Any:
        connection = HTTPSConnection(self.place, context=self.browser.context, timeout=20)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()
        assert answer.status == 200, said
        return said

    def set(self, name: str, value: str) -> bool:
        """Set a parameter; return whether it waits."""
        said = self.ask("PUT", f"/api/parameters/{quote(name)}", {"value": value})
        return any(change["needs_restart"] for change in said["changed"])

    @property
    def local(self) -> str | None:
        """Where the link leaves the phone, where it is up and the account registered."""
        status = self.ask("GET", "/api/status")
        is_up = status["link"]["state"] == "up"
        registered = [account["state"] for account in status["accounts"]] == ["registered"]
        return str(status["link"]["tls"]["local"]) if is_up and registered else None

    def stays(self) -> None:
        assert [call["state"] for call in self.ask("GET", "/api/calls")] == ["answered"]

    def follows(self, before: str | None, *, anew: bool) -> None:
        """See that the link is as it is to be, soon."""
        by = time.monotonic() + FOLLOWS_S
        while (now := self.local) is None or (now == before) is anew:
            assert time.monotonic() < by, (before, now)
            time.sleep(0.02)


def field(page: str, name: str) -> str | None:
    """Return what the field of a parameter shows; None where it shows no value."""
    begins = page.index(f' name="{name}"')
    begins = page.rindex("<", 0, begins)
    if page.startswith("<select", begins):
        options = page[begins : page.index("</select>", begins)]
        (chosen,) = re.findall(r'<option value="([^"]*)" selected>', options)
        return str(chosen)
    shown = re.search(r' value="([^"]*)"', page[begins : page.index(">", begins)])
    return shown and shown[1]


@pytest.fixture
def talk(place: Place) -> Iterator[Talk]:
    authority = Authority("Phones")
    middle = authority.intermediate("Phone makers")
    middle.issue("phone", usage=Usage.CLIENT).write(place.config, "phone", KEY_PASSWORD)
    own = place.authority.certificate_pem
    files = {
        "both.pem": own + authority.certificate_pem,
        "chain.pem": middle.certificate_pem,
        "revoked.pem": place.authority.revoke(),
    }
    for name, data in files.items():
        (place.config / name).write_bytes(data)
    with Ports() as ports:
        port = {"sip local tls port": str(ports.first)}
        place.configure({"admin password": ADMIN, "web interface enabled": "1", **port})
        with DeskPhone(place, more=("--web-port", "0")) as phone:
            until(lambda: WEB.search(phone.program.text) is not None)
            terminal = Terminal(phone.console, dumb=True)
            terminal.log_in()
            until(lambda: "1 of 1 registered" in terminal.ask("status"))
            token = TOKEN.search(terminal.ask("token new"))
            assert token
            terminal.drop()
            browser = Browser(Run(), phone)
            browser.log_in()
            desk = Desk(place, phone)
            desk.press(*"600#")
            made = Talk(browser.place, token[0], browser)
            until(lambda: [one["state"] for one in made.ask("GET", "/api/calls")] == ["answered"])
            yield made
            desk.close()
            assert "Traceback" not in phone.errors


def test_each_parameter_of_the_link_is_here() -> None:
    table = {canonical(one.name): one.at_once for one in LINK}
    assert table == {**dict.fromkeys(VALUES, True), **dict.fromkeys(WAITS, False)}


def test_each_is_changed_in_a_call_that_stays(talk: Talk) -> None:
    for name, value in VALUES.items():
        before = talk.local
        assert not talk.set(name, value), name
        talk.follows(before, anew=name in MAKE_IT_ANEW)
        talk.stays()
        page = talk.browser.page("/link")
        shown = field(page, name)
        assert shown == (None if value == KEY_PASSWORD else value), name
        assert KEY_PASSWORD not in page
    for name, value in WAITS.items():
        before = talk.local
        assert talk.set(name, value), name
        talk.follows(before, anew=False)
        talk.stays()
