"""The directory's page, its files in and out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from microdot import Request, Response

from firmware.phone.contact_csv import write_csv
from firmware.phone.directory import Directory, Merged
from firmware.phone.imported import FILE_BYTES_MAX, Imported
from firmware.phone.kept import Contact, ContactsImported, ContactsKept
from firmware.phone.vcard import write_vcards
from firmware.runtime.directory_file import DIRECTORY, read_contacts
from firmware.runtime.web_reception import AROUND_FILE_MAX, Reception, attachment, see_other
from firmware.runtime.web_site import Site
from firmware.web.directory_page import FILE, directory_content, imported_notice
from firmware.web.forms import Form
from firmware.web.gate import Notice, Session

QUERY_MAX = 64

Writer = Callable[[tuple[Contact, ...]], bytes]


class DirectoryPage:
    """The routes of it."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def add_to(self, site: Site) -> None:
        """Answer where the directory is."""
        self._reception.add_page(site, "/directory", self._page)
        for name, kind, write in (
            ("contacts.vcf", "text/vcard", write_vcards),
            ("contacts.csv", "text/csv", write_csv),
        ):
            export = partial(self._export, name, kind, write)
            self._reception.add_page(site, f"/directory/{name}", export)
        body_max = FILE_BYTES_MAX + AROUND_FILE_MAX
        self._reception.add_form(site, "/directory/import", self._import, body_max)

    async def _page(self, request: Request, session: Session) -> Response:
        wanted = request.args.get("q", "").strip()[:QUERY_MAX]
        content = directory_content(await self._contacts(), wanted, session)
        return self._reception.page(session, "/directory", "Directory", *content)

    async def _export(
        self, name: str, kind: str, write: Writer, _: Request, __: Session
    ) -> Response:
        data = await asyncio.to_thread(write, tuple(await self._contacts()))
        return attachment(name, kind, data)

    async def _import(self, _: Request, session: Session, form: Form) -> Response:
        """Take in a file of contacts, whichever of the two it is."""
        data = form.files.get(FILE, b"")
        if not data:
            session.notice = Notice("No file was chosen.", is_bad=True)
            return see_other("/directory")
        before = await self._contacts()
        found, merged = await asyncio.to_thread(_read, data, before)
        self._reception.around.feed(ContactsImported(found.contacts))
        session.notice = imported_notice(found, merged)
        return see_other("/directory")

    async def _contacts(self) -> Sequence[Contact]:
        """Return the contacts as they are now: those of the file, until one has changed."""
        around = self._reception.around
        if around.status.contacts is not None:
            return around.status.contacts
        state = around.store.state_directory
        assert state is not None, "a running phone has a state folder"
        return (await asyncio.to_thread(DIRECTORY.read, state)).entries


def _read(data: bytes, before: Sequence[Contact]) -> tuple[Imported, Merged]:
    """Read a file; say what will come of it. Runs in a thread."""
    found = read_contacts(data)
    directory = Directory()
    directory.kept(ContactsKept(tuple(before)))
    merged, _ = directory.merge(found.contacts)
    return found, merged
