"""What the views of services list: do not disturb, call forwarding, voice mail, programmed keys.

A service may be meant for one account or for all (`KeyMode`): with several accounts a list asks
which one. A number is typed as it would be dialled; nothing typed means that no calls are sent on.
"""

from __future__ import annotations

from firmware.agent.events import Lamp
from firmware.phone.kept import CallWay, Condition
from firmware.phone.language import Language
from firmware.phone.programmed import KeyKind, ProgrammedKey
from firmware.phone.service_views import (
    Accounts,
    CallFrom,
    CallMailbox,
    DialFrom,
    DisturbanceList,
    ForwardEntry,
    ForwardList,
    KeyList,
    MailboxList,
    RingTimeList,
    ServiceView,
    SetRingTime,
    SwitchDisturbance,
    SwitchRinger,
)
from firmware.phone.services import KeyMode, Services
from firmware.phone.views import CallList, ContactList, Deed, Item, LockKeys, Open

RING_TIMES_S = (5, 10, 15, 20, 30, 45, 60, 90)
"""What a person can choose; a file may say any other."""

CONDITIONS = {
    Condition.ALWAYS: "All calls",
    Condition.BUSY: "When busy",
    Condition.NO_ANSWER: "No answer",
}


def title_of_service(view: ServiceView, services: Services) -> str:
    """Return what stands above a view, in English."""
    match view:
        case DisturbanceList():
            return "Do not disturb"
        case ForwardList(accounts):
            one = len(accounts) == 1 and len(services.accounts) > 1
            return services.name_of(accounts[0]) if one else "Call forwarding"
        case ForwardEntry(_, condition):
            return CONDITIONS[condition]
        case RingTimeList():
            return "Rings for"
        case MailboxList():
            return "Voice mail"
        case KeyList():
            return "Keys"


def rows_of_service(
    view: ServiceView, services: Services, language: Language, *, is_silent: bool
) -> tuple[Item, ...]:
    """Return what a view lists; `is_silent`: the ringer is."""
    say = language.say
    match view:
        case DisturbanceList():
            return tuple(
                _disturbance(services, account, say("on")) for account in services.accounts
            )
        case ForwardList(()):
            return tuple(
                Item(
                    services.name_of(a),
                    _sent_to(services, (a,), say("on")),
                    Open(ForwardList((a,))),
                )
                for a in services.accounts
            )
        case ForwardList(accounts):
            return _forwards(services, accounts, language)
        case ForwardEntry():
            return ()
        case RingTimeList(accounts):
            return _ring_times(services, accounts)
        case MailboxList():
            return tuple(_mailbox(services, account) for account in services.mailboxes)
        case KeyList():
            keys = services.settings.keys
            return tuple(_key(key, services, language, is_silent=is_silent) for key in keys)


def main_rows(services: Services, language: Language) -> tuple[Item, ...]:
    """Return the rows of the main menu; there are none before an account is known."""
    if not services.accounts:
        return ()
    say = language.say
    on = any(services.of(account).no_disturbance for account in services.accounts)
    rows = [
        Item(say("Do not disturb"), say("on") if on else "", disturbance_deed(services, 0)),
        Item(
            say("Call forwarding"),
            _sent_to(services, services.accounts, say("on")),
            forward_deed(services, 0),
        ),
    ]
    if services.mailboxes:
        count = str(services.messages or "")
        rows.append(Item(say("Voice mail"), count, mailbox_deed(services, 0)))
    if len(services.settings.keys) > 1:
        rows.append(Item(say("Keys"), "", Open(KeyList())))
    return tuple(rows)


def disturbance_deed(services: Services, account: int) -> Deed:
    """Return what a key for it does; `account` 0: the key of no account."""
    accounts = _meant(services, services.settings.no_disturbance_mode, account)
    if not accounts:
        return Open(DisturbanceList())
    on = not all(services.of(each).no_disturbance for each in accounts)
    return SwitchDisturbance(accounts, on)


def forward_deed(services: Services, account: int) -> Deed:
    """Return what a key for it does."""
    return Open(ForwardList(_meant(services, services.settings.forward_mode, account)))


def mailbox_deed(services: Services, account: int) -> Deed:
    """Return what a key for it does: with one mailbox, or one that has news, call there."""
    if account:
        return CallMailbox(account)
    mailboxes = services.mailboxes
    with_news = [each for each in mailboxes if each in services.waiting]
    is_one = len(mailboxes) == 1 or len(with_news) == 1
    if is_one and services.mailbox_number(mailboxes[0]):
        return CallMailbox(mailboxes[0])
    return Open(MailboxList())


