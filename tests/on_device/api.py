"""A phone's web page and API, by the port that leads there."""

from __future__ import annotations

import json
import re
import ssl
import time
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import quote, urlencode
from urllib.request import HTTPCookieProcessor, HTTPSHandler

from firmware.agent.events import RegistrationState
from tests.on_device.site import ADMIN, TOKEN

ANSWER_S = 120.0
BEARER = {"Authorization": f"Bearer {TOKEN}"}
WORD = re.compile(r'name="form_word" value="([0-9a-f]+)"')


def careless() -> ssl.SSLContext:
    """Return the TLS of a browser whose person has said that it may be."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class Api:
    """The phone behind a port of this machine."""

    port: int

    def ask(self, path: str) -> str:
        """Return what is answered; OSError where nothing is."""
        headers = BEARER if path.startswith("/api/") else {}
        asked = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", headers=headers)
        with urllib.request.urlopen(asked, context=careless(), timeout=ANSWER_S) as answer:
            return str(answer.read().decode())

    def state(self) -> str:
        """Return how its only account stands; "" while nobody answers."""
        try:
            (account,) = json.loads(self.ask("/api/accounts"))
        except (OSError, HTTPException):
            return ""
        return str(account["state"])

    def wait_for(self, wanted: RegistrationState, seconds: float) -> None:
        """Wait until the phone answers that its account stands so."""
        by = time.monotonic() + seconds
        while (state := self.state()) != wanted.value:
            assert time.monotonic() < by, f"{state!r} after {seconds} s"
            time.sleep(0.5)

    def values(self) -> dict[str, str | None]:
        """Return every parameter that is set; secrets without their values."""
        return {said["name"]: said["value"] for said in json.loads(self.ask("/api/parameters"))}

    def set(self, parameter: str, value: str) -> None:
        """Set a parameter; it is kept once this has returned."""
        place = f"https://127.0.0.1:{self.port}/api/parameters/{quote(parameter)}"
        headers = {**BEARER, "Content-Type": "application/json"}
        body = json.dumps({"value": value}).encode()
        asked = urllib.request.Request(place, body, headers, method="PUT")
        urllib.request.urlopen(asked, context=careless(), timeout=ANSWER_S).close()


class Browser:
    """The administrator's page, in front of somebody who logs in."""

    def __init__(self, port: int) -> None:
        self._here = f"https://127.0.0.1:{port}"
        handlers = HTTPSHandler(context=careless()), HTTPCookieProcessor()
        self._opener = urllib.request.build_opener(*handlers)

    def ask(self, path: str) -> str:
        """Return a page."""
        with self._opener.open(f"{self._here}{path}", timeout=ANSWER_S) as answer:
            return str(answer.read().decode())

    def log_in(self) -> None:
        self._post("/login", password=ADMIN)

    def send(self, page: str, path: str, **fields: str) -> None:
        """Send a form of a page."""
        (word, *_) = WORD.findall(self.ask(page))
        self._post(path, form_word=word, **fields)

    def _post(self, path: str, **fields: str) -> None:
        asked = urllib.request.Request(
            f"{self._here}{path}", urlencode(fields).encode(), {"Origin": self._here}
        )
        self._opener.open(asked, timeout=ANSWER_S).close()
