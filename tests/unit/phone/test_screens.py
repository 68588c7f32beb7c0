"""Every screen as a golden picture and as the words a person reads.

`make golden` draws them anew: look at each before it is committed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from firmware.agent.events import (
    CallAnswered,
    CallEnded,
    Delayed,
    Dialling,
    EndCause,
    MailboxRefused,
    MediaChanged,
    Party,
    RegistrationState,
    RemoteRinging,
)
from firmware.agent.words import status_words
from firmware.link.events import Failure, FailureKind, LinkState, LinkStatus, Role
from firmware.media.events import (
    FarEndSilent,
    QualityMeasured,
    SoundBegun,
    SoundFact,
    SoundFault,
    SoundReport,
    WrongKey,
)
from firmware.media.formats import OPUS, Codec
from firmware.media.plan import Direction, Format
from firmware.media.quality import Quality
from firmware.phone.events import (
    FactsTold,
    HookLifted,
    OutageLogTrouble,
    OutagesKept,
    TimeIs,
    WarningsChanged,
)
from firmware.phone.font import width
from firmware.phone.grid import ROOM
from firmware.phone.link_words import BRIEF
from firmware.phone.outage import EndedBy, Outage, OutageKind
from firmware.phone.render import render
from firmware.phone.screen import Progress
from tests.unit.media.ends import PLAN, Heap
from tests.unit.phone.menu_scenes import MENU_SCENES
from tests.unit.phone.rig import (
    EXPIRED,
    MONDAY,
    PROXY,
    RESET,
    Rig,
    account,
    connecting,
    up,
    waiting,
)
from tests.unit.phone.service_scenes import SERVICE_SCENES

GOLDEN = Path(__file__).parents[2] / "golden" / "screens"


def starting() -> Rig:
    rig = Rig()
    rig.feed(TimeIs(MONDAY))
    return rig


def with_link(status: Callable[[float], LinkStatus], registered: bool = False) -> Rig:
    rig = Rig()
    state = RegistrationState.REGISTERED if registered else RegistrationState.WAITING
    rig.feed(TimeIs(MONDAY), account(1, "Desk", state), account(2, "Home office", state))
    rig.feed(status(rig.now))
    return rig


def delayed(status: Callable[[float], LinkStatus]) -> Rig:
    """A number that was dialled while the link comes back."""
    rig = with_link(status)
    rig.dialled(Party("Bert", "603")).feed(Delayed(7))
    return rig


def ended_not_registered() -> Rig:
    words = "not registered: refused by the registrar (403)"
    return Rig.registered().dialled().ended(EndCause.FAILED, words)


def ended_without_link() -> Rig:
    return delayed(lambda now: waiting(now, 7.5)).ended(EndCause.FAILED, "no link")


def several(count: int, refused: int = 0) -> Rig:
    rig = Rig()
    rig.feed(TimeIs(MONDAY), up(rig.now, age_s=25))
    for number in range(1, count + 1):
        wrong = number > count - refused
        state = RegistrationState.REFUSED if wrong else RegistrationState.REGISTERED
        rig.feed(account(number, f"Line {number}", state, "wrong password" if wrong else ""))
    return rig


def unproven(now: float) -> LinkStatus:
    return LinkStatus(LinkState.UNPROVEN, PROXY, since=now - 300, proof_at=now - 93)


def per_call(now: float) -> LinkStatus:
    return replace(unproven(now), per_call=True)


def page(number: int, rig: Rig) -> Rig:
    rig.press(*["down"] * number)
    return rig


def clock_not_set() -> Rig:
    rig = Rig()
    unset = Failure(FailureKind.CLOCK, "clock not set")
    rig.feed(
        TimeIs(None), account(1, "Desk", RegistrationState.WAITING), waiting(rig.now, 4, unset)
    )
    return rig


def clock_not_set_for_long() -> Rig:
    rig = clock_not_set()
    rig.pass_time(90)
    rig.feed(waiting(rig.now, 4, Failure(FailureKind.CLOCK, "clock not set")))
    return rig


def dialling(digits: str, lifted: bool = False) -> Rig:
    rig = Rig.registered()
    if lifted:
        rig.feed(HookLifted())
    rig.press(*digits)
    return rig


def dialling_without_link(why: Failure = RESET) -> Rig:
    rig = with_link(lambda now: waiting(now, 8, why))
    rig.press(*"0301234")
    return rig


def talking_when_the_link_dies() -> Rig:
    rig = Rig.registered().talking(Party("Bert", "603"))
    rig.pass_time(62)
    rig.feed(waiting(rig.now, 2))
    return rig


def talking(seconds: float) -> Rig:
    rig = Rig.registered().talking()
    rig.pass_time(seconds)
    return rig


def sounding(bars: int = 4, codec: Codec = OPUS, **more: object) -> Rig:
    """Somebody talks, encrypted."""
    rig = talking(75)
    form = Format(0, codec)
    plan = replace(PLAN, sends=form, receives=(form,), **more)  # type: ignore[arg-type] # a test's own words
    loss = {4: 0.0, 3: 0.02, 2: 0.035, 1: 0.06, 0: 0.4}[bars]
    quality = Quality(loss_here=loss)
    assert quality.bars == bars
    rig.feed(MediaChanged(7, plan), SoundReport(7, SoundBegun()))
    rig.feed(SoundReport(7, QualityMeasured(quality, Heap().statistics)))
    return rig


def muted() -> Rig:
    rig = sounding(3)
    rig.press("mute")
    return rig


def on_hold() -> Rig:
    rig = sounding()
    rig.press("hold")
    rig.pass_time(12)
    return rig


def dialling_beside_held(digits: str) -> Rig:
    """Whoever is talked to waits, while a second number is dialled."""
    rig = sounding()
    rig.press("soft1")
    rig.pass_time(3)
    rig.press(*digits)
    return rig


def dialling_beside_held_without_link() -> Rig:
    rig = dialling_beside_held("604")
    rig.feed(waiting(rig.now, 8))
    return rig


def calling_beside_held() -> Rig:
    rig = dialling_beside_held("604#")
    rig.feed(Dialling(8, 1, Party("Anna Schmidt", "604")), RemoteRinging(8))
    return rig


def ended_beside_held() -> Rig:
    rig = calling_beside_held()
    rig.feed(CallEnded(8, EndCause.REFUSED, 486, "busy"))
    return rig


def beside_held() -> Rig:
    rig = calling_beside_held()
    rig.feed(CallAnswered(8), MediaChanged(8, PLAN))
    rig.pass_time(39)
    return rig


def beside_held_without_link() -> Rig:
    rig = beside_held()
    rig.feed(waiting(rig.now, 2))
    return rig


def after_the_other() -> Rig:
    rig = beside_held()
    rig.feed(CallEnded(8, EndCause.HUNG_UP_THERE))
    return rig


def with_note(fact: SoundFact) -> Rig:
    rig = sounding(1)
    rig.feed(SoundReport(7, fact))
    return rig


def busy_without_card() -> Rig:
    """What is wrong with the card has been read: here it would hide why the call is over."""
    rig = calling_beside_held()
    rig.feed(SoundFault(0, "no sound card"))
    return rig.ended(EndCause.REFUSED, "busy", 8)


def without_card() -> Rig:
    rig = sounding()
    rig.feed(SoundFault(0, 'no sound card "Handset": Device unavailable'))
    return rig


def misconfigured() -> Rig:
    return Rig("no trusted certificates: sips trusted certificates is empty (L11)")


SOON = "certificate of proxy1.example.org ends in 12 days"
OLD_LIST = "revocation list of Example root expired 5 days ago"


def warned(*sentences: str, down: bool = False) -> Rig:
    rig = several(2)
    if down:
        rig.feed(waiting(rig.now, 75, EXPIRED))
    rig.feed(WarningsChanged(sentences))
    return rig


def warnings_page() -> Rig:
    rig = warned(SOON, OLD_LIST)
    rig.press("soft1")
    return rig


def measured(samples_s: list[float], every_s: float = 28.0) -> Rig:
    """A link that was measured once every `every_s`."""
    rig = several(1)
    for sample_s in samples_s:
        rig.pass_time(every_s)
        told = replace(up(rig.now), measured_s=sample_s, measured_at=rig.now)
        rig.feed(replace(told, round_trip_s=sample_s))
    return rig


def an_hour() -> Rig:
    """A wire that gets slower in the evening, a short loss, and one of seven minutes."""
    rig, random = several(1), Random(7)
    for second in range(0, 3500, 28):
        rig.pass_time(28)
        if second == 980:
            rig.feed(waiting(rig.now, 1))
            rig.pass_time(0.3)
        if 1900 < second < 2320:
            rig.feed(waiting(rig.now, 20))
            continue
        sample_s = 0.022 + 0.004 * random.random() + (0.05 * random.random()) * (second > 2700)
        told = replace(up(rig.now), round_trip_s=sample_s)
        rig.feed(replace(told, measured_s=sample_s, measured_at=rig.now))
    return rig


def outage(began: float, **changes: object) -> Outage:
    entry = Outage(
        OutageKind.OUTAGE,
        Failure(FailureKind.RESET, "connection reset by the proxy"),
        Role.PRIMARY,
        "proxy1.example.org:5061",
        began=MONDAY + began,
        duration_s=0.3,
        back_on=Role.BACKUP,
        ended_by=EndedBy.SERVICE,
    )
    return replace(entry, **changes)  # type: ignore[arg-type] # a test's own words


def with_outages() -> Rig:
    """A log of six entries, of today and before."""
    home = {"kind": OutageKind.HOME, "role": Role.BACKUP, "back_on": Role.PRIMARY}
    silent = Failure(FailureKind.SILENT, "the path to the proxy is dead")
    refused = Failure(FailureKind.REFUSED, "connection refused by 192.0.2.1:5061")
    entries = (
        outage(-600.0, duration_s=0.12, **home),
        outage(-1740.0, calls=1),
        outage(-70_000.0, failure=silent, duration_s=12.3, calls=3, calls_lost=1),
        outage(-4 * 86_400.0, failure=refused, role=None, duration_s=7500.0, back_on=Role.PRIMARY),
        outage(-9 * 86_400.0, failure=EXPIRED, duration_s=3 * 86_400.0, ended_by=EndedBy.RESTART),
        outage(-400 * 86_400.0, duration_s=None, ended_by=EndedBy.RESTART),
    )
    rig = several(1)
    rig.feed(OutagesKept(entries))
    return rig


def goes_on() -> Rig:
    rig = several(2)
    rig.talking().feed(waiting(rig.now, 75, EXPIRED), CallEnded(7, EndCause.LINK_LOST))
    rig.pass_time(10)
    return rig


def last_page(rig: Rig) -> Rig:
    rig.press("up")
    return rig


def web(address: str) -> Rig:
    rig = several(2)
    rig.feed(FactsTold("Web", (("", address),)))
    return page(5, rig)


def mailbox_refused() -> Rig:
    rig = several(3, refused=1)
    rig.feed(MailboxRefused(1, "not allowed (403)"))
    return page(4, rig)


def damaged_log() -> Rig:
    rig = several(1)
    rig.feed(
        OutageLogTrouble("the outage log is damaged; it is kept as outages.json.aside"),
        OutagesKept(()),
    )
    return rig


def refused(status: int) -> Rig:
    return (
        Rig.registered()
        .dialled(Party("Anna Schmidt", "604"))
        .ended(EndCause.REFUSED, status_words(status))
    )


DEVICE = (
    FactsTold(
        "Certificates",
        (
            ("This phone", "handset-7"),
            ("Issuer", "Example phones"),
            ("Until", "2027-01-04"),
            ("", "42 days left"),
            ("SHA-256", "0123456789abcdef" * 4),
        ),
    ),
    FactsTold(
        "Network",
        (
            ("Interface", "eth0"),
            ("Address", "192.0.2.7"),
            ("Address", "2001:db8::dead:beef:1234:5678"),
            ("Gateway", "192.0.2.1"),
            ("Speed", "100 Mbit/s"),
            ("MAC", "02:00:c0:00:02:07"),
        ),
    ),
    FactsTold(
        "About",
        (
            ("Version", "0.1"),
            ("Model", "handset"),
            ("MAC", "02:00:c0:00:02:07"),
            ("Serial", "00000000-0000-1000-8000-0200c0000207"),
            ("Python", "3.11.2"),
            ("Packages of others", "24"),
        ),
    ),
)


PROVISIONED = FactsTold(
    "Provisioning",
    (
        ("Server", "https://files.test/phones"),
        ("State", "waits until nobody uses the phone"),
        ("Because", "check-sync"),
        ("Changed", "ring tone: Classic -> Chime (fetched startup.cfg:9)"),
    ),
)

SET_UP = FactsTold("Set-up code", (("Code", "493027"), ("", "for the console")))


def set_up() -> Rig:
    rig = several(2)
    rig.feed(SET_UP)
    return page(1, rig)


def device(pages: int) -> Rig:
    rig = several(2)
    rig.feed(*DEVICE)
    rig.pass_time(2)
    return page(4 + pages, rig)


def fetching(server: str = "https://files.test/phones") -> Rig:
    """One of three files has come."""
    rig = several(2)
    facts = (("Server", server), ("State", "fetching"), ("Because", "check-sync"))
    rig.feed(FactsTold("Provisioning", facts, Progress("fetching", 1, 3)))
    return page(5, rig)


def provisioned(number: int) -> Rig:
    rig = several(2)
    rig.feed(PROVISIONED)
    return page(number, rig)


SCENES: dict[str, Callable[[], Rig]] = {
    "starting": starting,
    "idle": lambda: several(1),
    "idle-three-accounts": lambda: several(3, refused=1),
    "idle-five-accounts": lambda: several(5),
    "idle-nine-accounts": lambda: several(9),
    "idle-nine-accounts-two-refused": lambda: several(9, refused=2),
    "idle-unproven": lambda: with_link(unproven, registered=True),
    "idle-per-call": lambda: with_link(per_call, registered=True),
    "idle-connecting": lambda: with_link(connecting),
    "idle-no-link": lambda: with_link(lambda now: waiting(now, 7.5)),
    "idle-certificate-expired": lambda: with_link(lambda now: waiting(now, 75, EXPIRED)),
    "idle-clock-not-set": clock_not_set,
    "idle-misconfigured": misconfigured,
    "idle-warning": lambda: warned(SOON),
    "idle-warnings-no-link": lambda: warned(SOON, OLD_LIST, down=True),
    "page-warning": warnings_page,
    "page-problem": lambda: page(1, misconfigured()),
    "page-link-up": lambda: page(1, several(2)),
    "page-link-up-more": lambda: page(2, several(2)),
    "page-link-down": lambda: page(1, with_link(lambda now: waiting(now, 7.5, EXPIRED))),
    "page-round-trip": lambda: page(3, an_hour()),
    "page-round-trip-quick": lambda: page(3, measured([0.0004, 0.0007, 0.0005])),
    "page-round-trip-slow": lambda: page(3, measured([0.3, 2.4, 1.1, 0.2] * 9)),
    "page-round-trip-none": lambda: page(3, several(1)),
    "page-accounts": lambda: page(4, several(3, refused=1)),
    "page-accounts-mailbox": mailbox_refused,
    "page-outages": lambda: page(5, with_outages()),
    "page-outages-more": lambda: page(6, with_outages()),
    "page-outages-most": lambda: page(7, with_outages()),
    "page-outages-none": lambda: page(5, several(1)),
    "page-outages-goes-on": lambda: last_page(goes_on()),
    "page-outages-clock-not-set": lambda: last_page(clock_not_set_for_long()),
    "page-outages-damaged": lambda: page(5, damaged_log()),
    "page-set-up-code": set_up,
    "page-certificates": lambda: device(1),
    "page-certificates-more": lambda: device(2),
    "page-network": lambda: device(3),
    "page-network-more": lambda: device(4),
    "page-provisioning": lambda: provisioned(5),
    "page-provisioning-more": lambda: provisioned(6),
    "page-provisioning-fetching": fetching,
    "page-web": lambda: web("https://192.0.2.7/"),
    "page-web-long": lambda: web("https://[2001:db8::dead:beef:1234:5678]/"),
    "page-about": lambda: device(6),
    "page-about-more": lambda: device(7),
    "dialling-lifted": lambda: dialling("", lifted=True),
    "dialling": lambda: dialling("0301234"),
    "dialling-long": lambda: dialling("00493012345678901234"),
    "dialling-without-link": dialling_without_link,
    "dialling-certificate-expired": lambda: dialling_without_link(EXPIRED),
    "calling": lambda: Rig.registered().dialled(),
    "calling-delayed": lambda: delayed(lambda now: connecting(now, RESET)),
    "calling-delayed-registering": lambda: delayed(up),
    "ended-not-registered": ended_not_registered,
    "ended-without-link": ended_without_link,
    "ringing-there": lambda: Rig.registered().ringing_there(Party("Zoë Müßig", "603")),
    "incoming": lambda: Rig.registered("Desk", "Home office").called(),
    "incoming-number": lambda: Rig.registered().called(Party("", "+49 30 1234567")),
    "incoming-long-name": lambda: Rig.registered().called(
        Party("Prof. Dr. Maximiliane von Hohenstein-Waldburg", "+493012345678")
    ),
    "talking": lambda: talking(75),
    "talking-an-hour": lambda: talking(3723),
    "talking-encrypted": sounding,
    "talking-in-clear": lambda: sounding(2, key_out=None, key_in=None),
    "talking-muted": muted,
    "talking-on-hold": on_hold,
    "talking-beside-held": beside_held,
    "talking-beside-held-without-link": beside_held_without_link,
    "talking-after-the-other": after_the_other,
    "dialling-beside-held": lambda: dialling_beside_held("60"),
    "dialling-beside-held-without-link": dialling_beside_held_without_link,
    "calling-beside-held": calling_beside_held,
    "ended-beside-held": ended_beside_held,
    "ended-beside-held-without-a-card": busy_without_card,
    "talking-held-there": lambda: sounding(direction=Direction.RECVONLY),
    "talking-nothing-heard": lambda: with_note(FarEndSilent(0.0)),
    "talking-wrong-key": lambda: with_note(WrongKey()),
    "talking-without-a-card": without_card,
    "talking-when-the-link-dies": talking_when_the_link_dies,
    "call-waiting": lambda: talking(251).called(),
    "ended-not-possible": lambda: refused(405),
    "ended-no-such-number": lambda: refused(404),
    "ended-moved": lambda: refused(302),
    "ended-server-error": lambda: refused(599),
    "ended-anonymous": lambda: refused(433),
    "ended": lambda: talking(251).ended(EndCause.HUNG_UP_THERE),
    "ended-busy": lambda: Rig.registered().dialled().ended(EndCause.REFUSED, "busy"),
    **MENU_SCENES,
    **SERVICE_SCENES,
}


@pytest.mark.parametrize("name", SCENES)
def test_a_screen_looks_as_its_golden_picture(name: str, request: pytest.FixtureRequest) -> None:
    rig = SCENES[name]()
    drawn, words = render(rig.screen), rig.words + "\n"
    picture, text = GOLDEN / f"{name}.png", GOLDEN / f"{name}.txt"
    if request.config.getoption("--update-golden"):
        drawn.save(picture, optimize=True)
        text.write_text(words)
    assert words == text.read_text()
    with Image.open(picture) as golden:
        assert golden.size == drawn.size == (128, 64)
        assert golden.convert("1").tobytes() == drawn.tobytes()


def test_no_golden_picture_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(SCENES)


def test_each_brief_reason_has_room_in_one_line() -> None:
    assert set(BRIEF) == set(FailureKind)
    for text in BRIEF.values():
        assert width(text) <= ROOM, text
