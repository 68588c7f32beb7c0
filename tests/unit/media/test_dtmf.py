"""Digits as events (RFC 4733) and in INFO: what is sent, what is understood, what is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.media.dtmf import (
    DIGITS,
    PRESS_MIN_MS,
    QUEUE_MAX,
    DigitEnded,
    DigitStarted,
    EventPacket,
    EventReceiver,
    EventSender,
    TelephoneEvent,
    info_body,
    parse_info,
)

EVENTS = st.builds(
    TelephoneEvent,
    st.sampled_from(DIGITS),
    st.integers(0, 0xFFFF),
    st.booleans(),
    st.integers(0, 63),
)


def sent(sender: EventSender, count: int, first: int = 1000, ticks: int = 160) -> list[EventPacket]:
    """Return the packets of so many packet times."""
    found = [sender.next_packet(first + number * ticks) for number in range(count)]
    return [packet for packet in found if packet is not None]


def told(
    packets: list[EventPacket], receiver: EventReceiver | None = None
) -> list[DigitStarted | DigitEnded]:
    receiver = receiver or EventReceiver(8000)
    out = []
    for number, packet in enumerate(packets):
        out += receiver.handle(packet.payload, packet.timestamp, number * 0.02)
    return [*out, *receiver.wake(len(packets) * 0.02 + 1)]


@given(EVENTS)
def test_an_event_is_what_was_written(event: TelephoneEvent) -> None:
    assert TelephoneEvent.parse(bytes(event)) == event


def test_the_bytes_of_rfc_4733() -> None:
    assert bytes(TelephoneEvent("#", 400, is_end=True, volume=7)) == bytes((11, 0x87, 0x01, 0x90))


def test_a_digit_is_start_continuation_and_three_ends() -> None:
    sender = EventSender(8000, 20)
    assert sender.send("5", 100)
    packets = sent(sender, 20)
    events = [TelephoneEvent.parse(packet.payload) for packet in packets]
    assert [event.duration for event in events if event] == [160, 320, 480, 640, 800, 800, 800]
    assert [event.is_end for event in events if event] == [False] * 4 + [True] * 3
    assert [packet.marker for packet in packets] == [True] + [False] * 6
    assert {packet.timestamp for packet in packets} == {1000}


def test_digits_wait_for_each_other_with_a_pause() -> None:
    sender = EventSender(8000, 20)
    for digit in "12":
        sender.send(digit)
    packets = sent(sender, 40)
    starts = sorted({packet.timestamp for packet in packets})
    assert len(starts) == 2
    assert starts[1] - starts[0] == (5 + 2 + 3) * 160  # Digit, two ends more, 60 ms of voice.
    assert sum(packet.marker for packet in packets) == 2


def test_a_pressed_key_lasts_until_its_release_but_not_less_than_the_least() -> None:
    sender = EventSender(8000, 20)
    sender.press("1")
    assert len(sent(sender, 10)) == 10
    sender.release()
    assert [TelephoneEvent.parse(p.payload) for p in sent(sender, 10, 2600)] == [
        TelephoneEvent("1", 1760, is_end=True)
    ] * 3
    sender.press("2")
    sender.release()
    last = TelephoneEvent.parse(sent(sender, 20, 9000)[-1].payload)
    assert last is not None
    assert last.duration >= PRESS_MIN_MS * 8


def test_too_many_digits_are_refused() -> None:
    sender = EventSender(8000, 20)
    assert [sender.send("1") for _ in range(QUEUE_MAX + 1)] == [True] * QUEUE_MAX + [False]


@pytest.mark.parametrize(("clock_rate", "ptime_ms"), [(8000, 10), (8000, 60), (48000, 20)])
def test_every_clock_and_packet_length_comes_through(clock_rate: int, ptime_ms: int) -> None:
    sender = EventSender(clock_rate, ptime_ms)
    for digit in DIGITS:
        sender.send(digit, 120)
    packets = sent(sender, 1000, ticks=clock_rate * ptime_ms // 1000)
    out = told(packets, EventReceiver(clock_rate))
    assert [event.digit for event in out if isinstance(event, DigitStarted)] == list(DIGITS)
    assert {event.duration_ms for event in out if isinstance(event, DigitEnded)} == {120}


def test_a_digit_longer_than_its_field_is_one_digit() -> None:
    sender = EventSender(48000, 20)  # 16 bits are 1.36 s here.
    sender.send("9", 5000)
    packets = sent(sender, 400, ticks=960)
    assert len({packet.timestamp for packet in packets}) == 4
    assert sum(packet.marker for packet in packets) == 1
    out = told(packets, EventReceiver(48000))
    assert out == [DigitStarted("9", 10), DigitEnded("9", 5000)]


DIGIT = [("5", 160 * n, False) for n in range(1, 6)] + [("5", 960, True)] * 3


def packets_of(*events: tuple[str, int, bool], timestamp: int = 1000) -> list[EventPacket]:
    return [
        EventPacket(bytes(TelephoneEvent(digit, duration, end)), timestamp, marker=False)
        for digit, duration, end in events
    ]


@given(st.lists(st.booleans(), min_size=8, max_size=8).filter(any), st.integers(0, 7))
def test_whatever_is_lost_or_doubled_a_digit_is_one_digit(kept: list[bool], double: int) -> None:
    packets = packets_of(*DIGIT)
    packets.insert(double, packets[double])
    some = [packet for packet, keep in zip(packets, [*kept, True], strict=True) if keep]
    out = told(some)
    assert [type(event) for event in out] == [DigitStarted, DigitEnded]


def test_missing_ends_are_made_up_for_by_time() -> None:
    receiver = EventReceiver(8000)
    packets = packets_of(*DIGIT[:5])
    for packet in packets:
        receiver.handle(packet.payload, packet.timestamp, 5.0)
    assert receiver.deadline() == pytest.approx(5.12)
    assert receiver.wake(5.1) == []
    assert receiver.wake(5.12) == [DigitEnded("5", 100)]
    assert receiver.deadline() is None


def test_the_same_digit_twice_is_two_digits_even_without_an_end() -> None:
    out = told([*packets_of(*DIGIT[:5]), *packets_of(*DIGIT, timestamp=3000)])
    assert [type(event) for event in out] == [DigitStarted, DigitEnded] * 2


def test_what_comes_late_of_a_digit_that_is_over_is_nothing() -> None:
    packets = [*packets_of(*DIGIT), *packets_of(*DIGIT, timestamp=3000), *packets_of(*DIGIT[:2])]
    assert len(told(packets)) == 4


@given(st.lists(st.tuples(st.binary(max_size=8), st.integers(0, 2**33)), max_size=30))
def test_any_bytes_are_digits_or_nothing_and_each_start_has_one_end(
    packets: list[tuple[bytes, int]],
) -> None:
    out = told([EventPacket(payload, timestamp, False) for payload, timestamp in packets])
    kinds = [type(event) for event in out]
    assert kinds == [DigitStarted, DigitEnded] * (len(kinds) // 2)


@pytest.mark.parametrize("digit", DIGITS)
def test_info_is_what_was_written(digit: str) -> None:
    assert parse_info(*info_body(digit, 250)) == (digit, 250)


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/dtmf-relay", b"Signal= 5\r\nDuration= 160\r\n", ("5", 160)),
        ("Application/DTMF-Relay; charset=x", b"signal=d\nduration=99", ("D", 99)),
        ("application/dtmf-relay", b"Signal=10\r\n", ("*", 100)),
        ("application/dtmf-relay", b"Signal=11\r\nDuration=0", ("#", 100)),
        ("application/dtmf", b"7", ("7", 100)),
        ("application/dtmf", b" # \r\n", ("#", 100)),
        ("application/dtmf", b"77", None),
        ("application/dtmf", b"", None),
        ("application/dtmf-relay", b"Signal=Z", None),
        ("application/dtmf-relay", b"\xff\xfe", None),
        ("text/plain", b"5", None),
    ],
)
def test_info_of_others(content_type: str, body: bytes, expected: tuple[str, int] | None) -> None:
    assert parse_info(content_type, body) == expected


@given(st.text(max_size=40), st.binary(max_size=200))
def test_any_info_is_a_digit_or_none(content_type: str, body: bytes) -> None:
    for media_type in (content_type, "application/dtmf", "application/dtmf-relay"):
        found = parse_info(media_type, body)
        assert found is None or (found[0] in DIGITS and found[1] > 0)
