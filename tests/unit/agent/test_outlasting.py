"""A received call whose link is lost before it stands: it rings on, and is answered (F5, F6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.absence import KEPT_S
from firmware.agent.call import RING_S_MAX
from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    EndCause,
    FarChanged,
    HangUp,
    Hold,
    IncomingCall,
    MediaChanged,
    Party,
    Reject,
    Tie,
    TieChanged,
)
from firmware.agent.outlasting import ASK_FIRST_S, ASK_S, GIVEN_UP_S, UNSURE_S
from firmware.agent.rescue import CALLEE_WAIT_S
from firmware.agent.unheard import ACK_S
from firmware.link.events import Proxy
from firmware.sip.message import Request, Response
from firmware.transaction.events import AckReceived, CancelReceived, CancelRequest, SendRequest
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import BACKUP, LOCAL, PRIMARY, Rig, account, invite, of, sdp

AUDIO = sdp("m=audio 4000 RTP/AVP 0")
OTHER = sdp("m=audio 5000 RTP/AVP 0")
MOVED = replace(LOCAL, port=41000)
HERE = "<sip:201@192.0.2.99:41000;transport=tls;ob>"
TIMER_L_S = 32.0
KEPT, ANCHORED = TieChanged(1, Tie.REFRESHING), TieChanged(1, Tie.ANCHORED)


class Cut(Rig):
    """An agent that rings, and whose link is gone."""

    def __init__(self, body: str = AUDIO, *fields: tuple[str, str]) -> None:
        super().__init__()
        self.registered()
        self.key = self.receive(invite(body, *fields))
        self.down()

    def back(self, proxy: Proxy = PRIMARY) -> list[object]:
        """Bring the next link up, and the account with it; return what comes of it."""
        seen = len(self.out)
        self.up(proxy, MOVED)
        self.register()
        return self.out[seen:]

    def comes_again(self, body: str = AUDIO, **changes: str) -> str:
        """Let the caller's next INVITE come in."""
        return self.receive(invite(body, **{"Call_ID": "again", **changes}))

    def last(self, key: str = "") -> Response:
        return self.answers(key or self.key)[-1]

    def said(self, key: str = "") -> list[int]:
        return [response.status for response in self.answers(key or self.key)]

    def within(self, method: str, body: str = "", *fields: tuple[str, str]) -> Request:
        to = self.last().headers.get("To") or ""
        request = invite(body, *fields, To=to, CSeq=f"{1 + (method != 'ACK')} {method}")
        return replace(request, method=method)

    def acknowledges(self) -> list[object]:
        return self.feed(AckReceived(self.within("ACK")))


def test_it_rings_on_and_that_is_told() -> None:
    rig = Cut()
    assert of(TieChanged, rig.out) == [KEPT]
    rig.wait(KEPT_S - 0.1)
    assert rig.calls() == (1,)
    assert not of(CallEnded, rig.out)
    assert rig.said() == [180], "there is nobody to tell"


def test_it_is_missed_when_nothing_comes() -> None:
    rig = Cut()
    rig.wait(KEPT_S)
    assert rig.ended() == CallEnded(1, EndCause.LINK_LOST)
    assert rig.said() == [180, 480], "whoever waits is told, if that link comes"
    rig.wait(100)
    assert rig.agent.remembered == 0


def test_rfc3261_18_2_2_a_link_to_the_same_proxy_hears_that_it_rings() -> None:
    rig = Cut()
    rig.up(PRIMARY, MOVED)
    assert rig.said() == [180], "the registrar has its say first"
    rig.register()
    assert rig.said() == [180, 180]
    assert rig.last().headers.get("Contact") == HERE
    assert rig.last().vias == invite(AUDIO).vias
    assert ANCHORED in rig.out
    assert len(of(IncomingCall, rig.out)) == 1


def test_there_it_is_answered_as_ever() -> None:
    rig = Cut()
    rig.back()
    rig.feed(Answer(1))
    assert rig.last().status == 200
    assert rig.last().headers.get("Contact") == HERE
    assert of(CallAnswered, rig.out) == [CallAnswered(1)]
    rig.acknowledges()
    rig.wait(100)
    assert not rig.take("INVITE"), "its ACK has come: the dialog is well"
    rig.feed(HangUp(1))
    assert rig.take("BYE")


