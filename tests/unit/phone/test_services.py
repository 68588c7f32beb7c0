"""Do not disturb, forwarding, intercom, voice mail, programmed keys: what calls and keys do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    Dial,
    EndCause,
    Forward,
    ForwardReason,
    IncomingCall,
    Intercom,
    Lamp,
    LampChanged,
    MessagesWaiting,
    RegistrationState,
    Reject,
    Ring,
)
from firmware.media.events import MuteMicrophone, PlayTone, SetVolume
from firmware.media.tone_table import ToneKind
from firmware.phone.directory import DirectoryError
from firmware.phone.events import (
    EndCall,
    HoldCall,
    HookLifted,
    HookReplaced,
    KeyHeld,
    KeyPressed,
    LampPattern,
    SampleRing,
    SetLamp,
    SetRinger,
    TuneRinger,
)
from firmware.phone.kept import AccountServices, CallWay, ServicesKept, ServicesLog
from firmware.phone.programmed import KeyKind, ProgrammedKey
from firmware.phone.ring_tones import CADENCES, RING_TONES, notes_of
from firmware.phone.screen import CallScreen, ListScreen
from firmware.phone.services import KeyMode, ServiceSettings
from firmware.phone.serving import CALL_BACK_S, NOTICE_S
from firmware.phone.settings import DELAY_S, FORGOTTEN_S
from firmware.phone.state import State
from tests.unit.phone.rig import ANNA, ANY, Rig, account, of
from tests.unit.phone.service_scenes import BERTA, HOUSE, menu, phone

INCOMING = IncomingCall(8, 1, ANNA)
QUIET = AccountServices(1, no_disturbance=True)


def incoming(rig: Rig, **more: object) -> list[object]:
    return rig.feed(IncomingCall(8, 1, ANNA, **more))  # type: ignore[arg-type] # its own fields


@pytest.mark.parametrize("kind", list(KeyKind))
@pytest.mark.parametrize("mode", list(KeyMode))
def test_a_key_works_before_an_account_or_a_mailbox_is_known(kind: KeyKind, mode: KeyMode) -> None:
    """Found by the simulator (keys, seed 353): a list without a row ended the phone."""
    key = ProgrammedKey(kind, "603")
    settings = ServiceSettings(keys=(key,), no_disturbance_mode=mode, forward_mode=mode)
    rig = Rig(services=settings)
    rig.press("soft2", "down", "soft1", "up", "soft1", "soft2", "soft2")
    assert rig.words


@pytest.mark.parametrize("kind", [KeyKind.VOICE_MAIL, KeyKind.NO_DISTURBANCE, KeyKind.FORWARD])
def test_a_list_of_nothing_says_so(kind: KeyKind) -> None:
    custom = KeyMode.CUSTOM
    keys = (ProgrammedKey(kind),)
    settings = ServiceSettings(keys=keys, no_disturbance_mode=custom, forward_mode=custom)
    rig = Rig(services=settings)
    rig.press("soft2")
    assert "none so far" in rig.words
    rig.press("soft1")
    assert "none so far" in rig.words


def test_a_key_for_all_accounts_switches_all_of_them_on_before_it_switches_any_off() -> None:
    key = ProgrammedKey(KeyKind.NO_DISTURBANCE)
    rig = phone(QUIET, names=("Desk", "Home"), keys=(key,), no_disturbance_mode=KeyMode.PHONE)
    for switched in ({True}, {False}, {True}):
        (log,) = of(ServicesLog, rig.press("soft2"))
        assert {own.no_disturbance for own in log.services} == switched


@pytest.mark.parametrize("text", ["201", "201@example.org", "sip:201@elsewhere.example.org"])
def test_calls_are_not_sent_to_the_phone_itself_however_it_is_written(text: str) -> None:
    services = phone().phone._memory.services
    with pytest.raises(DirectoryError, match="that is this phone"):
        services.checked(text)


def commands(out: list[object]) -> list[object]:
    kinds = Answer | Reject | Forward | Dial
    return [item for item in out if isinstance(item, kinds)]


def missed(rig: Rig) -> list[str]:
    return [call.why for call in rig.phone._memory.history.of(CallWay.MISSED)]


# Do not disturb.


def test_who_is_not_to_be_disturbed_is_busy_and_finds_the_call_among_the_missed() -> None:
    rig = phone(QUIET)
    assert commands(incoming(rig)) == [Reject(8)]
    assert not of(SetRinger, rig.out)
    rig.ended(EndCause.HUNG_UP_HERE, call=8)
    assert missed(rig) == ["busy here"]
    assert "Do not disturb" in rig.words


def test_it_is_of_one_account_alone() -> None:
    rig = phone(QUIET, names=("Desk", "Home"))
    rig.feed(IncomingCall(8, 2, ANNA))
    assert rig.phone.state is State.RINGING


def test_it_is_switched_in_the_menu_and_kept() -> None:
    rig = phone()
    menu(rig, 4)
    assert of(ServicesLog, rig.out) == [ServicesLog((QUIET,))]
    assert "Do not disturb on" in rig.words
    rig.press("soft2")
    assert "Desk: registered, Do not disturb" in rig.words
    rig.out.clear()
    menu(rig, 4)
    assert of(ServicesLog, rig.out) == [ServicesLog((AccountServices(1),))]


def test_what_was_kept_holds_again_and_what_was_set_meanwhile_is_newer() -> None:
    rig = phone(names=("Desk", "Home"))
    menu(rig, 4, "soft1")
    rig.feed(ServicesKept((AccountServices(1), AccountServices(2, always="605"))))
    rig.press("soft2", "soft2")
    assert "Desk: registered, Do not disturb" in rig.words
    assert "Home: registered, sent to 605" in rig.words


def test_the_administrators_word_holds_until_a_person_changes_it() -> None:
    rig = phone(AccountServices(1, always="605"))
    assert commands(incoming(rig)) == [Forward(8, "605", ForwardReason.ALWAYS)]
    rig.feed(ServicesKept((AccountServices(1),)))
    assert not commands(incoming(rig))
    assert rig.phone.state is State.RINGING


@pytest.mark.parametrize(
    ("mode", "quiet"), [(KeyMode.ACCOUNT, (2,)), (KeyMode.PHONE, (1, 2)), (KeyMode.CUSTOM, ())]
)
def test_a_key_acts_on_what_its_mode_says(mode: KeyMode, quiet: tuple[int, ...]) -> None:
    key = ProgrammedKey(KeyKind.NO_DISTURBANCE, account=2)
    rig = phone(names=("Desk", "Home"), keys=(key,), no_disturbance_mode=mode)
    assert "[Quiet]" in rig.words
    rig.press("soft2")
    services = rig.phone._memory.services
    assert tuple(a for a in (1, 2) if services.of(a).no_disturbance) == quiet
    assert isinstance(rig.screen, ListScreen) is (mode is KeyMode.CUSTOM)


# Forwarding.


def test_all_calls_are_sent_on_and_none_of_them_is_missed() -> None:
    rig = phone(AccountServices(1, no_disturbance=True, always="605", busy="606"))
    assert commands(incoming(rig)) == [Forward(8, "605", ForwardReason.ALWAYS)]
    rig.feed(CallEnded(8, EndCause.FORWARDED, 302, "sent to 605"))
    assert not missed(rig)
    assert rig.phone._memory.history.of(CallWay.RECEIVED)[0].why == "sent to 605"
    assert rig.phone.state is State.IDLE


def test_a_call_that_has_come_in_a_circle_rings() -> None:
    rig = phone(AccountServices(1, always="605", no_answer="606"))
    assert not commands(incoming(rig, may_forward=False))
    assert rig.phone.state is State.RINGING
    assert not of(Forward, rig.pass_time(60))


def test_a_busy_phone_sends_on() -> None:
    rig = phone(AccountServices(1, busy="606"))
    rig.feed(HookLifted())
    assert commands(incoming(rig)) == [Forward(8, "606", ForwardReason.BUSY)]
    rig.feed(CallEnded(8, EndCause.FORWARDED, 302, "sent to 606"))
    assert missed(rig) == ["sent to 606"]


def test_a_second_call_waits_all_the_same_and_a_third_is_sent_on() -> None:
    rig = phone(AccountServices(1, busy="606")).talking()
    assert not commands(incoming(rig))
    assert commands(rig.feed(IncomingCall(9, 1, ANY))) == [Forward(9, "606", ForwardReason.BUSY)]


def test_who_is_not_to_be_disturbed_sends_on_as_when_busy() -> None:
    rig = phone(AccountServices(1, no_disturbance=True, busy="606"))
    assert commands(incoming(rig)) == [Forward(8, "606", ForwardReason.NO_DISTURBANCE)]
    assert commands(incoming(rig, may_forward=False)) == [Reject(8)]


def test_a_call_that_nobody_answers_is_sent_on_in_time() -> None:
    rig = phone(AccountServices(1, no_answer="607", ring_s=15))
    incoming(rig)
    assert not commands(rig.pass_time(14.9))
    assert commands(rig.pass_time(0.2)) == [Forward(8, "607", ForwardReason.NO_ANSWER)]
    rig.feed(CallEnded(8, EndCause.FORWARDED, 302, "sent to 607"))
    assert rig.phone.state is State.IDLE, "nobody needs to read of it"
    assert missed(rig) == ["sent to 607"]


def test_a_call_that_waits_is_sent_on_too_and_one_that_is_answered_is_not() -> None:
    rig = phone(AccountServices(1, no_answer="607")).talking()
    incoming(rig)
    assert commands(rig.pass_time(20.1)) == [Forward(8, "607", ForwardReason.NO_ANSWER)]
    rig = phone(AccountServices(1, no_answer="607"))
    incoming(rig)
    rig.feed(HookLifted(), CallAnswered(8))
    assert not of(Forward, rig.pass_time(60))


def test_a_number_is_typed_and_taken_away() -> None:
    rig = phone()
    menu(rig, 3, "soft1", *"605", "soft1")
    assert of(ServicesLog, rig.out) == [ServicesLog((AccountServices(1, always="605"),))]
    assert "> All calls 605" in rig.words
    rig.out.clear()
    rig.press("soft1", "soft2", "soft2", "soft2", "soft1")
    assert of(ServicesLog, rig.out) == [ServicesLog((AccountServices(1),))]
    rig.out.clear()
    rig.press("soft1", "soft1")
    assert not of(ServicesLog, rig.out), "nothing has changed"


def test_calls_are_not_sent_to_this_phone_itself() -> None:
    rig = phone(names=("Desk", "Home"))
    menu(rig, 3, "soft1", "soft1", *"202", "soft1")
    assert "that is this phone" in rig.words
    assert not of(ServicesLog, rig.out)


def test_no_call_is_sent_to_an_emergency_number() -> None:
    rig = phone()
    menu(rig, 3, "soft1", *"112", "soft1")
    assert "no call is sent to an emergency number" in rig.words
    assert not of(ServicesLog, rig.out)
    assert not of(Dial, rig.out)


def test_how_long_it_rings_is_chosen_on_the_phone() -> None:
    rig = phone(AccountServices(1, no_answer="607"))
    menu(rig, 3, "up", "soft1")
    assert "> 20 s ✓" in rig.words
    rig.press("up", "up")
    assert "> 10 s" in rig.words
    rig.press("soft1")
    assert of(ServicesLog, rig.out) == [
        ServicesLog((AccountServices(1, no_answer="607", ring_s=10),))
    ]
    assert "Rings for 10 s" in rig.words
    rig.press("soft2", "soft2")
    incoming(rig)
    assert commands(rig.pass_time(10.1)) == [Forward(8, "607", ForwardReason.NO_ANSWER)]


# Emergency.


def test_an_emergency_number_is_dialled_whatever_is_set_and_its_call_back_rings() -> None:
    rig = phone(AccountServices(1, no_disturbance=True, always="605"))
    assert of(Dial, rig.press(*"112")) == [Dial(1, "112", True, DELAY_S)]
    rig.ended(EndCause.FAILED, "x", call=0).pass_time(CALL_BACK_S - 10)
    assert not commands(incoming(rig))
    assert rig.phone.state is State.RINGING
    rig.ended(EndCause.CANCELLED_THERE, call=8).pass_time(20)
    assert commands(incoming(rig)) == [Forward(8, "605", ForwardReason.ALWAYS)]


def test_a_call_back_is_not_sent_on_when_nobody_answers() -> None:
    rig = phone(AccountServices(1, no_answer="605"))
    rig.press(*"112")
    rig.ended(EndCause.FAILED, "x", call=0).pass_time(10)
    incoming(rig)
    assert not of(Forward, rig.pass_time(120))


@pytest.mark.parametrize("opened", [3, 4])
def test_an_emergency_number_is_dialled_from_a_service_menu(opened: int) -> None:
    rig = phone(names=("Desk", "Home"))
    menu(rig, opened)
    assert of(Dial, rig.press(*"112"))


# Intercom.


def test_an_intercom_call_answers_itself_with_a_tone_and_without_the_microphone() -> None:
    rig = phone()
    out = incoming(rig, intercom=Intercom())
    assert commands(out) == [Answer(8)]
    assert not of(SetRinger, out)
    assert of(PlayTone, out) == [PlayTone(ToneKind.CONFIRMATION)]
    assert of(MuteMicrophone, rig.feed(CallAnswered(8))) == [MuteMicrophone(True)]
    assert of(PlayTone, rig.pass_time(NOTICE_S)) == [PlayTone(None)]
    assert "microphone off" in rig.words or rig.screen.sound.muted  # type: ignore[union-attr]
    assert of(MuteMicrophone, rig.press("mute")) == [MuteMicrophone(False)]


def test_as_the_administrator_wants_it() -> None:
    rig = phone()
    out = incoming(rig, intercom=Intercom(muted=False, tone=False))
    assert commands(out) == [Answer(8)]
    assert not of(PlayTone, out)
    assert not of(MuteMicrophone, rig.feed(CallAnswered(8)))


@pytest.mark.parametrize(
    ("before", "then"),
    [
        ("talking", State.TALKING),
        ("typing", State.RINGING),
        ("lifted", State.DIALLING),
        ("quiet", State.IDLE),
        ("sent on", State.IDLE),
    ],
)
def test_no_call_is_answered_by_itself_into_something_else(before: str, then: State) -> None:
    rig = phone(
        *{"quiet": (QUIET,), "sent on": (AccountServices(1, always="605"),)}.get(before, ())
    )
    if before == "talking":
        rig.talking()
    elif before == "typing":
        rig.press("6")
    elif before == "lifted":
        rig.feed(HookLifted())
    assert not of(Answer, incoming(rig, intercom=Intercom()))
    assert rig.phone.state is then


def test_who_puts_the_handset_back_leaves_an_intercom_call() -> None:
    rig = phone()
    incoming(rig, intercom=Intercom())
    rig.feed(CallAnswered(8), HookLifted(), HookReplaced())
    rig.pass_time(1)  # It was no flash.
    assert rig.phone.state is State.IDLE


# Messages.


def test_the_lamp_is_lit_while_messages_wait_and_flashes_for_a_call() -> None:
    rig = phone()
    assert of(SetLamp, rig.feed(MessagesWaiting(1, True, 2, 8))) == [SetLamp(LampPattern.ON)]
    assert of(SetLamp, incoming(rig)) == [SetLamp(LampPattern.FLASHING)]
    assert of(SetLamp, rig.ended(EndCause.CANCELLED_THERE, call=8).out)[-1:] == [
        SetLamp(LampPattern.ON)
    ]
    assert of(SetLamp, rig.feed(MessagesWaiting(1, False))) == [SetLamp(LampPattern.OFF)]


def test_messages_of_several_accounts_are_summed_and_listed() -> None:
    rig = phone(names=("Desk", "Home", "Shop"), mailboxes=((3, "*93"),))
    rig.feed(MessagesWaiting(1, True, 2, 0, "*91"), MessagesWaiting(2, True, 1, 4, "*92"))
    assert "[3 messages]" in rig.words
    rig.press("soft2")
    assert "> Desk 2/0\nHome 1/4\nShop" in rig.words
    rig.press("down")
    assert of(Dial, rig.press("soft1")) == [Dial(2, "*92", False, DELAY_S)]


def test_one_mailbox_with_news_is_called_at_once() -> None:
    rig = phone(names=("Desk", "Home"), mailboxes=((1, "*91"), (2, "*92")))
    rig.feed(MessagesWaiting(2, True, 1))
    assert of(Dial, rig.press("soft2")) == [Dial(2, "*92", False, DELAY_S)]


def test_the_configured_number_comes_before_what_the_mailbox_says() -> None:
    rig = phone(mailboxes=((1, "*91"),))
    rig.feed(MessagesWaiting(1, True, 1, 0, "*99"))
    assert of(Dial, rig.press("soft2")) == [Dial(1, "*91", False, DELAY_S)]


def test_a_mailbox_whose_number_nobody_knows_is_not_called() -> None:
    rig = phone()
    rig.feed(MessagesWaiting(1, True, 1))
    assert not commands(rig.press("soft2"))
    assert rig.words.startswith("Voice mail 1/1\n> Desk 1/0"), "but seen: the key is not dead"
    assert "[OK]" not in rig.words


def hold_one(rig: Rig) -> list[object]:
    return rig.feed(KeyPressed("1"), KeyHeld("1"))


def test_a_one_that_is_held_calls_the_mailbox() -> None:
    rig = phone(mailboxes=((1, "*91"),))
    assert of(Dial, hold_one(rig)) == [Dial(1, "*91", False, DELAY_S)]


def test_a_one_that_is_held_calls_the_mailbox_with_news_of_several() -> None:
    rig = phone(names=("Desk", "Home"), mailboxes=((1, "*91"), (2, "*92")))
    rig.feed(MessagesWaiting(2, True, 1))
    assert of(Dial, hold_one(rig)) == [Dial(2, "*92", False, DELAY_S)]


def test_locked_keys_change_no_service_and_call_no_mailbox() -> None:
    rig = phone(keys=(ProgrammedKey(KeyKind.NO_DISTURBANCE),), mailboxes=((1, "*91"),))
    rig.feed(KeyPressed("#"), KeyHeld("#"))
    assert not of(ServicesLog, rig.press("soft2", "soft2"))
    rig.press("soft2")
    rig.pass_time(70)
    assert not of(Dial, hold_one(rig))
    rig.pass_time(70)
    assert of(Dial, rig.press(*"112"))


def test_a_one_that_is_held_is_a_digit_where_it_is_not_the_first_or_nobody_has_a_mailbox() -> None:
    rig = phone(mailboxes=((1, "*91"),))
    rig.press("6")
    assert not of(Dial, hold_one(rig))
    assert "61" in rig.words
    rig = phone()
    assert not of(Dial, hold_one(rig))
    assert isinstance(rig.screen, CallScreen) is False


def test_who_lifts_the_handset_hears_that_messages_wait() -> None:
    rig = phone()
    rig.feed(MessagesWaiting(1, True))
    assert of(PlayTone, rig.feed(HookLifted())) == [PlayTone(ToneKind.STUTTER)]


# Programmed keys.


def test_a_single_key_stands_on_the_idle_screen() -> None:
    rig = phone(keys=(ProgrammedKey(KeyKind.SPEED_DIAL, "603", "Bert"),))
    assert "[Menu] [Bert]" in rig.words
    assert of(Dial, rig.press("soft2")) == [Dial(1, "603", False, DELAY_S)]


def test_a_key_stays_in_its_place_when_messages_come() -> None:
    rig = phone(keys=(ProgrammedKey(KeyKind.SPEED_DIAL, "603"),))
    rig.feed(MessagesWaiting(1, True, 4))
    assert "[603]" in rig.words
    assert "4 messages" in rig.words


def keys(*kinds: KeyKind) -> Rig:
    first = ProgrammedKey(KeyKind.SPEED_DIAL, "603", "Bert", 2)
    more = tuple(ProgrammedKey(kind) for kind in kinds)
    return phone(names=("Desk", "Home"), keys=(first, *more), mailboxes=((1, "*91"),))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (KeyKind.DIRECTORY, "Directory 1/1"),
        (KeyKind.CALLERS, "Received calls 1/1"),
        (KeyKind.FORWARD, "Desk 1/4"),
        (KeyKind.VOICE_MAIL, "Calling"),
        (KeyKind.NO_DISTURBANCE, "Keys 2/2"),
    ],
)
def test_several_keys_are_a_list(kind: KeyKind, words: str) -> None:
    rig = keys(kind)
    assert "[Keys]" in rig.words
    rig.press("soft2", "down", "soft1")
    assert rig.words.startswith(words)


def test_a_speed_dial_calls_from_its_account() -> None:
    rig = keys(KeyKind.DIRECTORY)
    rig.press("soft2")
    assert of(Dial, rig.press("soft1")) == [Dial(2, "603", False, DELAY_S)]


# Lamps of other phones.


@pytest.mark.parametrize("lamp", list(Lamp))
def test_a_key_shows_its_lamp_and_calls_there_whatever_it_shows(lamp: Lamp) -> None:
    rig = phone(keys=(BERTA,))
    assert "Berta: not known" in rig.words, "before anything is told"
    rig.feed(LampChanged(1, "202", lamp))
    assert f"Berta: {lamp.value}" in rig.words
    assert of(Dial, rig.press("soft2")) == [Dial(1, "202", False, DELAY_S)]


@pytest.mark.parametrize(
    ("lamp", "number"),
    [
        (Lamp.UNKNOWN, "202"),
        (Lamp.IDLE, "202"),
        (Lamp.RINGING, "*8202"),
        (Lamp.BUSY, "202"),
    ],
)
def test_a_call_that_rings_there_is_taken_where_the_exchange_has_a_code(
    lamp: Lamp, number: str
) -> None:
    rig = phone(names=("Desk", "Home"), keys=(replace(BERTA, pickup="*8", account=2),))
    rig.feed(LampChanged(2, "202", lamp))
    assert of(Dial, rig.press("soft2")) == [Dial(2, number, False, DELAY_S)]


def test_a_lamp_is_that_of_its_number_and_its_account() -> None:
    rig = phone(names=("Desk", "Home"), keys=(BERTA,))
    rig.feed(LampChanged(2, "202", Lamp.BUSY), LampChanged(1, "203", Lamp.BUSY))
    assert "Berta: not known" in rig.words


def test_of_several_keys_one_that_rings_is_told_above_their_list() -> None:
    rig = phone(keys=HOUSE)
    rig.feed(LampChanged(1, "202", Lamp.BUSY))
    assert "Keys: busy" not in rig.words
    rig.feed(LampChanged(1, "204", Lamp.RINGING))
    assert "Keys: ringing" in rig.words
    rig.press("soft2")
    assert "> Berta busy" in rig.words
    assert "Reception ringing" in rig.words
    rig.feed(LampChanged(1, "204", Lamp.IDLE))
    assert "Reception free" in rig.words


def test_lamps_of_a_locked_phone_are_nobodys_business() -> None:
    rig = phone(keys=(BERTA,))
    rig.feed(LampChanged(1, "202", Lamp.RINGING))
    rig.feed(KeyPressed("#"), KeyHeld("#"))
    assert "Berta" not in rig.words


# Distinctive ringing.


def test_a_call_rings_as_the_proxy_says_and_the_next_one_as_ever() -> None:
    rig = phone()
    (tuned,) = of(TuneRinger, out := incoming(rig, ring=Ring.PRIORITY))
    assert tuned.ring is Ring.PRIORITY
    assert out.index(tuned) < out.index(SetRinger(True)), "before it is heard"
    (again,) = of(TuneRinger, rig.feed(CallEnded(8, EndCause.CANCELLED_THERE)))
    assert again == replace(tuned, ring=Ring.NORMAL)


@pytest.mark.parametrize("tone", RING_TONES)
def test_every_tone_has_every_cadence(tone: str) -> None:
    assert notes_of(tone, Ring.NORMAL) == RING_TONES[tone].notes
    for ring, cadence in CADENCES.items():
        notes = notes_of(tone, ring)
        assert sum(ms for _, ms in notes) == sum(on + off for on, off in cadence)
        assert all(ms > 0 for _, ms in notes)
        assert RING_TONES[tone].notes[-1][0] == 0, "each tone ends with its pause"
        assert notes[-1] == (0, cadence[-1][1])


def test_the_cadence_of_a_group() -> None:
    notes = notes_of("Deep", Ring.GROUP)
    assert notes[:6] == ((620, 60), (780, 60), (620, 60), (780, 60), (620, 60), (0, 200))


# A call that is held.


def test_who_lets_a_far_end_wait_is_reminded_in_the_ear() -> None:
    rig = phone()
    rig.feed(HookLifted())
    rig.talking()
    rig.press("hold")
    assert not of(PlayTone, rig.pass_time(FORGOTTEN_S - 1))
    beep = [PlayTone(ToneKind.CALL_WAITING), PlayTone(None)]
    assert of(PlayTone, rig.pass_time(3)) == beep
    assert of(PlayTone, rig.pass_time(FORGOTTEN_S)) == beep, "and again"
    rig.press("hold")
    assert not of(PlayTone, rig.pass_time(3 * FORGOTTEN_S))


def test_the_tone_that_reminds_ends_with_the_call() -> None:
    rig = phone()
    rig.feed(HookLifted())
    rig.talking()
    rig.press("hold")
    out: list[object] = []
    while not (beep := of(PlayTone, out)):
        out = rig.pass_time(0.5)
    assert beep == [PlayTone(ToneKind.CALL_WAITING)]
    rig.feed(HookReplaced())
    rig.out.clear()
    rig.feed(EndCall())
    rig.ended(EndCause.HUNG_UP_HERE)
    assert rig.phone.state is State.IDLE
    assert of(PlayTone, rig.out) == [PlayTone(None)]


def test_the_ringer_reminds_where_the_handset_lies_on_its_hook() -> None:
    rig = phone()
    rig.feed(HookLifted())
    rig.talking()
    rig.press("hold")
    rig.feed(HookReplaced())
    out = rig.pass_time(FORGOTTEN_S + 2)
    assert of(SampleRing, out) == [SampleRing(True), SampleRing(False)]
    assert not of(PlayTone, out)
    rig.ended(EndCause.HUNG_UP_THERE)
    assert not of(SampleRing, rig.pass_time(3 * FORGOTTEN_S))


def test_a_call_that_is_held_beside_another_comes_to_mind_too() -> None:
    rig = phone()
    rig.feed(HookLifted())
    rig.talking()
    incoming(rig)
    rig.press("soft1")
    rig.feed(CallAnswered(8))
    out = rig.pass_time(FORGOTTEN_S + 2)
    assert PlayTone(ToneKind.CALL_WAITING) in out


def test_two_held_calls_come_to_mind_each_in_its_time() -> None:
    """Found by the simulator of the keys, seed 1024: the one in front was overdue for long."""
    rig = phone()
    rig.feed(HookLifted())
    rig.talking()
    incoming(rig)
    rig.press("soft1")
    rig.feed(CallAnswered(8))
    rig.pass_time(FORGOTTEN_S / 2)
    rig.feed(HoldCall(True))
    rig.pass_time(FORGOTTEN_S / 4)
    for _ in range(4):
        assert PlayTone(ToneKind.CALL_WAITING) in rig.pass_time(FORGOTTEN_S / 2)


# From which account.


def test_the_account_is_chosen_before_the_number() -> None:
    rig = phone(names=("Desk", "Home", "Shop"))
    rig.feed(account(2, "Home", RegistrationState.REFUSED, "wrong password"))
    rig.feed(HookLifted())
    assert "Call from Desk" in rig.words
    rig.press("down")
    assert "Call from Shop" in rig.words, "one that is registered"
    assert of(Dial, rig.press(*"603#")) == [Dial(3, "603", False, DELAY_S)]
    rig.ended(EndCause.FAILED, "x", call=0)
    rig.feed(HookReplaced())
    rig.pass_time(60)
    rig.feed(HookLifted())
    assert "Call from Desk" in rig.words, "the next call begins as every call"


def test_with_one_account_the_volume_is_changed_as_ever() -> None:
    rig = phone()
    rig.feed(HookLifted())
    assert of(SetVolume, rig.press("up")) == [SetVolume(1)]


def test_up_goes_the_other_way() -> None:
    rig = phone(names=("Desk", "Home", "Shop"))
    rig.feed(HookLifted())
    rig.press("up")
    assert "Call from Shop" in rig.words
