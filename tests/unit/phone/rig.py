"""A phone on a bench: events in, what it says kept."""

from __future__ import annotations

from typing import TypeVar

from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    Dialling,
    EndCause,
    IncomingCall,
    Party,
    RegistrationState,
    RemoteRinging,
)
from firmware.link.events import (
    Address,
    Failure,
    FailureKind,
    LinkState,
    LinkStatus,
    Proxy,
    Role,
    TlsFacts,
)
from firmware.phone.events import KeyPressed, Show, TimeIs
from firmware.phone.font import width, wrapped
from firmware.phone.grid import INDENT, ROOM, row_lines
from firmware.phone.language import ENGLISH
from firmware.phone.phone import Phone, PhoneEvent
from firmware.phone.preferences import Preferences
from firmware.phone.render import IDLE_ROWS
from firmware.phone.screen import IdleScreen, PageScreen, Screen, lines
from firmware.phone.services import ServiceSettings
from firmware.phone.settings import PhoneSettings

T = TypeVar("T")

MONDAY = 1_795_444_320.0
"""Monday 23 November 2026, 14:32 UTC."""

PROXY = Proxy(Role.PRIMARY, "proxy1.example.org")
RESET = Failure(FailureKind.RESET, "connection reset")
EXPIRED = Failure(FailureKind.CERTIFICATE, "certificate of proxy1.example.org expired 3 days ago")
ANY = Party("", "603")
ANNA = Party("Anna Schmidt", "604")
TLS = TlsFacts(
    Address("192.0.2.7", 40000), "TLSv1.3", "TLS_AES_256_GCM_SHA384", False, MONDAY + 42.5 * 86400
)


def up(now: float, age_s: float = 0.0, reason: Failure | None = None) -> LinkStatus:
    return LinkStatus(
        LinkState.UP,
        PROXY,
        reason,
        since=now - 200,
        proof_at=now - age_s,
        round_trip_s=0.0231,
        keep_alive_s=30,
        answers_pings=True,
        facts=TLS,
    )


def waiting(now: float, wait_s: float, reason: Failure = RESET, attempts: int = 3) -> LinkStatus:
    return LinkStatus(
        LinkState.WAITING, PROXY, reason, attempts, retry_at=now + wait_s, since=now - 5
    )


def connecting(now: float, reason: Failure | None = None) -> LinkStatus:
    return LinkStatus(LinkState.CONNECTING, PROXY, reason, 1, since=now)


def account(
    number: int,
    name: str,
    state: RegistrationState = RegistrationState.REGISTERED,
    reason: str = "",
) -> AccountStatus:
    return AccountStatus(number, name, f"{200 + number}@example.org", state, reason)


AS_USUAL = Preferences()


class Rig:
    """A phone that is registered with one account, at 14:32 on a Monday."""

    def __init__(
        self,
        *problems: str,
        digit_timeout_s: float = 4.0,
        accounts: int = 1,
        call_waiting: bool = True,
        services: ServiceSettings | None = None,
        preferences: Preferences = AS_USUAL,
        has_pin: bool = False,
    ) -> None:
        self.now = 1000.0
        self.out: list[object] = []
        self._screen: Screen | None = None
        self.language = ENGLISH
        settings = PhoneSettings(
            digit_timeout_s=digit_timeout_s,
            call_waiting=call_waiting,
            services=services or ServiceSettings(),
            preferences=preferences,
            has_pin=has_pin,
            problems=problems,
        )
        self.phone = Phone(settings, accounts, self.now)
        self.feed(TimeIs(None))

    @classmethod
    def registered(
        cls,
        *names: str,
        call_waiting: bool = True,
        preferences: Preferences = AS_USUAL,
        has_pin: bool = False,
        services: ServiceSettings | None = None,
    ) -> Rig:
        rig = cls(
            call_waiting=call_waiting, preferences=preferences, has_pin=has_pin, services=services
        )
        rig.feed(TimeIs(MONDAY), up(rig.now))
        for number, name in enumerate(names or ("Desk",), start=1):
            rig.feed(account(number, name))
        rig.out.clear()
        return rig

    @property
    def screen(self) -> Screen:
        assert self._screen is not None
        return self._screen

    @property
    def words(self) -> str:
        return "\n".join(lines(self.screen, self.language))

    def feed(self, *events: PhoneEvent) -> list[object]:
        """Feed events; return what followed."""
        said: list[object] = []
        for event in events:
            said += self.phone.handle(event, self.now)
        return self._keep(said)

    def press(self, *keys: str) -> list[object]:
        return self.feed(*(KeyPressed(key) for key in keys))

    def pass_time(self, seconds: float) -> list[object]:
        """Let time pass as the driver does: the phone is woken at each of its deadlines."""
        end = self.now + seconds
        said: list[object] = []
        while (due := self.phone.deadline()) is not None and due <= end:
            assert due > self.now
            self.now = due
            said += self.phone.wake(due)
            after = self.phone.deadline()
            assert after is None or after > due
        self.now = end
        return self._keep(said)

    # A call in each of its stages.

    def dialled(self, far: Party = ANY) -> Rig:
        self.press(*"603", "#")
        self.feed(Dialling(7, 1, far))
        return self

    def ringing_there(self, far: Party = ANY) -> Rig:
        self.dialled(far).feed(RemoteRinging(7))
        return self

    def talking(self, far: Party = ANY) -> Rig:
        self.dialled(far).feed(CallAnswered(7))
        return self

    def called(self, far: Party = ANNA, account: int = 1) -> Rig:
        self.feed(IncomingCall(8, account, far))
        return self

    def ended(self, cause: EndCause, reason: str = "", call: int = 7) -> Rig:
        self.feed(CallEnded(call, cause, 486 if reason else 0, reason))
        return self

    def _keep(self, said: list[object]) -> list[object]:
        for show in of(Show, said):
            self._screen, self.language = show.screen, show.language
        self.out += said
        return said


def of(kind: type[T], items: list[object]) -> list[T]:
    return [item for item in items if isinstance(item, kind)]


def assert_readable(failure: Failure) -> None:
    """See that a person can read the whole sentence: on the idle screen and on the link page."""
    rig = Rig()
    rig.feed(waiting(rig.now, 8, failure))
    assert isinstance(rig.screen, IdleScreen)
    assert failure.text in rig.words
    assert whole(failure.text, wrapped(failure.text, ROOM, IDLE_ROWS))
    rig.press("down", "down")
    assert isinstance(rig.screen, PageScreen)
    assert ("Reason", failure.text) in rig.screen.rows
    assert fits_a_page("Reason", failure.text)


def fits_a_page(label: str, sentence: str) -> bool:
    """Tell whether a sentence can be read whole on a page of facts."""
    rows = row_lines(label, sentence)
    rests = all(width(text) <= (ROOM if label else ROOM - INDENT) for label, text in rows)
    return rests and whole(sentence, [text for _, text in rows if text])


def whole(text: str, lines: list[str]) -> bool:
    """Tell whether nothing was cut off and no word was broken."""
    return " ".join(lines) == text
