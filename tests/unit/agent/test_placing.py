"""A number that is dialled in the short gap while the link moves or comes back waits for it."""

from __future__ import annotations

import pytest

from firmware.agent.events import (
    CallEnded,
    Delayed,
    Dial,
    Dialling,
    EndCause,
    HangUp,
    Inviting,
    RemoteRinging,
)
from firmware.agent.placing import MOVING_S
from firmware.link.events import CallsInProgress, LeaveSoon
from firmware.transaction.events import CancelLost, RequestFailed, RequestFailure
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import BACKUP, LOCAL, Rig, of

WAIT_S = 10.0


class Waiting(Rig):
    """An agent that was registered, whose link is gone, and a number that waits."""

    def __init__(self) -> None:
        super().__init__()
        self.registered()
        self.down()
        self.out.clear()
        self.feed(Dial(1, "100", wait_s=WAIT_S))

    def ends(self) -> CallEnded | None:
        """Return how the call has ended, None while it has not."""
        return next(iter(of(CallEnded, self.out)), None)


def test_the_call_is_there_and_says_that_it_waits() -> None:
    rig = Waiting()
    assert [type(item) for item in rig.out] == [Dialling, Delayed, CallsInProgress]
    assert rig.calls() == (1,)


@pytest.mark.parametrize("after_s", [0.0, 0.4, 9.5])
def test_it_goes_as_soon_as_the_account_is_registered(after_s: float) -> None:
    rig = Waiting()
    rig.wait(after_s)
    rig.up(BACKUP, LOCAL)
    assert not rig.take("INVITE"), "the registrar has not answered yet"
    rig.register()
    assert of(Inviting, rig.out) == [Inviting(1)]
    invite = rig.one("INVITE")
    assert not of(CancelLost, rig.out), "nobody has seen an INVITE yet"
    rig.reply(invite, answer(invite.request, 180, tag="far"))
    assert of(RemoteRinging, rig.out) == [RemoteRinging(1)]
    rig.wait(WAIT_S)
    assert rig.ends() is None, "the bound is for the wait, not for the call"


def test_while_the_registrar_is_asked_it_waits_too() -> None:
    rig = Rig()
    rig.up()
    rig.feed(Dial(1, "100", wait_s=WAIT_S))
    rig.register()
    assert rig.take("INVITE")


def test_after_the_bound_the_truth_is_said() -> None:
    rig = Waiting()
    rig.wait(WAIT_S - 0.1)
    assert rig.ends() is None
    rig.wait(0.2)
    assert rig.ends() == CallEnded(1, EndCause.FAILED, 0, "no link")
    rig.up()
    rig.register()
    assert not rig.take("INVITE"), "nobody waits for it any more"


def test_a_registrar_that_does_not_answer_is_the_truth_too() -> None:
    rig = Waiting()
    rig.up()
    (register,) = rig.take("REGISTER")
    rig.feed(RequestFailed(register.key, RequestFailure.TIMEOUT))
    rig.wait(WAIT_S)
    assert rig.ends() == CallEnded(
        1, EndCause.FAILED, 0, "not registered: registrar does not answer"
    )


def test_an_account_that_is_refused_there_is_told_at_once() -> None:
    rig = Waiting()
    rig.up()
    (register,) = rig.take("REGISTER")
    rig.reply(register, answer(register.request, 404))
    assert rig.ends() == CallEnded(1, EndCause.FAILED, 0, "not registered: account not known (404)")


def test_hanging_up_meanwhile_leaves_nothing_behind() -> None:
    rig = Waiting()
    rig.feed(HangUp(1))
    assert rig.ends() == CallEnded(1, EndCause.HUNG_UP_HERE)
    rig.up()
    rig.register()
    assert not rig.take("INVITE")
    assert not of(CancelLost, rig.out)
    rig.wait(400)
    assert not len(rig.agent._calls)


def test_a_link_that_comes_and_goes_does_not_make_the_wait_longer() -> None:
    rig = Waiting()
    for _ in range(4):
        rig.wait(2)
        rig.up()
        rig.down()
    rig.wait(2)
    assert rig.ends() == CallEnded(1, EndCause.FAILED, 0, "no link")


def test_once_it_has_been_sent_f5_decides() -> None:
    rig = Waiting()
    rig.up()
    rig.register()
    rig.down()
    rig.wait(60)
    assert rig.ends() is None, "the caller still waits for an INVITE that may be ringing"


def test_nobody_waits_who_does_not_want_to() -> None:
    rig = Rig().registered()
    rig.down()
    assert rig.feed(Dial(1, "100")) == [CallEnded(0, EndCause.FAILED, 0, "no link")]


def test_a_registrar_that_has_failed_is_not_waited_for() -> None:
    rig = Rig()
    rig.up()
    (register,) = rig.take("REGISTER")
    rig.reply(register, answer(register.request, 503))
    ended = of(CallEnded, rig.feed(Dial(1, "100", wait_s=WAIT_S)))
    words = "not registered: registrar does not serve (503)"
    assert ended == [CallEnded(0, EndCause.FAILED, 0, words)]


def test_while_the_link_moves_there_is_always_a_wait() -> None:
    rig = Rig().registered()
    rig.feed(LeaveSoon())
    (register,) = rig.take("REGISTER")
    rig.reply(register, rig.registrar.answer(register.request))
    assert of(Delayed, rig.feed(Dial(1, "100")))
    rig.wait(MOVING_S + 0.1)
    assert of(CallEnded, rig.out)


def test_an_emergency_call_needs_a_link_and_nothing_else() -> None:
    rig = Rig()
    rig.feed(Dial(1, "112", is_emergency=True, wait_s=WAIT_S))
    assert not rig.take("INVITE")
    rig.up()
    assert rig.take("INVITE"), "before any registrar has answered"


def test_an_emergency_call_of_a_refused_account_waits_for_the_link_too() -> None:
    rig = Rig()
    rig.up()
    (register,) = rig.take("REGISTER")
    rig.reply(register, answer(register.request, 403))
    rig.down()
    rig.feed(Dial(1, "112", is_emergency=True, wait_s=WAIT_S))
    rig.up()
    assert rig.take("INVITE")
