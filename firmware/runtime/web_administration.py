"""The administrator's own page: password, backup and restore, restart, factory reset."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from microdot import Request, Response

from config.admin_password import ADMIN_PASSWORD
from config.cfg_file import FILE_BYTES_MAX
from firmware.runtime.web_reception import (
    AROUND_FILE_MAX,
    Reception,
    attachment,
    see_other,
    with_cookie,
)
from firmware.runtime.web_site import Site
from firmware.web.administration_page import (
    BACKUP,
    FILE,
    PASSWORD,
    RESET,
    RESTORE,
    WORD,
    administration_content,
    restored_notice,
)
from firmware.web.backup import backup, restore
from firmware.web.forms import Form
from firmware.web.gate import Notice, Session
from firmware.web.html import tag
from firmware.web.layout import RESTART
from firmware.web.login_page import problem_of

HERE = "/administration"

LAST_WORDS_S = 0.5
"""Between the answer and the restart: the browser is to have it."""

BACK_S = 15
"""A browser looks for the page again after so long."""


class AdministrationPage:
    """The routes of it."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def add_to(self, site: Site) -> None:
        """Answer where the phone itself is administered."""
        reception = self._reception
        reception.add_page(site, HERE, self._page)
        reception.add_page(site, BACKUP, self._save)
        reception.add_form(site, PASSWORD, self._choose)
        reception.add_form(site, RESTORE, self._restore, FILE_BYTES_MAX + AROUND_FILE_MAX)
        reception.add_form(site, RESTART, self._restart)
        reception.add_form(site, RESET, self._reset)

    async def _page(self, _: Request, session: Session) -> Response:
        sight, digest = self._reception.sight(), self._reception.digest
        content = administration_content(sight, session, digest)
        return self._reception.page(session, HERE, "Administration", *content)

    async def _choose(self, request: Request, session: Session, form: Form) -> Response:
        """Change the password: who knows the old one may."""
        problem = problem_of(form) or await self._reception.refusal_of(form.text("current"))
        if not problem:
            kept = await self._reception.administration.set(ADMIN_PASSWORD, form.text("password"))
            problem = kept.problem
        if problem:
            session.notice = Notice(problem, is_bad=True)
            return see_other(HERE)
        self._reception.session_of(request)  # Everybody is gone now, this session too.
        fresh = self._reception.gate.begin(self._reception.now)
        fresh.notice = Notice("From now on the new password is asked for.")
        return with_cookie(see_other(HERE), fresh)

    async def _save(self, _: Request, __: Session) -> Response:
        text = backup(self._reception.around.configuration())
        return attachment("settings.cfg", "text/plain", text.encode())

    async def _restore(self, _: Request, session: Session, form: Form) -> Response:
        data = form.files.get(FILE, b"")
        if not data:
            session.notice = Notice("No file was chosen.", is_bad=True)
            return see_other(HERE)
        held = self._reception.around.configuration()
        restored = await asyncio.to_thread(restore, held, data)
        if restored.changes and not await self._reception.change(session, restored.changes):
            return see_other(HERE)  # Its notice says why.
        session.notice = restored_notice(restored) or session.notice
        return see_other(HERE)

    async def _restart(self, _: Request, session: Session, __: Form) -> Response:
        return self._goes(session, self._reception.around.restart)

    async def _reset(self, _: Request, session: Session, form: Form) -> Response:
        if form.text("word").strip().lower() != WORD:
            session.notice = Notice("Nothing is done: that was another word.", is_bad=True)
            return see_other(HERE)
        return self._goes(session, self._reception.around.reset)

    def _goes(self, session: Session, deed: Callable[[], None]) -> Response:
        asyncio.get_running_loop().call_later(LAST_WORDS_S, deed)
        words = tag("p", "The phone restarts. This page is back in a moment: log in again then.")
        response = self._reception.page(session, "", "Restart", words)
        response.headers["Refresh"] = f"{BACK_S}; url=/"
        return response
