"""Every text has room where it stands: in each language, on both sizes of display.

What a scene shows is looked at where it stands. Every message of the catalogues that no scene shows
has its place in `PLACES`, and so much room there; one that is in neither is missed by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

import pytest

from firmware.agent.events import EndCause, RegistrationState
from firmware.agent.lamps import UNREADABLE, LampField
from firmware.agent.mailboxes import Mailbox
from firmware.agent.topic import REFUSALS
from firmware.agent.words import CALL_WORDS, CLASS_WORDS, REGISTRATION_WORDS
from firmware.link.events import LinkState
from firmware.phone import font
from firmware.phone.catalogue import Entry
from firmware.phone.draw_parts import key_wide
from firmware.phone.grid import GAP, INDENT, MARGIN, PAGE_LINES
from firmware.phone.history import BUSY_HERE, ENDS, REJECTED
from firmware.phone.language import LANGUAGES, PLACE
from firmware.phone.link_words import BRIEF
from firmware.phone.render import IDLE_ROWS
from firmware.phone.screen import CallStage, SoftKey, labels, shown_lamp
from firmware.phone.sound import TIES
from firmware.provision.state import (
    AT_START,
    AT_TIME,
    BY_FLEET,
    BY_NOTIFY,
    BY_SETTING,
    NOTHING_THERE,
)
from firmware.provision.updater import A_FILE, UNDONE
from firmware.runtime import crash_note, tls_words
from firmware.runtime.languages import load
from firmware.runtime.reset_chord import WARNING
from firmware.runtime.slots import (
    CUT_OFF,
    ENDED,
    NO_SCREEN,
    NOT_REGISTERED,
    NOT_STARTED,
    PASSED_OVER,
)
from tests.unit.phone.drawing import SIZES, drawn, standing
from tests.unit.phone.service_scenes import LONG_NAME, LONG_NAMES

CODES = [code for code in LANGUAGES if code != "en"]

everywhere = pytest.mark.parametrize("size", SIZES)
in_each_language = pytest.mark.parametrize("code", CODES)

OWN_WORDS = {*LONG_NAMES, "anna@desk.example.org"}
"""Names and numbers of the scenes that are as long as people make them: cut, and moved."""
OWN_PARTS = re.compile(r"0301234567|0049301234567|\.example\.org")


@everywhere
@pytest.mark.parametrize("code", LANGUAGES)
def test_no_text_of_the_phone_is_cut_on_any_screen(code: str, size: str) -> None:
    for name, each in drawn(code, size).items():
        assert [text for text in each.cut - OWN_WORDS if not OWN_PARTS.search(text)] == [], name


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_long_name_and_what_is_said_of_its_account_do_not_cut_each_other(code: str) -> None:
    """Where a row is free both have one, and only the name is longer than that."""
    assert drawn(code, "small")["idle-long-name-sent-on"].cut == {LONG_NAME}


@everywhere
@pytest.mark.parametrize("code", LANGUAGES)
def test_soft_keys_leave_room_between_them(code: str, size: str) -> None:
    for name, scene in standing(code).items():
        left, right = labels(scene.screen, scene.language)
        wide = key_wide(left) + GAP + key_wide(right, shown_lamp(scene.screen))
        assert wide <= SIZES[size][0] or right in OWN_WORDS, name


# What no scene shows.


def put(said: str) -> str:
    """Put something of a usual length into the places."""
    usual = {"n": "12", "m": "4", "some": "2", "all": "3", "year": "1970", "time": "1:15"}
    words = {"name": "pbx.example.org", "address": "192.0.2.10:5061", "reason": "no space"}
    found = (
        usual
        | words
        | {"names": "example.org", "text": "expired", "code": "SERVFAIL"}
        | {"key": "RSA 1024"}
    )
    return PLACE.sub(lambda place: found.get(place[1], "1234"), said)


UNSAID = {"", "warnings", "missed", "messages", "key"}
"""Soft keys above which nothing, a count, or somebody's own word stands."""


