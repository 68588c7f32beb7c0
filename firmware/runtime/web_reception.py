"""Who comes to the web page: its guards, its sessions, its forms.

| guard | lets pass |
|---|---|
| `visitor` | whoever asks by the phone's own name, and sends forms from the phone's own page |
| `administrator` | the same, logged in; anybody else is led to the log-in |

`add_page` and `add_form` are how the page's own modules answer: a page is given its session, a form
only what came with the word of its session (CSRF). What a page does all by itself, such as to renew
itself, keeps nobody logged in: such routes take the guard alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from random import SystemRandom

from microdot import Request, Response

from config.admin_password import ADMIN_PASSWORD
from drivers.http_listener import Body
from firmware.console.events import ShowCode
from firmware.console.sight import Sight
from firmware.phone.events import FactsTold
from firmware.phone.facts import SETUP
from firmware.phone.wall import Wall
from firmware.runtime.administration import Administration
from firmware.runtime.alarm import Alarm
from firmware.runtime.surroundings import Surroundings
from firmware.runtime.web_site import Site
from firmware.web.forms import Form, FormError, read_form
from firmware.web.gate import Gate, Notice, Session
from firmware.web.hosts import is_own
from firmware.web.html import Content, Html
from firmware.web.layout import FORM_WORD, document
from firmware.web.login_page import LOGIN
from firmware.web.parameter_form import Changes
from firmware.web.upload import UploadReader

COOKIE = "__Host-handset"
"""Browsers take a cookie of such a name only over TLS, for this host and its whole site."""

COOKIE_WORDS = "Path=/; Secure; HttpOnly; SameSite=Strict"

FORM_BYTES_MAX = 64 * 1024
"""The largest page of parameters, with every text at its longest."""

AROUND_FILE_MAX = 4096
"""Bytes that a form adds to the file that comes with it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A form on its way, of whose file `first` has come; b"": no file was chosen."""

    body: Body
    reader: UploadReader
    first: bytes


UploadAnswer = Callable[[Session, Upload], Awaitable[Response]]
PageAnswer = Callable[[Request, Session], Awaitable[Response]]
FormAnswer = Callable[[Request, Session, Form], Awaitable[Response]]

GONE = Notice("That form was of an older log-in, and nothing was done. Send it again.", is_bad=True)


class Reception:
    """Receives those who come."""

    def __init__(self, around: Surroundings, names: frozenset[str]) -> None:
        self.around = around
        self.digest = ""  # Of the page's certificate.
        self.administration = Administration(around, "web")
        self.gate = Gate(SystemRandom(), around.page_lockout)
        self._names = names
        self._alarm = Alarm(self._wake)
        self._record = self._password_record()
        self._told_use = False
        self.at_end: list[Callable[[], None]] = []  # What is done when the last one has left.
        self.waits = False  # Something was changed that counts after a restart.

    @property
    def now(self) -> float:
        """Monotonic seconds, as the phone has them."""
        return self._alarm.now

    def sight(self) -> Sight:
        """Return what an administrator sees now."""
        around, time = self.around, self.around.time()
        return Sight(
            status=around.status,
            configuration=around.configuration(),
            about=around.about,
            began=around.began,
            now=self.now,
            unix_s=time.unix_s,
            is_synchronised=time.is_synchronised,
            wall=Wall(time.offset_s),
        )

    def stop(self) -> None:
        """Receive nobody more."""
        self._alarm.stop()
        self.gate.end_all()
        self.do(self.gate.hide_code())
        self.note_use()

    # Guards.

    def visitor(self, request: Request) -> Response | None:
        """Let pass who asks for this phone, and whose form is the phone's own."""
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        if not is_own(host, self._names):
            text = "This page is only at the phone's own address (web interface name)."
            return Response(text, 421, reason="Misdirected Request")
        is_sent = request.method not in {"GET", "HEAD"}
        if origin != f"https://{host}" and (is_sent or origin is not None):
            return Response("A page of somebody else sent this.", 403, reason="Forbidden")
        return None

    def administrator(self, request: Request) -> Response | None:
        """Let pass who is logged in."""
        refusal = self.visitor(request)
        if refusal is not None:
            return refusal
        return None if self.session_of(request) else see_other(LOGIN)

    def session_of(self, request: Request) -> Session | None:
        """Return whose request it is."""
        record = self._password_record()
        if record != self._record:  # Chosen anew here, at the console or in the files.
            self._record = record
            self.gate.end_all()
        return self.gate.session(request.cookies.get(COOKIE, ""), self.now)

    # Pages and forms.

    def add_page(self, site: Site, path: str, answer: PageAnswer) -> None:
        """Answer the administrator's wish for a page."""
        site.add(path, partial(self._page, answer), guard=self.administrator)

    def add_form(
        self, site: Site, path: str, answer: FormAnswer, body_max: int = FORM_BYTES_MAX
    ) -> None:
        """Take a form of the administrator's."""
        site.add(
            path,
            partial(self._form, answer),
            guard=self.administrator,
            methods={"POST"},
            body_max=body_max,
        )

    def add_upload(self, site: Site, path: str, answer: UploadAnswer) -> None:
        """Take a form with a large file, as it comes."""
        site.add_taker(path, partial(self._upload, answer), guard=self.administrator)

    async def _upload(self, answer: UploadAnswer, request: Request, body: Body) -> Response:
        session, first = self._touched(request), b""
        try:
            reader = UploadReader(request.headers.get("Content-Type", ""))
            while not first and (piece := await body.read()):
                first = reader.feed(piece)
        except FormError as error:
            return Response(str(error), 400, reason="Bad Request")
        if session.sent(reader.fields.get(FORM_WORD, "")):
            response = await answer(session, Upload(body, reader, first))
            session.seen_at = self.now
        else:
            session.notice = GONE
            response = see_other("/")
        while await body.read():
            pass  # A browser that still sends hears no answer.
        return response

    async def _page(self, answer: PageAnswer, request: Request) -> Response:
        return await answer(request, self._touched(request))

    async def _form(self, answer: FormAnswer, request: Request) -> Response:
        session = self._touched(request)
        try:
            form = form_of(request)
        except FormError as error:
            return Response(str(error), 400, reason="Bad Request")
        if not session.sent(form.text(FORM_WORD)):
            session.notice = GONE
            return see_other("/")
        return await answer(request, session, form)

    def _touched(self, request: Request) -> Session:
        session = self.session_of(request)
        assert session is not None, "the guard has let nobody else pass"
        session.seen_at = self.now
        return session

    def page(
        self, session: Session, here: str, title: str, *content: Content, refresh: str = ""
    ) -> Response:
        """Return a page of the administrator's."""
        made = document(
            title,
            *content,
            session=session,
            here=here,
            notice=session.take_notice(),
            waits=self.waits,
            refresh=refresh,
        )
        return shown(made)

    async def refusal_of(self, password: str) -> str:
        """Say why somebody with this password is not let in, or ""."""
        if refusal := self.gate.begin_check(self.now):
            return refusal
        is_right = False
        try:
            is_right = await self.administration.is_password(password)
        finally:
            refusal = self.gate.end_check(self.now, is_right=is_right)
        return refusal

    async def change(self, session: Session, wanted: Changes) -> bool:
        """Set and forget parameters, leave a notice of what came of it; tell whether it is kept."""
        kept = await self.administration.change(wanted)
        if kept.configuration is None:
            session.notice = Notice(f"Nothing is changed: {kept.problem}", is_bad=True)
            return False
        self.waits = self.waits or any(one.needs_restart for one in kept.changed)
        told = "\n".join(one.text for one in kept.changed)
        session.notice = Notice(told or "It is as it was.")
        return True

    def note_use(self) -> bool:
        """Tell the phone whether somebody is here: it does not start anew under their hands."""
        is_used = self.gate.is_in_use(self.now)
        if is_used != self._told_use:
            self._told_use = is_used
            self.around.occupied("web", is_used)
            for work in () if is_used else self.at_end:
                work()
        return is_used

    # What the gate wants done.

    def do(self, outputs: list[object]) -> None:
        """Show the code of the first log-in on the phone's screen, or take it away."""
        for output in outputs:
            assert isinstance(output, ShowCode)
            code = output.code.text
            rows = (("Code", code), ("", "for the web page")) if code else ()
            self.around.feed(FactsTold(SETUP, rows))
        self._alarm.set(self.gate.deadline())

    def _wake(self) -> None:
        self.do(self.gate.wake(self.now))

    def _password_record(self) -> str:
        return str(self.around.configuration().value(ADMIN_PASSWORD))


def form_of(request: Request) -> Form:
    """Return the form that came with a request; raise FormError where there is none."""
    return read_form(request.headers.get("Content-Type", ""), request.body or b"")


def shown(page: Html, status: int = 200, reason: str = "") -> Response:
    """Return a page."""
    headers = {"Content-Type": "text/html; charset=utf-8"}
    return Response(page, status, headers, reason=reason or None)


def see_other(path: str) -> Response:
    """Lead to another page."""
    return Response("", 303, {"Location": path}, reason="See Other")


def attachment(name: str, kind: str, data: bytes) -> Response:
    """Return a file to be saved."""
    headers = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(data, headers=headers)


def with_cookie(response: Response, session: Session | None) -> Response:
    """Give the browser its session, or take it away."""
    value = f"{COOKIE}={session.name}" if session else f"{COOKIE}=; Max-Age=0"
    response.headers["Set-Cookie"] = f"{value}; {COOKIE_WORDS}"
    return response
