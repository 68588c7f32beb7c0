"""The pages of parameters, and the certificate files that are sent to the phone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from microdot import Request, Response

from firmware.console.certificates import PASTED_MAX
from firmware.provision.server import checked_update_uri
from firmware.runtime.device_facts import network
from firmware.runtime.web_reception import AROUND_FILE_MAX, Reception, Upload, see_other
from firmware.runtime.web_site import Site
from firmware.web import chapters
from firmware.web.account_page import ACCOUNT, account_links, account_of
from firmware.web.certificate_forms import ACTION, FILE, TITLES, WHICH, certificate_section
from firmware.web.chapters import Section
from firmware.web.forms import Form
from firmware.web.gate import Notice, Session
from firmware.web.html import Content
from firmware.web.key_page import key_form
from firmware.web.parameter_form import Typed, read
from firmware.web.parameter_page import (
    NOTHING_TYPED,
    parameter_form,
    unknown_section,
    wrong_fields,
)
from firmware.web.status_page import facts, section
from firmware.web.updates_page import FETCH, UPDATE, UPLOAD, URI, fetch_section, firmware_section

WRONG = Notice("Nothing is changed yet: look at what is marked.", is_bad=True)

Around = Callable[[Request, Session], Awaitable[Sequence[Content]]]
Sections = Callable[[Request], Sequence[Section]]


async def nothing(_: Request, __: Session) -> Sequence[Content]:
    """Return nothing: the parameters stand alone."""
    return ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page with parameters; `above` is what stands before them, `below` what comes after."""

    path: str
    title: str
    sections: Sections
    above: Around = nothing
    below: Around = nothing


class ParameterPages:
    """The routes of them."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def add_to(self, site: Site) -> None:
        """Answer where parameters are shown and set."""
        rest = chapters.rest()
        for chapter in (
            Chapter("/link", "Link and TLS", lambda _: chapters.LINK, below=self._certificates),
            Chapter("/accounts", "Accounts", _account_sections, above=self._accounts),
            Chapter("/network", "Network", lambda _: chapters.NETWORK, above=self._network),
            Chapter("/dialling", "Dialling", lambda _: chapters.DIALLING),
            Chapter("/keys", "Keys", lambda _: chapters.KEY_SECTIONS),
            Chapter("/updates", "Updates", lambda _: chapters.UPDATES, self._fetched, self._files),
            Chapter("/parameters", "More parameters", lambda _: rest),
        ):
            self.add_chapter(site, chapter)
        self._reception.add_form(site, ACTION, self._keep_file, PASTED_MAX + AROUND_FILE_MAX)
        self._reception.add_form(site, FETCH, self._fetch)
        self._reception.add_form(site, UPDATE, self._update)
        self._reception.add_upload(site, UPLOAD, self._receive)

    def add_chapter(self, site: Site, chapter: Chapter) -> None:
        """Answer where a page is, and what is sent from it."""
        self._reception.add_page(site, chapter.path, partial(self._page, chapter))
        self._reception.add_form(site, chapter.path, partial(self._take, chapter))

    async def _page(self, chapter: Chapter, request: Request, session: Session) -> Response:
        return await self._shown(chapter, request, session, NOTHING_TYPED)

    async def _shown(
        self, chapter: Chapter, request: Request, session: Session, typed: Typed
    ) -> Response:
        held, sections = self._reception.around.configuration(), chapter.sections(request)
        make = key_form if sections is chapters.KEY_SECTIONS else parameter_form
        return self._reception.page(
            session,
            chapter.path,
            chapter.title,
            wrong_fields(typed),
            *await chapter.above(request, session),
            make(held, sections, session, _here(request), typed),
            *await chapter.below(request, session),
        )

    async def _take(
        self, chapter: Chapter, request: Request, session: Session, form: Form
    ) -> Response:
        keys = chapters.keys(chapter.sections(request))
        typed = read(self._reception.around.configuration(), keys, form)
        if typed.errors:
            session.notice = WRONG
            return await self._shown(chapter, request, session, typed)
        await self._reception.change(session, typed.changes)
        return see_other(_here(request))

    # What stands around the parameters.

    async def _certificates(self, _: Request, session: Session) -> Sequence[Content]:
        entries = await self._reception.administration.certificates()
        return (certificate_section(self._reception.around.configuration(), entries, session),)

    async def _keep_file(self, _: Request, session: Session, form: Form) -> Response:
        """Keep a certificate file that was sent."""
        parameter = form.text(WHICH)
        held = self._reception.around.configuration()
        if parameter not in TITLES or not held.may_change(parameter):
            session.notice = Notice("That file is set by the files of the phone.", is_bad=True)
        elif FILE not in form.files:
            session.notice = Notice("No file was chosen.", is_bad=True)
        else:
            pem = form.files[FILE].decode("ascii", errors="replace")
            kept = await self._reception.administration.keep_pem(parameter, pem)
            session.notice = Notice(f"{TITLES[parameter]}: {kept.text}", is_bad=not kept.is_used)
        return see_other("/link")

    async def _accounts(self, request: Request, _: Session) -> Sequence[Content]:
        return (account_links(self._reception.sight(), _account_of(request)),)

    async def _network(self, _: Request, __: Session) -> Sequence[Content]:
        return (section("This device", facts(list(network().rows))),)

    async def _fetched(self, _: Request, session: Session) -> Sequence[Content]:
        provisioning = self._reception.around.provisioning()
        return (
            fetch_section(provisioning.status if provisioning else None, session),
            firmware_section(self._reception.administration.update_status, session),
        )

    async def _update(self, _: Request, session: Session, form: Form) -> Response:
        """Have another firmware fetched and installed."""
        uri = form.text(URI).strip()
        try:
            refusal = self._reception.administration.update(checked_update_uri(uri) if uri else "")
        except ValueError as error:
            refusal = f"no update from there: {error}"
        begun = "The update begins when nobody uses the phone. This page shows how far it is."
        session.notice = Notice(refusal or begun, is_bad=bool(refusal))
        return see_other("/updates")

    async def _receive(self, session: Session, upload: Upload) -> Response:
        """Take a file of firmware, and have it installed."""
        why_not = "No file was chosen."
        if upload.first:
            administration = self._reception.administration
            why_not = await administration.receive(upload.body, upload.reader, upload.first)
        begun = "The file is here. It is installed when nobody uses the phone."
        session.notice = Notice(why_not or begun, is_bad=bool(why_not))
        return see_other("/updates")

    async def _fetch(self, _: Request, session: Session, __: Form) -> Response:
        """Ask the server of files now."""
        if provisioning := self._reception.around.provisioning():
            provisioning.ask()
            session.notice = Notice("The server is asked. This page shows what came of it.")
        return see_other("/updates")

    async def _files(self, _: Request, __: Session) -> Sequence[Content]:
        return (unknown_section(self._reception.around.configuration()),)


def _account_of(request: Request) -> int:
    return account_of(request.args.get(ACCOUNT, ""))


def _account_sections(request: Request) -> Sequence[Section]:
    return chapters.account(_account_of(request))


def _here(request: Request) -> str:
    """Return where a page is, with the account that it is of."""
    number = _account_of(request)
    return f"{request.path}?{ACCOUNT}={number}" if number else str(request.path)
