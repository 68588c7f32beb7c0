"""Offer and answer (RFC 3264) with keys (RFC 4568): real offers, lies, and what follows."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.media import negotiation
from firmware.media.formats import DEFAULT_CHOICES, OPUS, PCMA, PCMU, read_choices
from firmware.media.negotiation import MediaWishes, NoAgreementError, SrtpMode
from firmware.media.plan import Direction, Endpoint, MediaPlan
from firmware.media.sdes import Suite
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.sdp import SessionDescription

HOST = "192.0.2.99"
KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
OTHER = "AAAAdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
CRYPTO = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"

BARESIP = (
    "m=audio 20110 RTP/SAVP 96 9 0 8 101 97",
    "b=AS:125",
    "a=rtpmap:96 opus/48000/2",
    "a=fmtp:96 stereo=1;sprop-stereo=1",
    "a=rtpmap:9 G722/8000",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=rtpmap:97 telephone-event/48000",
    "a=rtcp:20111",
    "a=rtcp-mux",
    f"a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:{KEY}",
    f"a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
    "a=ptime:20",
    "a=sendrecv",
    "a=label:1",
    "a=ssrc:3456789 cname:sip:bob@example.org",
)


def wishes(mode: SrtpMode = SrtpMode.ONLY, codecs: str = "", port: int = 3000) -> MediaWishes:
    return MediaWishes(port, read_choices(codecs), mode)


def sdp(*lines: str, address: str = "198.51.100.7") -> SessionDescription:
    net = "IP6" if ":" in address else "IP4"
    top = ["v=0", f"o=- 7 1 IN {net} {address}", "s=-", f"c=IN {net} {address}", "t=0 0"]
    return SessionDescription.parse("\r\n".join([*top, *lines, ""]).encode())


def answered(
    offered: SessionDescription,
    ours: MediaWishes | None = None,
    direction: Direction = Direction.SENDRECV,
    current: MediaPlan | None = None,
    seed: int = 1,
) -> tuple[list[str], MediaPlan]:
    ours = ours or wishes()
    secret = Random(seed).randbytes
    said = negotiation.answer(offered, ours, HOST, direction, current, secret)
    plan = negotiation.agree(said, offered, ours, we_answered=True)
    return bytes(said).decode().splitlines(), plan


def offered(ours: MediaWishes, direction: Direction = Direction.SENDRECV) -> SessionDescription:
    cryptos = negotiation.make_cryptos(Random(1).randbytes)
    return negotiation.offer(ours, HOST, cryptos, direction)


def refusal(offer: SessionDescription, ours: MediaWishes | None = None) -> tuple[str, int]:
    with pytest.raises(NoAgreementError) as caught:
        answered(offer, ours)
    return caught.value.text, caught.value.warning


def test_our_offer_as_it_stands_on_the_wire() -> None:
    lines = bytes(offered(wishes())).decode().splitlines()
    keys = [line for line in lines if line.startswith("a=crypto:")]
    assert [line.split()[1] for line in keys] == [suite.value for suite in Suite]
    assert len({line.split()[2] for line in keys}) == len(keys), "a key for each"
    assert [line for line in lines if line not in keys] == [
        "v=0",
        "o=- 0 0 IN IP4 192.0.2.99",
        "s=-",
        "c=IN IP4 192.0.2.99",
        "t=0 0",
        "m=audio 3000 RTP/SAVP 107 9 0 8 101 102",
        "a=rtpmap:107 opus/48000/2",
        "a=fmtp:107 useinbandfec=1",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=rtpmap:102 telephone-event/48000",
        "a=fmtp:102 0-15",
        "a=ptime:20",
        "a=rtcp-mux",
        "a=sendrecv",
    ]


def test_the_protocol_and_the_keys_follow_the_mode() -> None:
    assert offered(wishes(SrtpMode.OFF)).media[0].protocol == "RTP/AVP"
    assert offered(wishes(SrtpMode.OFF)).media[0].attribute("crypto") is None
    assert offered(wishes(SrtpMode.PREFERRED)).media[0].protocol == "RTP/AVP"
    assert offered(wishes(SrtpMode.PREFERRED)).media[0].attribute("crypto")


def test_the_administrators_codecs_are_offered_in_their_order() -> None:
    ours = wishes(codecs="payload=8;ptime=30;silsupp=on,payload=101;ptime=30,payload=18,payload=8")
    (media,) = offered(ours).media
    assert media.formats == ("8", "101", "102", "13"), (
        "101 is Opus here, so digits have no number left"
    )
    assert media.encodings["101"] == "OPUS/48000/2"
    assert media.attribute("ptime") == "30"
    assert [choice.ptime_ms for choice in ours.codecs] == [30, 20], "Opus has no 30 ms"
    assert ours.codecs[0].silence_suppression
    assert read_choices("payload=18") == DEFAULT_CHOICES


def test_comfort_noise_is_offered_with_silence_and_always_taken() -> None:
    suppressing, plain = wishes(codecs="payload=8;silsupp=on"), wishes(codecs="payload=8")
    assert "13" in offered(suppressing).media[0].formats
    assert "13" not in offered(plain).media[0].formats
    for ours in (suppressing, plain):
        lines, plan = answered(offered(suppressing), ours)
        assert "a=rtpmap:13 CN/8000" in lines
        assert plan.comfort_noise
        assert plan.silence_suppression is ours.codecs[0].silence_suppression
        lines, plan = answered(offered(plain), ours)
        assert "a=rtpmap:13 CN/8000" not in lines
        assert not plan.comfort_noise


def test_an_offer_of_baresip() -> None:
    lines, plan = answered(sdp(*BARESIP))
    crypto = next(line for line in lines if line.startswith("a=crypto:"))
    assert crypto.startswith("a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:")
    assert KEY not in crypto
    assert [line for line in lines[5:] if line != crypto] == [
        "m=audio 3000 RTP/SAVP 96 9 0 8 101 97",
        "a=rtpmap:96 opus/48000/2",
        "a=fmtp:96 useinbandfec=1",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=rtpmap:97 telephone-event/48000",
        "a=fmtp:97 0-15",
        "a=ptime:20",
        "a=rtcp-mux",
        "a=sendrecv",
    ]
    assert plan.remote == plan.remote_rtcp == Endpoint("198.51.100.7", 20110)
    assert (plan.sends.codec, plan.sends.payload_type) == (OPUS, 96)
    assert plan.sends.parameters == "stereo=1;sprop-stereo=1"
    assert plan.events_out == 97, "of Opus's own clock"
    assert plan.events_in == ((101, 8000), (97, 48000))
    assert plan.rtcp_mux
    assert plan.is_encrypted
    assert plan.direction is Direction.SENDRECV


def test_our_order_decides_and_both_ends_come_to_the_same_plan() -> None:
    caller, callee = wishes(codecs="payload=0,payload=8,payload=9"), wishes(codecs="payload=8")
    offer = offered(caller)
    said = negotiation.answer(offer, callee, HOST, Direction.SENDRECV, None, Random(2).randbytes)
    here = negotiation.agree(said, offer, callee, we_answered=True)
    there = negotiation.agree(offer, said, caller, we_answered=False)
    assert here.sends.codec == there.sends.codec == PCMA
    assert (here.key_out, here.key_in) == (there.key_in, there.key_out)
    assert here.key_out != here.key_in
    assert here.key_out
    assert here.key_out.suite is Suite.AEAD_AES_256_GCM
    _, plan = answered(
        sdp("m=audio 4000 RTP/SAVP 0 8 9", CRYPTO), wishes(codecs="payload=8,payload=0")
    )
    assert [each.codec for each in plan.receives] == [PCMA, PCMU]
    assert plan.sends.codec == PCMA


def test_an_answer_may_name_payloads_anew() -> None:
    ours = wishes(SrtpMode.OFF)
    theirs = sdp(
        "m=audio 4000 RTP/AVP 120 121",
        "a=rtpmap:120 OPUS/48000/2",
        "a=rtpmap:121 telephone-event/48000",
    )
    plan = negotiation.agree(offered(ours), theirs, ours, we_answered=False)
    assert (plan.sends.payload_type, plan.events_out) == (120, 121)
    assert [each.payload_type for each in plan.receives] == [107]
    assert plan.remote_rtcp == Endpoint("198.51.100.7", 4001), "no mux without both"


@pytest.mark.parametrize(
    ("theirs", "address", "answer", "plan"),
    [
        ("sendrecv", "198.51.100.7", "sendrecv", "sendrecv"),
        ("sendonly", "198.51.100.7", "recvonly", "recvonly"),
        ("recvonly", "198.51.100.7", "sendonly", "sendonly"),
        ("inactive", "198.51.100.7", "inactive", "inactive"),
        ("sendrecv", "0.0.0.0", "recvonly", "recvonly"),
        ("sendonly", "0.0.0.0", "recvonly", "recvonly"),
        ("inactive", "0.0.0.0", "inactive", "inactive"),
        ("sendrecv", "::", "recvonly", "recvonly"),
    ],
)
def test_directions_meet(theirs: str, address: str, answer: str, plan: str) -> None:
    offer = sdp("m=audio 4000 RTP/SAVP 0", CRYPTO, f"a={theirs}", address=address)
    lines, agreed = answered(offer)
    assert f"a={answer}" in lines
    assert agreed.direction.value == plan


def test_a_call_that_is_held_here_is_answered_so() -> None:
    offer = sdp("m=audio 4000 RTP/SAVP 0", CRYPTO)
    lines, plan = answered(offer, direction=Direction.SENDONLY)
    assert "a=sendonly" in lines
    assert not plan.direction.receives
    held = sdp("m=audio 4000 RTP/SAVP 0", CRYPTO, "a=sendonly")
    assert "a=inactive" in answered(held, direction=Direction.SENDONLY)[0]


def test_a_direction_of_the_whole_session_counts_where_a_line_has_none() -> None:
    offer = sdp("a=sendonly", "m=audio 4000 RTP/SAVP 0", CRYPTO)
    assert answered(offer)[1].direction is Direction.RECVONLY


@pytest.mark.parametrize(
    ("lines", "ptime_ms"),
    [
        (("a=ptime:30",), 30),
        (("a=ptime:20.0",), 20),
        (("a=ptime:25",), 20),
        (("a=ptime:1",), 10),
        (("a=ptime:200",), 60),
        (("a=maxptime:10",), 10),
        (("a=ptime:60", "a=maxptime:40"), 40),
        (("a=ptime:0",), 20),
        (("a=ptime:-20",), 20),
        (("a=ptime:99999999999",), 20),
        (("a=ptime:soon",), 20),
    ],
)
def test_packets_are_as_long_as_the_far_end_wants(lines: tuple[str, ...], ptime_ms: int) -> None:
    assert answered(sdp("m=audio 4000 RTP/SAVP 8", CRYPTO, *lines))[1].ptime_ms == ptime_ms


@pytest.mark.parametrize(
    ("line", "host", "port"),
    [
        ("a=rtcp:53020", "198.51.100.7", 53020),
        ("a=rtcp:53020 IN IP4 192.0.2.5", "192.0.2.5", 53020),
        ("a=rtcp:53020 IN IP6 2001:db8::5", "2001:db8::5", 53020),
        ("a=rtcp:0", "198.51.100.7", 4001),
        ("a=rtcp:99999", "198.51.100.7", 4001),
        ("a=rtcp:53020 IN IP4 far.example.org", "198.51.100.7", 4001),
        ("a=rtcp:", "198.51.100.7", 4001),
        ("a=x:y", "198.51.100.7", 4001),
        ("a=rtcp-mux", "198.51.100.7", 4000),
    ],
)
def test_where_rtcp_goes(line: str, host: str, port: int) -> None:
    plan = answered(sdp("m=audio 4000 RTP/SAVP 8", CRYPTO, line))[1]
    assert plan.remote_rtcp == Endpoint(host, port)
    last = answered(sdp("m=audio 65535 RTP/SAVP 8", CRYPTO))[1]
    assert last.remote_rtcp.port == 65535, "there is none above it"


def test_an_offer_over_ipv6() -> None:
    offer = sdp("m=audio 4000 RTP/SAVP 8", CRYPTO, address="2001:DB8:0:0::7")
    assert answered(offer)[1].remote == Endpoint("2001:db8::7", 4000)


def test_every_line_is_answered_in_its_place() -> None:
    offer = sdp(
        "a=group:BUNDLE 0 1",
        "m=video 4002 UDP/TLS/RTP/SAVPF 96",
        "m=audio 4004 UDP/TLS/RTP/SAVPF 0",
        "a=fingerprint:sha-256 00",
        "m=audio 4000 RTP/SAVPF 8",
        CRYPTO,
        "a=rtcp-fb:* nack",
        "m=audio 4006 RTP/SAVP 8",
        CRYPTO,
        "m=image 4010 udptl t38",
    )
    lines, plan = answered(offer)
    assert [line for line in lines if line.startswith(("m=", "a=group"))] == [
        "m=video 0 UDP/TLS/RTP/SAVPF 96",
        "m=audio 0 UDP/TLS/RTP/SAVPF 0",
        "m=audio 3000 RTP/SAVPF 8",
        "m=audio 0 RTP/SAVP 8",
        "m=image 0 udptl t38",
    ]
    assert plan.remote.port == 4000


def test_encrypted_is_taken_before_plain_and_plain_where_it_may_be() -> None:
    both = ("m=audio 4000 RTP/AVP 8", "m=audio 4002 RTP/SAVP 8", CRYPTO)
    assert answered(sdp(*both), wishes(SrtpMode.PREFERRED))[1].remote.port == 4002
    assert answered(sdp(*both), wishes(SrtpMode.ONLY))[1].remote.port == 4002
    assert answered(sdp(*both), wishes(SrtpMode.OFF))[1].remote.port == 4000
    plain = answered(sdp("m=audio 4000 RTP/AVP 8"), wishes(SrtpMode.PREFERRED))[1]
    assert not plain.is_encrypted


def test_keys_beside_rtp_avp_are_taken_by_whoever_wants_them() -> None:
    offer = sdp("m=audio 4000 RTP/AVP 8", CRYPTO)
    for mode in (SrtpMode.PREFERRED, SrtpMode.ONLY):
        lines, plan = answered(offer, wishes(mode))
        assert "m=audio 3000 RTP/AVP 8" in lines
        assert plan.is_encrypted
    lines, plan = answered(offer, wishes(SrtpMode.OFF))
    assert not plan.is_encrypted
    assert not any("crypto" in line for line in lines)


@pytest.mark.parametrize(
    ("lines", "mode", "text", "warning"),
    [
        ((), 2, "no sound is offered", 304),
        (("m=video 4000 RTP/SAVP 96",), 2, "no sound is offered", 304),
        (("m=audio 0 RTP/SAVP 8", CRYPTO), 2, "no sound is offered", 304),
        (("m=audio 4000 RTP/SAVP 18", CRYPTO), 2, "no common codec", 305),
        (("m=audio 4000 RTP/AVP 8",), 2, "only encrypted sound is taken here", 302),
        (("m=audio 4000 RTP/SAVP 8",), 2, "no common encryption", 302),
        (("m=audio 4000 RTP/SAVP 8", f"{CRYPTO} KDR=2"), 2, "no common encryption", 302),
        (("m=audio 4000 RTP/SAVP 8",), 1, "no common encryption", 302),
        (("m=audio 4000 RTP/SAVP 8", CRYPTO), 0, "encrypted sound is switched off here", 302),
        (
            ("m=audio 4000 RTP/SAVP 8", "c=IN IP4 224.2.3.4", CRYPTO),
            2,
            "the address for sound cannot be used",
            301,
        ),
        (
            ("m=audio 4000 RTP/SAVP 8", "c=IN IP4 far.example.org", CRYPTO),
            2,
            "the address for sound cannot be used",
            301,
        ),
    ],
)
def test_an_offer_that_cannot_be_taken(
    lines: tuple[str, ...], mode: int, text: str, warning: int
) -> None:
    assert refusal(sdp(*lines), wishes(SrtpMode(mode))) == (text, warning)


def conclude(ours: MediaWishes, *lines: str) -> MediaPlan:
    return negotiation.agree(offered(ours), sdp(*lines), ours, we_answered=False)


@pytest.mark.parametrize(
    ("lines", "mode", "text"),
    [
        ((), 2, "no common media"),
        (("m=audio 0 RTP/SAVP 8",), 2, "no common media"),
        (("m=audio 4000 RTP/SAVP 18", CRYPTO), 2, "no common codec"),
        (("m=audio 4000 RTP/AVP 8",), 2, "the far end does not encrypt"),
        (("m=audio 4000 RTP/SAVP 8", CRYPTO), 2, "no common encryption"),
        (("m=audio 4000 RTP/SAVP 8", CRYPTO.replace("1 AES", "9 AES")), 2, "no common encryption"),
        (("m=audio 4000 RTP/AVP 8", f"{CRYPTO} KDR=2"), 1, "no common encryption"),
        (("m=audio 4000 RTP/SAVP 8",), 0, "no common encryption"),
        (("m=audio 4000 RTP/SAVP 8", "c=IN IP4 x"), 2, "the address for sound cannot be used"),
    ],
)
def test_an_answer_that_cannot_be_used(lines: tuple[str, ...], mode: int, text: str) -> None:
    with pytest.raises(NoAgreementError, match=f"^{text}$"):
        conclude(wishes(SrtpMode(mode)), *lines)


def test_an_answer_that_holds_in_the_old_way() -> None:
    answer = sdp("m=audio 4000 RTP/AVP 8", address="0.0.0.0")
    ours = wishes(SrtpMode.OFF)
    plan = negotiation.agree(offered(ours), answer, ours, we_answered=False)
    assert plan.direction is Direction.RECVONLY


def test_digits_and_times_are_answered_as_they_fit() -> None:
    offer = sdp(
        "m=audio 4000 RTP/SAVP 8 97",
        "a=rtpmap:97 telephone-event/48000",
        CRYPTO,
    )
    timed = SessionDescription.parse(bytes(offer).replace(b"t=0 0", b"t=7 9"))
    lines, plan = answered(timed)
    assert "m=audio 3000 RTP/SAVP 8" in lines, "G.711 has no clock of 48000"
    assert "t=7 9" in lines
    assert plan.events_out is None
    assert plan.events_in == ()


def test_an_answer_with_the_second_suite_is_used() -> None:
    plan = conclude(wishes(), "m=audio 4000 RTP/SAVP 8", CRYPTO.replace("1 AES", "2 AES"))
    assert plan.key_out
    assert plan.key_out.suite is Suite.AES_CM_128_HMAC_SHA1_80
    plain = conclude(wishes(SrtpMode.PREFERRED), "m=audio 4000 RTP/AVP 8")
    assert not plain.is_encrypted


def test_the_key_in_use_is_kept_and_another_one_changes_both() -> None:
    _, first = answered(sdp("m=audio 4000 RTP/SAVP 8", CRYPTO))
    second = f"a=crypto:2 AEAD_AES_128_GCM inline:{'A' * 38}=="
    _, again = answered(sdp("m=audio 4000 RTP/SAVP 8", second, CRYPTO), current=first, seed=2)
    assert (again.key_out, again.key_in) == (first.key_out, first.key_in)
    _, other = answered(
        sdp("m=audio 4000 RTP/SAVP 8", CRYPTO.replace(KEY, OTHER)), current=first, seed=2
    )
    assert other.key_in != first.key_in
    assert other.key_out != first.key_out


def test_a_plan_shows_no_key() -> None:
    _, plan = answered(sdp("m=audio 4000 RTP/SAVP 8", CRYPTO))
    assert plan.key_in
    assert plan.key_out
    for key in (plan.key_in, plan.key_out):
        assert repr(key.material)[2:12] not in f"{plan} {plan!r}"
    assert "****" in repr(plan)


def test_a_payload_type_counts_once_however_often_it_stands_there() -> None:
    numbers = " ".join(["008", "8", "0", "08", *3000 * ["0"]])
    flood = [f"a=fmtp:0 x={number}" for number in range(500)]
    lines, plan = answered(sdp(f"m=audio 4000 RTP/SAVP {numbers}", CRYPTO, *flood))
    assert "m=audio 3000 RTP/SAVP 0 8" in lines
    assert plan.sends.parameters == "x=0"


def test_turning_a_session_changes_its_direction_alone() -> None:
    said = offered(wishes(SrtpMode.OFF))
    held = negotiation.turned(said, Direction.SENDONLY)
    assert bytes(held) == bytes(said).replace(b"a=sendrecv", b"a=sendonly")


PIECES = st.sampled_from(
    [
        *BARESIP,
        CRYPTO,
        "m=audio 4000 RTP/AVP 0 8 9 300 x -1 101",
        "m=audio 70000 RTP/SAVP 0",
        "m=audio 65535 RTP/SAVP 0 ٣",
        "c=IN IP6 ::ffff:0.0.0.0",
        "c=IN IP4 999.1.1.1",
        "a=rtpmap:0 opus/48000/2",
        "a=rtpmap: x",
        "a=rtpmap:8",
        "a=fmtp:",
        "a=ptime:٣",
        "a=rtcp:٣",
        "a=maxptime:",
        "a=sendonly",
        "a=crypto:",
        "a=rtcp:1 IN IP4",
    ]
)


@given(st.lists(PIECES | st.text(max_size=20), max_size=24), st.sampled_from(SrtpMode))
def test_any_lines_give_a_plan_or_the_error(lines: list[str], mode: SrtpMode) -> None:
    body = "\r\n".join(["v=0", "c=IN IP4 198.51.100.7", *lines, ""])
    try:
        offer = SessionDescription.parse(body.encode("utf-8", "replace"))
        said, plan = answered(offer, wishes(mode))
    except (RemoteProtocolError, NoAgreementError):
        return
    assert len([line for line in said if line.startswith("m=")]) == len(offer.media)
    assert plan.is_encrypted or mode is not SrtpMode.ONLY
    assert not (plan.is_encrypted and mode is SrtpMode.OFF)
    assert 0 < plan.remote_rtcp.port <= 65535
    assert plan.ptime_ms in plan.sends.codec.ptimes_ms
