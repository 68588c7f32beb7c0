"""What the phone knows of the world below it, and how its screens say it (S1, S2).

Facts come from the link and from the accounts. What changes with time alone (clock, countdown,
ages) is a deadline, `redraw_at`, so that an idle phone sleeps.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.agent.events import AccountStatus, LampChanged, MailboxRefused, RegistrationState
from firmware.frozen import frozen
from firmware.link.events import FailureKind, LinkState, LinkStatus
from firmware.machine import earliest
from firmware.phone.events import (
    FactsTold,
    LanguageIs,
    OutageLogTrouble,
    OutagesKept,
    ProblemsAre,
    Reportable,
    SoundHealth,
    TimeIs,
    WarningsChanged,
)
from firmware.phone.graph import Graph, graph_of
from firmware.phone.grid import paged, paged_blocks
from firmware.phone.kept import KeepingTrouble
from firmware.phone.language import ENGLISH
from firmware.phone.link_words import (
    AGE_STEP_S,
    BRIEF,
    age_in_words,
    certificate_end,
    link_line,
    link_rows,
)
from firmware.phone.localise import localised_link
from firmware.phone.memory import Memory
from firmware.phone.outage_words import SHOWN_MAX, outage_lines
from firmware.phone.outages import Outages
from firmware.phone.round_trips import RoundTrips
from firmware.phone.screen import (
    AccountLine,
    BesideLine,
    DialScreen,
    GraphScreen,
    IdleScreen,
    LinkIcon,
    LinkLine,
    PageScreen,
    Progress,
    Screen,
)

Rows = tuple[tuple[str, str], ...]


@frozen
class Doing:
    """A page with a bar: with what something is being done, and how far that is."""

    rows: Rows
    progress: Progress


Page = Rows | Graph | Doing

Fact = (
    Reportable | TimeIs | OutagesKept | OutageLogTrouble | KeepingTrouble | LanguageIs | FactsTold
    | MailboxRefused | LampChanged
)  # fmt: skip

SOON_S = 4.0
"""An attempt within so long is worth waiting for: outages begin with such waits (F2)."""

ABOUT = "About"
SETUP = "Set-up code"
"""The title of the page with the one-time code (T3): it comes first, while somebody asks for it."""

WEB = "Web"
"""The title of the page with the address of the phone's web page, told while somebody serves it."""

DEVICE_PAGES = ("Certificates", "Network", WEB, "Provisioning", "Update", ABOUT)
"""What the device tells, in the order of its pages."""

WARNINGS = "Warnings"
"""The title of their pages."""


