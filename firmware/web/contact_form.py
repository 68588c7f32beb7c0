"""One contact as a form: a name and up to four numbers, each of a kind.

The form carries what it was made from, so that what somebody changed at the keys meanwhile is never
overwritten: see `ContactEdited`. What is wrong is said, and what was typed stays in the fields.
"""

from __future__ import annotations

import json

from firmware.frozen import frozen
from firmware.phone.contact_fields import contact_fields, contact_of
from firmware.phone.directory import NUMBERS_MAX, checked
from firmware.phone.kept import Contact, ContactNumber, NumberKind
from firmware.web.forms import Form, FormError
from firmware.web.gate import Session
from firmware.web.html import Html, tag
from firmware.web.layout import button, form
from firmware.web.status_page import section

CONTACT = "/directory/contact"

BEFORE, NAME, DO, DELETE = "before", "name", "do", "delete"
"""Fields of the form, and what the button of that name says."""

PLACES = range(1, NUMBERS_MAX + 1)


@frozen
class Filled:
    """A form as it is filled in; `before` is what it was made from."""

    before: Contact | None = None
    name: str = ""
    numbers: tuple[tuple[str, str], ...] = ()  # Kind and number.

    @property
    def contact(self) -> Contact:
        """The contact that it stands for; DirectoryError where it stands for none."""
        numbers = (ContactNumber(NumberKind(kind), text) for kind, text in self.numbers if text)
        return checked(self.name, numbers)


def filled_with(contact: Contact) -> Filled:
    """Return the form of a contact."""
    numbers = tuple((number.kind.value, number.number) for number in contact.numbers)
    return Filled(contact, contact.name, numbers)


def filled_by(sent: Form) -> Filled:
    """Return a form as it was sent; FormError where no form of ours is like that."""
    try:
        known = json.loads(sent.text(BEFORE) or "null")
        before = None if known is None else contact_of(known)
        kinds = [NumberKind(sent.text(f"kind{place}") or NumberKind.WORK) for place in PLACES]
    except (ValueError, RecursionError):
        raise FormError("this is not what a form of a contact sends") from None
    texts = (sent.text(f"number{place}").strip() for place in PLACES)
    numbers = zip((kind.value for kind in kinds), texts, strict=True)
    if before is None and sent.text(DO) == DELETE:
        raise FormError("nothing is named to delete")
    return Filled(before, sent.text(NAME).strip(), tuple(numbers))


def contact_form(filled: Filled, session: Session) -> Html:
    """Return the form, with a button that deletes a contact that is there."""
    before = filled.before
    known = None
    if before is not None:
        seen = json.dumps(contact_fields(before))
        known = tag("input", type="hidden", name=BEFORE, value=seen)
    delete = button("Delete this contact", name=DO, value=DELETE, quiet=True)
    sure = tag("details", tag("summary", "Delete"), tag("p", delete))
    empty = (NumberKind.WORK.value, "")
    numbers = (*filled.numbers, *[empty] * (NUMBERS_MAX - len(filled.numbers)))
    return section(
        before.name if before else "New contact",
        form(
            CONTACT,
            session,
            known,
            _field("Name", NAME, filled.name),
            *(_number(place, *number) for place, number in zip(PLACES, numbers, strict=True)),
            tag("p", button("Save")),
            sure if before else None,
        ),
        tag("p", tag("a", "Back to the directory", href="/directory")),
    )


def _field(label: str, name: str, text: str) -> Html:
    entry = tag("input", id=name, name=name, value=text, autocomplete="off")
    return tag("p", tag("label", label, for_=name), entry, class_="field")


def _number(place: int, kind: str, text: str) -> Html:
    name = f"kind{place}"
    options = (
        tag("option", one.value, value=one.value, selected=one.value == kind) for one in NumberKind
    )
    return tag(
        "div",
        _field(f"Number {place}", f"number{place}", text),
        tag(
            "p",
            tag("label", f"Kind of number {place}", for_=name),
            tag("select", *options, id=name, name=name),
            class_="field",
        ),
        class_="number",
    )
