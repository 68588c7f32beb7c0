"""The languages: whole catalogues, every text of every screen, and room for each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from config.table_phone import FEATURES
from firmware.agent.events import EndCause, Lamp, Party, RegistrationState, Tie
from firmware.agent.lamps import UNREADABLE, LampField
from firmware.agent.mailboxes import Mailbox
from firmware.agent.topic import REFUSALS
from firmware.agent.words import CALL_WORDS, CLASS_WORDS, REGISTRATION_WORDS
from firmware.link.events import LinkState, Role
from firmware.phone.catalogue import CatalogueError, read_catalogue
from firmware.phone.events import KeepSetting, LanguageIs
from firmware.phone.history import BUSY_HERE, ENDS, REJECTED
from firmware.phone.language import ENGLISH, LANGUAGES, Language, places
from firmware.phone.link_words import BRIEF
from firmware.phone.localise import localised
from firmware.phone.screen import CallStage, DialScreen, IdleScreen, SoftKey, lines
from firmware.phone.sound import TIES
from firmware.provision.state import (
    AT_START,
    AT_TIME,
    BY_FLEET,
    BY_NOTIFY,
    BY_SETTING,
    NOTHING_THERE,
)
from firmware.provision.updater import A_FILE
from firmware.runtime import tls_words
from firmware.runtime.languages import FOLDER, WORDS, load
from tests.unit.phone.drawing import standing
from tests.unit.phone.menu_scenes import remembering
from tests.unit.phone.rig import Rig, of

CODES = [code for code in LANGUAGES if code != "en"]

in_each_language = pytest.mark.parametrize("code", CODES)


def catalogue(code: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    entries = read_catalogue((FOLDER / f"{code}.po").read_text()).entries
    assert len({entry.message for entry in entries}) == len(entries), "a message stands twice"
    return {entry.message: (entry.plural, entry.said) for entry in entries}


# The catalogues.


def test_there_is_a_catalogue_for_each_language_and_a_word_for_each_parameter() -> None:
    assert {path.stem for path in FOLDER.glob("*.po")} == set(CODES)
    assert set(WORDS.values()) == set(LANGUAGES)
    (parameter,) = (p for p in FEATURES if p.name == "screen language")
    assert [parameter.kind.parse(word) for word in WORDS] == list(WORDS)


@in_each_language
def test_no_message_lacks_its_translation_and_places_agree(code: str) -> None:
    assert catalogue(code).keys() == catalogue(CODES[0]).keys()
    for message, (plural, said) in catalogue(code).items():
        assert len(said) == (2 if plural else 1), message
        for form in said:
            assert form.strip() == form != "", message
            assert sorted(places(form)) == sorted(places(plural or message)), message
            form.format(**dict.fromkeys(places(form), "1"))


def sample(message: str) -> str:
    """Put something into the places: a word that is known where it is said in the language."""
    numbers = {"n": "7", "m": "4", "some": "2", "all": "3", "year": "1970", "time": "1:15"}
    values = numbers | {"text": "busy", "textb": "busy", "name": "pbx.example.org"}
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "Xy"), message)


@in_each_language
def test_each_message_is_recognised_as_itself(code: str) -> None:
    language = load(code)
    for message, (plural, said) in catalogue(code).items():
        text = sample(plural or message)
        busy = language.say("busy")
        wanted = sample(said[-1]).replace("busy", busy) if "{text" in message else sample(said[-1])
        assert language.say(text) == wanted, message


@pytest.mark.parametrize(
    ("code", "text", "said"),
    [
        ("de", "1 warning", "1 Warnung"),
        ("de", "2 warnings", "2 Warnungen"),
        ("fr", "2 calls kept", "2 appels gardés"),
        ("es", "1 call lost", "1 llamada rota"),
        ("de", "Mon 23 Nov", "Mo 23 Nov"),
        ("de", "yesterday 02:32", "gestern 02:32"),
        ("fr", "12 Aug 2025 14:03", "12 août 2025 14:03"),
        ("es", "Sat", "sáb"),
        ("de", "Mon Nov 23", "Mo Nov 23"),
        ("fr", "Mon 23.11.", "lun 23.11."),
        ("es", "Nov 23 2025 2:03 pm", "nov 23 2025 2:03 pm"),
        ("de", "yesterday 2:03 am", "gestern 2:03 am"),
        ("de", "primary: connection reset", "primär: Verbindung abgebrochen"),
        ("de", "digit 5 not sent: no answer", "5 nicht gesendet: keine Antwort"),
        (
            "de",
            "certificate of proxy1.example.org expired 3 days ago",
            "Zertifikat von proxy1.example.org ist schon 3 Tage abgelaufen",
        ),
        ("de", "startup.cfg:12: nonsense", "startup.cfg:12: nonsense"),
        ("de", "", ""),
    ],
)
def test_texts_that_were_put_together_are_said(code: str, text: str, said: str) -> None:
    assert load(code).say(text) == said


def test_no_more_is_remembered_than_an_hours_screens_say() -> None:
    language = load("de")
    for number in range(5000):
        assert language.say(f"try in {number} s") == f"in {number} s"
    assert len(language._remembered) <= 512


@pytest.mark.parametrize("text", ["msgid Menu", 'msgid "a', '"a"', "x", 'msgstr[x] "a"'])
def test_what_is_no_catalogue_is_named_by_its_line(text: str) -> None:
    with pytest.raises(CatalogueError, match="line 2: "):
        read_catalogue(f"# a comment\n{text}\n")


def test_a_catalogue_as_translators_tools_write_it() -> None:
    text = (
        '#: x.py:1\nmsgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=n > 1;\\n"\n\n'
        'msgid "a \\"b\\""\nmsgstr "c"\n" d\\n"\n\n'
        'msgid "{n} x"\nmsgid_plural "{n} xs"\nmsgstr[0] "{n} y"\nmsgstr[1] "{n} ys"\n'
    )
    language = Language("xx", "X", read_catalogue(text))
    assert language.say('a "b"') == "c d\n"
    assert (language.say("0 xs"), language.say("2 xs")) == ("0 y", "2 ys")


# Every text.


UNSAID = {"warnings", "missed", "messages", "key"}
"""Soft keys above which a count or somebody's own word stands."""