def test_without_its_ack_the_dialog_is_refreshed() -> None:
    rig = Cut()
    rig.back()
    rig.feed(Answer(1))
    rig.wait(ACK_S - 0.1)
    assert not rig.take("INVITE")
    assert rig.said()[2:] == [200] * 4, "it is repeated meanwhile"
    rig.out.clear()
    rig.wait(0.1)
    assert rig.out[0] == KEPT
    asked = rig.one("INVITE")
    assert asked.request.to.tag == "bob"
    rig.reply(asked, rig.accept(asked.request))
    assert rig.out[-1] == ANCHORED
    rig.out.clear()
    rig.wait(100)
    assert not rig.out


def test_hung_up_without_its_ack_the_bye_does_not_wait_for_long() -> None:
    rig = Cut()
    rig.back()
    rig.feed(Answer(1))
    rig.feed(HangUp(1))
    assert not rig.take("BYE"), "RFC 3261 15"
    rig.wait(ACK_S)
    assert rig.take("BYE")


def test_who_answers_meanwhile_is_connected_as_soon_as_there_is_a_way() -> None:
    rig = Cut()
    assert not rig.feed(Answer(1))
    rig.wait(10)
    rig.back()
    assert rig.last().status == 200
    assert of(CallAnswered, rig.out) == [CallAnswered(1)]
    assert rig.out.index(ANCHORED) < rig.out.index(CallAnswered(1))


def test_who_answers_meanwhile_is_told_in_the_end() -> None:
    rig = Cut()
    rig.feed(Answer(1))
    rig.back(BACKUP)
    rig.wait(KEPT_S)
    assert rig.ended() == CallEnded(1, EndCause.LINK_LOST)


@pytest.mark.parametrize("event", [Reject(1), HangUp(1)])
def test_a_refusal_meanwhile_is_for_the_next_link(event: Reject | HangUp) -> None:
    rig = Cut()
    rig.feed(event)
    assert rig.said() == [180, 486], "the transaction owes it"
    assert rig.ended() == CallEnded(1, EndCause.HUNG_UP_HERE, 486)
    rig.back()
    assert rig.said() == [180, 486]


def test_a_cancel_over_the_next_link_ends_it() -> None:
    rig = Cut()
    rig.back()
    rig.feed(CancelReceived(rig.key))
    assert rig.last().status == 487
    assert rig.ended() == CallEnded(1, EndCause.CANCELLED_THERE)


def test_it_does_not_ring_on_for_long_when_it_was_said_again() -> None:
    """The CANCEL of a caller who gives up may go by the link that is gone."""
    rig = Cut()
    rig.back()
    rig.wait(UNSURE_S - 0.1)
    assert rig.calls() == (1,)
    rig.wait(0.1)
    assert rig.last().status == 480
    assert rig.ended() == CallEnded(1, EndCause.FAILED, 480, "not answered")


# A caller who can be asked whether it still waits (RFC 3311).

KNOWS = ("Supported", "timer, 100rel"), ("Allow", "INVITE, ACK, CANCEL, BYE, PRACK, UPDATE")


def asked(rig: Cut) -> SendRequest:
    """Bring the link back, and wait until the caller is asked."""
    rig.back()
    rig.wait(ASK_FIRST_S - 0.1)
    assert not rig.take("UPDATE"), "it has to hear first that it rings"
    rig.wait(0.1)
    return rig.one("UPDATE")


def test_a_caller_who_says_that_it_waits_is_rung_on_for() -> None:
    rig = Cut(AUDIO, *KNOWS)
    update = asked(rig)
    assert update.request.to.tag == "bob"
    assert not update.request.body
    assert update.request.headers.get("Contact") == HERE
    for _ in range(30):
        rig.reply(update, answer(update.request, 200))
        rig.wait(ASK_S)
        update = rig.one("UPDATE")
    assert 30 * ASK_S > UNSURE_S
    assert rig.calls() == (1,)
    rig.wait(UNSURE_S)
    assert rig.said()[-1] == 480, "it said nothing more"


