"""The status page: what the phone knows of itself, at this moment."""

from __future__ import annotations

from microdot import Request, Response

from firmware.runtime.web_reception import Reception, shown
from firmware.runtime.web_site import Site
from firmware.web.gate import Session
from firmware.web.status_page import status_page


class StatusPage:
    """The route of it."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def add_to(self, site: Site) -> None:
        """Answer where the page begins."""
        self._reception.add_page(site, "/", self._page)

    async def _page(self, _: Request, session: Session) -> Response:
        return shown(status_page(self._reception.sight(), session))
