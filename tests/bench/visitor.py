"""Somebody at the administrator's page who looks at the clock, and many who come at once.

Each request has a connection of its own, as the phone wants it, with a whole handshake: what a
browser resumes costs less.
"""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from urllib.parse import urlencode, urlsplit

LIMIT_S = 30.0
PACE_S = 0.05
"""Between two visits that are timed: whoever comes oftener than a browser is slowed down."""

CROWD = 8
"""Who come at once when all pages are asked for as fast as they are given."""

COOKIE = re.compile(r"(__Host-handset=[^;]+)")
FORM_WORD = re.compile(r'name="form_word"[^>]*value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Visit:
    """An answer, and seconds from the first packet to its first byte and to its last."""

    status: int
    body: bytes
    first_s: float
    whole_s: float


@dataclass
class Visitor:
    """One browser or program."""

    address: str
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.address = self.address.rstrip("/")
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE

    def ask(self, path: str, method: str = "GET", body: str = "", kind: str = "") -> Visit:
        """Ask for a path."""
        own = {"Origin": self.address, **self.headers, **({"Content-Type": kind} if kind else {})}
        place = urlsplit(self.address).netloc
        connection = HTTPSConnection(place, context=self._tls, timeout=LIMIT_S)
        began = time.perf_counter()
        connection.request(method, path, body or None, own)
        answer = connection.getresponse()
        first_s = time.perf_counter() - began
        data = answer.read()
        whole_s = time.perf_counter() - began
        connection.close()
        cookie = COOKIE.search(answer.headers.get("Set-Cookie", ""))
        if cookie:
            self.headers["Cookie"] = cookie[1]
        return Visit(answer.status, data, first_s, whole_s)

    def send(self, path: str, fields: Mapping[str, str]) -> Visit:
        """Send a form."""
        return self.ask(path, "POST", urlencode(fields), "application/x-www-form-urlencoded")

    def log_in(self, password: str) -> Visit:
        """Log in; return how it went."""
        visit = self.send("/login", {"password": password})
        assert visit.status == 303, visit
        return visit

    def log_out(self) -> None:
        """Leave."""
        word = FORM_WORD.search(self.ask("/").body.decode())
        assert word, "the page has no form"
        assert self.send("/logout", {"form_word": word[1]}).status == 303

    def timed(self, path: str) -> Visit:
        """Ask for a page that has to be there, at a browser's pace."""
        visit = self.ask(path)
        assert visit.status == 200, (path, visit.status)
        time.sleep(max(0.0, PACE_S - visit.whole_s))
        return visit


def hammer(visitor: Visitor, paths: Sequence[str], seconds: float) -> int:
    """Let many ask for all of these, as fast as they are answered; return how many answers came."""
    over = threading.Event()

    def walk(first: int) -> int:
        count = 0
        while not over.is_set():
            path = paths[(first + count) % len(paths)]
            visit = visitor.ask(path)
            assert visit.status == 200, (path, visit.status)
            count += 1
        return count

    with ThreadPoolExecutor(CROWD) as pool:
        walks = [pool.submit(walk, number) for number in range(CROWD)]
        time.sleep(seconds)
        over.set()
        return sum(each.result() for each in walks)