def test_its_answer_may_say_where_it_is_now() -> None:
    rig = Cut(AUDIO, *KNOWS)
    update = asked(rig)
    rig.feed(Answer(1))
    moved = ("Contact", "<sip:bob@203.0.113.9>")
    rig.reply(update, answer(update.request, 200, moved))
    rig.acknowledges()
    rig.feed(HangUp(1))
    assert str(rig.one("BYE").request.uri) == "sip:bob@203.0.113.9"


def test_a_caller_who_knows_no_such_call_is_rung_for_no_longer() -> None:
    rig = Cut(AUDIO, *KNOWS)
    update = asked(rig)
    rig.reply(update, answer(update.request, 481))
    rig.wait(GIVEN_UP_S - 0.1)
    assert rig.calls() == (1,)
    rig.wait(0.1)
    assert rig.ended() == CallEnded(1, EndCause.CANCELLED_THERE)
    assert rig.said() == [180, 180, 487]
    assert not rig.take("UPDATE")


def test_but_it_may_be_coming_again() -> None:
    rig = Cut(AUDIO, *KNOWS)
    update = asked(rig)
    rig.reply(update, answer(update.request, 481))
    rig.wait(GIVEN_UP_S - 0.1)
    key = rig.comes_again()
    assert rig.said(key) == [180]
    rig.wait(UNSURE_S)
    assert rig.calls() == (1,)
    rig.wait(RING_S_MAX)
    assert rig.ended() == CallEnded(1, EndCause.FAILED, 480, "not answered")


def test_who_has_come_again_is_asked_no_more() -> None:
    rig = Cut(AUDIO, *KNOWS)
    update = asked(rig)
    rig.reply(update, answer(update.request, 200))
    rig.comes_again()
    rig.wait(UNSURE_S)
    assert rig.calls() == (1,)
    assert not rig.open, "its CANCEL comes by this link"


def test_who_has_given_up_has_done_so_although_the_link_is_lost_again() -> None:
    rig = Cut(AUDIO, *KNOWS)
    update = asked(rig)
    rig.reply(update, answer(update.request, 481))
    rig.down()
    rig.wait(GIVEN_UP_S)
    assert rig.ended() == CallEnded(1, EndCause.CANCELLED_THERE)


@pytest.mark.parametrize("status", [405, 408, 500])
def test_any_other_answer_says_nothing(status: int) -> None:
    rig = Cut(AUDIO, *KNOWS)
    update = asked(rig)
    rig.reply(update, answer(update.request, status))
    rig.wait(UNSURE_S - ASK_FIRST_S - 0.1)
    assert rig.calls() == (1,)
    rig.wait(0.1)
    assert rig.ended() == CallEnded(1, EndCause.FAILED, 480, "not answered")


@pytest.mark.parametrize("known", KNOWS, ids=["no UPDATE", "no 100rel"])
def test_a_caller_who_may_know_no_early_dialog_is_not_asked(known: tuple[str, str]) -> None:
    rig = Cut(AUDIO, known)
    rig.back()
    rig.wait(UNSURE_S - 0.1)
    assert rig.calls() == (1,)
    assert not rig.take("UPDATE")


def test_nobody_is_asked_twice_at_once_nor_over_a_link_that_is_gone() -> None:
    rig = Cut(AUDIO, *KNOWS)
    update = asked(rig)
    rig.open = [update]
    rig.wait(3 * ASK_S)
    assert rig.open == [update], "it has not been answered"
    rig.down()
    rig.wait(2 * ASK_S)
    assert not rig.take("UPDATE")
    assert asked(rig)


def test_what_it_says_when_the_call_is_answered_changes_nothing() -> None:
    rig = Cut(AUDIO, *KNOWS, ("Session-Expires", "1800;refresher=uas"))
    update = asked(rig)
    rig.feed(Answer(1))
    rig.reply(update, answer(update.request, 481))
    rig.acknowledges()
    rig.out.clear()
    rig.wait(900)
    assert rig.calls() == (1,)
    (refresh,) = rig.open
    assert (refresh.request.method, refresh.request.headers.get("Session-Expires")) == (
        "UPDATE",
        "1800;refresher=uac",
    )


def test_a_patience_that_is_almost_over_is_not_longer_for_it() -> None:
    rig = Rig().registered()
    rig.receive(invite(AUDIO))
    rig.wait(290)
    rig.down()
    rig.wait(9.9)
    assert rig.calls() == (1,)
    rig.wait(0.2)
    assert rig.calls() == ()


