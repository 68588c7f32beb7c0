"""The directory: search by digit keys, several numbers, duplicates, limits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.phone.directory import (
    CONTACTS_MAX,
    NUMBERS_MAX,
    Directory,
    DirectoryError,
    checked,
    is_same_number,
    keys_of,
    plain_number,
)
from firmware.phone.kept import (
    Contact,
    ContactEdited,
    ContactNumber,
    ContactsImported,
    ContactsKept,
    DirectoryLog,
    NumberKind,
)
from tests.unit.phone.rig import Rig

WORK = NumberKind.WORK


def contact(name: str, *numbers: str) -> Contact:
    return checked(name, [ContactNumber(WORK, number) for number in numbers or ("1",)])


def filled(*names: str) -> Directory:
    directory = Directory()
    directory.merge(contact(name) for name in names)
    return directory


def found(directory: Directory, keys: str) -> list[str]:
    return [contact.name for contact in directory.search(keys)]


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ("2", ["Anna Bauer", "Batman", "Cäsar Bät"]),
        ("228", ["Anna Bauer", "Batman", "Cäsar Bät"]),
        ("2280", []),
        ("22837", ["Anna Bauer"]),
        ("266202", ["Anna Bauer"]),
        ("26622", ["Anna Bauer"]),
        ("22727", ["Cäsar Bät"]),
        ("637", ["Œrsted-Müller"]),
        ("6855", ["Œrsted-Müller"]),
        ("63778330", ["Œrsted-Müller"]),
        ("787", ["Strauß"]),
        ("78728777", []),
        ("7872877", ["Strauß"]),
        ("9999", []),
    ],
)
def test_keys_find_names(keys: str, names: list[str]) -> None:
    directory = filled("Batman", "Anna Bauer", "Cäsar Bät", "Œrsted-Müller", "Strauß")
    assert found(directory, keys) == names


def test_keys_find_numbers_too() -> None:
    directory = Directory()
    directory.merge([contact("Bert", "+49 30 1234", "603"), contact("Anna", "605")])
    assert found(directory, "60") == ["Anna", "Bert"]
    assert found(directory, "4930") == ["Bert"]
    assert found(directory, "*") == []


def test_contacts_are_in_the_order_of_their_names() -> None:
    directory = filled("Zoe", "änne", "Anna", "Ärmel", "bert")
    assert [c.name for c in directory.contacts] == ["Anna", "änne", "Ärmel", "bert", "Zoe"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (" +49 (30) 12-34/5.6 ", "+493012 3456".replace(" ", "")),
        ("tel:+49-30-1;ext=5", "+49301"),
        ("SIP:bert@example.org;transport=tls", "bert@example.org"),
        ("*21#", "*21#"),
        ("bert@example.org", "bert@example.org"),
    ],
)
def test_numbers_are_written_as_they_are_dialled(text: str, number: str) -> None:
    assert plain_number(text) == number


@pytest.mark.parametrize("text", ["", " ", "call me", "12a", "a b@c", "bert@", "@host", "1" * 65])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(DirectoryError):
        plain_number(text)


@pytest.mark.parametrize(
    ("name", "numbers", "said"),
    [
        ("", ["1"], "a name is missing"),
        ("x" * 65, ["1"], "is longer than 64 characters"),
        ("a\x00b", ["1"], "holds a control character"),
        ("Bert", [], '"Bert" has no number'),
        ("Bert", ["1", "2", "3", "4", "5"], f"more than {NUMBERS_MAX} numbers"),
        ("Bert", ["x"], '"x" is no number'),
    ],
)
def test_a_contact_that_cannot_be_kept_is_named(name: str, numbers: list[str], said: str) -> None:
    with pytest.raises(DirectoryError, match=said):
        checked(name, [ContactNumber(WORK, number) for number in numbers])


def test_two_contacts_of_one_name_are_one() -> None:
    directory = Directory()
    first, _ = directory.merge([contact("Bert", "1"), contact("BERT", "2", "1"), contact("Anna")])
    assert (first.added, first.changed, first.known) == (2, 1, 0)
    assert [n.number for n in directory.contacts[1].numbers] == ["1", "2"]
    again, out = directory.merge([contact("bert", "2")])
    assert (again.known, out) == (1, [])


def test_more_numbers_than_a_contact_has_room_for_are_said() -> None:
    directory = Directory()
    directory.merge([contact("Bert", "1", "2", "3")])
    merged, _ = directory.merge([contact("Bert", "4", "5")])
    assert merged.problems == ('"Bert" has more than 4 numbers',)
    assert len(directory.contacts[0].numbers) == 3


def test_contacts_are_edited_and_removed() -> None:
    directory = filled("Anna", "Bert")
    anna, bert = directory.contacts
    renamed = contact("Carl", "5")
    assert directory.replace(anna, renamed) == [DirectoryLog((bert, renamed))]
    assert found(directory, "2662") == []
    assert found(directory, "2275") == ["Carl"]
    with pytest.raises(DirectoryError, match="is there already"):
        directory.replace(renamed, contact("Bert", "7"))
    assert directory.replace(renamed, contact("CARL", "6")) != []
    directory.remove(bert)
    assert [c.name for c in directory.contacts] == ["CARL"]
    assert directory.kept(ContactsKept((bert,))) == []
    assert [c.name for c in directory.contacts] == ["Bert", "CARL"]


def test_a_full_directory_says_so_and_is_searched_quickly() -> None:
    names = [f"Person{chr(97 + n % 26)} Number{n}" for n in range(CONTACTS_MAX + 3)]
    directory = Directory()
    merged, _ = directory.merge(contact(name, "1") for name in names)
    assert merged.added == CONTACTS_MAX
    assert merged.problems == (f"the directory is full: {CONTACTS_MAX} contacts",)
    begun = time.process_time()
    for keys in ("7", "73", "7377662", "9"):
        directory.search(keys)
    assert time.process_time() - begun < 0.5


def test_a_name_is_found_by_its_number_in_any_form() -> None:
    directory = Directory()
    directory.merge([contact("Bert", "030 1234567", "603"), contact("Anna", "+49 170 7654321")])
    assert directory.name_of("+49301234567") == "Bert"
    assert directory.name_of("603") == "Bert"
    assert directory.name_of("01707654321") == "Anna"
    assert directory.name_of("60") == directory.name_of("234567") == ""
    assert not is_same_number("1234567", "bert@example.org")


some_numbers = st.lists(st.text("+0129", min_size=1, max_size=10), min_size=1, max_size=3)


@settings(max_examples=200, deadline=None)
@given(some_numbers, some_numbers, st.text("+0129", max_size=10), st.booleans())
def test_the_first_who_has_the_number_in_any_form_is_found(
    annas: list[str], berts: list[str], asked: str, prefixed: bool
) -> None:
    asked = f"+49{annas[0].lstrip('+0')}" if prefixed else asked
    directory = Directory()
    directory.merge([contact("Bert", *berts), contact("Anna", *annas)])
    fitting = [
        entry.name
        for entry in directory.contacts
        if any(is_same_number(asked, number.number) for number in entry.numbers)
    ]
    assert directory.name_of(asked) == next(iter(fitting), "")


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_whatever_a_name_is_its_own_keys_find_it(name: str) -> None:
    try:
        entry = contact(name)
    except DirectoryError:
        return
    directory = Directory()
    directory.merge([entry])
    for word in entry.name.replace("-", " ").split():
        if keys := keys_of(word):
            assert directory.search(keys) == (entry,)


def test_contacts_that_an_administrator_sends_are_kept() -> None:
    old, new = (ContactNumber(NumberKind.WORK, number) for number in ("202", "203"))
    rig = Rig()
    rig.feed(ContactsKept((Contact("Bert", (old,)),)))
    out = rig.feed(ContactsImported((Contact("Bert", (new,)), Contact("Anna", (new,)))))
    assert DirectoryLog((Contact("Anna", (new,)), Contact("Bert", (old, new)))) in out
    assert rig.feed(ContactsImported((Contact("Anna", (new,)),))) == []


BERT, EVE = contact("Bert", "202"), contact("Eve", "204")


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        (None, contact("Anna", "203"), [contact("Anna", "203"), BERT, EVE]),
        (BERT, contact("Bert", "9"), [contact("Bert", "9"), EVE]),
        (BERT, contact("BERT", "9"), [contact("BERT", "9"), EVE]),
        (BERT, contact("Zoe", "202"), [EVE, contact("Zoe", "202")]),
        (EVE, None, [BERT]),
    ],
    ids=["added", "changed", "in capitals", "renamed", "deleted"],
)
def test_a_contact_that_an_administrator_edits_is_kept(
    before: Contact | None, after: Contact | None, left: list[Contact]
) -> None:
    rig = Rig()
    rig.feed(ContactsKept((BERT, EVE)))
    assert DirectoryLog(tuple(left)) in rig.feed(ContactEdited(before, after))


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (contact("Bert", "203"), contact("Bert", "9"), '"Bert" was changed meanwhile'),
        (contact("Carl", "203"), contact("Carl", "9"), '"Carl" was changed meanwhile'),
        (contact("Bert", "203"), None, '"Bert" was changed meanwhile'),
        (None, contact("bert", "9"), '"bert" is there already'),
        (BERT, contact("Eve", "202"), '"Eve" is there already'),
    ],
)
def test_what_somebody_at_the_keys_has_changed_is_never_overwritten(
    before: Contact | None, after: Contact | None, why: str
) -> None:
    rig, directory = Rig(), Directory()
    rig.feed(ContactsKept((BERT, EVE)))
    directory.kept(ContactsKept((BERT, EVE)))
    assert directory.edit_problem(before, after) == why
    assert rig.feed(ContactEdited(before, after)) == []


def test_a_directory_that_is_full_takes_a_change_and_no_new_contact() -> None:
    directory = filled(*(f"Contact {number}" for number in range(CONTACTS_MAX)))
    first = directory.contacts[0]
    assert directory.edit_problem(None, EVE) == "the directory is full: 1000 contacts"
    assert directory.edited(None, EVE) == []
    assert directory.edit_problem(first, EVE) == ""
    assert EVE in next(
        log.contacts for log in directory.edited(first, EVE) if isinstance(log, DirectoryLog)
    )
