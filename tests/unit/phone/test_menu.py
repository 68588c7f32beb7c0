"""Menu, history and directory as a person uses them, key by key."""

from __future__ import annotations

import time

import pytest

from firmware.agent.events import (
    CallAnswered,
    CallEnded,
    Dial,
    Dialling,
    EndCause,
    IncomingCall,
    Party,
    Reject,
)
from firmware.phone.directory import CONTACTS_MAX, NUMBERS_MAX
from firmware.phone.events import HookLifted, HookReplaced
from firmware.phone.history import CALLS_MAX
from firmware.phone.kept import (
    TEXT_CHARACTERS_MAX,
    CallsKept,
    CallWay,
    Contact,
    ContactNumber,
    ContactsKept,
    DirectoryLog,
    HistoryLog,
    KeepingTrouble,
    NumberKind,
    PastCall,
)
from firmware.phone.menu import AWAY_S, SEARCH_MAX
from firmware.phone.screen import CallScreen, DialScreen, IdleScreen, ListScreen, TextScreen
from firmware.phone.settings import DELAY_S
from firmware.phone.state import State
from tests.unit.phone.menu_scenes import (
    missed,
    numbers_of_bert,
    open_directory,
    remembering,
    rig_with,
)
from tests.unit.phone.rig import MONDAY, Rig, of, waiting


def rows(rig: Rig) -> list[str]:
    return rig.words.splitlines()


def dialled(rig: Rig) -> list[str]:
    return [dial.target for dial in of(Dial, rig.out)]


def test_a_missed_call_is_counted_found_and_called_back() -> None:
    rig = Rig.registered()
    rig.feed(IncomingCall(8, 1, Party("Anna", "604")))
    rig.feed(CallEnded(8, EndCause.CANCELLED_THERE))
    rig.pass_time(5)
    assert isinstance(rig.screen, IdleScreen)
    assert rows(rig)[-1] == "[1 missed] [Link]"
    out = rig.press("soft1")
    assert [log.calls[0].is_new for log in of(HistoryLog, out)] == [False]
    assert rows(rig) == ["Missed calls 1/2", "> Anna 14:32", "Delete all", "[OK] [Back]"]
    rig.press("soft1")
    assert rows(rig)[:4] == ["Anna 1/5", "> Call 604", "today 14:32", "caller gave up"]
    rig.press("soft1")
    assert dialled(rig) == ["604"]
    rig.feed(Dialling(9, 1, Party("", "604")), CallEnded(9, EndCause.REFUSED, 486, "busy"))
    rig.pass_time(10)
    assert rows(rig)[-1] == "[Menu] [Link]", "it has been looked at"


def test_who_lifts_the_handset_calls_what_is_chosen() -> None:
    rig = remembering()
    rig.press("soft1", "down")
    rig.feed(HookLifted())
    assert dialled(rig) == ["699"]


def test_a_refused_call_is_not_missed_and_a_busy_one_is() -> None:
    rig = Rig.registered()
    rig.feed(IncomingCall(8, 1, Party("Anna", "604")))
    assert of(Reject, rig.press("soft2")) == [Reject(8)]
    rig.feed(CallEnded(8, EndCause.HUNG_UP_HERE))
    assert rows(rig)[-1] == "[Menu] [Link]"
    rig.feed(HookLifted(), IncomingCall(9, 1, Party("Anna", "604")))
    rig.feed(CallEnded(9, EndCause.HUNG_UP_HERE), HookReplaced())
    assert rows(rig)[-1] == "[1 missed] [Link]"


def test_lists_say_when_in_words_and_who_by_the_directory() -> None:
    rig = remembering()
    rig.press("soft1")
    assert rows(rig) == [
        "Missed calls 1/4",
        "> Bert Baker 14:32",
        "699 Sun",
        "Anna 24 Oct",
        "Delete all",
        "[OK] [Back]",
    ]
    rig.press("soft2", "soft2", "soft1", "down", "soft1")
    assert rows(rig)[1] == "> 605 14:31"
    rig.press("soft1")
    assert "today 14:31 1:15" in rows(rig)