def test_the_other_proxy_is_told_nothing() -> None:
    rig = Cut()
    assert not of(TieChanged, rig.back(BACKUP))
    assert rig.said() == [180]
    rig.down()
    rig.back()
    assert rig.said() == [180, 180], "that was the one"


def test_a_link_that_is_lost_again_gives_no_more_time() -> None:
    rig = Cut()
    rig.wait(20)
    rig.back(BACKUP)
    rig.down()
    rig.wait(KEPT_S - 20)
    assert rig.ended().cause is EndCause.LINK_LOST


def test_after_it_was_said_again_a_loss_is_another() -> None:
    rig = Cut()
    rig.wait(20)
    rig.back()
    rig.down()
    assert of(TieChanged, rig.out) == [KEPT, ANCHORED, KEPT]
    rig.wait(KEPT_S - 1)
    rig.back()
    assert rig.said() == [180] * 3


# The caller begins anew (F5).


@pytest.mark.parametrize("proxy", [PRIMARY, BACKUP])
def test_the_next_invite_of_the_caller_takes_the_place_of_the_first(proxy: Proxy) -> None:
    rig = Cut()
    rig.back(proxy)
    rig.out.clear()
    key = rig.comes_again(OTHER, From='"Bob" <sip:100@example.org>;tag=new')
    assert rig.said(key) == [180]
    assert rig.said() == [487], "whoever still waits for the first is told"
    assert rig.calls() == (1,)
    assert not of(IncomingCall, rig.out), "there is one ringing"
    assert not of(CallEnded, rig.out), "and nothing was missed"
    rig.feed(Answer(1))
    assert rig.said(key) == [180, 200]
    assert of(MediaChanged, rig.out)[-1].plan.remote.port == 5000
    rig.wait(ACK_S + 1)
    assert not rig.take("INVITE"), "its ACK has 64 x T1"


def test_it_may_come_before_the_registrar_has_its_say() -> None:
    rig = Cut()
    rig.up(BACKUP, MOVED)
    key = rig.comes_again()
    assert rig.said(key) == [180]
    assert ANCHORED in rig.out
    rig.register()
    assert rig.said(key) == [180]


def test_whoever_has_answered_meanwhile_is_connected_by_it() -> None:
    rig = Cut()
    rig.feed(Answer(1))
    rig.back(BACKUP)
    key = rig.comes_again()
    assert rig.said(key) == [180, 200]
    assert of(CallAnswered, rig.out) == [CallAnswered(1)]


def test_the_same_invite_by_another_way_is_no_loop() -> None:
    """A proxy may send the INVITE that waits to where the phone is now."""
    rig = Cut()
    rig.back()
    key = rig.receive(invite(AUDIO))
    assert rig.said(key) == [180]
    copy = rig.receive(invite(AUDIO))
    assert rig.said(copy) == [482], "but once is enough (8.2.2.2)"
    assert rig.calls() == (1,)


def test_who_comes_again_under_another_name_is_shown() -> None:
    rig = Cut()
    rig.back(BACKUP)
    rig.comes_again(From='"Robert" <sip:100@example.org>;tag=new')
    assert FarChanged(1, Party("Robert", "100")) in rig.out


def test_the_proxy_says_who_comes_again() -> None:
    rig = Rig().registered()
    rig.receive(invite(AUDIO, ("P-Asserted-Identity", "<sip:500@example.org>")))
    rig.down()
    rig.up(BACKUP, MOVED)
    rig.register()
    rig.receive(invite(AUDIO, Call_ID="byfrom"))
    assert rig.calls() == (1, 2), "From is another one"
    asserted = ("P-Asserted-Identity", "<sip:500@example.org>")
    rig.receive(invite(AUDIO, asserted, Call_ID="again", From="<sip:x@example.org>;tag=y"))
    assert rig.calls() == (1, 2)
    rig.receive(invite(AUDIO, ("P-Asserted-Identity", "nonsense<"), Call_ID="bad"))
    assert rig.calls() == (1, 2, 3), "what cannot be read says nothing"