TOLD_NOT = (Mailbox.not_found, Mailbox.ended, LampField.not_found, LampField.ended, UNREADABLE)


def texts() -> Iterator[str]:
    """Every text that a table of the program holds."""
    yield from (*CALL_WORDS.values(), *CLASS_WORDS.values(), *REGISTRATION_WORDS.values())
    yield from (*BRIEF.values(), *TIES.values(), *ENDS.values(), BUSY_HERE, REJECTED)
    yield from tls_words.ALERT_WORDS.values()
    yield from (AT_START, AT_TIME, BY_FLEET, BY_NOTIFY, BY_SETTING, NOTHING_THERE, A_FILE)
    yield from (*REFUSALS.values(), *TOLD_NOT)
    yield from (
        word
        for word in vars(tls_words).values()
        if isinstance(word, str) and re.fullmatch("[a-z].* .*", word)
    )
    for kind in (EndCause, RegistrationState, LinkState, Role, CallStage, Lamp):
        yield from (member.value for member in kind)
    yield from (key.value for key in SoftKey if key.value not in UNSAID)


@in_each_language
def test_every_text_of_a_table_has_a_message(code: str) -> None:
    language = load(code)
    assert not [text for text in texts() if not language.knows(text)]


@in_each_language
def test_every_text_of_every_screen_has_a_message(code: str) -> None:
    assert {name: each.unknown for name, each in standing(code).items() if each.unknown} == {}


# Live.


def test_a_language_is_chosen_in_the_menu_and_applies_at_once() -> None:
    rig = remembering()
    rig.press("soft1", "soft2", "soft1", "up", "soft1", *["up"] * 4, "soft1", "down")
    assert "> Deutsch" in rig.words
    kept = KeepSetting("screen language", "German")
    assert of(KeepSetting, rig.press("soft1")) == [kept]
    rig.feed(LanguageIs(load("de")))
    assert "Tastensperre" in rig.words
    assert "Sprache Deutsch" in rig.words
    rig.press("soft2", "soft2")
    assert isinstance(rig.screen, IdleScreen)
    assert rig.screen.date == "Mo 23 Nov"
    rig.feed(LanguageIs(ENGLISH))
    assert "Mon 23 Nov" in rig.words


def test_a_name_is_nobodys_word() -> None:
    rig = Rig.registered().talking(Party("busy", "603"))
    rig.press("soft1")
    rig.feed(LanguageIs(load("de")))
    assert isinstance(rig.screen, DialScreen)
    assert rig.screen.beside is not None
    assert rig.screen.beside.text == "busy"
    assert load("de").say("busy") != "busy"


def test_no_link_is_said_once_and_then_why_in_each_language() -> None:
    scene = standing("de")["ended-without-link"]
    words = lines(scene.screen, scene.language)
    said = ("Beendet", "Bert", "603", "Verbindung abgebrochen", "kein Netz in 8 s")
    assert words == (*said, "Verbindung abgebrochen")  # Once more, for who has it read out.


def test_nothing_is_said_twice() -> None:
    rig = remembering()
    assert len(rig.feed(LanguageIs(load("de")))) == 1
    assert rig.feed(LanguageIs(rig.language)) == []
    assert localised(rig.screen, ENGLISH) == rig.screen


def test_ties_have_words() -> None:
    assert set(TIES) == set(Tie) - {Tie.ANCHORED}