def test_calls_are_deleted_one_by_one_and_all_after_a_question() -> None:
    rig = remembering()
    rig.press("soft1", "soft1", "up")
    assert rows(rig)[-2] == "> Delete"
    (log,) = of(HistoryLog, rig.press("soft1"))
    assert [call.number for call in log.calls] == ["699", "698", "605", "0301234567"]
    rig.press("up", "soft1")
    assert rows(rig)[:3] == ["Delete all? 1/2", "> No", "Yes"]
    rig.press("soft1")
    assert rows(rig)[0].startswith("Missed calls")
    rig.press("soft1", "down", "soft1")
    assert rows(rig) == ["Missed calls 1/1", "> none so far", "[Back]"]


def test_redial_calls_the_last_number_also_after_a_restart() -> None:
    rig = remembering()
    rig.feed(HookLifted())
    assert rows(rig)[-1] == "[Redial]"
    rig.press("soft1")
    assert dialled(rig) == ["0301234567"]
    assert isinstance(rig.screen, CallScreen)
    assert rig.screen.name == "Zoë"


def test_who_may_be_meant_is_offered_while_dialling() -> None:
    rig = remembering()
    rig.press("6")
    assert rows(rig)[1:4] == ["6", "605", "Bert Baker 603"]
    rig.press("0", "3")
    assert "Bert Baker 603" in rows(rig)
    rig.press("down")
    assert "> Bert Baker 603" in rows(rig)
    rig.press("soft1")
    assert dialled(rig) == ["603"]
    rig = remembering()
    rig.press(*"96", "down", "soft1")
    assert dialled(rig) == ["0301234567"], "Zoë, by her letters"
    rig = remembering()
    rig.press(*"96", "down", "up")
    rig.pass_time(5)
    assert dialled(rig) == ["96"], "back to the digits"
    rig = rig_with(CallsKept((missed("+4930", "Bert"),)))
    rig.press("4", "9")
    assert "Bert +4930" in rows(rig)


def test_who_was_chosen_is_called_whoever_calls_meanwhile() -> None:
    rig = rig_with(CallsKept((missed("603", "Bert"), *(missed("7") for _ in range(CALLS_MAX - 1)))))
    rig.feed(HookLifted())
    rig.press("6", "down")
    assert "> Bert 603" in rows(rig)
    for call in range(9, 9 + CALLS_MAX):  # As many as push the old one out of the list.
        rig.feed(IncomingCall(call, 1, Party("Anna", "604")))
        rig.feed(CallEnded(call, EndCause.HUNG_UP_HERE))
    assert "> Bert 603" in rows(rig)
    rig.pass_time(5)
    assert dialled(rig) == ["603"]


def test_a_list_is_quick_though_the_directory_is_full() -> None:
    people = (
        Contact(f"P{n}", tuple(ContactNumber(NumberKind.WORK, f"03{k}{n:07}") for k in range(4)))
        for n in range(CONTACTS_MAX)
    )
    rig = rig_with(
        CallsKept(tuple(missed(f"0301{n:06}") for n in range(CALLS_MAX))),
        ContactsKept(tuple(people)),
    )
    begun = time.process_time()
    rig.press("soft1", *["down"] * 5)
    assert time.process_time() - begun < 0.5


def test_no_search_is_longer_than_any_name() -> None:
    rig = open_directory(remembering())
    rig.press(*"2" * (SEARCH_MAX + 3))
    assert rows(rig)[0] == f"Find: {'2' * SEARCH_MAX} 1/1"


def test_who_looks_at_other_calls_has_not_seen_the_missed_ones() -> None:
    rig = rig_with(CallsKept((missed("603"),)))
    rig.press("down", "soft1", "down", "soft1")
    assert rows(rig)[0] == "Received calls 1/1"
    rig.press("soft2", "soft2")
    assert rows(rig)[-1] == "[1 missed] [Link]"