def test_somebody_else_is_another_call() -> None:
    rig = Cut()
    rig.back(BACKUP)
    rig.comes_again(From="<sip:101@example.org>;tag=else")
    assert rig.calls() == (1, 2)
    assert len(of(IncomingCall, rig.out)) == 2


def test_a_call_to_another_account_is_another_call() -> None:
    rig = Rig(account(1), account(2)).registered()
    rig.receive(invite(AUDIO))
    rig.down()
    rig.up(BACKUP, MOVED)
    rig.register()
    to_other = replace(invite(AUDIO, Call_ID="again"), uri=rig.agent._lines[1].contact_uri())
    rig.receive(to_other)
    assert rig.calls() == (1, 2)


def test_a_caller_who_hides_is_one_only_while_nobody_can_be_told() -> None:
    hidden = {"From": '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=h'}
    rig = Rig().registered()
    rig.receive(invite(AUDIO, **hidden))
    rig.down()
    rig.up(PRIMARY, MOVED)
    rig.register()
    rig.receive(invite(AUDIO, Call_ID="other", **hidden))
    assert rig.calls() == (1, 2), "that one rings well: this may be anybody"
    rig.feed(HangUp(2))
    rig.down()
    rig.up(BACKUP, MOVED)
    rig.receive(invite(AUDIO, Call_ID="again", **hidden))
    assert rig.calls() == (1,)


def test_a_call_that_was_never_lost_is_not_taken_over() -> None:
    rig = Rig().registered()
    rig.receive(invite(AUDIO))
    rig.receive(invite(AUDIO, Call_ID="second"))
    assert rig.calls() == (1, 2)


def test_taken_over_once_it_is_a_call_like_any_other() -> None:
    rig = Cut()
    rig.back(BACKUP)
    rig.comes_again()
    rig.receive(invite(AUDIO, Call_ID="third"))
    assert rig.calls() == (1, 2)


@pytest.mark.parametrize(
    ("body", "fields", "status"),
    [
        (sdp("m=audio 4000 RTP/AVP 97"), {}, 488),
        (AUDIO, {"Session_Expires": "20", "Supported": "timer"}, 422),
    ],
)
def test_what_cannot_be_had_does_not_end_the_ringing(
    body: str, fields: dict[str, str], status: int
) -> None:
    rig = Cut()
    rig.back()
    key = rig.comes_again(body, **fields)
    assert rig.said(key) == [status]
    assert rig.answers(key)[0].to.tag
    assert rig.calls() == (1,)
    rig.feed(Answer(1))
    assert rig.said() == [180, 180, 200]
    assert of(MediaChanged, rig.out)[-1].plan.remote.port == 4000


# Reliable provisional answers (RFC 3262).


def test_a_reliable_180_without_its_prack_is_the_same_over_the_next_link() -> None:
    rig = Cut(AUDIO, ("Require", "100rel"))
    rig.wait(10)
    assert rig.said() == [180], "not repeated without a link"
    rig.back()
    first, again = rig.answers(rig.key)
    assert first.headers.get("RSeq") == again.headers.get("RSeq")
    assert again.headers.get("Contact") == HERE
    rig.wait(0.5)
    assert rig.said() == [180] * 3
    rack = ("RAck", f"{again.headers.get('RSeq')} 1 INVITE")
    assert rig.answers(rig.receive(rig.within("PRACK", "", rack)))[-1].status == 200
    rig.wait(40)
    assert rig.said() == [180] * 3


def test_a_prack_that_went_by_the_old_link_is_no_reason_to_refuse() -> None:
    rig = Cut(AUDIO, ("Require", "100rel"))
    rig.back()
    rig.wait(40)
    assert set(rig.said()) == {180}
    assert rig.calls() == (1,)


def test_but_a_session_that_the_prack_was_to_bring_is_missed() -> None:
    rig = Cut("", ("Require", "100rel"))
    rig.back()
    rig.feed(Answer(1))
    rig.wait(40)
    assert rig.said()[-1] == 504


# Answered, and nobody knows whether that was heard.


def answered(proxy: Proxy) -> Cut:
    rig = Cut()
    rig.back()
    rig.feed(Answer(1))
    rig.down()
    rig.out.clear()
    rig.back(proxy)
    return rig


