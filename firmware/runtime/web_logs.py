"""The page of logs and outages."""

from __future__ import annotations

from collections.abc import Sequence

from microdot import Request, Response

from firmware.runtime import log_ring
from firmware.runtime.web_parameters import Chapter, ParameterPages
from firmware.runtime.web_reception import Reception, attachment
from firmware.runtime.web_site import Site
from firmware.web import chapters
from firmware.web.gate import Session
from firmware.web.html import Content
from firmware.web.logs_page import log_section, outage_section

LINES_SHOWN = 100


class LogPage:
    """The routes of it."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def add_to(self, site: Site) -> None:
        """Answer where the phone tells what was."""
        page = Chapter("/logs", "Logs and outages", lambda _: chapters.LOGS, self._above)
        ParameterPages(self._reception).add_chapter(site, page)
        self._reception.add_page(site, "/logs/log.txt", self._file)

    async def _above(self, _: Request, __: Session) -> Sequence[Content]:
        lines = log_ring.last_lines()[-LINES_SHOWN:]
        return (outage_section(self._reception.sight()), log_section(lines))

    async def _file(self, _: Request, __: Session) -> Response:
        text = "\n".join(log_ring.last_lines()) + "\n"
        return attachment("log.txt", "text/plain", text.encode())