def test_the_directory_is_searched_by_keys() -> None:
    rig = remembering()
    open_directory(rig)
    assert rows(rig) == ["Directory 1/3", "> Bert Baker", "Zoë", "New contact", "[OK] [Back]"]
    rig.press(*"22")
    assert rows(rig) == ["Find: 22 1/1", "> Bert Baker", "[OK] [Delete]"]
    rig.press("9")
    assert rows(rig) == ["Find: 229 1/1", "> nobody found", "[Delete]"]
    rig.press("soft2", "soft1")
    assert rows(rig)[:3] == ["Bert Baker 1/5", "> Work 603", "Mobile 01701234567"]
    rig.press("down", "soft1")
    assert dialled(rig) == ["01701234567"]


def test_a_contact_is_made_changed_and_removed() -> None:
    rig = rig_with()
    open_directory(rig)
    rig.press("soft1", *"605")
    assert rig.screen == TextScreen("Number", "605", "123")
    rig.press("soft1")
    rig.press(*"22")
    rig.pass_time(1.5)
    rig.press("3")
    assert rig.screen == TextScreen("Name", "Bd", "Abc")
    (log,) = of(DirectoryLog, rig.press("soft1"))
    assert log.contacts == (Contact("Bd", (ContactNumber(NumberKind.WORK, "605"),)),)
    rig.press("up", "up", "soft1", "down", "soft1")
    assert rig.screen == TextScreen("Name", "Bd", "Abc")
    rig.press("soft2", "soft2", "3", "soft1")
    assert rows(rig)[0].startswith("D ")
    rig.press("up", "soft1", "down", "soft1")
    assert rows(rig)[:2] == ["Directory 1/1", "> New contact"]


@pytest.mark.parametrize(("count", "is_offered"), [(NUMBERS_MAX - 1, True), (NUMBERS_MAX, False)])
def test_a_number_is_offered_to_be_added_while_the_contact_has_room(
    count: int, is_offered: bool
) -> None:
    numbers = tuple(ContactNumber(NumberKind.WORK, f"60{number}") for number in range(count))
    rig = rig_with()
    rig.feed(ContactsKept((Contact("Anna", numbers),)))
    open_directory(rig)
    rig.press("soft1", "up", "up", "soft1", "up")
    assert rows(rig)[0] == f"Anna {count + is_offered}/{count + is_offered}"
    assert ("Add a number" in rig.words) is is_offered


def test_what_is_wrong_with_a_contact_is_said_and_nothing_typed_is_lost() -> None:
    rig = remembering()
    open_directory(rig)
    rig.press("up", "soft1", "soft1")
    assert isinstance(rig.screen, TextScreen)
    assert rig.screen.wrong == '"" is no number'
    rig.press("5")
    assert rig.screen.wrong == ""
    rig.press("soft1", "soft1")
    assert rig.screen.wrong == "a name is missing"
    rig = remembering()
    open_directory(rig)
    rig.press("down", "soft1", "down", "soft1", *["soft2"] * 3, *"22")
    rig.press("soft1")
    assert rows(rig)[0].startswith("B 1/")


def test_a_number_of_the_history_is_saved() -> None:
    rig = remembering()
    rig.press("soft1", "down", "soft1", *["down"] * 3)
    assert "> Save" in rows(rig)
    rig.press("soft1", "2", "soft1")
    assert rows(rig)[0].startswith("A "), "called by its name at once"


def test_whoever_called_by_a_name_is_saved_by_it_and_it_may_be_changed() -> None:
    rig = rig_with(CallsKept((missed("699", "Call back"),)))
    rig.press("soft1", "soft1", *["down"] * 3, "soft1")
    assert rows(rig)[:2] == ["Name Abc", "Call back"]
    rig.press("soft1")
    assert rows(rig)[0].startswith("Call back ")
    assert numbers(rig, "Call back") == [("work", "699")]
    rig = rig_with(CallsKept((missed("699", "x" * 500),)))
    rig.press("soft1", "soft1", *["down"] * 3, "soft1")
    assert rows(rig)[1] == "x" * TEXT_CHARACTERS_MAX


def test_nobody_is_called_back_or_saved_who_has_no_number() -> None:
    rig = rig_with(CallsKept((missed(""),)))
    rig.press("soft1")
    assert rows(rig)[1] == "> anonymous 14:32"
    rig.press("soft1")
    assert rows(rig)[1:] == ["today 14:32", "caller gave up", "> Delete", "[OK] [Back]"]