def test_a_2xx_that_may_have_gone_down_is_said_again() -> None:
    rig = answered(PRIMARY)
    assert rig.said() == [200]
    assert rig.last().body
    assert rig.last().headers.get("Contact") == HERE
    assert of(TieChanged, rig.out) == []
    rig.acknowledges()
    assert of(TieChanged, rig.out) == [ANCHORED]
    rig.wait(50)
    assert rig.said() == [200]
    assert not rig.take("INVITE")
    assert rig.calls() == (1,)


def test_without_its_ack_that_dialog_is_refreshed_too() -> None:
    rig = answered(PRIMARY)
    rig.wait(ACK_S)
    asked = rig.one("INVITE")
    assert rig.said() == [200] * 4
    rig.reply(asked, rig.accept(asked.request))
    assert of(TieChanged, rig.out) == [ANCHORED]
    rig.wait(50)
    assert rig.said() == [200] * 4
    assert rig.calls() == (1,)


def test_the_answer_to_our_offer_comes_with_that_ack() -> None:
    rig = Cut("")
    rig.back()
    rig.feed(Answer(1))
    rig.down()
    rig.back()
    rig.feed(AckReceived(rig.within("ACK", AUDIO)))
    assert of(MediaChanged, rig.out)[-1].plan.remote.port == 4000


def test_that_ack_may_come_before_the_registrar_has_had_its_say() -> None:
    """Found by the far ends, seed 414: the answer to our offer was lost with it."""
    rig = Cut("")
    rig.back()
    rig.feed(Answer(1))
    rig.down()
    ack = rig.within("ACK", AUDIO)
    rig.up(PRIMARY, MOVED)
    rig.out.clear()
    rig.feed(AckReceived(ack))
    assert of(MediaChanged, rig.out)[-1].plan.remote.port == 4000
    assert of(TieChanged, rig.out) == [ANCHORED]
    rig.register()
    assert rig.said() == [], "nobody waits for it"
    rig.wait(50)
    assert rig.calls() == (1,)


def test_lost_again_it_is_said_again() -> None:
    rig = answered(PRIMARY)
    rig.down()
    rig.out.clear()
    rig.back()
    assert rig.said() == [200]
    rig.down()
    rig.wait(50)
    assert of(CallEnded, rig.out) == []
    rig.back(BACKUP)
    assert rig.take("INVITE")


def test_their_replaces_takes_the_place_of_a_2xx_that_nobody_heard() -> None:
    rig = Cut()
    rig.back()
    rig.feed(Answer(1))
    rig.down()
    rig.up(PRIMARY, MOVED)
    tags = f"to-tag={rig.last().to.tag};from-tag=bob"
    replaces = ("Replaces", f"in1;{tags}"), ("Require", "replaces")
    key = rig.receive(invite(AUDIO, *replaces, Call_ID="new", From="<sip:100@example.org>;tag=n"))
    assert rig.said(key) == [200]
    rig.out.clear()
    rig.register()
    assert rig.said() == []
    assert rig.calls() == (1,)


def test_the_other_proxy_hears_no_2xx() -> None:
    rig = answered(BACKUP)
    assert rig.said() == []
    assert rig.take("INVITE")


# Answered, and the caller begins anew (F5): it has heard nothing of that.


def again_in(rig: Cut, body: str = OTHER) -> tuple[str, Request]:
    """Let the caller come again; return the key of its INVITE, and its ACK."""
    key = rig.comes_again(body)
    to = rig.last(key).headers.get("To") or ""
    ack = invite("", Call_ID="again", To=to, CSeq="1 ACK")
    return key, replace(ack, method="ACK")


def test_who_comes_again_unheard_is_answered_at_once() -> None:
    """Found with real proxies: both lose theirs, and somebody lifts before the caller is back."""
    rig = answered(BACKUP)
    rig.take("INVITE")
    key, ack = again_in(rig)
    assert rig.said(key) == [200]
    assert rig.calls() == (1,)
    assert not of(IncomingCall, rig.out), "nobody rings where somebody has lifted"
    assert of(MediaChanged, rig.out)[-1].plan.remote.port == 5000
    rig.feed(AckReceived(ack))
    rig.out.clear()
    rig.wait(50)
    assert not rig.out, "the dialog is well"
    rig.feed(HangUp(1))
    assert rig.one("BYE").request.call_id == "again"


