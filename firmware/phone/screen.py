"""What the screen shows, as values: frozen, comparable, without a pixel.

`lines(screen)` is what a person reads, line by line; `firmware.phone.render` draws the same.
"""

from __future__ import annotations

from enum import Enum

from firmware.agent.events import Lamp
from firmware.frozen import frozen
from firmware.phone.graph import Graph
from firmware.phone.language import ENGLISH, Language

LIST_ROWS = 4
"""Rows of a list that have room, one less where the link is not up."""


class LinkIcon(Enum):
    """The picture beside the link line."""

    UP = "up"
    UNPROVEN = "unproven"
    DOWN = "down"
    TRYING = "trying"


@frozen
class LinkLine:
    """The link in words (L12, S1): "primary 23 ms", "20 s ago"; or "no link", "try in 4 s", why."""

    icon: LinkIcon
    text: str
    side: str = ""  # Right in the line: the age of the last proof of life, or the countdown.
    reason: str = ""
    brief: str = ""  # The reason where there is a single line for it.


@frozen
class AccountLine:
    """One account: its name, and why it is not registered ("" while it is)."""

    name: str
    registered: bool
    reason: str = ""
    note: str = ""  # What becomes of its calls, where they do not ring here.


@frozen
class IdleScreen:
    """Nobody calls: the time, the accounts, the link."""

    clock: str
    date: str
    accounts: tuple[AccountLine, ...]
    link: LinkLine
    warnings: int = 0  # How many there are (I4): a soft key leads to them.
    missed: int = 0  # Calls that were missed and not looked at: the same key, before the warnings.
    messages: int = 0  # In the mailboxes; a soft key calls there.
    messages_wait: bool = False  # A mailbox may not count.
    no_disturbance: bool = False  # Of some account at least, as is the next.
    forwards: bool = False
    silent: bool = False  # No call is heard ringing.
    key: str = ""  # The word above the key that the administrator has programmed,
    lamp: Lamp | None = None  # and what its lamp shows, or one of several that rings.
    locked: bool = False  # The keys are: the same key unlocks them.


@frozen
class Progress:
    """Work that takes long: a word for it, and how much is done, of 0 where nobody knows."""

    word: str
    done: int = 0
    whole: int = 0


@frozen
class PageScreen:
    """A page of facts: `rows` are label and value; `page` of `pages` stands in the corner."""

    title: str
    rows: tuple[tuple[str, str], ...]
    page: int = 1
    pages: int = 1
    code: str = ""  # Shown as a QR code in place of the rows.
    progress: Progress | None = None  # Of what the page tells of, below a single fact.
    has_keys: bool = True  # Else nobody leaves it.


@frozen
class GraphScreen:
    """A page with a graph in place of rows."""

    title: str
    graph: Graph
    page: int = 1
    pages: int = 1


class CallStage(Enum):
    """Where a call stands, in words that the screen shows."""

    DELAYED = "Waiting for link"
    CALLING = "Calling"
    RINGING = "Ringing"
    INCOMING = "Incoming call"
    ANSWERING = "Answering"
    WAITING = "Call waiting"
    TALKING = "Connected"
    HELD = "On hold"
    ENDED = "Call ended"


@frozen
class BesideLine:
    """Another call in a line: who is held or talked to, and for how long; or how it ended."""

    stage: CallStage
    text: str
    time: str = ""


@frozen
class DialScreen:
    """Digits on their way to a number."""

    digits: str
    account: str
    link: LinkLine | None = None  # Shown where the link is not up.
    beside: BesideLine | None = None  # Who is held meanwhile.
    matches: tuple[tuple[str, str], ...] = ()  # Who may be meant: name and number.
    chosen: int = -1  # Which of them Dial calls; -1: the digits.
    can_redial: bool = False


