"""SRTP: the RFCs' own vectors, two ends, and nothing that was touched is taken."""

from __future__ import annotations

import logging
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.media.errors import MediaError
from firmware.media.rtcp import Bye, ReceiverReport, compound
from firmware.media.rtp import RtpPacket
from firmware.media.sdes import MasterKey, Suite
from firmware.media.srtp import SOURCES_MAX, Refusal, SrtpError, SrtpReceiver, SrtpSender
from tests.unit.media import srtp_reference as reference

SUITES = pytest.mark.parametrize("suite", Suite)

MASTER = bytes.fromhex("e1f97a0d3e018be0d64fa32c06de4139")
SALT = bytes.fromhex("0ec675ad498afeebb6960b3aabe6")
"""RFC 3711 B.3."""

SESSION_KEYS = (
    bytes.fromhex("c61e7a93744f39ee10734afe3ff7a087"),
    bytes.fromhex("30cbbc08863d8c85d49db34a9ae1"),
    bytes.fromhex("cebe321f6ff7716b6fd4ab49af256a156d38baa4"),
)

GALLIA = b"Gallia est omnis divisa in partes tres"
REPORT = compound((ReceiverReport(7), Bye((7,))))


def key(suite: Suite, seed: int = 1) -> MasterKey:
    return MasterKey.make(suite, Random(seed).randbytes)


def ends(suite: Suite) -> tuple[SrtpSender, SrtpReceiver]:
    return SrtpSender(key(suite)), SrtpReceiver(key(suite))


def rtp(sequence: int = 1, payload: bytes = b"voice" * 4, ssrc: int = 7) -> bytes:
    return bytes(RtpPacket(0, sequence % 65536, 160 * sequence % 2**32, ssrc, payload))


def refusal(receiver: SrtpReceiver, data: bytes, *, rtcp: bool = False) -> Refusal:
    with pytest.raises(SrtpError) as caught:
        (receiver.unprotect_rtcp if rtcp else receiver.unprotect)(data)
    return caught.value.refusal


def test_the_second_opinion_knows_the_vectors_of_the_rfcs() -> None:
    derived = [reference.derive(MASTER, SALT, label, 20) for label in (0, 2, 1)]
    assert (derived[0][:16], derived[1][:14], derived[2]) == SESSION_KEYS
    packet = bytes.fromhex("8040f17b8041f8d35501a0b2") + GALLIA
    secret = reference.galois_packet(packet, bytes(range(16)), b"Quid pro quo")
    assert secret[12:].hex() == (
        "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
        "899d7f27beb16a9152cf765ee4390cce"
    )
    longer = reference.galois_packet(packet, bytes(range(32)), b"Quid pro quo")
    assert longer[12:].hex() == (
        "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b"
        "7aa3db36dfffd6b0f9bb7878d7a76c13"
    )


@pytest.mark.parametrize(
    ("suite", "tag_bytes"),
    [(Suite.AES_CM_128_HMAC_SHA1_80, 10), (Suite.AES_CM_128_HMAC_SHA1_32, 4)],
)
def test_counter_mode_is_that_of_rfc_3711(suite: Suite, tag_bytes: int) -> None:
    packet = bytes.fromhex("800f1234decafbadcafebabe") + b"\xab" * 16
    expected = reference.counter_mode_packet(packet, SESSION_KEYS, tag_bytes)
    assert SrtpSender(MasterKey(suite, MASTER + SALT)).protect(packet) == expected


@pytest.mark.parametrize(
    ("suite", "length"), [(Suite.AEAD_AES_128_GCM, 16), (Suite.AEAD_AES_256_GCM, 32)]
)
def test_galois_mode_is_that_of_rfc_7714(suite: Suite, length: int) -> None:
    chosen = key(suite)
    master, salt = chosen.material[:length], chosen.material[length:]
    session = [reference.derive(master, salt, label, length) for label in (0, 2)]
    packet = bytes.fromhex("8040f17b8041f8d35501a0b2") + GALLIA
    expected = reference.galois_packet(packet, session[0], session[1][:12])
    assert SrtpSender(chosen).protect(packet) == expected


@SUITES
def test_what_one_end_says_the_other_understands(suite: Suite) -> None:
    sender, receiver = ends(suite)
    for number in range(5):
        secret = sender.protect(rtp(number))
        assert b"voice" not in secret
        assert receiver.unprotect(secret) == rtp(number)
    secret = sender.protect_rtcp(REPORT)
    assert receiver.unprotect_rtcp(secret) == REPORT


