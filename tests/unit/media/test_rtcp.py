"""RTCP as bytes (RFC 3550 6), its interval (6.2, 6.3), and the bars that come of it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware.media.errors import MalformedPacketError
from firmware.media.quality import Quality
from firmware.media.rtcp import (
    Bye,
    ReceiverReport,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SourceDescription,
    compound,
    parse_compound,
)
from firmware.media.rtcp_clock import COMPENSATION, MINIMUM_S, RtcpClock
from firmware.media.rtp_source import LOST_MAX

BLOCK = ReportBlock(0x0A, 64, -2, 0x00010005, 33, 0xB7052000, 0x00054000)
REPORT = SenderReport(0x01020304, 0x83AA7E8080000000, 160, 5, 800, (BLOCK,))
NAMED = SourceDescription(0x01020304, b"abc")
GOLDEN = bytes.fromhex(
    "81c8000c 01020304 83aa7e8080000000 000000a0 00000005 00000320"
    "0000000a 40fffffe 00010005 00000021 b7052000 00054000"
    "81ca0003 01020304 01036162 63000000"
    "81cb0001 01020304"
)

words = st.integers(0, 2**32 - 1)
blocks = st.builds(
    ReportBlock,
    ssrc=words,
    fraction_lost=st.integers(0, 255),
    lost=st.integers(-LOST_MAX - 1, LOST_MAX),
    highest_sequence=words,
    jitter=words,
    last_report=words,
    delay=words,
)
block_lists = st.lists(blocks, max_size=31).map(tuple)
packets = st.one_of(
    st.builds(
        SenderReport,
        ssrc=words,
        time=st.integers(0, 2**64 - 1),
        timestamp=words,
        packets=words,
        octets=words,
        blocks=block_lists,
    ),
    st.builds(ReceiverReport, ssrc=words, blocks=block_lists),
    st.builds(SourceDescription, ssrc=words, name=st.binary(max_size=255)),
    st.builds(Bye, ssrcs=st.lists(words, max_size=31).map(tuple), reason=st.binary(max_size=255)),
)


def test_a_compound_as_it_stands_on_the_wire() -> None:
    said = (REPORT, NAMED, Bye((0x01020304,)))
    assert compound(said) == GOLDEN
    assert parse_compound(GOLDEN) == said


@given(st.lists(packets, min_size=1, max_size=4))
def test_what_is_written_is_read(said: list[RtcpPacket]) -> None:
    data = compound(said)
    if len(data) <= 1500:
        assert parse_compound(data) == tuple(said)


@given(st.binary(max_size=120))
@example(GOLDEN[:-1])
@example(b"\x81\xca\x00\x01\x00\x00\x00\x01")
def test_any_bytes_give_packets_or_the_error(data: bytes) -> None:
    try:
        parse_compound(data)
    except MalformedPacketError:
        return


@given(st.integers(0, len(GOLDEN) - 1), st.integers(0, 255))
def test_a_lie_in_any_byte_is_survived(place: int, value: int) -> None:
    try:
        parse_compound(GOLDEN[:place] + bytes([value]) + GOLDEN[place + 1 :])
    except MalformedPacketError:
        return


def test_unknown_types_and_items_are_skipped() -> None:
    unknown = bytes.fromhex("80cc0001 01020304")
    tool = bytes.fromhex("81ca0003 01020304 06026162 01017a00")
    assert parse_compound(unknown + tool + unknown) == (SourceDescription(0x01020304, b"z"),)


def test_padding_is_taken_off_the_last_packet() -> None:
    padded = bytes.fromhex("a0c90002 01020304 00000004")
    assert parse_compound(padded) == (ReceiverReport(0x01020304),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("80c9", "too short"),
        ("40c90001 01020304", "not version 2"),
        ("80c90002 01020304", "longer than its packet"),
        ("80c90001 01020304 80", "bytes behind"),
        ("81c90001 01020304", "reports that are not there"),
        ("80c80001 01020304", "cut off"),
        ("80c90000", "no source"),
        ("81cb0000", "sources that are not there"),
        ("81cb0002 01020304 04616263", "a reason longer"),
        ("81ca0002 01020304 01ff6162", "an item longer"),
        ("81ca0002 01020304 01026162", "without an end"),
        ("a0c90002 01020304 00000003", "padding longer"),
        ("a0c90002 01020304 000000f0", "padding longer"),
        ("a0c90002 01020304 00000005", "padding longer"),
        ("a0c90002 01020304 00000004 80c90001 01020304", "padding before the end"),
    ],
)
def test_a_lie_is_named(text: str, why: str) -> None:
    with pytest.raises(MalformedPacketError, match=why):
        parse_compound(bytes.fromhex(text))


def intervals(clock: RtcpClock, reports: int) -> list[float]:
    found, now = [], 0.0
    for _ in range(reports):
        last = now
        while not clock.is_time(now):
            now = max(now, clock.report_at)
        clock.sent(now)
        found.append(now - last)
    return found


def test_reports_come_every_five_seconds_and_never_together() -> None:
    first, *rest = intervals(RtcpClock(Random(1), 0.0), 400)
    assert first <= 1.5 * MINIMUM_S / 2 / COMPENSATION
    assert all(0.5 * MINIMUM_S <= s * COMPENSATION <= 1.5 * MINIMUM_S for s in rest)
    assert sum(rest) / len(rest) == pytest.approx(MINIMUM_S, rel=0.1), "what compensation is for"
    assert rest != intervals(RtcpClock(Random(2), 0.0), 400)[1:]


def test_bars_fall_with_loss_delay_and_jitter_of_either_direction() -> None:
    assert Quality().bars == 4
    assert Quality(round_trip_s=0.1, loss_here=0.001).bars == 4
    assert [Quality(loss_here=loss).bars for loss in (0.01, 0.03, 0.06, 0.3)] == [4, 3, 1, 0]
    assert Quality(loss_there=0.3).bars == 0
    assert Quality(round_trip_s=0.8).bars < Quality(round_trip_s=0.3).bars
    assert Quality(jitter_here_s=0.3).bars < 4
    assert Quality(jitter_there_s=9, loss_here=1, round_trip_s=60).rating == 0
