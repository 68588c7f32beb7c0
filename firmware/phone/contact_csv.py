"""Contacts as comma-separated values (RFC 4180), as spreadsheets and mail programs write them.

The first line may name the columns; what it names and this phone does not know is left out. Without
such a line, the first column is the name and the others are numbers. The separator is a comma, a
semicolon (as spreadsheets write in countries where the comma parts decimals) or a tabulator.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from firmware.phone.directory import NUMBERS_MAX
from firmware.phone.imported import LINES_MAX, Imported, Reading, decoded
from firmware.phone.kept import Contact, ContactNumber, NumberKind

SEPARATORS = (",", ";", "\t")

NAMES = {"name", "full name", "display name", "anzeigename", "nom", "nombre"}
FIRST_NAMES = {"first name", "given name", "vorname", "prénom"}
LAST_NAMES = {"last name", "family name", "surname", "nachname"}
KINDS = {
    "mobile": NumberKind.MOBILE,
    "cell": NumberKind.MOBILE,
    "mobil": NumberKind.MOBILE,
    "home": NumberKind.HOME,
    "privat": NumberKind.HOME,
    "work": NumberKind.WORK,
    "business": NumberKind.WORK,
    "office": NumberKind.WORK,
    "phone": NumberKind.WORK,
    "number": NumberKind.WORK,
    "telefon": NumberKind.WORK,
    "other": NumberKind.OTHER,
}
"""What kind of number a column holds whose title has this word; the first that fits."""

NO_NUMBERS = ("fax", "type", "label", "mail", "address", "street", "pager")
"""Words of columns that hold no number to call."""

SEVERAL = ":::"
"""Between several numbers of one kind, as Google writes them."""


def read_csv(data: bytes) -> Imported:
    """Read a file of contacts."""
    text, reading = decoded(data), Reading()
    rows = csv.reader(StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    columns: list[NumberKind | str] | None = None
    try:
        for row in rows:
            if rows.line_num > LINES_MAX:
                reading.wrong(rows.line_num, f"only {LINES_MAX} lines are read")
                break
            if not any(cell.strip() for cell in row):
                continue
            if columns is None:
                columns = _columns(row)
                if columns is not None:
                    continue
                columns = ["name", *[NumberKind.WORK] * NUMBERS_MAX]
            reading.add(rows.line_num, *_contact(columns, row))
    except csv.Error as error:
        reading.wrong(rows.line_num, f"not readable as CSV: {error}")
    return reading.done()


def _separator(text: str) -> str:
    """Return what parts the columns of the first line."""
    first = text.lstrip().partition("\n")[0]
    return max(SEPARATORS, key=first.count)


def _columns(row: list[str]) -> list[NumberKind | str] | None:
    """Return what the columns hold, None where the line names none."""
    columns = [_column(title.strip().lower()) for title in row]
    named = {"name", "first", "last"} & {column for column in columns if isinstance(column, str)}
    return columns if named else None


def _column(title: str) -> NumberKind | str:
    for names, column in ((NAMES, "name"), (FIRST_NAMES, "first"), (LAST_NAMES, "last")):
        if title in names:
            return column
    if any(word in title for word in NO_NUMBERS):
        return ""
    return next((kind for word, kind in KINDS.items() if word in title), "")


def _contact(
    columns: list[NumberKind | str], row: list[str]
) -> tuple[str, tuple[ContactNumber, ...]]:
    cells = list(zip(columns, (cell.strip() for cell in row), strict=False))

    def text(wanted: str) -> str:
        return next((cell for column, cell in cells if column == wanted and cell), "")

    name = text("name") or f"{text('first')} {text('last')}".strip()
    return name, tuple(_numbers(cells))


def _numbers(cells: list[tuple[NumberKind | str, str]]) -> Iterator[ContactNumber]:
    for column, cell in cells:
        if isinstance(column, NumberKind):
            for number in cell.split(SEVERAL):
                if number.strip():
                    yield ContactNumber(column, number)


def write_csv(contacts: tuple[Contact, ...]) -> bytes:
    """Return a file that spreadsheets and `read_csv` read: a column for each kind of number."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(["name", *(kind.value for kind in NumberKind)])
    for contact in contacts:
        by_kind = (
            SEVERAL.join(number.number for number in contact.numbers if number.kind is kind)
            for kind in NumberKind
        )
        writer.writerow([contact.name, *by_kind])
    return out.getvalue().encode("utf-8-sig")
