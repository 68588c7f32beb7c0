"""The log-in of the web page: what strangers may see and send, and the way out."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from microdot import Request, Response

import firmware.web
from config.admin_password import ADMIN_PASSWORD
from firmware.runtime.web_reception import (
    Reception,
    form_of,
    see_other,
    shown,
    with_cookie,
)
from firmware.runtime.web_site import STRANGERS_BODY_MAX, Site
from firmware.web.forms import Form, FormError
from firmware.web.gate import Notice, Session
from firmware.web.html import Html
from firmware.web.login_page import (
    CODE,
    FIRST,
    LOGIN,
    first_page,
    offer_page,
    password_page,
    problem_of,
)

SENDING = frozenset({"POST"})

FILES = Path(firmware.web.__file__).parent


class LogIn:
    """The routes of it."""

    def __init__(self, reception: Reception) -> None:
        self._reception, self._gate = reception, reception.gate

    def add_to(self, site: Site) -> None:
        """Answer where strangers may come, and where somebody leaves."""
        visitor = self._reception.visitor
        for name, kind in (("style.css", "text/css"), ("icon.svg", "image/svg+xml")):
            site.add(f"/{name}", partial(file, name, kind), guard=visitor)
        site.add(LOGIN, self._ask, guard=visitor)
        for path, take in ((LOGIN, self._take), (CODE, self._offer), (FIRST, self._first)):
            site.add(path, take, guard=visitor, methods=SENDING, body_max=STRANGERS_BODY_MAX)
        self._reception.add_form(site, "/logout", self._leave)

    async def _ask(self, request: Request) -> Response:
        if self._reception.session_of(request) is not None:
            return see_other("/")
        return shown(self._page(None))

    def _page(self, notice: Notice | None) -> Html:
        """Return what a stranger sees."""
        if self._reception.administration.has_password:
            return password_page(notice)
        return first_page(notice) if self._gate.shows_code else offer_page(notice)

    async def _take(self, request: Request) -> Response:
        """Take a password."""
        if not self._reception.administration.has_password:
            return see_other(LOGIN)
        try:
            password = form_of(request).text("password")
        except FormError as error:
            return self._refused(str(error))
        refusal = await self._reception.refusal_of(password)
        return self._refused(refusal) if refusal else self._let_in(request)

    async def _offer(self, _: Request) -> Response:
        """Show a code on the phone's screen."""
        wait_s = self._gate.wait_s(self._reception.now)
        if not self._reception.administration.has_password and not wait_s:
            self._reception.do(self._gate.show_code(self._reception.now))
        return see_other(LOGIN)

    async def _first(self, request: Request) -> Response:
        """Take the code and the first password."""
        if self._reception.administration.has_password or not self._gate.shows_code:
            return see_other(LOGIN)
        try:
            form = form_of(request)
        except FormError as error:
            return self._refused(str(error))
        if refusal := self._gate.begin_check(self._reception.now):
            return self._refused(refusal)
        is_right = self._gate.is_code(form.text("code"))
        if refusal := self._gate.end_check(self._reception.now, is_right=is_right):
            self._reception.do(self._gate.hide_code())
            return self._refused(refusal)
        return await self._choose(request, form)

    async def _choose(self, request: Request, form: Form) -> Response:
        """Keep the first password of somebody who stands before the phone."""
        problem = problem_of(form)
        if not problem:
            kept = await self._reception.administration.set(ADMIN_PASSWORD, form.text("password"))
            problem = kept.problem
        if problem:
            notice = Notice(problem, is_bad=True)
            return shown(first_page(notice, form.text("code")), 400, "Bad Request")
        self._reception.do(self._gate.hide_code())
        return self._let_in(request)

    def _let_in(self, request: Request) -> Response:
        before = self._reception.session_of(request)
        if before is not None:
            self._gate.end(before)
        session = self._gate.begin(self._reception.now)
        self._reception.note_use()
        return with_cookie(see_other("/"), session)

    def _refused(self, text: str) -> Response:
        wait_s = self._gate.wait_s(self._reception.now)
        page = self._page(Notice(text, is_bad=True))
        if not wait_s:
            return shown(page, 403, "Forbidden")
        response = shown(page, 429, "Too Many Requests")
        response.headers["Retry-After"] = str(wait_s)
        return response

    async def _leave(self, _: Request, session: Session, __: Form) -> Response:
        self._gate.end(session)
        self._reception.note_use()
        return with_cookie(see_other(LOGIN), None)


async def file(name: str, kind: str, _: Request) -> Response:
    """Return a file of the page; which one is never said by a request."""
    headers = {"Content-Type": f"{kind}; charset=utf-8"}
    return Response(await asyncio.to_thread((FILES / name).read_bytes), headers=headers)