def test_so_is_who_comes_again_before_our_2xx_was_lost() -> None:
    rig = Cut()
    rig.back()
    rig.feed(Answer(1))
    key, _ = again_in(rig)
    assert rig.said(key) == [200]
    assert rig.calls() == (1,)
    rig.wait(ACK_S + 1)
    assert not rig.take("INVITE"), "this ACK has 64 x T1"


@pytest.mark.parametrize("is_heard", [True, False], ids=["heard", "unheard"])
def test_a_2xx_that_crosses_the_caller_who_comes_again_is_ended_by_bye(is_heard: bool) -> None:
    """Found by the far ends, seed 2494 (RFC 3261 13.3.1.4, 15)."""
    rig = answered(PRIMARY)
    key, ack = again_in(rig)
    assert rig.said(key) == [200]
    rig.feed(AckReceived(ack))
    assert not rig.take("BYE"), "its ACK may still come"
    if is_heard:
        rig.acknowledges()
    rig.wait(0 if is_heard else 32)
    assert rig.one("BYE").request.call_id == "in1"
    assert rig.calls() == (1,)
    said = rig.said()
    rig.wait(50)
    assert rig.said() == said, "it is said no more"
    assert not rig.take("INVITE")
    rig.feed(HangUp(1))
    assert rig.one("BYE").request.call_id == "again"


def test_so_is_one_whose_ack_is_not_waited_for_any_more() -> None:
    rig = answered(PRIMARY)
    rig.wait(ACK_S)
    again_in(rig)
    assert rig.one("BYE").request.call_id == "in1"
    assert rig.calls() == (1,)


def test_what_is_asked_in_the_dialog_before_gives_way() -> None:
    rig = answered(BACKUP)
    asked = rig.one("INVITE")
    key, ack = again_in(rig)
    rig.feed(AckReceived(ack))
    rig.reply(asked, answer(asked.request, 481))
    assert rig.said(key) == [200]
    rig.out.clear()
    rig.wait(50)
    assert not rig.out


def test_an_invite_that_replaces_is_taken_back() -> None:
    rig = answered(BACKUP)
    rig.reply(refresh := rig.one("INVITE"), answer(refresh.request, 481))
    rig.wait(CALLEE_WAIT_S[1])
    replacing = rig.one("INVITE")
    again_in(rig)
    assert CancelRequest(replacing.key) in rig.out
    assert rig.calls() == (1,)


@pytest.mark.parametrize(
    ("body", "fields", "status"),
    [
        (sdp("m=audio 4000 RTP/AVP 97"), {}, 488),
        (AUDIO, {"Session_Expires": "20", "Supported": "timer"}, 422),
    ],
)
def test_who_comes_again_with_what_cannot_be_had_changes_nothing(
    body: str, fields: dict[str, str], status: int
) -> None:
    rig = answered(PRIMARY)
    key = rig.comes_again(body, **fields)
    assert rig.said(key) == [status]
    rig.acknowledges()
    assert of(TieChanged, rig.out) == [ANCHORED], "the first dialog is as it was"
    assert rig.calls() == (1,)


def test_a_call_that_was_acknowledged_is_no_place_for_another() -> None:
    rig = answered(PRIMARY)
    rig.acknowledges()
    key = rig.comes_again()
    assert rig.said(key) == [180]
    assert rig.calls() == (1, 2)
    rig.down()
    rig.back()
    rig.receive(invite(AUDIO, Call_ID="third", From="<sip:101@example.org>;tag=else"))
    assert rig.calls() == (1, 2, 3)


def test_who_has_not_acknowledged_that_either_may_come_a_third_time() -> None:
    rig = answered(BACKUP)
    again_in(rig)
    rig.down()
    rig.back(PRIMARY)
    key = rig.comes_again(Call_ID="third")
    assert rig.said(key) == [200]
    assert rig.calls() == (1,)


def test_one_that_has_acknowledged_it_is_no_place_for_a_third() -> None:
    rig = answered(BACKUP)
    _, ack = again_in(rig)
    rig.feed(AckReceived(ack))
    key = rig.comes_again(Call_ID="third")
    assert rig.said(key) == [180]
    assert rig.calls() == (1, 2)


