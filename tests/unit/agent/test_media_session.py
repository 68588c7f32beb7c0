"""What a call says of its sound, over its whole life (RFC 3264 4, 8; RFC 4568 7)."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    Dial,
    EndCause,
    HangUp,
    IncomingCall,
    MediaChanged,
    MediaEnded,
)
from firmware.agent.media import MediaSession, NotAcceptableError
from firmware.agent.ports import PAIRS, Ports
from firmware.media.formats import DEFAULT_CHOICES
from firmware.media.negotiation import MediaWishes, SrtpMode
from firmware.media.plan import Direction, MediaPlan
from firmware.sip.message import Response
from firmware.sip.sdp import BYTES_MAX
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import Rig, account, invite, of, sdp

HERE, THERE = "192.0.2.99", "198.51.100.7"

KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
SECURE = sdp("m=audio 4000 RTP/SAVP 0", f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")


def session(seed: int = 1, mode: SrtpMode = SrtpMode.ONLY) -> MediaSession:
    return MediaSession(MediaWishes(3000, DEFAULT_CHOICES, mode), Random(seed))


def carried(body: bytes) -> Response:
    """Return a 2xx with this body, as the far end would send it."""
    response = answer(invite(""), 200, ("Content-Type", "application/sdp"))
    return replace(response, body=body)


def plan_of(one: MediaSession) -> MediaPlan:
    assert one.plan is not None
    return one.plan


def joined() -> tuple[MediaSession, MediaSession]:
    """Return two ends that have come to an agreement: who offered, and who answered."""
    caller, callee = session(1), session(2)
    assert caller.take_answer(carried(callee.answer(caller.offer(HERE), THERE))) == ""
    return caller, callee


def version(body: bytes) -> int:
    return int(body.split()[3])


def test_two_ends_come_to_plans_that_mirror_each_other() -> None:
    here, there = map(plan_of, joined())
    assert here.is_encrypted
    assert (here.key_out, here.key_in) == (there.key_in, there.key_out)
    assert (here.remote.host, there.remote.host) == (THERE, HERE)
    assert here.sends == there.sends
    assert here.rtcp_mux


def test_an_offer_without_answer_is_said_again_as_it_was() -> None:
    caller = session()
    first = caller.offer(HERE)
    assert caller.offer(HERE) == first, "after a challenge"
    moved = caller.offer("192.0.2.100")
    assert version(moved) == version(first) + 1
    assert moved.split(b"a=crypto")[1:] == first.split(b"a=crypto")[1:]


def test_a_refreshed_session_is_the_same_byte_for_byte() -> None:
    caller, callee = joined()
    for one, other, host, there in ((caller, callee, HERE, THERE), (callee, caller, THERE, HERE)):
        before, far_before = one.plan, other.plan
        offer = one.offer(host)
        assert one.offer(host) == offer
        reply = other.answer(offer, there)
        assert one.take_answer(carried(reply)) == ""
        assert (one.plan, other.plan) == (before, far_before), "no key has changed"
        assert other.answer(offer, there) == reply


def test_the_first_refresh_says_what_was_said_at_first() -> None:
    caller, callee = session(1), session(2)
    offer = caller.offer(HERE)
    reply = callee.answer(offer, THERE)
    caller.take_answer(carried(reply))
    assert caller.offer(HERE) == offer
    assert callee.offer(THERE) == reply


def test_a_new_link_changes_the_address_and_the_version_alone() -> None:
    caller, callee = joined()
    offer = caller.offer(HERE)
    moved = caller.offer("192.0.2.100")
    bumped = f" {version(offer)} IN".encode(), f" {version(offer) + 1} IN".encode()
    assert moved == offer.replace(*bumped).replace(HERE.encode(), b"192.0.2.100")
    callee.answer(moved, THERE)
    assert plan_of(callee).remote.host == "192.0.2.100"


def test_hold_and_resume() -> None:
    caller, callee = joined()
    keys = plan_of(caller).key_out, plan_of(caller).key_in
    held = caller.hold(HERE, on=True)
    assert b"a=sendonly" in held
    assert caller.take_answer(carried(callee.answer(held, THERE))) == ""
    assert plan_of(caller).direction is Direction.SENDONLY
    assert plan_of(callee).direction is Direction.RECVONLY
    assert caller.offer(HERE) == held, "a refresh does not resume"
    both = callee.hold(THERE, on=True)
    assert callee.take_answer(carried(caller.answer(both, HERE))) == ""
    assert plan_of(caller).direction is Direction.INACTIVE
    callee.take_answer(carried(caller.answer(callee.hold(THERE, on=False), HERE)))
    resumed = caller.hold(HERE, on=False)
    assert caller.take_answer(carried(callee.answer(resumed, THERE))) == ""
    assert plan_of(caller).direction is plan_of(callee).direction is Direction.SENDRECV
    assert (plan_of(caller).key_out, plan_of(caller).key_in) == keys
    assert version(held) < version(resumed)


def test_an_offer_of_everything_has_new_keys_and_may_fail_without_harm() -> None:
    caller, callee = joined()
    before, said = plan_of(callee), callee.offer(THERE)
    anew = callee.offer(THERE, anew=True)
    assert anew.count(b"a=crypto") == 4
    assert before.key_out
    assert callee.take_answer(carried(b"")) == "no media in the answer"
    assert callee.plan == before
    again = callee.offer(THERE)
    assert version(again) > version(anew)
    assert again.splitlines()[2:] == said.splitlines()[2:]
    assert callee.take_answer(carried(caller.answer(callee.offer(THERE, anew=True), HERE))) == ""
    assert plan_of(callee).key_out != before.key_out
    assert plan_of(callee).key_out == plan_of(caller).key_in


def test_a_far_end_that_changes_its_key_gets_a_new_one_of_ours() -> None:
    callee = session()
    callee.answer(SECURE.encode(), HERE)
    first = plan_of(callee)
    callee.answer(SECURE.replace(KEY, KEY[::-1]).encode(), HERE)
    assert plan_of(callee).key_in != first.key_in
    assert plan_of(callee).key_out != first.key_out


def test_an_offer_that_cannot_be_had_changes_nothing() -> None:
    callee = session()
    said = callee.answer(SECURE.encode(), HERE)
    before = callee.plan
    for body in (b"v=1", sdp("m=audio 4000 RTP/AVP 0").encode(), b"v=0\r\n"):
        with pytest.raises(NotAcceptableError):
            callee.answer(body, HERE)
    assert callee.plan == before
    assert callee.offer(HERE) == said


# Through the agent.


class Secure(Rig):
    """An agent as it comes out of the box: every codec, and nothing without keys."""

    def __init__(self) -> None:
        plain = account()
        super().__init__(replace(plain, codecs=DEFAULT_CHOICES, srtp=SrtpMode.ONLY))
        self.registered()


@pytest.mark.parametrize(
    ("body", "status", "warning"),
    [
        (sdp("m=audio 4000 RTP/AVP 0"), 488, '302 handset "only encrypted sound is taken here"'),
        (SECURE.replace("SAVP 0", "SAVP 18"), 488, '305 handset "no common codec"'),
        (sdp("m=audio 4000 RTP/SAVP 0"), 488, '302 handset "no common encryption"'),
        (sdp(), 488, '304 handset "no sound is offered"'),
        ("v=0\r\nm=audio x\r\n", 400, '399 handset "Bad session description"'),
        (sdp(*1000 * ["m=audio 4000 RTP/SAVP 0"]), 488, '399 handset "Bad session description"'),
        ("v=0\r\n" + "a=x\r\n" * (64 * 1024 // 5), 488, '399 handset "Bad session description"'),
    ],
)
def test_an_offer_that_cannot_be_had_is_refused_with_a_reason(
    body: str, status: int, warning: str
) -> None:
    rig = Secure()
    key = rig.receive(invite(body))
    (response,) = rig.answers(key)
    assert (response.status, response.headers.get("Warning")) == (status, warning)
    assert not of(IncomingCall, rig.out)
    rig.receive(invite(SECURE, Call_ID="next"))
    assert of(IncomingCall, rig.out), "the phone lives"


def test_the_largest_offer_that_is_read_is_answered() -> None:
    filler = "a=x\r\n" * ((BYTES_MAX - len(SECURE)) // 5)
    rig = Secure()
    rig.receive(invite(SECURE + filler))
    assert of(IncomingCall, rig.out)


def test_the_outside_hears_of_sound_when_it_begins_changes_and_ends() -> None:
    rig = Secure()
    key = rig.receive(invite(SECURE))
    assert not of(MediaChanged, rig.out), "nobody has answered"
    out = rig.feed(Answer(1))
    (changed,) = of(MediaChanged, out)
    assert changed.call == 1
    assert changed.plan.is_encrypted
    assert of(CallAnswered, out)
    assert KEY not in f"{changed}"
    assert b"m=audio 3000 RTP/SAVP 0" in rig.answers(key)[-1].body
    ended = rig.feed(HangUp(1))
    assert [type(item) for item in ended][:2] == [MediaEnded, CallEnded]


def test_a_call_without_an_agreement_has_no_sound_to_end() -> None:
    rig = Secure()
    rig.feed(Dial(1, "100"))
    sent = rig.one("INVITE")
    assert b"RTP/SAVP" in sent.request.body
    assert sent.request.body.count(b"a=crypto:") == 4
    plain = rig.accept(sent.request, body=sdp("m=audio 4000 RTP/AVP 0"))
    out = rig.reply(sent, plain)
    reason = "the far end does not encrypt"
    assert of(CallEnded, out) == [CallEnded(1, EndCause.FAILED, 0, reason)]
    assert not of(MediaChanged, out)
    assert not of(MediaEnded, out)


def test_a_488_is_asked_once_more_with_savp_where_encryption_is_preferred() -> None:
    rig = Rig(replace(account(), srtp=SrtpMode.PREFERRED)).registered()
    rig.feed(Dial(1, "100"))
    first = rig.one("INVITE")
    assert b"RTP/AVP" in first.request.body
    assert b"a=crypto" in first.request.body
    rig.reply(first, answer(first.request, 488))
    second = rig.one("INVITE")
    assert b"RTP/SAVP" in second.request.body
    assert second.request.call_id == first.request.call_id
    assert second.request.cseq.number == first.request.cseq.number + 1
    rig.reply(second, answer(second.request, 488))
    assert rig.ended().status == 488
    assert not rig.take("INVITE")


def test_a_far_end_that_wanted_savp_may_take_the_call_into_the_clear_later() -> None:
    """Encryption is preferred, not required: a PBX may connect us to a phone without it."""
    rig = Rig(replace(account(), srtp=SrtpMode.PREFERRED)).registered()
    rig.feed(Dial(1, "100"))
    first = rig.one("INVITE")
    rig.reply(first, answer(first.request, 488))
    second = rig.one("INVITE")
    mine = second.request
    rig.reply(second, rig.accept(mine, body=SECURE.replace("crypto:1", "crypto:2")))
    to, order = f"<sip:201@example.org>;tag={mine.from_.tag}", "7 INVITE"
    far = "<sip:100@example.org>;tag=far"
    plain = sdp("m=audio 4000 RTP/AVP 0")
    key = rig.receive(invite(plain, From=far, To=to, Call_ID=mine.call_id, CSeq=order))
    assert rig.answers(key)[-1].status == 200


@pytest.mark.parametrize("mode", [SrtpMode.OFF, SrtpMode.ONLY])
def test_otherwise_a_488_is_the_end(mode: SrtpMode) -> None:
    rig = Rig(replace(account(), srtp=mode)).registered()
    rig.feed(Dial(1, "100"))
    rig.reply(sent := rig.one("INVITE"), answer(sent.request, 488))
    assert rig.ended().status == 488
    assert not rig.take("INVITE")


def test_every_call_has_ports_of_its_own() -> None:
    rig = Secure()
    for number in range(3):
        rig.receive(invite(SECURE, Call_ID=f"in{number}"))
        rig.feed(Answer(number + 1))
    ports = [changed.plan.local_port for changed in of(MediaChanged, rig.out)]
    assert ports == [3000, 3002, 3004]


def test_a_port_in_use_is_never_given_twice_and_an_old_one_late() -> None:
    ports = Ports(3000)
    kept = ports.take(())
    later = [ports.take({kept}) for _ in range(3 * PAIRS)]
    assert kept not in later
    assert len(set(later[: PAIRS - 1])) == PAIRS - 1
    assert all(port % 2 == 0 and 3000 <= port < 3000 + 2 * PAIRS for port in later)