def _meant(services: Services, mode: KeyMode, account: int) -> Accounts:
    """Return the accounts that a service is meant for, () where the person is to choose."""
    if mode is KeyMode.PHONE or len(services.accounts) == 1:
        return services.accounts
    return (account,) if account and mode is KeyMode.ACCOUNT else ()


def _forwards(services: Services, accounts: Accounts, language: Language) -> tuple[Item, ...]:
    own, say = services.of(accounts[0]), language.say
    numbers = tuple(
        Item(say(word), own.number(condition), Open(ForwardEntry(accounts, condition)))
        for condition, word in CONDITIONS.items()
    )
    rings = Item(say("Rings for"), f"{own.ring_s} s", Open(RingTimeList(accounts)))
    return (*numbers, rings)


def _ring_times(services: Services, accounts: Accounts) -> tuple[Item, ...]:
    now_s = services.of(accounts[0]).ring_s
    return tuple(
        Item(
            f"{ring_s} s",
            "✓" if ring_s == now_s else "",
            SetRingTime(accounts, ring_s),
            is_set=ring_s == now_s,
        )
        for ring_s in RING_TIMES_S
    )


def _disturbance(services: Services, account: int, on: str) -> Item:
    is_on = services.of(account).no_disturbance
    deed = SwitchDisturbance((account,), not is_on)
    return Item(services.name_of(account), on if is_on else "", deed)


def _sent_to(services: Services, accounts: Accounts, several: str) -> str:
    """Return where calls of some accounts go, where one number says it."""
    numbers = {
        services.of(account).number(condition) for account in accounts for condition in Condition
    } - {""}
    return next(iter(numbers)) if len(numbers) == 1 else several * bool(numbers)


def _mailbox(services: Services, account: int) -> Item:
    told = services.mailbox(account)
    counts = f"{told.new}/{told.old}" if told and (told.new or told.old) else ""
    can_call = bool(services.mailbox_number(account))
    return Item(services.name_of(account), counts, CallMailbox(account) if can_call else None)


def deed_of_key(key: ProgrammedKey, services: Services) -> Deed:
    """Return what a programmed key does."""
    match key.kind:
        case KeyKind.SPEED_DIAL:
            return CallFrom(key.value, key.account)
        case KeyKind.LAMP:
            takes = services.lamp(key) is Lamp.RINGING
            return CallFrom(key.pickup * takes + key.value, key.account)
        case KeyKind.NO_DISTURBANCE:
            return disturbance_deed(services, key.account)
        case KeyKind.FORWARD:
            return forward_deed(services, key.account)
        case KeyKind.VOICE_MAIL:
            return mailbox_deed(services, 0)
        case KeyKind.DIRECTORY:
            return Open(ContactList())
        case KeyKind.CALLERS:
            return Open(CallList(CallWay.RECEIVED))
        case KeyKind.LINE:
            return DialFrom(key.account)
        case KeyKind.SILENCE:
            return SwitchRinger()
        case KeyKind.LOCK:
            return LockKeys()


def word_of_key(key: ProgrammedKey, services: Services, language: Language) -> str:
    """Return the administrator's word for a key, else ours; a number or an account has none."""
    match key.kind:
        case _ if key.label:
            return key.label
        case KeyKind.SPEED_DIAL | KeyKind.LAMP:
            return key.value
        case KeyKind.LINE:
            return services.name_of(key.account)
        case _:
            return language.say(key.word)


def _key(key: ProgrammedKey, services: Services, language: Language, *, is_silent: bool) -> Item:
    """Return a key as a row: what it does, and what is switched on."""
    say, accounts = language.say, _meant(services, KeyMode.ACCOUNT, key.account)
    own = [services.of(account) for account in accounts]
    side = ""
    match key.kind:
        case KeyKind.SPEED_DIAL if key.label:
            side = key.value
        case KeyKind.NO_DISTURBANCE if any(each.no_disturbance for each in own):
            side = say("on")
        case KeyKind.FORWARD:
            side = _sent_to(services, accounts, say("on"))
        case KeyKind.VOICE_MAIL:
            side = str(services.messages or "")
        case KeyKind.LINE:
            side = "✓" if services.is_registered(key.account) else say("not registered")
        case KeyKind.SILENCE if is_silent:
            side = say("silent")
        case KeyKind.LAMP:
            side = say(services.lamp(key).value)
        case _:
            pass
    return Item(word_of_key(key, services, language), side, deed_of_key(key, services))