@pytest.mark.parametrize(
    ("chosen", "first"), [(0, 0), (2, 0), (3, 1), (6, 4), (8, 5)], ids=lambda value: f"{value}"
)
def test_the_chosen_row_is_in_sight_and_no_room_is_wasted(chosen: int, first: int) -> None:
    rows = tuple((f"{number}", "") for number in range(9))
    assert ListScreen("", rows, chosen, can_take=True).shown == (first, rows[first : first + 4])


def test_a_full_directory_says_so() -> None:
    many = tuple(Contact(f"P{n:04}", (ContactNumber(NumberKind.WORK, "1"),)) for n in range(1000))
    rig = rig_with(ContactsKept(many), CallsKept((missed("699"),)))
    rig.press("soft1", "soft1", *["down"] * 3, "soft1", "2", "soft1")
    assert isinstance(rig.screen, TextScreen)
    assert rig.screen.wrong == f"the directory is full: {CONTACTS_MAX} contacts"


def test_a_call_covers_the_menu_and_nothing_typed_is_lost() -> None:
    rig = remembering()
    open_directory(rig)
    rig.press("up", "soft1", *"60")
    rig.feed(IncomingCall(8, 1, Party("", "603")))
    assert isinstance(rig.screen, CallScreen)
    assert rig.screen.name == "Bert Baker", "as the directory has it"
    rig.feed(CallEnded(8, EndCause.CANCELLED_THERE))
    rig.pass_time(5)
    assert rows(rig)[:2] == ["Number 123", "60"]


def test_nobody_there_means_the_idle_screen() -> None:
    rig = remembering()
    rig.press("soft1")
    rig.pass_time(AWAY_S - 1)
    assert isinstance(rig.screen, ListScreen)
    rig.press("down")
    rig.pass_time(AWAY_S - 1)
    assert isinstance(rig.screen, ListScreen)
    rig.pass_time(1.1)
    assert isinstance(rig.screen, IdleScreen)


def test_digits_in_a_list_dial_and_an_emergency_number_dials_from_the_search() -> None:
    rig = remembering()
    rig.press("soft1", "7")
    assert isinstance(rig.screen, DialScreen)
    assert rig.screen.digits == "7"
    rig = remembering()
    open_directory(rig)
    rig.press(*"112")
    assert of(Dial, rig.out) == [Dial(1, "112", True, DELAY_S)]


def test_the_pages_of_facts_are_in_the_menu_and_lead_back_to_it() -> None:
    rig = remembering()
    rig.press("soft2")
    assert rows(rig)[-1] == "[Menu] [Back]"
    rig.press("soft1", "up", "up", "soft1")
    assert rows(rig)[0].startswith("Link 1/")


def test_a_link_that_is_down_is_said_in_lists_too() -> None:
    rig = remembering()
    rig.feed(waiting(rig.now, 8))
    rig.press("soft1")
    assert "no link try in 8 s" in rig.words


def test_a_list_that_cannot_be_kept_is_a_warning() -> None:
    rig = rig_with()
    text = "the directory cannot be saved: No space left on device"
    rig.feed(KeepingTrouble("the directory", text))
    assert rows(rig)[-1] == "[1 warning] [Link]"
    rig.press("soft1")
    assert text in rig.words
    rig.feed(KeepingTrouble("the directory", ""))
    rig.press("soft2")
    assert rows(rig)[-1] == "[Menu] [Link]"


def test_an_answered_call_is_in_the_received_list() -> None:
    rig = Rig.registered()
    rig.feed(IncomingCall(8, 1, Party("Anna", "604")))
    rig.press("soft1")
    rig.feed(CallAnswered(8))
    assert rig.phone.state is State.TALKING
    rig.pass_time(61)
    (log,) = of(HistoryLog, rig.feed(CallEnded(8, EndCause.HUNG_UP_THERE)))
    assert log.calls[0] == PastCall(CallWay.RECEIVED, "Anna", "604", 1, MONDAY, 61.0)


