"""The directory on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.phone.directory import CONTACTS_MAX, DirectoryError, checked
from firmware.phone.kept import Contact, ContactNumber, NumberKind
from firmware.runtime.kept_file import KeptFile

if TYPE_CHECKING:
    from firmware.phone.imported import Imported

VCARD = b"BEGIN:VCARD"

FILE_BYTES_MAX = 2 * 1024 * 1024
"""A thousand contacts of the longest texts have up to 1.5 MB; usual ones 0.1 MB."""


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


DIRECTORY = KeptFile(
    "the directory",
    contact_fields,
    contact_of,
    name="directory",
    list_name="contacts",
    entries_max=CONTACTS_MAX,
    bytes_max=FILE_BYTES_MAX,
)


def read_contacts(data: bytes) -> Imported:
    """Read a file of contacts that somebody else wrote, vCards or CSV."""
    from firmware.phone.contact_csv import read_csv
    from firmware.phone.vcard import read_vcards

    return read_vcards(data) if VCARD in data[:1000].upper() else read_csv(data)
