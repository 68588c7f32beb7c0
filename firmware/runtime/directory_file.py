"""The directory on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.phone.contact_fields import contact_fields, contact_of
from firmware.phone.directory import CONTACTS_MAX
from firmware.runtime.kept_file import KeptFile

if TYPE_CHECKING:
    from firmware.phone.imported import Imported

VCARD = b"BEGIN:VCARD"

FILE_BYTES_MAX = 2 * 1024 * 1024
"""A thousand contacts of the longest texts have up to 1.5 MB; usual ones 0.1 MB."""


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
