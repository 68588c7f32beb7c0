"""The programmable keys as a table: a row for each key, with its type, value, label and account."""

from __future__ import annotations

from collections.abc import Sequence

from config.configuration import Configuration
from config.layers import Key
from config.parameters import written
from firmware.web.chapters import Section, keys, parameter_of
from firmware.web.gate import Session
from firmware.web.html import Html, prose, tag
from firmware.web.layout import button, form
from firmware.web.parameter_form import Typed
from firmware.web.parameter_page import control, own_or_typed, slug
from firmware.web.status_page import section

COLUMNS = ("type", "value", "label", "line")


def key_form(
    held: Configuration,
    sections: Sequence[Section],
    session: Session,
    action: str,
    typed: Typed,
) -> Html:
    """Return the table as a form."""
    rows: dict[str, list[Key]] = {}
    for key in keys(sections):
        rows.setdefault(key[0].partition(" ")[0], []).append(key)
    head = tag(
        "tr",
        tag("th", "Key", scope="col"),
        *(tag("th", _title(name), scope="col") for name in COLUMNS),
    )
    body = [_row(held, name, cells, typed) for name, cells in rows.items()]
    table = tag("table", tag("thead", head), tag("tbody", *body), class_="keys")
    help_ = [
        tag("li", tag("strong", f"{name}: "), prose(parameter_of((f"softkey1 {name}", 0)).help))
        for name in COLUMNS
    ]
    return form(
        action,
        session,
        section("Programmable keys", tag("ul", *help_, class_="help"), table),
        tag("p", button("Save"), class_="save"),
    )


def _title(column: str) -> str:
    return {"line": "Account"}.get(column, column.capitalize())


def _row(held: Configuration, name: str, cells: Sequence[Key], typed: Typed) -> Html:
    number = name.removeprefix("softkey")
    made = [_cell(held, key, typed) for key in cells]
    return tag("tr", tag("th", number, scope="row"), *made)


def _cell(held: Configuration, key: Key, typed: Typed) -> Html:
    whole = written(*key)
    error = typed.errors.get(whole, "")
    described = f"{slug(whole)}-error" if error else None
    box = control(
        held, key, own_or_typed(held, key, typed), described, is_bad=bool(error), label=whole
    )
    sentence = tag("p", error, id=described, class_="error") if error else None
    return tag("td", box, sentence, data_title=_title(whole.rpartition(" ")[2]))
