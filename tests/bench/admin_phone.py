"""A phone with all of its doors, in a call or not, for whoever measures what doors cost."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from types import SimpleNamespace
from typing import cast

from board.board import Board
from firmware.web.layout import NAVIGATION
from tests.bench.call_stage import CallStage
from tests.bench.clicks import MOUTH
from tests.bench.visitor import Visitor
from tests.process.console import ADMIN, PLACE, Terminal
from tests.unit.board.web import Page

FAR_END = "201"
TONE_HZ = 440

START_S = 20.0
SETTLE_S = 5.0
"""After a start what comes by itself is loaded; in a call buffers have found their depth."""

WEB = re.compile(r"administrator's page is at (https://\S+)")
HANDSET = re.compile(r"The handset is at (http://\S+)")
TOKEN = re.compile(r"\b[0-9a-f]{48}\b")

PAGES = tuple(path for path, _ in NAVIGATION)
FILES = ("/style.css", "/page.js", "/icon.svg")
METRICS = "/metrics"
API = (METRICS, "/api/status", "/api/parameters", "/api/openapi.json")


class AdminPhone:
    """A virtual handset of the stage with a sound card; a context manager."""

    def __init__(self, stage: CallStage) -> None:
        self._stage = stage
        plain = stage.phone("alice", MOUTH)
        self.phone = replace(
            plain,
            board="desktop",
            arguments=("--page-port", "0", "--web-port", "0"),
            more={**plain.more, "admin password": ADMIN},
        )
        self.state = self.phone.directory / "state"

    def __enter__(self) -> AdminPhone:
        self.phone.__enter__()
        for said in (WEB, PLACE):
            self._said(said)
        time.sleep(SETTLE_S)
        return self

    def __exit__(self, *why: object) -> None:
        self.phone.__exit__(*why)

    def _said(self, pattern: re.Pattern[str]) -> str:
        line = self.phone.program.wait_for(pattern.pattern, START_S)[0]
        found = pattern.search(line.text)
        assert found is not None
        return found[1]

    @property
    def address(self) -> str:
        """Where the page is."""
        return self._said(WEB)

    def visitor(self) -> Visitor:
        """Return somebody who is logged in at the page."""
        visitor = Visitor(self.address)
        visitor.log_in(ADMIN)
        return visitor

    def terminal(self, *, dumb: bool = True) -> Terminal:
        """Return somebody who is logged in at the console."""
        terminal = Terminal(self._said(PLACE), dumb=dumb)
        terminal.log_in()
        if not dumb:
            terminal.wait_for_comfort()
        return terminal

    @cached_property
    def program(self) -> Visitor:
        """A program that shows a token; the token is made at the console."""
        terminal = self.terminal()
        token = TOKEN.search(terminal.ask("token new"))
        assert token is not None
        terminal.close()
        return Visitor(self.address, {"Authorization": f"Bearer {token[0]}"})

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Be in a call with baresip, which says a tone; encrypted."""
        with replace(self._stage.baresip(tone_hz=TONE_HZ), user=FAR_END) as peer:
            peer.answer_itself()
            at = time.time()
            asyncio.run(press(self._said(HANDSET), *FAR_END, "#"))
            peer.wait_for("CALL_ESTABLISHED", at)
            time.sleep(SETTLE_S)
            yield
            peer.hang_up()
            peer.wait_for("CALL_CLOSED", at)


async def press(address: str, *keys: str) -> None:
    """Press keys of a virtual handset, and see that its page goes on."""
    page = await Page.let_in(cast(Board, SimpleNamespace(address=address)))
    for key in keys:
        page.say(key=key)
    await page.next_state()
    await page.close()