def held() -> Cut:
    """Answer and hold while there is no link; that is said by the answer to who comes again."""
    rig = Cut()
    rig.back()
    rig.feed(Answer(1))
    rig.down()
    rig.feed(Hold(1))
    rig.back(BACKUP)
    return rig


def denied(rig: Cut) -> None:
    """Lose the link once more; then the far end says that it knows no such call."""
    rig.down()
    rig.back(PRIMARY)
    rig.reply(refresh := rig.one("INVITE"), answer(refresh.request, 481))
    rig.wait(CALLEE_WAIT_S[1])
    rig.reply(replacing := rig.one("INVITE"), answer(replacing.request, 481))


def test_a_held_caller_who_never_acknowledged_and_knows_no_call_is_gone() -> None:
    """Found by two handsets, seed 1083: nobody is heard on hold, so the call stood for ever."""
    rig = held()
    again_in(rig)
    denied(rig)
    assert rig.ended() == CallEnded(1, EndCause.FAILED, 0, "the far end is gone")
    assert 'text="No ACK"' in (rig.one("BYE").request.headers.get("Reason") or "")


def test_one_that_has_acknowledged_is_kept_on_hold() -> None:
    rig = held()
    _, ack = again_in(rig)
    rig.feed(AckReceived(ack))
    denied(rig)
    assert of(TieChanged, rig.out)[-1] == TieChanged(1, Tie.ADRIFT)
    assert rig.calls() == (1,)


def test_whether_one_that_is_not_held_is_gone_its_sound_says() -> None:
    rig = answered(BACKUP)
    again_in(rig)
    denied(rig)
    assert of(TieChanged, rig.out)[-1] == TieChanged(1, Tie.ADRIFT)
    assert rig.calls() == (1,)


@pytest.mark.parametrize("is_first", [True, False], ids=["hung up, lost", "lost, hung up"])
def test_who_hangs_up_a_call_whose_2xx_may_have_gone_down_ends_it_for_the_caller(
    is_first: bool,
) -> None:
    """Found by the simulator, seed 4334: a BYE to a caller who hears ringing is 481."""
    rig = Cut()
    rig.back()
    rig.feed(Answer(1))
    if is_first:
        rig.feed(HangUp(1))
    rig.down()
    if not is_first:
        rig.feed(HangUp(1))
    rig.out.clear()
    assert rig.calls() == ()
    rig.back()
    assert rig.said() == [200]
    assert not rig.take("BYE"), "RFC 3261 15"
    rig.acknowledges()
    assert rig.take("BYE")
    rig.wait(50)
    assert rig.said() == [200]


@pytest.mark.parametrize("proxy", [PRIMARY, BACKUP])
def test_who_hung_up_and_is_never_heard_says_bye_all_the_same(proxy: Proxy) -> None:
    rig = Cut()
    rig.back()
    rig.feed(Answer(1))
    rig.down()
    rig.feed(HangUp(1))
    rig.out.clear()
    rig.back(proxy)
    assert (rig.said() == [200]) == (proxy == PRIMARY)
    if proxy == PRIMARY:
        rig.wait(ACK_S)
    assert rig.take("BYE")


def test_who_hung_up_owes_a_bye_though_no_link_comes_for_long() -> None:
    rig = Cut()
    rig.back()
    rig.feed(Answer(1))
    rig.down()
    rig.feed(HangUp(1))
    rig.wait(KEPT_S)
    rig.out.clear()
    rig.back()
    assert rig.said() == []
    assert rig.take("BYE")


@pytest.mark.parametrize("hangs_up", [True, False], ids=["hung up", "talking"])
def test_a_2xx_whose_transaction_is_over_is_not_waited_for(hangs_up: bool) -> None:
    """Found by the far ends, seed 115: nothing was said, and its ACK waited for."""
    rig = Cut()
    rig.back()
    rig.feed(Answer(1))
    rig.down()
    rig.wait(TIMER_L_S - 1)
    if hangs_up:
        rig.feed(HangUp(1))
    rig.wait(1)
    rig.out.clear()
    rig.back()
    assert rig.said() == []
    assert len(rig.take("BYE")) == hangs_up
    assert len(rig.take("INVITE")) == (not hangs_up), "refreshed, as any that stands"