@SUITES
def test_every_flipped_bit_and_every_cut_is_refused(suite: Suite) -> None:
    sender, receiver = ends(suite)
    for secret, rtcp in ((sender.protect(rtp()), False), (sender.protect_rtcp(REPORT), True)):
        for bit in range(8 * len(secret)):
            changed = bytearray(secret)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(MediaError):
                (receiver.unprotect_rtcp if rtcp else receiver.unprotect)(bytes(changed))
        for length in range(len(secret)):
            with pytest.raises(MediaError):
                (receiver.unprotect_rtcp if rtcp else receiver.unprotect)(secret[:length])
        assert (receiver.unprotect_rtcp if rtcp else receiver.unprotect)(secret), "untouched"


@SUITES
def test_a_wrong_key_is_called_so(suite: Suite) -> None:
    sender, receiver = ends(suite)[0], SrtpReceiver(key(suite, seed=2))
    assert refusal(receiver, sender.protect(rtp())) is Refusal.WRONG_KEY
    assert refusal(receiver, sender.protect_rtcp(REPORT), rtcp=True) is Refusal.WRONG_KEY


@SUITES
def test_what_came_before_is_refused(suite: Suite) -> None:
    sender, receiver = ends(suite)
    first, second = sender.protect(rtp(1)), sender.protect(rtp(2))
    later = sender.protect(rtp(500))
    report = sender.protect_rtcp(REPORT)
    assert [receiver.unprotect(p) for p in (second, first)] == [rtp(2), rtp(1)], "late is not twice"
    assert refusal(receiver, first) is Refusal.REPLAYED
    receiver.unprotect(later)
    assert refusal(receiver, second) is Refusal.REPLAYED, "older than the window"
    receiver.unprotect_rtcp(report)
    assert refusal(receiver, report, rtcp=True) is Refusal.REPLAYED


@SUITES
def test_sequence_numbers_roll_over_and_over(suite: Suite) -> None:
    sender, receiver = ends(suite)
    for sequence in (60_000, 65_535, 65_536, 90_000, 120_000, 131_071, 131_073):
        assert receiver.unprotect(sender.protect(rtp(sequence))) == rtp(sequence)


@SUITES
def test_an_mki_is_checked_and_cut_out(suite: Suite) -> None:
    sender = SrtpSender(key(suite))
    receiver = SrtpReceiver(replace(key(suite), mki=b"\x00\x07"))
    tail = {Suite.AES_CM_128_HMAC_SHA1_80: (10, 10), Suite.AES_CM_128_HMAC_SHA1_32: (4, 10)}
    packet_tail, report_tail = tail.get(suite, (0, 0))

    def marked(data: bytes, tail: int, mki: bytes) -> bytes:
        return data[: len(data) - tail] + mki + data[len(data) - tail :]

    secret, report = sender.protect(rtp()), sender.protect_rtcp(REPORT)
    assert receiver.unprotect(marked(secret, packet_tail, b"\x00\x07")) == rtp()
    assert receiver.unprotect_rtcp(marked(report, report_tail, b"\x00\x07")) == REPORT
    another = sender.protect(rtp(2))
    assert refusal(receiver, marked(another, packet_tail, b"\x00\x08")) is Refusal.WRONG_KEY
    assert refusal(receiver, another) is Refusal.WRONG_KEY


def test_sources_under_one_key_are_bounded_and_none_is_forgotten() -> None:
    suite = Suite.AEAD_AES_256_GCM
    sender, receiver = ends(suite)
    secrets = [sender.protect(rtp(ssrc=number)) for number in range(SOURCES_MAX + 2)]
    report = sender.protect_rtcp(compound((ReceiverReport(SOURCES_MAX + 7),)))
    for secret in secrets[:SOURCES_MAX]:
        receiver.unprotect(secret)
    assert refusal(receiver, secrets[SOURCES_MAX]) is Refusal.BROKEN
    assert refusal(receiver, report, rtcp=True) is Refusal.BROKEN
    assert refusal(receiver, secrets[0]) is Refusal.REPLAYED


@given(st.binary(max_size=1600), st.sampled_from(Suite))
def test_any_bytes_are_refused(data: bytes, suite: Suite) -> None:
    receiver = SrtpReceiver(replace(key(suite), mki=data[:2]))
    for function in (receiver.unprotect, receiver.unprotect_rtcp):
        with pytest.raises(MediaError):
            function(data)


@SUITES
def test_no_key_is_shown_by_what_uses_it(suite: Suite, caplog: pytest.LogCaptureFixture) -> None:
    sender, receiver = ends(suite)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger().warning("%r %r %s", sender, receiver, vars(receiver))
        refused = refusal(receiver, SrtpSender(key(suite, seed=2)).protect(rtp()))
    shown = f"{caplog.text} {refused} {SrtpError(refused)!r}"
    material = key(suite).material
    assert material.hex() not in shown
    assert repr(material)[2:14] not in shown