@cache
def unshown(code: str) -> dict[str, Entry]:
    """Return the messages that no scene shows in a language, by their English."""
    language = load(code)
    said = {text for each in standing(code).values() for text in each.language.said}
    catalogue = language._catalogue
    assert catalogue is not None
    return {
        entry.message: entry
        for entry in catalogue.entries
        if not any(_says(form, said) for form in entry.said)
    }


def _says(form: str, said: Iterable[str]) -> bool:
    pattern = re.compile(re.sub(r"\\\{\w+\\\}", ".+?", re.escape(form)), re.DOTALL)
    return any(pattern.fullmatch(text) for text in said)


def has_room(text: str, room: int, rows: int) -> bool:
    """Tell whether a text can be read whole in so many rows."""
    return all(font.width(line) <= room for line in font.broken(text, room, rows))


def sentences_of_tls() -> Iterator[str]:
    yield from tls_words.ALERT_WORDS.values()
    words = (word for word in vars(tls_words).values() if isinstance(word, str))
    yield from (word for word in words if re.fullmatch("[a-z].* .*", word))


class Place(NamedTuple):
    """Where messages stand: so many rows, so many columns less than the display has."""

    messages: frozenset[str]
    rows: int
    less: int
    within: str = "{}"  # What they are a part of.


def place(*messages: str, rows: int, less: int, within: str = "{}") -> Place:
    return Place(frozenset(messages), rows, less, within)


SOFT_KEY_ROOM = 58
DATE_ROOM = 60
SIDE = 42
"""Columns of a countdown or an age, and the gap before it."""