class Facts:
    """The newest word of the link, of each account and of the clock; the outage log."""

    def __init__(
        self, problems: tuple[str, ...], accounts: int, memory: Memory, now: float
    ) -> None:
        self.language = ENGLISH
        self._problems, self._memory = problems, memory
        self._outages = Outages(accounts, now)
        self._began = now
        self._told: dict[str, Rows] = {}  # Pages by their titles,
        self._progress: dict[str, Progress | None] = {}  # and of what they tell.
        self._log_trouble = ""
        self._told_warnings: tuple[str, ...] = ()
        self._keeping: dict[str, str] = {}  # What is wrong with the files of lists.
        self._round_trips = RoundTrips(now)
        self._link: LinkStatus | None = None
        self._accounts: dict[int, AccountStatus] = {}
        self._untold: dict[int, dict[str, str]] = {}  # Why mailboxes and lamps tell nothing.
        self._unix_offset_s: float | None = None  # Wall clock minus monotonic.

    def learn(self, fact: Fact, now: float) -> list[object]:
        """Take in one fact; return what follows for the outage log."""
        match fact:
            case LinkStatus():
                self._link = fact
                self._round_trips.learn(fact, now)
            case AccountStatus(account):
                self._accounts[account] = fact
            case WarningsChanged() | ProblemsAre():
                return self._learn_what_is_wrong(fact)
            case LanguageIs(language):
                self.language = language
                return []
            case FactsTold(title, rows, progress):
                self._told[title], self._progress[title] = rows, progress
                return []
            case KeepingTrouble(list_name, text):
                self._keeping[list_name] = text
                return []
            case TimeIs(unix_s):
                self._unix_offset_s = None if unix_s is None else unix_s - now
            case OutageLogTrouble(text):
                self._log_trouble = text
                return []
            case MailboxRefused(account, reason):
                self._untold.setdefault(account, {})["Voice mail"] = reason
                return []
            case LampChanged(account, number, reason=reason):
                self._untold.setdefault(account, {})[f"Lamp {number}"] = reason
                return []
            case SoundHealth():
                return []  # For an administrator: the person has heard it.
            case _:
                pass  # For the log.
        return self._outages.handle(fact, now)

    def _learn_what_is_wrong(self, fact: WarningsChanged | ProblemsAre) -> list[object]:
        if isinstance(fact, ProblemsAre):
            self._problems = fact.sentences
        else:
            self._told_warnings = fact.sentences
        return []

    @property
    def _warnings(self) -> tuple[str, ...]:
        return (*self._told_warnings, *filter(None, self._keeping.values()))

    # Accounts.

    def account_to_call_from(self) -> int:
        """Return the first account that is registered, else the first there is."""
        return next(iter((*self.usable_accounts, *sorted(self._accounts))), 1)

    @property
    def usable_accounts(self) -> tuple[int, ...]:
        """The accounts that are registered."""
        return tuple(number for number in sorted(self._accounts) if self._is_registered(number))

    def name_of(self, account: int) -> str:
        """Return what the screen calls an account, "" for one that is not known."""
        status = self._accounts.get(account)
        return status.name if status else ""

    def called_as(self, account: int) -> str:
        """Return for which account a call is, "" where there is only one."""
        name = self.name_of(account) if len(self._accounts) > 1 else ""
        return f"for {name}" if name else ""

    def _is_registered(self, account: int) -> bool:
        return self._accounts[account].state is RegistrationState.REGISTERED

    # Screens.

    def idle(self, missed: int, now: float) -> IdleScreen:
        """Return the screen of a phone that nobody uses."""
        clock, date = self._clock(now)
        link = self.link_line(now)
        news = sum(
            self.language.say(text) != link.reason for text in self._warnings
        )  # Said already: no news.
        date = self.language.say(date)
        return IdleScreen(clock, date, self._account_lines(), link, news, missed)

    def page(self, number: int, missed: int, now: float) -> Screen:
        """Return a page of facts; 0 is the screen of a phone that nobody uses."""
        if not number:
            return self.idle(missed, now)
        pages = self.pages(now)
        return pages[min(number, len(pages)) - 1]

    def dialling(
        self, digits: str, account: int, beside: BesideLine | None, now: float
    ) -> DialScreen:
        """Return the screen of somebody who dials, and from which account: 0 for the usual one."""
        name = self.name_of(account or self.account_to_call_from())
        title = self.language.say(f"Call from {name}" if name else "No account")
        return DialScreen(digits, title, self.trouble(now), beside)

    def pages(self, now: float) -> list[PageScreen | GraphScreen]:
        """Return the pages of facts: problems, the link and its last hour, accounts, the rest."""
        ends = self._link and certificate_end(self._link, self._unix_time(now))
        link = self._said(link_rows(self._link, now, ends or ""))
        problems = self._said(("Problem", text) for text in self._problems)
        warnings = self._said(("Warning", text) for text in self._warnings)
        setup = self._said(self._told.get(SETUP, ()))
        pages: list[tuple[str, Page]] = [
            *((SETUP, page) for page in paged(setup)),
            *(("Configuration", page) for page in paged(problems)),
            *(("Link", page) for page in paged(link)),
            ("Round trip, 1 hour", graph_of(self._round_trips.buckets(now))),
            *(("Accounts", page) for page in paged_blocks(self._account_blocks())),
            *((WARNINGS, page) for page in paged(warnings)),
            *self._told_pages(now),
            *(("Outages", page) for page in self._outage_pages(now)),
        ]
        return [
            self._page_screen(title, page, number, len(pages))
            for number, (title, page) in enumerate(pages, start=1)
        ]

    def _page_screen(
        self, title: str, page: Page, number: int, pages: int
    ) -> PageScreen | GraphScreen:
        words = self.language.say(title)
        match page:
            case Graph():
                return GraphScreen(words, page, number, pages)
            case Doing(rows, progress):
                return PageScreen(words, rows, number, pages, progress=progress)
            case _:
                code = page[0][1] if title == WEB else ""
                return PageScreen(words, page, number, pages, code)

    def _account_blocks(self) -> list[Rows]:
        """Return what there is to say of each account: whether it is registered, what fails."""
        say, blocks = self.language.say, list[Rows]()
        for number, line in zip(sorted(self._accounts), self._account_lines(), strict=True):
            untold = self._said((w, r) for w, r in self._untold.get(number, {}).items() if r)
            blocks.append(((line.name, line.reason or say("registered")), *untold))
        return blocks

    def _told_pages(self, now: float) -> list[tuple[str, Page]]:
        """Return the pages that the device itself tells: certificates, network, what it is."""
        pages: list[tuple[str, Page]] = []
        for title in DEVICE_PAGES:
            rows = self._told.get(title, ())
            if title == ABOUT and rows:
                rows = (*rows, ("Running for", age_in_words(now - self._began)))
            if progress := self._progress.get(title):
                what, *rest = rows
                pages.append((title, Doing((("", what[1]),), progress)))
                rows = tuple(rest)
            pages += [(title, page) for page in paged(self._said(rows))]
        return pages

    def _outage_pages(self, now: float) -> list[Rows]:
        """Return the last entries of the outage log (S3)."""
        unix_s, shown = self._unix_time(now), self._outages.entries[:SHOWN_MAX]
        blocks = [outage_lines(o, unix_s, self._memory.wall, self.language) for o in shown]
        trouble: list[Rows] = (
            [self._said([("Problem", self._log_trouble)])] if self._log_trouble else []
        )
        return paged_blocks([*trouble, *(blocks or [self._said([("", "none so far")])])])

    def warnings_page(self, now: float) -> int:
        """Return the number of the first page of warnings, 0 where there is none."""
        pages = (
            screen.page for screen in self.pages(now) if screen.title == self.language.say(WARNINGS)
        )
        return next(pages, 0)

    def link_line(self, now: float) -> LinkLine:
        """Return the link in a line; where a problem keeps it off, that (L11)."""
        if self._problems and (self._link is None or self._link.state is LinkState.OFF):
            brief = BRIEF[FailureKind.CONFIGURATION]
            off = LinkLine(LinkIcon.DOWN, "no link", "", self._problems[0], brief)
            return localised_link(off, self.language)
        return localised_link(link_line(self._link, now), self.language)

    def trouble(self, now: float) -> LinkLine | None:
        """Return the link line where the link is not up: L12 on every screen."""
        up = self._link is not None and self._link.state is LinkState.UP
        return None if up else self.link_line(now)

    def link_comes(self, now: float, *, is_asked_for: bool) -> bool:
        """Tell whether there is a link, or should be in a moment: it is tried, or soon will be.

        Where the configuration allows none (L11), asking for it brings none.
        """
        link = self._link
        if link is None or link.state is not LinkState.WAITING:
            return link is None or link.state is not LinkState.OFF
        return is_asked_for or link.retry_at is None or link.retry_at - now <= SOON_S

    def _account_lines(self) -> tuple[AccountLine, ...]:
        return tuple(
            AccountLine(
                status.name,
                self._is_registered(number),
                self._why_not(number, status),
            )
            for number, status in sorted(self._accounts.items())
        )

    def _why_not(self, number: int, status: AccountStatus) -> str:
        """Say why an account is not registered."""
        reason = "" if self._is_registered(number) else status.reason or status.state.value
        return self.language.say(reason)

    def _said(self, facts: Iterable[tuple[str, str]]) -> Rows:
        """Return labels and values in the person's language."""
        return tuple((self.language.say(label), self.language.say(text)) for label, text in facts)

    # Time.

    def redraw_at(self, now: float, *, idle: bool, exact: bool) -> float | None:
        """Return when time alone changes what is shown; `exact` ages change every second."""
        return earliest((self._minute_at(now) if idle else None, self._link_at(now, idle, exact)))

    def _minute_at(self, now: float) -> float | None:
        return None if self._unix_offset_s is None else next_step(-self._unix_offset_s, now, 60.0)

    def _link_at(self, now: float, idle: bool, exact: bool) -> float | None:
        link = self._link
        if link is None:
            return None
        if link.retry_at is not None:
            return next_step(link.retry_at, now, 1.0) if link.retry_at > now else None
        if link.proof_at is None or not (idle or link.state is not LinkState.UP):
            return None
        return next_step(link.proof_at, now, 1.0 if exact else float(AGE_STEP_S))

    def _unix_time(self, now: float) -> float | None:
        return None if self._unix_offset_s is None else now + self._unix_offset_s

    def _clock(self, now: float) -> tuple[str, str]:
        unix_s = self._unix_time(now)
        if unix_s is None:
            return "--:--", "clock not set"
        wall = self._memory.wall
        local = wall.local(unix_s)
        return wall.clock(local), wall.date(local)


def next_step(origin: float, now: float, step_s: float) -> float:
    """Return the next moment after `now` that is whole steps away from `origin`."""
    steps = (now - origin) // step_s + 1
    moment = origin + steps * step_s
    # A sum of floats may fall on `now` again.
    return moment if moment > now + 1e-6 else moment + step_s
