"""What can become of a call with baresip, in both directions, through Kamailio: early media, busy,
held from either side, asked again, and video that nobody here has. One scene for all of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.interop.accounts import DOMAIN
from tests.interop.couple import Couple, couple
from tests.interop.parties import registered

TONE_HZ = 440

BOTH = pytest.mark.parametrize("placed", [True, False], ids=["we called", "baresip called"])

NO_WAITING = {"call waiting": "0"}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Couple]:
    folder = tmp_path_factory.mktemp("calls")
    peer = {"tone_hz": TONE_HZ, "video": True, "calls": 1}
    with couple(folder, ("alice",), NO_WAITING, **peer) as made:
        yield made


def test_early_media_is_agreed_before_the_answer(pair: Couple) -> None:
    pair.peer.answer_early(True)
    try:
        at = pair.ring_there()
        assert pair.peer.wait_to_say("^SIP/2.0 183", at)
        assert pair.phone.wait_for("media", since=at)["direction"] == "sendrecv"
        pair.peer.wait_for("CALL_RTPESTAB", at)  # It hears us; it says nothing itself.
        assert not pair.phone.events("answered", at)
        pair.peer.answer()
        pair.phone.wait_for("answered", since=at)
        assert len(pair.directions(at)) == 1, "nothing changes with the answer"
        pair.end(at)
    finally:
        pair.peer.answer_early(False)


def test_ringing_alone_agrees_on_nothing(pair: Couple) -> None:
    at = pair.ring_there()
    time.sleep(0.3)
    assert pair.peer.says("^SIP/2.0 180", at)
    assert not pair.peer.says("^SIP/2.0 183", at)
    assert not pair.phone.events("media", at)
    assert pair.end(at)["cause"] == "hung up"


def test_baresip_is_busy(pair: Couple) -> None:
    at = time.time()
    with registered(pair.kamailio, pair.authority, "dave") as dave:
        assert dave.invite(pair.peer.user).status == 180
        pair.phone.send("dial", uri=pair.peer.uri)
        ended = pair.phone.wait_for("ended", since=at)
        assert (ended["status"], ended["reason"]) == (486, "busy")
        dave.cancel(pair.peer.user)
        pair.peer.wait_for("CALL_CLOSED", at)


def test_the_phone_is_busy(pair: Couple) -> None:
    at = time.time()
    with registered(pair.kamailio, pair.authority, "dave") as dave:
        assert dave.invite("alice").status == 180
        first = pair.phone.wait_for("incoming", since=at)["call"]
        pair.peer.dial(f"sip:alice@{DOMAIN}")
        assert "486" in pair.peer.wait_for("CALL_CLOSED", at)["param"]
        assert pair.phone.wait_for("ended", since=at)["status"] == 486
        assert len(pair.phone.events("ended", at)) == 1
        assert pair.phone.status()["ringing"], "the first call rings on"
        dave.cancel("alice")
        pair.phone.wait_for("ended", since=at, fits=lambda event: event["call"] == first)


@BOTH
def test_baresip_holds_and_goes_on(pair: Couple, placed: bool) -> None:
    with pair.talking(placed=placed):
        held_at = time.time()
        pair.peer.hold()
        assert pair.phone.wait_for("media", since=held_at)["direction"] == "recvonly"
        pair.peer.wait_for("CALL_REMOTE_SDP", held_at)
        back_at = time.time()
        pair.peer.resume()
        assert pair.phone.wait_for("media", since=back_at)["direction"] == "sendrecv"
        assert not pair.phone.events("hold", held_at), "it is held there, not here"


@BOTH
def test_the_phone_holds_and_goes_on(pair: Couple, placed: bool) -> None:
    with pair.talking(placed=placed):
        for on, direction in ((True, "sendonly"), (False, "sendrecv")):
            at = time.time()
            pair.phone.send("hold", on=on)
            assert pair.phone.wait_for("hold", since=at)["on"] is on
            assert pair.phone.wait_for("media", since=at)["direction"] == direction
            pair.peer.wait_to_say(f"^a={direction}", at)


@BOTH
def test_baresip_asks_again_and_nothing_changes(pair: Couple, placed: bool) -> None:
    with pair.talking(placed=placed):
        before = agreed(pair)
        at = time.time()
        pair.peer.ask_again()
        assert pair.peer.wait_for("CALL_REMOTE_SDP", at)["param"] == "answer"
        pair.peer.wait_to_say("^ACK ", at)
        assert agreed(pair) == before


def agreed(pair: Couple) -> dict[str, object]:
    """Return what was agreed of the sound last."""
    last = pair.phone.events("media")[-1]
    return {name: value for name, value in last.items() if name not in {"at", "t"}}


def test_video_is_offered_and_refused_with_port_0(pair: Couple) -> None:
    with pair.talking(placed=False) as at:
        assert pair.peer.says("^m=video [1-9]", at), "what baresip offers"
        assert pair.peer.says("^m=video 0 RTP/AVP", at), "what we answer"
        again_at = time.time()
        pair.peer.ask_again()
        pair.peer.wait_to_say("^m=video 0 RTP/AVP", again_at)
