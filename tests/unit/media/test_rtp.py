"""RTP packets as bytes (RFC 3550 5.1) and as their receiver sees them (A.1, A.3, A.8)."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware.media.errors import MalformedPacketError
from firmware.media.rtp import PACKET_BYTES_MAX, RtpPacket, is_rtcp
from firmware.media.rtp_source import LOST_MAX, USEFUL, WINDOW, Arrival, RtpSource

GOLDEN = bytes.fromhex("80 88 1234 89abcdef 01020304 d5d5d5d5")
FULL = bytes.fromhex("b2 65 ffff 00000001 0000000a 00000001 00000002 bede 0001 aabbccdd 5555 0002")

words = st.integers(0, 2**32 - 1)
packets = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 65535),
    timestamp=words,
    ssrc=words,
    payload=st.binary(max_size=64),
    marker=st.booleans(),
    csrc=st.lists(words, max_size=15).map(tuple),
    extension=st.none()
    | st.tuples(st.integers(0, 65535), st.integers(0, 8).map(lambda n: bytes(4 * n))),
    padding=st.integers(0, 255),
)


def test_a_packet_as_it_stands_on_the_wire() -> None:
    packet = RtpPacket(8, 0x1234, 0x89ABCDEF, 0x01020304, b"\xd5" * 4, marker=True)
    assert bytes(packet) == GOLDEN
    assert RtpPacket.parse(GOLDEN) == packet


def test_a_packet_with_all_that_a_packet_can_have() -> None:
    packet = RtpPacket.parse(FULL)
    assert packet.csrc == (1, 2)
    assert packet.extension == (0xBEDE, bytes.fromhex("aabbccdd"))
    assert (packet.payload, packet.padding) == (b"\x55\x55", 2)
    assert bytes(packet) == FULL


@given(packets)
def test_what_is_written_is_read(packet: RtpPacket) -> None:
    assert RtpPacket.parse(bytes(packet)) == packet


@given(st.binary(max_size=100))
@example(GOLDEN[:11])
@example(FULL[:20])
def test_any_bytes_give_a_packet_or_the_error(data: bytes) -> None:
    try:
        packet = RtpPacket.parse(data)
    except MalformedPacketError:
        return
    assert len(bytes(packet)) == len(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "shorter than its header"),
        (GOLDEN[:11], "shorter than its header"),
        (b"\x40" + GOLDEN[1:], "not version 2"),
        (b"\x85" + GOLDEN[1:], "contributing sources that are not there"),
        (b"\x90" + GOLDEN[1:12], "an extension that is not there"),
        (b"\x90" + GOLDEN[1:12] + b"\xbe\xde\xff\xff", "an extension longer than its packet"),
        (b"\xa0" + GOLDEN[1:12], "padding longer than its packet"),
        (b"\xa0" + GOLDEN[1:12] + b"\x00", "padding longer than its packet"),
        (b"\xa0" + GOLDEN[1:12] + b"\x00\x03", "padding longer than its packet"),
        (GOLDEN + bytes(PACKET_BYTES_MAX), "longer than a packet can be"),
    ],
)
def test_a_lie_is_named(data: bytes, why: str) -> None:
    with pytest.raises(MalformedPacketError, match=why):
        RtpPacket.parse(data)


def test_rtcp_and_rtp_on_one_port() -> None:
    assert is_rtcp(b"\x80\xc8")
    assert is_rtcp(b"\x81\xcd")
    assert not is_rtcp(GOLDEN)
    assert not is_rtcp(b"\x80")


def packet(sequence: int, timestamp: int | None = None) -> RtpPacket:
    return RtpPacket(0, sequence % 65536, (timestamp or 160 * sequence) % 2**32, 7, b"x")


def started(sequence: int = 100) -> RtpSource:
    source = RtpSource(packet(sequence))
    assert source.take(packet(sequence), 8000, 0.0) is Arrival.IN_ORDER
    return source


def taken(source: RtpSource, *sequences: int) -> list[Arrival]:
    return [source.take(packet(n), 8000, n * 0.02) for n in sequences]


def test_order_lateness_and_repetition_are_told_apart() -> None:
    source = started()
    assert taken(source, 101, 104, 102, 102, 104, 103) == [
        Arrival.IN_ORDER,
        Arrival.IN_ORDER,
        Arrival.LATE,
        Arrival.DUPLICATE,
        Arrival.DUPLICATE,
        Arrival.LATE,
    ]
    assert taken(source, 99) == [Arrival.LATE], "one that left before the first"


@pytest.mark.parametrize("sequence", [101, 100, 99, 5000, 60000])
def test_whatever_comes_first_is_where_counting_begins(sequence: int) -> None:
    source = RtpSource(packet(100))  # Of a payload type that nobody knows: it is not taken.
    assert taken(source, sequence, sequence + 1) == [Arrival.IN_ORDER] * 2
    assert (source.report().expected, source.report().received) == (2, 2)


def test_numbers_grow_over_the_roll_over() -> None:
    source = started(65534)
    first = source.taken_sequence
    assert taken(source, 65535, 65537) == [Arrival.IN_ORDER] * 2
    assert source.taken_sequence == first + 3
    assert source.take(packet(0, 160 * 65536), 8000, 0.0) is Arrival.LATE
    assert source.taken_sequence == first + 2
    assert source.report().highest_sequence == 1 << 16 | 1


def test_timestamps_grow_over_their_roll_over() -> None:
    source = RtpSource(packet(1, 2**32 - 100))
    source.take(packet(1, 2**32 - 100), 8000, 0.0)
    source.take(packet(2, 60), 8000, 0.02)
    assert source.taken_timestamp == 2**32 + 60


def test_a_jump_is_believed_when_the_next_follows_it() -> None:
    source = started()
    before = source.taken_sequence
    assert taken(source, 19999, 101) == [Arrival.UNPROVEN, Arrival.IN_ORDER]
    assert taken(source, 20000, 20001, 20002) == [
        Arrival.UNPROVEN,
        Arrival.RESTARTED,
        Arrival.IN_ORDER,
    ]
    assert source.taken_sequence > before + 2
    assert (source.report().lost, source.report().received) == (0, 2)


def test_a_source_that_starts_anew_further_back_still_grows() -> None:
    source = started(3000)
    assert taken(source, 5, 6, 7) == [Arrival.TOO_LATE, Arrival.RESTARTED, Arrival.IN_ORDER]
    assert source.taken_sequence > 3000


def test_what_is_older_than_the_window_is_too_late() -> None:
    source = started(1000)
    assert taken(source, 1000 + WINDOW, 1001, 1000) == [
        Arrival.IN_ORDER,
        Arrival.LATE,
        Arrival.TOO_LATE,
    ]


def test_loss_is_counted_as_rfc_3550_a3_counts_it() -> None:
    source = started(0)
    taken(source, 1, 2, 3, 5, 7)
    report = source.report()
    assert (report.expected, report.received, report.lost) == (8, 6, 2)
    assert report.fraction_lost == (2 << 8) // 8
    taken(source, 8, 9)
    assert source.report().fraction_lost == 0, "of the last interval only"
    assert source.report().lost == 2
    taken(source, 9, 9, 9)
    again = source.report()
    assert (again.lost, again.fraction_lost) == (-1, 0), "duplicates count as come"


def test_a_loss_without_end_stays_within_its_field() -> None:
    source = started(0)
    for _ in range(3):
        source._received -= LOST_MAX  # Three months of calls in a moment.
    assert source.report().lost == LOST_MAX
    assert source.report().fraction_lost <= 255


def test_jitter_is_that_of_rfc_3550_a8() -> None:
    source = started(0)
    jitter = 0.0
    last = 0.0
    for number, late_s in enumerate((0.0, 0.01, 0.0, 0.02, 0.005), 1):
        source.take(packet(number), 8000, number * 0.02 + late_s)
        jitter += (abs(late_s - last) - jitter) / 16
        last = late_s
    assert source.jitter_s == pytest.approx(jitter)
    assert source.report().jitter == int(jitter * 8000)


def test_events_and_a_new_clock_say_nothing_about_jitter() -> None:
    source = started(0)
    for number in range(1, 20):
        source.take(packet(number, 160), 0, number * 0.02)
    source.take(packet(20, 7_000_000), 48000, 0.4)
    assert source.jitter_s == 0


@given(st.lists(st.integers(0, 65535), max_size=60))
def test_any_order_is_survived_and_no_packet_is_used_twice(sequences: list[int]) -> None:
    source = started(0)
    used: set[int] = set()
    for number in sequences:
        arrival = source.take(packet(number), 8000, 1.0)
        if arrival in USEFUL:
            place = source.taken_sequence
            assert place % 65536 == number
            assert place not in used
            used.add(place)
        report = source.report()
        assert 0 <= report.fraction_lost <= 255
        assert -LOST_MAX - 1 <= report.lost <= LOST_MAX
