"""Contacts edited one by one on the web page, while somebody may be at the keys."""

from __future__ import annotations

import asyncio
import re
from html import escape, unescape
from pathlib import Path
from urllib.parse import quote

import pytest

from firmware.phone.directory import Directory
from firmware.phone.kept import Contact, ContactEdited, ContactNumber, ContactsKept, NumberKind
from tests.unit.web.rig import Answer, Browser, page


class Keypad:
    """The directory of a phone whose page this is, and somebody at its keys."""

    def __init__(self, browser: Browser, *contacts: Contact) -> None:
        self._status = browser.phone.status
        self._directory = Directory()
        self._directory.kept(ContactsKept(contacts))
        self._status.contacts = self._directory.contacts
        browser.phone.around.feed = self.feed

    def feed(self, event: object) -> None:
        if isinstance(event, ContactEdited):
            self._directory.edited(event.before, event.after)
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        """In the loop's next turn, as a phone does."""
        self._status.contacts = self._directory.contacts

    @property
    def numbers(self) -> dict[str, list[str]]:
        return {
            one.name: [f"{each.kind.value} {each.number}" for each in one.numbers]
            for one in self._directory.contacts
        }


BERT = Contact('Bert "B" <b>', (ContactNumber(NumberKind.WORK, "202"),))
SEEN = re.compile(r'name="before" value="([^"]*)"')


def seen(answer: Answer) -> dict[str, str]:
    """Return what a form says of the contact that it was made from."""
    found = SEEN.search(answer.text)
    assert found is not None
    return {"before": unescape(found[1])}


def test_a_contact_is_added_changed_and_deleted(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            await browser.log_in()
            keypad = Keypad(browser, BERT)
            empty = await browser.get("/directory/contact")
            assert SEEN.search(empty.text) is None
            new = {"name": " Ada  L ", "number1": "0171 23", "kind1": "mobile", "number3": "302"}
            assert (await browser.post("/directory/contact", **new)).status == 303
            assert keypad.numbers["Ada L"] == ["mobile 017123", "work 302"]
            assert "&quot;Ada L&quot; is kept." in (await browser.get("/directory")).text
            shown = await browser.get(f"/directory/contact?name={quote(BERT.name)}")
            assert 'value="Bert &quot;B&quot; &lt;b&gt;"' in shown.text
            changed = {**seen(shown), "name": "Bob", "number1": "203"}
            assert (await browser.post("/directory/contact", **changed)).status == 303
            assert keypad.numbers == {"Ada L": ["mobile 017123", "work 302"], "Bob": ["work 203"]}
            shown = await browser.get("/directory/contact?name=Bob")
            deleted = {**seen(shown), "name": "Bob", "number1": "203", "do": "delete"}
            assert (await browser.post("/directory/contact", **deleted)).status == 303
            assert list(keypad.numbers) == ["Ada L"]
            assert "&quot;Bob&quot; is deleted." in (await browser.get("/directory")).text

    asyncio.run(scene())


def test_what_the_keypad_has_changed_meanwhile_is_not_lost(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            await browser.log_in()
            keypad = Keypad(browser, BERT)
            shown = await browser.get(f"/directory/contact?name={quote(BERT.name)}")
            newer = Contact(BERT.name, (*BERT.numbers, ContactNumber(NumberKind.HOME, "9")))
            keypad.feed(ContactEdited(BERT, newer))
            for more in ({}, {"do": "delete"}):
                sent = {**seen(shown), "name": "Bob", "number1": "203", **more}
                answer = await browser.post("/directory/contact", **sent)
                assert "was changed meanwhile" in answer.text
                assert 'value="Bob"' in answer.text, "what was typed stays"
                assert keypad.numbers == {BERT.name: ["work 202", "home 9"]}

    asyncio.run(scene())


def test_a_change_that_the_phone_does_not_make_is_not_said_to_be_made(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            await browser.log_in()
            Keypad(browser)
            browser.phone.around.feed = lambda _: None  # Somebody was quicker by a moment.
            await browser.post("/directory/contact", name="Ada", number1="301")
            assert "That contact was changed meanwhile" in (await browser.get("/directory")).text

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "Ada", "number1": "x y"}, '"x y" is no number'),
        ({"name": "", "number1": "301"}, "a name is missing"),
        ({"name": "Ada"}, '"Ada" has no number'),
        ({"name": BERT.name, "number1": "301"}, f'"{BERT.name}" is there already'),
    ],
)
def test_a_wrong_contact_is_named_and_what_was_typed_stays(
    tmp_path: Path, fields: dict[str, str], words: str
) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            await browser.log_in()
            keypad = Keypad(browser, BERT)
            answer = await browser.post("/directory/contact", **fields)
            assert f"Nothing is changed: {words}." in unescape(answer.text)
            for text in fields.values():
                assert f'value="{escape(text)}"' in answer.text
            assert list(keypad.numbers) == [BERT.name]

    asyncio.run(scene())


@pytest.mark.parametrize(
    "fields",
    [
        {"before": "{"},
        {"before": "[" * 5000},
        {"before": '{"name": "Bert", "numbers": []}'},
        {"kind1": "<fax>"},
        {"do": "delete"},
    ],
)
def test_what_no_form_of_a_contact_sends_is_refused(tmp_path: Path, fields: dict[str, str]) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            await browser.log_in()
            keypad = Keypad(browser, BERT)
            sent = {"name": "Ada", "number1": "301", **fields}
            assert (await browser.post("/directory/contact", **sent)).status == 400
            browser.word = ""
            assert (await browser.post("/directory/contact", name="A", number1="1")).status == 303
            assert list(keypad.numbers) == [BERT.name], "a form of somebody else's page"
            gone = await browser.get("/directory/contact?name=Nobody")
            assert gone.headers["location"] == "/directory"

    asyncio.run(scene())
