"""The status page, and the stream of events that renews it in a browser that obeys scripts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from microdot import Request, Response

from firmware.runtime.web_login import file
from firmware.runtime.web_reception import Reception
from firmware.runtime.web_site import Site
from firmware.web.gate import Session
from firmware.web.status_page import REFRESH, RENEWED, status_content, status_rows

RENEW_S = 1.0
"""Ages and countdowns change each second; a stream that has nothing new says nothing."""

BEAT_S = 10.0
"""Then it says at least so often that it is there."""

STREAMS_MAX = 4
"""Browsers that look on; each holds a connection."""


class StatusPage:
    """The routes of it."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._streams = 0

    def add_to(self, site: Site) -> None:
        """Answer where the page begins."""
        self._reception.add_page(site, "/", self._page)
        guard = self._reception.administrator
        site.add("/page.js", partial(file, "page.js", "text/javascript"), guard=guard)
        # By the guard alone: a page that is left open keeps nobody logged in.
        site.add("/live", self._live, guard=guard)
        site.add(RENEWED, self._renewed, guard=guard)

    async def _page(self, _: Request, session: Session) -> Response:
        content = status_content(self._reception.sight())
        return self._reception.page(session, "/", "Status", content, refresh=REFRESH)

    async def _renewed(self, request: Request) -> Response:
        session = self._reception.session_of(request)
        assert session is not None, "the guard has let nobody else pass"
        return await self._page(request, session)

    async def _live(self, request: Request) -> Response:
        if self._streams >= STREAMS_MAX:
            return Response("Too many look on.", 503, reason="Service Unavailable")
        headers = {"Content-Type": "text/event-stream; charset=utf-8"}
        stream: Any = self._stream(request)  # microdot's types know no bodies that go on.
        return Response(stream, headers=headers)

    async def _stream(self, request: Request) -> AsyncIterator[bytes]:
        self._streams += 1
        try:
            said, silent_s = "", 0.0
            while self._reception.session_of(request) is not None:
                text = json.dumps(status_rows(self._reception.sight()))
                if text != said or silent_s >= BEAT_S:
                    said, silent_s = text, 0.0
                    yield f"data: {text}\n\n".encode()
                await asyncio.sleep(RENEW_S)
                silent_s += RENEW_S
            yield b"event: leave\ndata:\n\n"
        finally:
            self._streams -= 1
