"""A phone's web page and API, by the port that leads there."""

from __future__ import annotations

import json
import ssl
import time
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException

from firmware.agent.events import RegistrationState
from tests.on_device.conftest import TOKEN

ANSWER_S = 120.0


@dataclass(frozen=True)
class Api:
    """The phone behind a port of this machine."""

    port: int

    def ask(self, path: str) -> str:
        """Return what is answered; OSError where nothing is."""
        anyone = ssl.create_default_context()
        anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
        headers = {"Authorization": f"Bearer {TOKEN}"} if path.startswith("/api/") else {}
        asked = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", headers=headers)
        with urllib.request.urlopen(asked, context=anyone, timeout=ANSWER_S) as answer:
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