PLACES = {
    "why a call is as it is": place(
        *CALL_WORDS.values(),
        *CLASS_WORDS.values(),
        *TIES.values(),
        *ENDS.values(),
        *(cause.value for cause in EndCause),
        BUSY_HERE,
        REJECTED,
        "hung up",
        "not registered",
        "no such account",
        "too many calls",
        "nothing dialled",
        "number too long",
        "not a number or address",
        "the proxy does not answer",
        "the answer cannot be read",
        "the other side is gone",
        "the caller does not confirm",
        "not answered",
        "not possible now",
        "the other side did not agree",
        rows=1,
        less=2 * MARGIN,
    ),
    "a note in a call": place(
        "no sound: the page's microphone is off",
        "digit {digit} not sent: {text}",
        "the sound card {name} is gone",
        "no sound: port {n}: {reason}",
        rows=2,
        less=2 * MARGIN,
    ),
    "why the link is not up, while one dials": place(
        *BRIEF.values(), rows=1, less=2 * MARGIN
    ),
    "why the link is not up": place(
        *sentences_of_tls(),
        "no proxy is configured (sip proxy ip)",
        "another proxy was faster",
        "back to the primary",
        "the primary does not register us",
        "the network changed",
        "the settings were changed",
        "the path to the proxy is dead",
        "the proxy answers pings but no request",
        "the proxy does not read",
        "the proxy closed the connection",
        "the proxy hung up during the handshake",
        "the proxy sent what is not SIP: {error}",
        "no answer from DNS for {name}",
        "no connection to {address} in time",
        "{address} does not finish the TLS handshake",
        "connection refused by {address}",
        "no network route to {address}",
        "no route to {address}",
        "the local TLS port is in use",
        "no local address for {address}",
        "connection reset by {address}",
        "connection reset by the proxy",
        "DNS does not answer",
        "DNS cannot be asked",
        "no address for {name}: {text}",
        "DNS says that there is no SIP over TLS at {name}",
        "clock not set ({date})",
        "the peer shows no certificate",
        "the proxy's TLS settings are too weak",
        "the proxy does not hold the key of its certificate",
        "the proxy signs in a way that is too weak",
        "the proxy's TLS is too old to be safe",
        "{name} does not speak TLS on this port",
        "TLS with {name} failed: {reason}",
        "the proxy ended TLS: {reason}",
        rows=IDLE_ROWS,
        less=2 * MARGIN + INDENT,
    ),
    "why a name leads nowhere": place(
        "the name has no address",
        "the name does not exist",
        "DNS answers {code}",
        rows=IDLE_ROWS,
        less=2 * MARGIN + INDENT,
        within="no address for pbx.example.org: {}",
    ),
    "what is wrong with a certificate": place(
        "is from an unknown authority",
        "is signed by a non-authority",
        "has a weak signature",
        "has a false signature",
        "bears a forbidden name",
        "holds unknown rules",
        "cannot be read",
        "is not valid yet",
        "has expired",
        "is self-signed, not trusted",
        "has too long a chain",
        "is not for servers",
        "is not for clients",
        "has a weak key",
        "has a weak authority key",
        "has a weak key: {key}",
        "has a {name} signature",
        "is refused",
        "is revoked",
        "names no host (no SAN)",
        "lists it as a name only",
        "is for {names}",
        "has only a wildcard name",
        rows=IDLE_ROWS,
        less=2 * MARGIN + INDENT,
        within="certificate of pbx.example.org {}",
    ),
    "a part of those that is said in another order": place(
        "begins in {text}", "expired {text} ago", "ends in {text}", rows=1, less=2 * MARGIN
    ),
    "a warning": place(
        "this phone's certificate {text}",
        "certificate of an authority {text}",
        "certificate of authority {name} begins in {text}",
        "certificate of authority {name} expired {text} ago",
        "certificate of authority {name} ends in {text}",
        "revocation list of {name} begins in {text}",
        "revocation list of {name} covers no proxy",
        "revocation list of {name} is not signed by it",
        "is it {year}? {text}",
        "a trusted certificate cannot be read",
        "and {n} more warnings",
        *crash_note.WORDS.values(),
        *(crash_note.ENDED, crash_note.FAILED),
        rows=PAGE_LINES - 1,
        less=2 * MARGIN + INDENT,
    ),
    "what is wrong with what is kept": place(
        "{text} is of a newer version; it is kept as {file}",
        "{text} cannot be read: {reason}; it is kept as {file}",
        "{text} cannot be saved: {reason}",
        "the factory reset is not done: {reason}",
        rows=PAGE_LINES - 1,
        less=2 * MARGIN + INDENT,
    ),
    "why an account is not registered": place(
        *REGISTRATION_WORDS.values(),
        *(state.value for state in RegistrationState),
        "signed off",
        "moving to the primary",
        "the settings were changed",
        "no known way to sign in",
        "signing in never ends",
        "the registration has run out",
        "registrar did not keep the registration",
        rows=PAGE_LINES - 1,
        less=2 * MARGIN + INDENT,
    ),
    "how provisioning stands": place(
        "up to date",
        "fetching",
        "not fetched yet",
        "starts anew when nobody uses the phone",
        "a file is wrong; the one before holds",
        "the server has no configuration for this phone",
        "the phone started",
        "auto resync",
        "the server is another one",
        "asked for at the phone",
        rows=PAGE_LINES - 1,
        less=2 * MARGIN + INDENT,
    ),
    "what two keys held at the start do": place(
        WARNING,
        rows=PAGE_LINES - 1,
        less=2 * MARGIN + INDENT,
    ),
    "how an update stands": place(
        "installing",
        *(UNDONE, CUT_OFF, NOT_STARTED, ENDED, NO_SCREEN, NOT_REGISTERED, PASSED_OVER),
        "the update is not fetched: {reason}",
        "the update is refused: {reason}",
        rows=PAGE_LINES - 1,
        less=2 * MARGIN + INDENT,
    ),
    "why a mailbox or a lamp tells nothing": place(
        *REFUSALS.values(),
        *(Mailbox.not_found, Mailbox.ended, LampField.ended, UNREADABLE),
        rows=PAGE_LINES - 1,
        less=2 * MARGIN + INDENT,
        within="{} (403)",
    ),
    "the link in a line": place(
        "no proxy", "primary", "backup", "backup {time}",
        *(state.value for state in LinkState if state is not LinkState.WAITING),
        rows=1, less=2 * MARGIN + 12 + SIDE,
    ),
    "a label of a page": place(
        "Backup", "Last loss", "Mode", "Proxy", "since the start", rows=1, less=2 * MARGIN + SIDE
    ),
    "a value of a page": place(
        "a connection per call",
        "no, asked by OPTIONS",
        "no network",
        "ends soon",
        "over",
        rows=1,
        less=2 * MARGIN + INDENT,
    ),
    "where provisioning stands, and why": place(
        "up to date",
        "fetching",
        "not fetched yet",
        "waits until nobody uses the phone",
        "starts anew when nobody uses the phone",
        "a file is wrong; the one before holds",
        *(NOTHING_THERE, AT_START, AT_TIME, BY_FLEET, BY_NOTIFY, BY_SETTING, A_FILE),
        rows=PAGE_LINES - 1,
        less=2 * MARGIN + INDENT,
    ),
    "a title": place(
        *(stage.value for stage in CallStage),
        "No account",
        "Delete contact?",
        "Update",
        "Set a PIN",
        "Old PIN",
        "PIN again",
        rows=1,
        less=2 * MARGIN + 10 + 22,
    ),
    "a row of a list": place(
        "anonymous", "nobody found", "silent", "after {n} h", rows=1, less=2 * MARGIN + SIDE
    ),
    "what is wrong with what is typed": place(
        "wrong PIN",
        "a PIN has 4 to 8 digits",
        "{what} is no number",
        "{what} is there already",
        "{what} is longer than {n} characters",
        "{what} has more than {n} numbers",
        "{what} has no number",
        "the directory is full: {n} contacts",
        rows=2,
        less=2 * MARGIN,
    ),
    "a word of a date or a duration": place(
        *("today", "yesterday", "minutes", "{n} years"),
        *("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
        *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        rows=1,
        less=128 - DATE_ROOM,
    ),
    "the name of what is kept": place(
        "the outage log", "the history of calls", "the directory",
        rows=1, less=2 * MARGIN,
    ),
    "a soft key": place(
        *(key.value for key in SoftKey if key.value not in UNSAID),
        rows=1,
        less=128 - SOFT_KEY_ROOM,
    ),
}  # fmt: skip
"""Where each message stands that no scene shows; of a table of the program all, shown or not."""


@everywhere
@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("where", PLACES)
def test_each_message_has_room_in_its_place(where: str, code: str, size: str) -> None:
    each, language = PLACES[where], load(code)
    room = SIZES[size][0] - each.less
    for message in each.messages:
        said = language.say(each.within.format(put(message)))
        assert has_room(said, room, each.rows), said


@in_each_language
def test_each_message_is_shown_by_a_scene_or_has_a_place(code: str) -> None:
    placed = frozenset[str]().union(*(each.messages for each in PLACES.values()))
    assert [message for message in unshown(code) if message not in placed] == []


def test_no_place_is_kept_for_what_nobody_says() -> None:
    catalogue = load("de")._catalogue
    assert catalogue is not None
    messages = {entry.message for entry in catalogue.entries}
    for where, each in PLACES.items():
        assert [text for text in each.messages if text and text not in messages] == [], where


def test_a_text_that_is_too_long_is_found() -> None:
    """What all of the above relies on."""
    room = SIZES["small"][0] - 2 * MARGIN
    assert has_room("x" * 20, room, 1)
    assert not has_room("x" * 30, room, 1)
    assert has_room("x" * 10 + " " + "x" * 20, room, 2)
    assert not has_room("x" * 10 + " " + "x" * 30, room, 2)
