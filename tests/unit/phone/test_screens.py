"""Every screen as a golden picture and as the words a person reads.

`make golden` draws them anew: look at each before it is committed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from firmware.agent.events import EndCause, Party, RegistrationState
from firmware.link.events import Failure, FailureKind, LinkState, LinkStatus
from firmware.phone.events import HookLifted, TimeIs, WarningsChanged
from firmware.phone.render import render
from tests.unit.phone.rig import EXPIRED, MONDAY, PROXY, Rig, account, connecting, up, waiting

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


def dialling(digits: str, lifted: bool = False) -> Rig:
    rig = Rig.registered()
    if lifted:
        rig.feed(HookLifted())
    rig.press(*digits)
    return rig


def dialling_without_link() -> Rig:
    rig = with_link(lambda now: waiting(now, 8))
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
    "page-accounts": lambda: page(3, several(3, refused=1)),
    "dialling-lifted": lambda: dialling("", lifted=True),
    "dialling": lambda: dialling("0301234"),
    "dialling-long": lambda: dialling("00493012345678901234"),
    "dialling-without-link": dialling_without_link,
    "calling": lambda: Rig.registered().dialled(),
    "ringing-there": lambda: Rig.registered().ringing_there(Party("Zoë Müßig", "603")),
    "incoming": lambda: Rig.registered("Desk", "Home office").called(),
    "incoming-number": lambda: Rig.registered().called(Party("", "+49 30 1234567")),
    "incoming-long-name": lambda: Rig.registered().called(
        Party("Prof. Dr. Maximiliane von Hohenstein-Waldburg", "+493012345678")
    ),
    "talking": lambda: talking(75),
    "talking-an-hour": lambda: talking(3723),
    "talking-when-the-link-dies": talking_when_the_link_dies,
    "ended": lambda: talking(251).ended(EndCause.HUNG_UP_THERE),
    "ended-busy": lambda: Rig.registered().dialled().ended(EndCause.REFUSED, "busy"),
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
