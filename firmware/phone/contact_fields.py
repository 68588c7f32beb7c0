"""A contact as the fields of a JSON object, on disk and in a form."""

from __future__ import annotations

from firmware.phone.directory import DirectoryError, checked
from firmware.phone.kept import Contact, ContactNumber, NumberKind


def contact_fields(contact: Contact) -> dict[str, object]:
    """Return a contact as a JSON object."""
    numbers = [{"kind": number.kind.value, "number": number.number} for number in contact.numbers]
    return {"name": contact.name, "numbers": numbers}


def contact_of(fields: object) -> Contact:
    """Return the contact that an object stands for; ValueError where it stands for none."""
    if not isinstance(fields, dict) or not isinstance(fields.get("name"), str):
        raise ValueError("an entry is an object with a name")
    numbers = fields.get("numbers")
    if not isinstance(numbers, list):
        raise ValueError("numbers are a list")
    contact = checked(fields["name"], [_number_of(number) for number in numbers])
    if contact_fields(contact) != fields:
        raise DirectoryError("not as this phone writes it")
    return contact


def _number_of(fields: object) -> ContactNumber:
    if not isinstance(fields, dict) or not isinstance(fields.get("number"), str):
        raise ValueError("a number is an object")
    return ContactNumber(NumberKind(fields.get("kind")), fields["number"])
