"""NOTIFY check-sync: heard from the proxy, outside a dialog, for an account of this phone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.events import ResyncAsked
from firmware.sip.message import Request
from tests.unit.agent.rig import Rig, invite, of
from tests.unit.agent.test_received import Called


def notify(event: str, **changes: str) -> Request:
    sent = invite("", ("Event", event), CSeq="1 NOTIFY", **changes)
    return replace(sent, method="NOTIFY")


@pytest.mark.parametrize(
    ("event", "restarts"),
    [
        ("check-sync", False),
        ("Check-Sync ; reboot=false", False),
        ("check-sync;reboot=true", True),
        ("check-sync;id=1;Reboot=TRUE", True),
        ("check-sync;reboot", False),
    ],
)
def test_the_proxy_asks_for_a_new_configuration(event: str, restarts: bool) -> None:
    rig = Rig().registered()
    key = rig.receive(notify(event))
    (answer,) = rig.answers(key)
    assert answer.status == 200
    assert answer.to.tag
    assert of(ResyncAsked, rig.out) == [ResyncAsked(restarts)]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (notify("check-sync;;=x"), 400),
        (notify("check-sync-now"), 489),
        (notify("check-sync", Require="gin"), 420),
        (replace(notify("check-sync"), uri=invite("").from_.uri), 404),
        (notify("check-sync", To="<sip:201@example.org>;tag=unknown"), 481),
    ],
)
def test_what_is_none_asks_for_nothing(request_: Request, status: int) -> None:
    rig = Rig().registered()
    (answer,) = rig.answers(rig.receive(request_))
    assert answer.status == status
    assert not of(ResyncAsked, rig.out)


def test_who_is_on_the_line_may_not_ask() -> None:
    """A far end's NOTIFY within its call is none of the proxy's."""
    rig = Called().stands()
    asked = rig.within("NOTIFY")
    headers = asked.headers.set("Event", "check-sync;reboot=true")
    assert rig.last(rig.receive(replace(asked, headers=headers))).status == 489
    assert not of(ResyncAsked, rig.out)
    assert rig.calls() == (1,)
