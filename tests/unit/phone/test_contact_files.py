"""Contacts in files: CSV as programs write it, vCards of three versions, bad lines by number."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.phone.contact_csv import read_csv, write_csv
from firmware.phone.directory import CONTACTS_MAX, DirectoryError, checked
from firmware.phone.imported import LINES_MAX, PROBLEMS_MAX, Imported
from firmware.phone.kept import Contact, ContactNumber, NumberKind
from firmware.phone.vcard import read_vcards, write_vcards


def written(found: Imported) -> list[str]:
    return [
        f"{c.name}: {', '.join(f'{n.kind.value} {n.number}' for n in c.numbers)}"
        for c in found.contacts
    ]


CSVS = [
    ("name,work,mobile\nBert,603,0170 1\n", ["Bert: work 603, mobile 01701"]),
    ("Bert,603\r\nAnna,604,605\r\n", ["Bert: work 603", "Anna: work 604, work 605"]),
    ("Name;Telefon;Mobil\nBert;603;\nAnna;;0171\n", ["Bert: work 603", "Anna: mobile 0171"]),
    ("Full Name\tHome\nBert\t603\n", ["Bert: home 603"]),
    ('"Bert, Sales","6 03"\n', ["Bert, Sales: work 603"]),
    (
        "First Name,Last Name,E-mail Address,Business Phone,Business Fax,Mobile Phone\n"
        "Bert,Meier,b@example.org,603,699,0170\n",
        ["Bert Meier: work 603, mobile 0170"],
    ),
    (
        "Name,Phone 1 - Type,Phone 1 - Value,Phone 2 - Value\nBert,Work,1 ::: 2,3\n",
        ["Bert: work 1, work 2, work 3"],
    ),
    ("\n\nname,number\n\nBert,603\n", ["Bert: work 603"]),
]


@pytest.mark.parametrize(("text", "contacts"), CSVS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_as_programs_write_it(text: str, contacts: list[str], encoding: str) -> None:
    found = read_csv(text.encode(encoding))
    assert written(found) == contacts
    assert found.problems == ()


def test_csv_of_an_old_spreadsheet() -> None:
    assert written(read_csv("Müller;603\n".encode("cp1252"))) == ["Müller: work 603"]


def test_bad_lines_are_named_and_lose_no_other() -> None:
    found = read_csv(b'name,number\nBert,\n,12\nAnna,604\n"Two\nlines",call me\n')
    assert written(found) == ["Anna: work 604"]
    assert found.problems == (
        'line 2: "Bert" has no number',
        "line 3: a name is missing",
        'line 6: "call me" is no number',
    )


@pytest.mark.parametrize("data", [b'Bert,"603\n', b"a,\x00\n", b'"a"b,1\n', b"a," + b"1" * 200_000])
def test_what_is_no_csv_is_said(data: bytes) -> None:
    found = read_csv(data)
    assert found.contacts == ()
    assert found.problems[0].startswith("line ")


def test_a_large_file_is_bounded() -> None:
    many = read_csv(b"".join(b"P%d,%d\n" % (n, n) for n in range(CONTACTS_MAX + 200)))
    assert len(many.contacts) == CONTACTS_MAX
    assert len(many.problems) == PROBLEMS_MAX + 1
    assert many.problems[-1] == "150 more problems are not listed"
    for read in (read_csv, read_vcards):
        assert "only" in read(b"\n" * (LINES_MAX + 5)).problems[-1]


V3 = """BEGIN:VCARD
VERSION:3.0
N:Meier;Bert;;;
FN:Bert Meier\\, Sales
ORG:Example
TEL;TYPE=WORK,VOICE:+49 30 60
 3
item1.TEL;type=CELL;type=pref:0170
TEL;TYPE=FAX:699
PHOTO;ENCODING=b;TYPE=JPEG:AAAA
 BBBB
END:VCARD
"""
V4 = """BEGIN:VCARD
VERSION:4.0
FN;LANGUAGE=de:Änne
TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+49-30-604;ext=5
TEL;VALUE=uri:sip:anna@example.org
END:VCARD
"""
V21 = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BC=
ller;J=C3=B6rg;;;
TEL;CELL:0171
TEL;WORK;FAX:698
END:VCARD
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_vcards_of_all_versions(line_end: str) -> None:
    found = read_vcards((V3 + V4 + V21).replace("\n", line_end).encode())
    assert written(found) == [
        "Bert Meier, Sales: work +4930603, mobile 0170",
        "Änne: home +4930604, other anna@example.org",
        "Jörg Müller: mobile 0171",
    ]
    assert found.problems == ()


def test_faults_of_cards_are_named_by_their_line() -> None:
    found = read_vcards(b"?\nBEGIN:VCARD\nFN:Bert\nTEL:x\nEND:VCARD\n" + V4.encode()[:-11])
    assert found.contacts == ()
    assert found.problems == ('line 2: "x" is no number', "line 6: the card has no END")
    nested = read_vcards(b"BEGIN:VCARD\nnonsense\nBEGIN:VCARD\nFN:A\nTEL:1\nEND:VCARD")
    assert written(nested) == ["A: other 1"]
    assert nested.problems == ("line 2: no property of a vCard", "line 1: the card has no END")


@pytest.mark.parametrize("line", [b"=41" * 6 + b"=\n", b" " + b"A" * 18 + b"\n"])
def test_a_line_on_very_many_lines_takes_no_longer_than_they_do(line: bytes) -> None:
    begun = time.process_time()
    found = read_vcards(
        b"BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:=\n" + line * (LINES_MAX - 9)
        + b"\nFN:Bert\nTEL:603\nEND:VCARD\n"
    )  # fmt: skip
    assert written(found) == ["Bert: other 603"]
    assert time.process_time() - begun < 2


def test_a_line_is_folded_at_75_octets_and_no_letter_is_torn() -> None:
    contact = Contact("ä" * 60, (ContactNumber(NumberKind.OTHER, "1"),))
    lines = write_vcards((contact,)).split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert all(line.decode() is not None for line in lines)
    assert read_vcards(write_vcards((contact,))).contacts == (contact,)


names = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=40)
contacts = st.builds(
    lambda name, numbers: (name, numbers),
    names,
    st.lists(
        st.builds(ContactNumber, st.sampled_from(NumberKind), st.text("0123456789*#", max_size=9)),
        max_size=4,
    ),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(contacts, max_size=4))
def test_what_is_exported_is_imported_again(drawn: list[tuple[str, list[ContactNumber]]]) -> None:
    good = []
    for name, numbers in drawn:
        try:
            good.append(checked(name, numbers))
        except DirectoryError:
            continue
    assert read_vcards(write_vcards(tuple(good))) == Imported(tuple(good), ())
    again = read_csv(write_csv(tuple(good)))
    assert again.problems == ()
    assert [(c.name, set(c.numbers)) for c in again.contacts] == [
        (c.name, set(c.numbers)) for c in good
    ]


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=300) | st.text('BEGIN:VCARD\nFTLN;="\\, 12', max_size=200).map(str.encode)
)
def test_any_bytes_give_contacts_or_problems(data: bytes) -> None:
    for read in (read_csv, read_vcards):
        assert isinstance(read(data), Imported)