@frozen
class ListScreen:
    """A list to choose from: rows of a text and what stands right of it."""

    title: str
    rows: tuple[tuple[str, str], ...]
    chosen: int
    can_take: bool  # Something follows from the row that is chosen.
    can_delete: bool = False  # Of the keys that search.
    link: LinkLine | None = None  # Shown where the link is not up.

    @property
    def shown(self) -> tuple[int, tuple[tuple[str, str], ...]]:
        """The number of the first row that has room, and those that have."""
        room = LIST_ROWS - (self.link is not None)
        first = min(max(0, self.chosen - room // 2), max(0, len(self.rows) - room))
        return first, self.rows[first : first + room]


@frozen
class TextScreen:
    """A line that is typed, what is wrong with it, and what is being done with it."""

    title: str
    text: str
    case: str  # How letters come: "Abc", "123".
    wrong: str = ""
    link: LinkLine | None = None
    progress: Progress | None = None


@frozen
class SoundLine:
    """The sound of a call for its screen: `bars` from 0 to 4, None while not measured."""

    secure: bool = False
    bars: int | None = None
    codec: str = ""
    muted: bool = False
    note: str = ""


@frozen
class CallScreen:
    """A call; `detail` is the duration, the account called or the reason of the end."""

    stage: CallStage
    name: str
    number: str
    detail: str = ""
    link: LinkLine | None = None
    sound: SoundLine = SoundLine()
    beside: BesideLine | None = None

    @property
    def has_another(self) -> bool:
        """Tell whether another call is held beside it."""
        return self.beside is not None and self.beside.stage is CallStage.HELD


Screen = (
    IdleScreen | PageScreen | GraphScreen | DialScreen | CallScreen | ListScreen | TextScreen
)  # fmt: skip


class SoftKey(Enum):
    """What a soft key does: the word above it."""

    NOTHING = ""
    WARNINGS = "warnings"
    MISSED = "missed"
    MESSAGES = "messages"
    KEY = "key"
    MENU = "Menu"
    TAKE = "OK"
    UNLOCK = "Unlock"
    REDIAL = "Redial"
    LINK = "Link"
    BACK = "Back"
    DIAL = "Dial"
    DELETE = "Delete"
    ANSWER = "Answer"
    REJECT = "Reject"
    NEW_CALL = "New call"
    RESUME = "Resume"
    SWAP = "Swap"
    END = "End"


def soft_keys(screen: Screen) -> tuple[SoftKey, SoftKey]:
    """Return what the two soft keys do: this is both what they say and what they are."""
    match screen:
        case IdleScreen():
            return _idle_key(screen), _idle_key_right(screen)
        case PageScreen():
            return (SoftKey.MENU, SoftKey.BACK) if screen.has_keys else (SoftKey.NOTHING,) * 2
        case GraphScreen():
            return SoftKey.NOTHING, SoftKey.BACK  # Its words stand there.
        case ListScreen(can_take=can_take, can_delete=can_delete):
            take = SoftKey.TAKE if can_take else SoftKey.NOTHING
            return take, SoftKey.DELETE if can_delete else SoftKey.BACK
        case TextScreen(text=text):
            return SoftKey.TAKE, SoftKey.DELETE if text else SoftKey.BACK
        case DialScreen(digits, beside=beside, can_redial=can_redial):
            redial = SoftKey.REDIAL if can_redial else SoftKey.NOTHING
            empty = SoftKey.BACK if beside else SoftKey.NOTHING
            return (SoftKey.DIAL, SoftKey.DELETE) if digits else (redial, empty)
        case CallScreen(stage):
            return _call_keys(stage, has_another=screen.has_another)


def _idle_key(screen: IdleScreen) -> SoftKey:
    """What is new comes first; from there it is one key more to the menu."""
    if screen.locked:
        return SoftKey.UNLOCK
    if screen.missed:
        return SoftKey.MISSED
    return SoftKey.WARNINGS if screen.warnings else SoftKey.MENU


def _idle_key_right(screen: IdleScreen) -> SoftKey:
    """What is programmed stays in its place; the link is a page away as well."""
    if screen.locked:
        return SoftKey.LINK
    if screen.key:
        return SoftKey.KEY
    return SoftKey.MESSAGES if screen.messages_wait else SoftKey.LINK


def _call_keys(stage: CallStage, *, has_another: bool) -> tuple[SoftKey, SoftKey]:
    match stage:
        case CallStage.INCOMING | CallStage.WAITING:
            return SoftKey.ANSWER, SoftKey.REJECT
        case CallStage.TALKING:
            return SoftKey.SWAP if has_another else SoftKey.NEW_CALL, SoftKey.END
        case CallStage.HELD:
            return SoftKey.SWAP if has_another else SoftKey.RESUME, SoftKey.END
        case CallStage.ENDED:
            return SoftKey.RESUME if has_another else SoftKey.NOTHING, SoftKey.NOTHING
        case _:
            return SoftKey.NOTHING, SoftKey.END


def shown_lamp(screen: Screen) -> Lamp | None:
    """Return the lamp that stands above the right soft key."""
    is_key = isinstance(screen, IdleScreen) and soft_keys(screen)[1] is SoftKey.KEY
    return screen.lamp if isinstance(screen, IdleScreen) and is_key else None


def labels(screen: Screen, language: Language = ENGLISH) -> tuple[str, str]:
    """Return the words above the soft keys, "" for a key that does nothing."""
    left, right = soft_keys(screen)
    return language.say(_label(left, screen)), language.say(_label(right, screen))


def _label(key: SoftKey, screen: Screen) -> str:
    if isinstance(screen, IdleScreen) and key is SoftKey.MISSED:
        return f"{screen.missed} missed"
    if isinstance(screen, IdleScreen) and key is SoftKey.WARNINGS:
        return "1 warning" if screen.warnings == 1 else f"{screen.warnings} warnings"
    if isinstance(screen, IdleScreen) and key is SoftKey.KEY:
        return screen.key
    if isinstance(screen, IdleScreen) and key is SoftKey.MESSAGES:
        return messages_words(screen.messages)
    return str(key.value)


def messages_words(count: int) -> str:
    """Say how many messages wait."""
    return {0: "Messages", 1: "1 message"}.get(count, f"{count} messages")


def lines(screen: Screen, language: Language = ENGLISH) -> tuple[str, ...]:
    """Return the lines that a person reads, from the top."""
    soft1, soft2 = labels(screen, language)
    keys = " ".join(f"[{key}]" for key in (soft1, soft2) if key)
    return tuple(line for line in (*_body(screen, language), keys) if line)


def _body(screen: Screen, language: Language) -> tuple[str, ...]:
    match screen:
        case IdleScreen(clock, date, accounts, link):
            news = _services(screen, language)
            return (f"{clock} {date}", *_accounts(accounts, language), *_link(link), *news)
        case PageScreen(title, rows, page, pages):
            done = _progress(screen.progress, language)
            return (f"{title} {page}/{pages}", *map(_row, rows), done)
        case GraphScreen(title, graph, page, pages):
            gap = "the link was down" if graph.has_gap else ""
            words = language.say(graph.words), language.say(gap)
            return (f"{title} {page}/{pages}", *words)
        case DialScreen(digits, account, link, beside, matches, chosen):
            found = _chosen(matches, 0, chosen)
            return (account, digits, *found, *_beside(beside, language), *_link(link))
        case ListScreen(title, rows, chosen, link=link):
            first, shown = screen.shown
            place = f"{title} {chosen + 1}/{len(rows)}"
            return (place, *_chosen(shown, first, chosen), *_link(link))
        case TextScreen(title, text, case, wrong, link, progress):
            doing = _progress(progress, language)
            return (f"{title} {case}".strip(), text, wrong, doing, *_link(link))
        case CallScreen(stage, name, number, detail, link, sound, beside):
            call = (language.say(stage.value), name, number, detail)
            return (*call, *_sound(sound, language), *_beside(beside, language), *_link(link))


def _progress(progress: Progress | None, language: Language) -> str:
    return language.say(progress.word) if progress else ""


def _sound(sound: SoundLine, language: Language) -> tuple[str, ...]:
    bars = "" if sound.bars is None else language.say(f"quality {sound.bars} of 4")
    facts = (language.say("encrypted") if sound.secure else "", sound.codec, bars)
    return (" ".join(fact for fact in facts if fact), sound.note)


def _chosen(rows: tuple[tuple[str, str], ...], first: int, chosen: int) -> tuple[str, ...]:
    """Return rows in words, the chosen one marked."""
    return tuple(
        f"{'> ' if number == chosen else ''}{text} {side}".strip()
        for number, (text, side) in enumerate(rows, start=first)
    )


def _beside(line: BesideLine | None, language: Language) -> tuple[str, ...]:
    if line is None:
        return ()
    before = "" if line.stage is CallStage.ENDED else f"{language.say(line.stage.value)}: "
    return (f"{before}{line.text} {line.time}".strip(),)


def _row(row: tuple[str, str]) -> str:
    label, value = row
    return f"{label}: {value}" if label else value


def _accounts(accounts: tuple[AccountLine, ...], language: Language) -> tuple[str, ...]:
    registered = language.say("registered")
    return tuple(
        f"{a.name}: {registered if a.registered else a.reason}{f', {a.note}' if a.note else ''}"
        for a in accounts
    )


def _services(screen: IdleScreen, language: Language) -> tuple[str, ...]:
    """Say what the pictures between the soft keys do, where no key says it already."""
    said = screen.messages_wait and screen.key
    words = ("ringer silent",) if screen.silent else ()
    words = (*words, messages_words(screen.messages)) if said else words
    lamp = shown_lamp(screen)
    field = (f"{screen.key}: {language.say(lamp.value)}",) if lamp else ()
    return (*map(language.say, words), *field)


def _link(line: LinkLine | None) -> tuple[str, ...]:
    return () if line is None else (f"{line.text} {line.side}".strip(), line.reason)


def registered_count(accounts: tuple[AccountLine, ...], language: Language) -> str:
    """Say how many accounts are registered: "2/3 registered"."""
    registered = sum(line.registered for line in accounts)
    counted = f"{registered}/{len(accounts)} registered"
    return language.say(counted if accounts else "no account")