@pytest.mark.parametrize("keys", [("up",), ("down",), ("hold",), ("mute",), ("*",)])
def test_keys_that_mean_little_break_nothing(keys: tuple[str, ...]) -> None:
    rig = rig_with()
    rig.press("soft1", *keys, *keys)
    assert rig.phone.state in {State.IDLE, State.DIALLING}


def numbers(rig: Rig, name: str) -> list[tuple[str, str]]:
    log = of(DirectoryLog, rig.out)[-1]
    (found,) = (contact for contact in log.contacts if contact.name == name)
    return [(each.kind.value, each.number) for each in found.numbers]


def test_numbers_of_a_contact_are_changed_added_and_deleted() -> None:
    rig = numbers_of_bert("soft1", "soft1", "soft2", "5", "soft1")
    assert numbers(rig, "Bert Baker") == [("work", "605"), ("mobile", "01701234567")]
    assert rows(rig)[:2] == ["Bert Baker 1/5", "> Work 605"], "back at the contact"
    rig.press("up", "up", "soft1", "soft1", "down", "soft1")
    assert "> Work ✓" in rows(rig)
    rig.press("down", "down", "soft1")
    assert numbers(rig, "Bert Baker")[0] == ("home", "605")
    rig.press("up", "up", "soft1", "up", "soft1", *"0301", "soft1")
    assert numbers(rig, "Bert Baker")[2] == ("other", "0301")
    rig.press("up", "up", "soft1", "down", "soft1", "up", "soft1")
    assert rows(rig)[:3] == ["Delete number? 1/2", "> No", "Yes"]
    rig.press("down", "soft1")
    assert numbers(rig, "Bert Baker") == [("home", "605"), ("other", "0301")]
    rig.press(*["soft2"] * 3)
    assert isinstance(rig.screen, IdleScreen)


def test_what_is_wrong_with_a_number_is_said() -> None:
    rig = numbers_of_bert("up", "soft1", *"603", "soft1")
    assert isinstance(rig.screen, TextScreen)
    assert rig.screen.wrong == "the same number stands there twice"
    assert rig.screen.text == "603"
    rig.press(*["soft2"] * 3, "soft1")
    assert rig.screen == TextScreen("Number", "", "123", '"" is no number')
    assert of(DirectoryLog, rig.out) == []


def test_the_only_number_goes_with_its_contact_and_no_more_than_four_are_kept() -> None:
    rig = open_directory(remembering())
    rig.press("down", "soft1", "up", "up", "soft1", "soft1")
    assert rows(rig)[1:3] == ["> Change 0301234567", "Kind Home"]
    assert "Delete" not in rig.words
    rig = numbers_of_bert("up", "soft1", *"1111", "soft1")
    rig.press("up", "up", "soft1", "up", "soft1", *"2222", "soft1", "up", "up", "soft1")
    assert len(numbers(rig, "Bert Baker")) == 4
    assert "Add a number" not in rig.words


def test_a_number_of_the_history_is_given_to_a_contact_that_is_there() -> None:
    rig = remembering()
    rig.press("soft1", "down", "soft1")
    rig.press("up", "up", "soft1")
    assert rows(rig)[:2] == ["Directory 1/2", "> Bert Baker"]
    rig.press(*"96")
    assert rows(rig)[:2] == ["Find: 96 1/1", "> Zoë"]
    rig.press("soft1")
    assert numbers(rig, "Zoë") == [("home", "0301234567"), ("other", "699")]
    assert rows(rig)[0].startswith("Zoë"), "it is called so from now on"
    assert "Save" not in rig.words
    full = Contact("Full", tuple(ContactNumber(NumberKind.OTHER, n) for n in "1234"))
    rig = rig_with(CallsKept((missed("699"),)), ContactsKept((full,)))
    rig.press("soft1", "soft1", "up", "up", "soft1")
    assert rows(rig) == ["Directory 1/1", "> nobody found", "[Back]"]
    rig = rig_with(CallsKept((missed("699"),)))
    rig.press("soft1", "soft1")
    assert "Add to contact" not in rig.words


def test_an_emergency_is_dialled_while_a_contact_is_chosen() -> None:
    rig = remembering()
    rig.press("soft1", "down", "soft1", "up", "up", "soft1", *"112")
    assert dialled(rig) == ["112"]
