"""What the screen shows, as values: frozen, comparable, without a pixel.

`lines(screen)` is what a person reads, line by line; `firmware.phone.render` draws the same.
"""

from __future__ import annotations

from enum import Enum

from firmware.frozen import frozen
from firmware.phone.graph import Graph


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


@frozen
class IdleScreen:
    """Nobody calls: the time, the accounts, the link."""

    clock: str
    date: str
    accounts: tuple[AccountLine, ...]
    link: LinkLine
    warnings: int = 0  # How many there are (I4): a soft key leads to them.


@frozen
class PageScreen:
    """A page of facts: `rows` are label and value; `page` of `pages` stands in the corner."""

    title: str
    rows: tuple[tuple[str, str], ...]
    page: int = 1
    pages: int = 1


@frozen
class GraphScreen:
    """A page with a graph in place of rows."""

    title: str
    graph: Graph
    page: int = 1
    pages: int = 1


@frozen
class DialScreen:
    """Digits on their way to a number."""

    digits: str
    account: str
    link: LinkLine | None = None  # Shown where the link is not up.


@frozen
class SoundLine:
    """The sound of a call for its screen: `bars` from 0 to 4, None while not measured."""

    secure: bool = False
    bars: int | None = None
    codec: str = ""
    muted: bool = False
    note: str = ""


class CallStage(Enum):
    """Where a call stands, in words that the screen shows."""

    CALLING = "Calling"
    RINGING = "Ringing"
    INCOMING = "Incoming call"
    WAITING = "Call waiting"
    TALKING = "Connected"
    ENDED = "Call ended"


@frozen
class CallScreen:
    """A call; `detail` is the duration, the account called or the reason of the end."""

    stage: CallStage
    name: str
    number: str
    detail: str = ""
    link: LinkLine | None = None
    sound: SoundLine = SoundLine()


Screen = IdleScreen | PageScreen | GraphScreen | DialScreen | CallScreen


def soft_keys(screen: Screen) -> tuple[str, str]:
    """Return what the two soft keys do, "" for nothing."""
    match screen:
        case IdleScreen(warnings=count):
            return _warnings_key(count), "Link"
        case PageScreen() | GraphScreen():
            return "", "Back"
        case DialScreen(digits):
            return ("Dial", "Delete") if digits else ("", "")
        case CallScreen(CallStage.INCOMING | CallStage.WAITING):
            return "Answer", "Reject"
        case CallScreen(CallStage.ENDED):
            return "", ""
        case CallScreen():
            return "", "End"


def _warnings_key(count: int) -> str:
    return "" if not count else "1 warning" if count == 1 else f"{count} warnings"


def lines(screen: Screen) -> tuple[str, ...]:
    """Return the lines that a person reads, from the top."""
    soft1, soft2 = soft_keys(screen)
    keys = f"[{soft1}] [{soft2}]" if soft1 else f"[{soft2}]" if soft2 else ""
    return tuple(line for line in (*_body(screen), keys) if line)


def _body(screen: Screen) -> tuple[str, ...]:
    match screen:
        case IdleScreen(clock, date, accounts, link):
            return (f"{clock} {date}", *map(_account, accounts), *_link(link))
        case PageScreen(title, rows, page, pages):
            return (f"{title} {page}/{pages}", *map(_row, rows))
        case GraphScreen(title, graph, page, pages):
            gap = "the link was down" if graph.has_gap else ""
            return (f"{title} {page}/{pages}", graph.words, gap)
        case DialScreen(digits, account, link):
            return (account, digits, *_link(link))
        case CallScreen(stage, name, number, detail, link, sound):
            return (stage.value, name, number, detail, *_sound(sound), *_link(link))


def _sound(sound: SoundLine) -> tuple[str, ...]:
    bars = "" if sound.bars is None else f"quality {sound.bars} of 4"
    facts = ("encrypted" if sound.secure else "", sound.codec, bars)
    return (" ".join(fact for fact in facts if fact), sound.note)


def _row(row: tuple[str, str]) -> str:
    label, value = row
    return f"{label}: {value}" if label else value


def _account(line: AccountLine) -> str:
    return f"{line.name}: registered" if line.registered else f"{line.name}: {line.reason}"


def _link(line: LinkLine | None) -> tuple[str, ...]:
    return () if line is None else (f"{line.text} {line.side}".strip(), line.reason)


def registered_count(accounts: tuple[AccountLine, ...]) -> str:
    """Say how many accounts are registered: "2/3 registered"."""
    registered = sum(line.registered for line in accounts)
    return f"{registered}/{len(accounts)} registered" if accounts else "no account"
