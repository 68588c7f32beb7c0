"""The directory's page, its files in and out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from microdot import Request, Response

from firmware.phone.contact_csv import write_csv
from firmware.phone.directory import Directory, DirectoryError, Merged
from firmware.phone.imported import FILE_BYTES_MAX, Imported
from firmware.phone.kept import Contact, ContactEdited, ContactsImported, ContactsKept
from firmware.phone.vcard import write_vcards
from firmware.runtime.directory_file import DIRECTORY, read_contacts
from firmware.runtime.web_reception import AROUND_FILE_MAX, Reception, attachment, see_other
from firmware.runtime.web_site import Site
from firmware.web.contact_form import (
    CONTACT,
    DELETE,
    DO,
    Filled,
    contact_form,
    filled_by,
    filled_with,
)
from firmware.web.directory_page import FILE, directory_content, imported_notice
from firmware.web.forms import Form, FormError
from firmware.web.gate import Notice, Session

QUERY_MAX = 64

GONE = "That contact was changed meanwhile, and is shown as it is now."

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
        self._reception.add_page(site, CONTACT, self._contact)
        self._reception.add_form(site, CONTACT, self._take_contact)
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

    async def _contact(self, request: Request, session: Session) -> Response:
        """Show a contact, or the form of a new one."""
        wanted = request.args.get("name")
        if wanted is None:
            return self._form_of(Filled(), session)
        for contact in await self._contacts():
            if contact.name == wanted:
                return self._form_of(filled_with(contact), session)
        session.notice = Notice(GONE, is_bad=True)
        return see_other("/directory")

    def _form_of(self, filled: Filled, session: Session) -> Response:
        content = contact_form(filled, session)
        return self._reception.page(session, "/directory", "Directory", content)

    async def _take_contact(self, _: Request, session: Session, form: Form) -> Response:
        """Add, change or delete a contact, where nobody at the keys was quicker."""
        try:
            filled = filled_by(form)
        except FormError as error:
            return Response(str(error), 400, reason="Bad Request")
        try:
            after = None if form.text(DO) == DELETE else filled.contact
        except DirectoryError as error:
            return self._again(filled, str(error), session)
        before = filled.before
        problem = await asyncio.to_thread(_problem, await self._contacts(), before, after)
        if problem:
            return self._again(filled, problem, session)
        self._reception.around.feed(ContactEdited(before, after))
        session.notice = await self._outcome(before, after)
        return see_other("/directory")

    def _again(self, filled: Filled, problem: str, session: Session) -> Response:
        session.notice = Notice(f"Nothing is changed: {problem}.", is_bad=True)
        return self._form_of(filled, session)

    async def _outcome(self, before: Contact | None, after: Contact | None) -> Notice:
        """Say what the phone made of it, which it tells in the loop's next turn."""
        await asyncio.sleep(0)
        contacts = await self._contacts()
        if after is None:
            assert before is not None
            words, is_done = f'"{before.name}" is deleted.', before not in contacts
        else:
            words, is_done = f'"{after.name}" is kept.', after in contacts
        return Notice(words) if is_done else Notice(GONE, is_bad=True)

    async def _contacts(self) -> Sequence[Contact]:
        """Return the contacts as they are now: those of the file, until one has changed."""
        around = self._reception.around
        if around.status.contacts is not None:
            return around.status.contacts
        state = around.store.state_directory
        assert state is not None, "a running phone has a state folder"
        return (await asyncio.to_thread(DIRECTORY.read, state)).entries


def _directory(contacts: Sequence[Contact]) -> Directory:
    directory = Directory()
    directory.kept(ContactsKept(tuple(contacts)))
    return directory


def _problem(contacts: Sequence[Contact], before: Contact | None, after: Contact | None) -> str:
    """Say why a contact may not take another's place, or "". Runs in a thread."""
    return _directory(contacts).edit_problem(before, after)


def _read(data: bytes, before: Sequence[Contact]) -> tuple[Imported, Merged]:
    """Read a file; say what will come of it. Runs in a thread."""
    found = read_contacts(data)
    merged, _ = _directory(before).merge(found.contacts)
    return found, merged
