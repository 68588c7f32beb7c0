"""A call's packets between two ends: what goes out, what is taken, what is only counted."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.media.dtmf import DigitEnded, DigitStarted
from firmware.media.events import (
    ChangePlan,
    FarEndHeard,
    FarEndLeft,
    FarEndSilent,
    LeaveMedia,
    PacketReceived,
    PressDigit,
    QualityMeasured,
    ReleaseDigit,
    SendDigit,
    SendFrame,
    SendPacket,
    WrongKey,
)
from firmware.media.formats import OPUS
from firmware.media.plan import Direction, Endpoint, Format, MediaPlan
from firmware.media.rtcp import (
    Bye,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    compound,
    parse_compound,
)
from firmware.media.rtp import RtpPacket
from firmware.media.sdes import Suite
from firmware.media.session import (
    COLLISION_S,
    GOODBYE_S,
    REPORTS_S,
    SILENCE_S,
    WRONG_KEY_PACKETS,
)
from firmware.media.source_lock import GOOD_PACKETS, STALE_S, SourceLock
from tests.unit.media.ends import (
    FRAME,
    HERE,
    PLAIN,
    PLAN,
    PTIME_S,
    STRANGER,
    THERE,
    End,
    Heap,
    key,
    mirrored,
    pair,
)

BOTH = pytest.mark.parametrize("plan", [PLAN, PLAIN], ids=["encrypted", "plain"])


def talk(speaker: End, listener: End, frames: int, start: float = 0.0) -> float:
    """Let one end say so many frames to the other; return the time afterwards."""
    for number in range(frames):
        at = start + number * PTIME_S
        listener.hears(speaker.says(at), at, speaker.address)
    return start + frames * PTIME_S


def both(here: End, there: End, until: float, start: float = 0.0) -> None:
    """Let both ends talk, and report when they want to, with a tenth of a second on the way."""
    late: list[tuple[float, End, End, SendPacket]] = []
    now = start
    while now < until:
        for one, other in ((here, there), (there, here)):
            due = one.session.deadline()
            out = one.wake(now) if due is not None and due <= now else []
            sent = [one.says(now), *(item for item in out if isinstance(item, SendPacket))]
            late += [(now + 0.1, one, other, item) for item in sent]
        arrived, late = [i for i in late if i[0] <= now], [i for i in late if i[0] > now]
        for at, one, other, item in arrived:
            other.hears(item, at, one.address)
        now += PTIME_S


# What goes out.


def test_packets_are_numbered_timed_and_marked() -> None:
    here = End(PLAIN, 1, HERE)
    packets = [RtpPacket.parse(here.says(n * PTIME_S).data) for n in range(3)]
    first = packets[0]
    starts = [RtpPacket.parse(End(PLAIN, seed, HERE).says(0.0).data) for seed in range(20)]
    assert all(packet.sequence < 2**15 for packet in starts)
    assert len({packet.ssrc for packet in starts}) == 20
    assert [p.sequence - first.sequence for p in packets] == [0, 1, 2]
    assert [(p.timestamp - first.timestamp) % 2**32 for p in packets] == [0, 160, 320]
    assert [p.marker for p in packets] == [True, False, False]
    assert len({p.ssrc for p in packets}) == 1
    assert {(p.payload_type, p.payload[:4]) for p in packets} == {(0, b"word")}
    here.words.is_quiet = True
    assert here.feed(SendFrame(FRAME), 0.06) == []
    here.words.is_quiet = False
    later = RtpPacket.parse(here.says(0.08).data)
    assert later.marker
    assert later.sequence - first.sequence == 3, "silence is no loss"
    assert (later.timestamp - first.timestamp) % 2**32 == 4 * 160


def test_a_digit_takes_the_place_of_sound_at_the_time_of_its_start() -> None:
    here = End(PLAIN, 1, HERE)
    voice = RtpPacket.parse(here.says(0.0).data)
    assert here.feed(PressDigit("5"), 0.02) == []
    packets = [RtpPacket.parse(here.says(0.02 * n).data) for n in range(1, 6)]
    here.feed(ReleaseDigit(), 0.12)
    packets += [RtpPacket.parse(here.says(0.02 * n).data) for n in range(6, 9)]
    assert [p.payload_type for p in packets] == [101] * 8
    assert {(p.timestamp - voice.timestamp) % 2**32 for p in packets} == {160}
    assert [p.marker for p in packets] == [True] + 7 * [False]
    assert [p.payload[1] >> 7 for p in packets] == 5 * [0] + 3 * [1]
    assert here.words.said == 1
    after = RtpPacket.parse(here.says(0.18).data)
    assert (after.timestamp - voice.timestamp) % 2**32 == 9 * 160
    assert (after.marker, after.payload_type, after.payload) == (True, 0, b"word 2")


@BOTH
def test_digits_are_heard_once_whatever_the_network_does(plan: MediaPlan) -> None:
    here, there = pair(plan)
    now = talk(there, here, 3)
    for digit in "1#":
        there.feed(SendDigit(digit), now)
    for number in range(30):
        sent = there.says(now)
        for _ in range(2):
            if number % 3 != 1:
                here.hears(sent, now)
        now += PTIME_S
    assert [type(told) for told in here.out] == [DigitStarted, DigitEnded] * 2
    assert [told.digit for told in here.out if isinstance(told, DigitStarted)] == ["1", "#"]


def test_a_digit_whose_end_is_lost_ends_with_time() -> None:
    here, there = pair(PLAN)
    there.feed(PressDigit("9"), 0.0)
    assert here.hears(there.says(0.0), 0.0) == [DigitStarted("9", 10)]
    due = here.session.deadline()
    assert due is not None
    assert here.wake(due) == [DigitEnded("9", 20)]


def test_a_digit_ends_with_the_stream_that_it_came_in() -> None:
    here, there = pair(PLAN)
    there.feed(PressDigit("9"), 0.0)
    here.hears(there.says(0.0), 0.0)
    other = End(mirrored(PLAN), 5, THERE)
    out = [told for n in range(3) for told in here.hears(other.says(0.02 * n), 0.02 * n)]
    assert out == [DigitEnded("9", 20)]
    other.feed(PressDigit("8"), 0.1)
    assert here.hears(other.says(0.1), 0.1) == [DigitStarted("8", 10)]


def test_a_far_end_that_takes_no_digits_gets_none() -> None:
    here = End(replace(PLAIN, events_out=None), 1, HERE)
    for event in (PressDigit("1"), ReleaseDigit(), SendDigit("2")):
        here.feed(event, 0.0)
    assert RtpPacket.parse(here.says(0.0).data).payload_type == 0


def test_digits_that_wait_survive_a_hold_and_go_by_the_clock_of_the_codec() -> None:
    here = End(PLAIN, 1, HERE)
    here.feed(SendDigit("1"), 0.0)
    here.feed(ChangePlan(replace(PLAIN, key_in=None), here.words, here.heap), 0.0)
    assert RtpPacket.parse(here.says(0.0).data).payload_type == 101
    opus = replace(PLAIN, sends=Format(107, OPUS), events_out=102)
    other = End(opus, 1, HERE)
    other.words.clock_rate = other.words.sample_rate = 48000
    other.words.frame_samples = 960
    other.feed(SendDigit("1"), 0.0)
    packet = RtpPacket.parse(other.says(0.0).data)
    assert (packet.payload_type, packet.payload[2:4]) == (102, (960).to_bytes(2, "big"))


@pytest.mark.parametrize("direction", [Direction.RECVONLY, Direction.INACTIVE])
def test_a_held_call_sends_no_sound_and_no_digit(direction: Direction) -> None:
    here = End(replace(PLAN, direction=direction), 1, HERE)
    assert here.feed(SendFrame(FRAME), 0.0) == []
    here.feed(SendDigit("1"), 0.02)
    assert here.feed(SendFrame(FRAME), 0.02) == []


def test_a_call_held_in_the_old_way_sends_nothing_to_nowhere() -> None:
    nowhere = Endpoint("0.0.0.0", 4000)
    plan = replace(PLAN, remote=nowhere, remote_rtcp=nowhere, direction=Direction.RECVONLY)
    here = End(plan, 1, HERE)
    here.wake(10.0)
    here.feed(LeaveMedia(), 11.0)
    assert not here.sent()
    talking = End(PLAN, 1, HERE)
    talking.feed(ChangePlan(plan, talking.words, talking.heap), 1.0)
    talking.wake(10.0)
    assert [sent.to for sent in talking.sent()] == [THERE], "reports go where they went"


# What comes in.


@BOTH
def test_what_one_end_says_the_other_hears_in_order(plan: MediaPlan) -> None:
    here, there = pair(plan)
    talk(there, here, 20)
    assert here.heap.words == [b"word %d" % n for n in range(1, 21)]
    numbers = [packet.sequence for packet in here.heap.packets]
    assert numbers == list(range(numbers[0], numbers[0] + 20))
    assert not here.session.counts
    assert here.session.is_encrypted is (plan is PLAN)


@BOTH
def test_duplicates_are_dropped_and_late_ones_are_used(plan: MediaPlan) -> None:
    here, there = pair(plan)
    sent = [there.says(n * PTIME_S) for n in range(6)]
    for number in (0, 1, 3, 3, 1, 2, 5, 4):
        here.hears(sent[number], 1.0)
    assert len(here.heap.packets) == 6
    assert sum(here.session.counts.values()) == 2
    assert here.session.counts.keys() <= {"duplicate", "replayed"}


@BOTH
def test_a_flood_from_a_stranger_disturbs_nothing(plan: MediaPlan) -> None:
    here, there = pair(plan)
    there.hears(here.says(0.0), 0.0, HERE)
    now, random = talk(there, here, 5), Random(7)
    last = here.heap.packets[-1].sequence
    for _ in range(50):
        for junk in range(200):  # 10,000 a second.
            packet = RtpPacket(0, junk, 0, 9, random.randbytes(160))
            assert here.hears(bytes(packet), now, STRANGER) == []
        here.hears(there.says(now), now)
        now += PTIME_S
    assert [p.sequence - last for p in here.heap.packets[5:]] == list(range(1, 51))
    assert here.says(now).to == THERE
    dropped = here.session.counts
    assert sum(dropped.values()) == 10_000
    assert dropped["stranger"] >= 9_700, "nearly all before anything was computed"


@BOTH
def test_sound_goes_back_to_where_it_comes_from(plan: MediaPlan) -> None:
    here, there = pair(plan)
    behind_router = Endpoint("198.51.100.200", 50000)
    assert here.says(0.0).to == THERE
    for number in range(GOOD_PACKETS + 2):
        here.hears(there.says(number * PTIME_S), number * PTIME_S, behind_router)
    assert here.says(1.0).to == behind_router
    assert len(here.heap.packets) == (GOOD_PACKETS + 2 if plan is PLAN else 3)


def test_with_proof_a_far_end_may_move_and_without_it_only_when_it_was_silent() -> None:
    moved = Endpoint("198.51.100.201", 50001)
    here, there = pair(PLAN)
    now = talk(there, here, 5)
    here.hears(there.says(now), now, moved)
    assert here.says(now).to == moved
    here, there = pair(PLAIN)
    now = talk(there, here, 5)
    for _ in range(2 * GOOD_PACKETS):
        here.hears(there.says(now), now, moved)
    assert here.says(now).to == THERE
    now += STALE_S + 0.1
    for _ in range(GOOD_PACKETS):
        here.hears(there.says(now), now, moved)
    assert here.says(now).to == moved
    here.hears(there.says(now), now, THERE)
    assert here.says(now).to == THERE, "the address that it named itself is always right"


def test_what_somebody_kept_and_sends_later_moves_nothing() -> None:
    """A packet that was lost on its way proves its sender, but not that he is here now."""
    here, there = pair(PLAN)
    now = talk(there, here, 5)
    kept = there.says(now)
    report = report_of(there)
    now = talk(there, here, 5, now + PTIME_S)
    here.hears(kept, now, STRANGER)
    here.hears(report, now, STRANGER)
    assert here.says(now).to == THERE
    assert len(here.heap.packets) == 11, "its sound is as good as any"


def test_without_proof_a_report_takes_the_call_back_from_a_stranger() -> None:
    here, there = pair(PLAIN)
    now = talk(there, here, 5) + STALE_S + 0.1
    for number in range(GOOD_PACKETS):
        here.hears(bytes(RtpPacket(0, number, 0, 7, b"x")), now, STRANGER)
    assert here.says(now).to == STRANGER
    here.hears(report_of(there), now)
    assert here.says(now).to == THERE


def report_of(end: End) -> SendPacket:
    while True:
        for item in end.wake(end.session.deadline() or 0.0):
            if isinstance(item, SendPacket):
                return item


def test_packets_without_order_prove_nothing() -> None:
    here = End(PLAIN, 1, HERE)
    for number in range(0, 40 * GOOD_PACKETS, 2):
        here.hears(bytes(RtpPacket(0, number, 0, 7, b"x")), 0.001 * number, STRANGER)
    assert here.says(1.0).to == THERE
    assert not here.heap.packets


@pytest.mark.parametrize(
    ("numbers", "shown_by"),
    [
        ([1, 2, 3, 4, 5], 5),
        ([1, 1, 2, 2, 3, 3, 4, 4, 5], 9),
        ([2, 1, 4, 3, 5], 5),
        ([1, 5, 2, 4, 3], 5),
        ([65534, 0, 65535, 1, 2], 5),
        ([1, 2, 3, 4, 6, 7, 5], 7),
        ([1, 2, 3, 4, 4, 4, 4, 4, 4], 0),
        ([1, 2, 3, 4, 6, 7, 8, 9], 0),
        ([1, 2, 3, 4, 1000, 5], 0),
        ([1, 2, 3, 4, 20, 5], 0),
    ],
    ids=str,
)
def test_who_sends_in_sequence_is_believed_whatever_the_way_does(
    numbers: list[int], shown_by: int
) -> None:
    """What overtakes or comes twice is no new start; what comes twice does not count twice."""
    lock = SourceLock(THERE, 0.0)
    believed = [lock.accepts(STRANGER, number, 0.0, proven=False) for number in numbers]
    assert believed.count(True) == (len(numbers) - shown_by + 1 if shown_by else 0)
    assert believed[-1] == bool(shown_by)


def test_a_described_address_that_changes_is_used_at_once() -> None:
    here, there = pair(PLAN)
    now = talk(there, here, 5)
    other = Endpoint("198.51.100.8", 4400)
    plan = replace(PLAN, remote=other, remote_rtcp=other)
    here.feed(ChangePlan(plan, here.words, here.heap), now)
    assert here.says(now).to == other


def test_tries_of_strangers_are_bounded_and_come_back() -> None:
    lock = SourceLock(THERE, 0.0)
    admitted = [lock.admits(STRANGER, 0.0, proves=True) for _ in range(1000)]
    assert sum(admitted) == 100
    assert lock.admits(THERE, 0.0, proves=True), "the described one is not counted"
    assert sum(lock.admits(STRANGER, 0.5, proves=True) for _ in range(1000)) == 50


@BOTH
def test_a_new_source_restarts_the_buffer_once_it_follows_itself(plan: MediaPlan) -> None:
    here, there = pair(plan)
    now = talk(there, here, 3)
    other = End(mirrored(plan), 3, THERE)
    strays = [other.says(now) for _ in range(5)]
    here.hears(strays[0], now)
    here.hears(there.says(now), now)
    here.hears(strays[1], now)
    here.hears(there.says(now), now)
    assert here.heap.restarts == 0, "the old one is still heard"
    here.hears(strays[2], now)
    here.hears(strays[3], now)
    here.hears(strays[4], now)
    assert here.heap.restarts == 1
    assert here.heap.words[-2:] == [b"word 4", b"word 5"]
    assert here.session.counts["unproven"] == 3


def test_a_source_that_begins_anew_restarts_the_buffer() -> None:
    here, _ = pair(PLAIN)
    for sequence in (1, 2, 30_000, 30_001, 30_002):
        here.hears(bytes(RtpPacket(0, sequence, 160 * sequence, 7, b"x")), 0.0)
    assert here.heap.restarts == 1
    numbers = [packet.sequence for packet in here.heap.packets]
    assert len(numbers) == 4
    assert numbers == sorted(set(numbers))


def test_whoever_has_our_number_makes_us_take_another() -> None:
    here = End(PLAIN, 1, HERE)
    ours = RtpPacket.parse(here.says(0.0).data).ssrc
    echo = bytes(RtpPacket(0, 1, 0, ours, b"x"))
    (bye,) = here.hears(echo, 0.1)
    assert isinstance(bye, SendPacket)
    assert Bye((ours,)) in parse_compound(bye.data)
    second = RtpPacket.parse(here.says(0.2).data).ssrc
    assert second != ours
    assert here.hears(bytes(RtpPacket(0, 1, 0, second, b"x")), 0.3) == [], "not again so soon"
    assert len(here.hears(bytes(RtpPacket(0, 2, 0, second, b"x")), 0.2 + COLLISION_S)) == 1
    assert not here.heap.packets


def test_noise_has_a_door_of_its_own_and_the_unknown_none() -> None:
    here = End(PLAIN, 1, HERE)
    here.hears(bytes(RtpPacket(13, 1, 0, 7, b"\x40")), 0.0)
    here.hears(bytes(RtpPacket(99, 2, 0, 7, b"?")), 0.0)
    assert here.heap.noises == [b"\x40"]
    assert here.session.counts == {"unknown payload": 1}
    assert not here.heap.packets


def test_a_stream_may_begin_with_the_unknown_and_then_go_back() -> None:
    """Found by the fuzzer: the sound of every call stopped."""
    here = End(PLAIN, 1, HERE)
    here.hears(bytes(RtpPacket(99, 65000, 0, 7, b"?")), 0.0)
    for number in range(3):
        here.hears(bytes(RtpPacket(0, 10 + number, 160 * number, 7, b"x")), 0.02 * number)
    assert [heard.sequence for heard in here.heap.packets] == [10, 11, 12]


def test_a_call_that_we_hold_is_not_listened_to() -> None:
    _, there = pair(PLAN)
    held = End(replace(PLAN, direction=Direction.SENDONLY), 1, HERE)
    talk(there, held, 5)
    assert not held.heap.packets


# Keys.


def test_wrong_keys_are_said_once_and_a_right_one_is_heard_again() -> None:
    here, _ = pair(PLAN)
    wrong = End(replace(mirrored(PLAN), key_out=key(9)), 3, THERE)
    out = [item for n in range(3 * WRONG_KEY_PACKETS) for item in here.hears(wrong.says(n), n / 50)]
    assert out == [WrongKey()]
    assert here.session.counts == {"wrong key": 3 * WRONG_KEY_PACKETS}
    plan = replace(PLAN, key_in=key(9))
    here.feed(ChangePlan(plan, here.words, here.heap), 2.0)
    talk(wrong, here, 5, 2.0)
    assert len(here.heap.packets) == 5


def test_wrong_keys_are_said_again_after_another_change() -> None:
    here, _ = pair(PLAN)
    wrong = End(replace(mirrored(PLAN), key_out=key(9)), 3, THERE)
    for turn in range(2):
        out = [item for n in range(WRONG_KEY_PACKETS) for item in here.hears(wrong.says(n), n / 50)]
        assert out == [WrongKey()]
        plan = replace(PLAN, key_in=key(20 + turn))
        here.feed(ChangePlan(plan, here.words, here.heap), 1.0)


def test_a_few_packets_that_cannot_be_read_are_no_wrong_key() -> None:
    here, there = pair(PLAN)
    wrong = End(replace(mirrored(PLAN), key_out=key(9)), 3, THERE)
    for number in range(4 * WRONG_KEY_PACKETS):
        at = number * PTIME_S
        assert here.hears((wrong if number % 4 else there).says(at), at) == []
    assert here.session.counts["wrong key"] == 3 * WRONG_KEY_PACKETS


def test_a_strangers_garbage_is_no_wrong_key() -> None:
    here, _ = pair(PLAN)
    for number in range(3 * WRONG_KEY_PACKETS):
        assert here.hears(bytes(RtpPacket(0, number, 0, 7, bytes(40))), number, STRANGER) == []


@pytest.mark.parametrize("suite", Suite)
def test_rekeying_loses_nothing(suite: Suite) -> None:
    here, there = pair(PLAN)
    now = talk(there, here, 5)
    late = [there.says(now) for _ in range(2)]
    plan = replace(PLAN, key_out=key(11, suite), key_in=key(12, suite))
    here.feed(ChangePlan(plan, here.words, here.heap), now)
    here.hears(late[0], now)
    there.feed(ChangePlan(mirrored(plan), there.words, there.heap), now)
    talk(there, here, 5, now)
    assert len(here.heap.packets) == 11
    there.hears(here.says(now), now, HERE)
    assert len(there.heap.packets) == 1
    here.hears(late[1], now + 3.0)
    assert len(here.heap.packets) == 11, "the old key has had its time"
    assert here.heap.restarts == 0


def test_a_replay_after_rekeying_is_called_a_replay() -> None:
    here, there = pair(PLAN)
    now = talk(there, here, 5)
    plan = replace(PLAN, key_in=key(12))
    here.feed(ChangePlan(plan, here.words, here.heap), now)
    there.feed(ChangePlan(mirrored(plan), there.words, there.heap), now)
    for _ in range(2):
        here.hears(again := there.says(now), now)
        here.hears(again, now)
    assert here.session.counts == {"replayed": 2}


def test_the_roll_over_counter_survives_hold_and_a_new_address() -> None:
    here, there = pair(PLAN)
    there.session._sender._sequence, now = 2**15 - 1, 0.0
    for turn in range(2):
        now = talk(there, here, 20_000, now)
        plan = replace(PLAN, direction=Direction.SENDRECV if turn % 2 else Direction.SENDONLY)
        here.feed(ChangePlan(plan, here.words, here.heap), now)
        here.feed(ChangePlan(PLAN, here.words, here.heap), now)
    assert len(here.heap.packets) == 40_000
    assert not here.session.counts


# Reports.


@pytest.mark.parametrize(
    "plan",
    [
        PLAN,
        replace(PLAN, rtcp_mux=False, remote_rtcp=Endpoint(THERE.host, THERE.port + 1)),
        PLAIN,
    ],
    ids=["mux", "two ports", "plain"],
)
def test_both_ends_learn_how_well_it_goes(plan: MediaPlan) -> None:
    here, there = pair(plan)
    both(here, there, 30.0)
    measured = [item.quality for item in here.out if isinstance(item, QualityMeasured)]
    assert 4 <= len(measured) <= 12
    last = measured[-1]
    assert last.round_trip_s == pytest.approx(0.2, abs=0.03)
    assert last.loss_here == last.loss_there == 0
    assert last.bars == 4
    (*_, told) = [item.buffer for item in here.out if isinstance(item, QualityMeasured)]
    assert (told.depth_ms, told.target_ms) == (20, 30)
    reports = [sent for sent in here.sent() if sent.from_rtcp_port]
    assert bool(reports) is not plan.rtcp_mux
    assert {sent.to for sent in reports} <= {plan.remote_rtcp}
    assert not here.session.counts
    assert not [item for item in here.out if isinstance(item, FarEndSilent)]


def test_loss_and_jitter_are_seen_from_both_sides() -> None:
    here, there = pair(PLAIN)
    random, now = Random(3), 0.0
    for _ in range(1500):
        now += PTIME_S
        if random.random() < 0.9:
            there.hears(here.says(now), now + random.uniform(0, 0.04), HERE)
        else:
            here.says(now)
        here.hears(there.says(now), now)
        for one, other in ((here, there), (there, here)):
            if (one.session.deadline() or now) < now:
                for item in one.wake(now):
                    if isinstance(item, SendPacket):
                        other.hears(item, now, one.address)
    quality = [item.quality for item in here.out if isinstance(item, QualityMeasured)][-1]
    assert quality.loss_there == pytest.approx(0.1, abs=0.06)
    assert quality.loss_here == 0
    assert quality.jitter_there_s == pytest.approx(0.013, abs=0.006)
    assert quality.bars < 3


def test_a_sender_says_so_and_a_listener_does_not() -> None:
    here, there = pair(PLAIN)
    now = talk(here, there, 200)
    assert now > (here.session.deadline() or now)
    (sent, _) = here.wake(now)
    assert isinstance(sent, SendPacket)
    (report, _) = parse_compound(sent.data)
    assert isinstance(report, SenderReport)
    assert report.packets == 200
    assert report.octets == sum(len(word) for word in there.heap.words)
    last = there.heap.packets[-1].timestamp
    assert (report.timestamp - last) % 2**32 == pytest.approx(160, abs=2)
    (listening, _) = there.wake(now)
    assert isinstance(listening, SendPacket)
    (heard, _) = parse_compound(listening.data)
    assert isinstance(heard, ReceiverReport)
    assert heard.blocks[0].ssrc == report.ssrc


@pytest.mark.parametrize(("last_report", "delay"), [(0, 5), (1, 0), (2**32 - 1, 2**32 - 1)])
def test_lies_about_time_are_not_believed(last_report: int, delay: int) -> None:
    here = End(PLAIN, 1, HERE)
    ssrc = RtpPacket.parse(here.says(0.0).data).ssrc
    block = ReportBlock(ssrc, 0, 0, 0, 2**32 - 1, last_report, delay)
    here.hears(bytes(ReceiverReport(7, (block,))), 100.0)
    here.wake(200.0)
    (quality,) = [item.quality for item in here.out if isinstance(item, QualityMeasured)]
    assert quality.round_trip_s is None
    assert quality.jitter_there_s <= 10


def test_what_is_reported_of_somebody_else_is_not_ours() -> None:
    here = End(PLAIN, 1, HERE)
    here.hears(bytes(ReceiverReport(7, (ReportBlock(8, 255, 0, 0, 0),))), 1.0)
    here.wake(200.0)
    (quality,) = [item.quality for item in here.out if isinstance(item, QualityMeasured)]
    assert quality.loss_there == 0


@BOTH
def test_a_bye_is_said_and_heard(plan: MediaPlan) -> None:
    here, there = pair(plan)
    talk(there, here, 3)
    (bye,) = there.feed(LeaveMedia(), 1.0)
    assert isinstance(bye, SendPacket)
    assert here.hears(bye, 1.0) == [FarEndLeft()]
    assert there.feed(SendFrame(FRAME), 1.1) == []
    assert there.session.deadline() is None
    assert there.wake(2.0) == []


def test_a_bye_of_somebody_else_is_no_end() -> None:
    here, there = pair(PLAIN)
    talk(there, here, 3)
    assert here.hears(compound((ReceiverReport(9), Bye((9,)))), 1.0) == []


# Silence.


def test_who_says_goodbye_and_falls_silent_is_missed_soon() -> None:
    here, there = pair(PLAIN)
    talk(there, here, 3)
    (bye,) = there.feed(LeaveMedia(), 1.0)
    assert isinstance(bye, SendPacket)
    here.hears(bye, 1.0)
    assert not silences(here, 1.0 + GOODBYE_S - 0.01)
    assert silences(here, 1.0 + GOODBYE_S)


@pytest.mark.parametrize(("after_s", "limit_s"), [(0.1, 2.0), (1.0, 10.0)])
def test_what_is_heard_long_after_a_goodbye_takes_it_back(after_s: float, limit_s: float) -> None:
    here, there = pair(PLAIN)
    talk(there, here, 3)
    (straggler,) = there.feed(SendFrame(FRAME), 0.9)
    (bye,) = there.feed(LeaveMedia(), 1.0)
    assert isinstance(bye, SendPacket)
    assert isinstance(straggler, SendPacket)
    here.hears(bye, 1.0)
    here.hears(straggler, 1.0 + after_s)
    assert not silences(here, 1.0 + after_s + limit_s - 0.01)
    assert silences(here, 1.0 + after_s + limit_s)


def silences(end: End, until: float) -> list[object]:
    """Wake an end whenever it asks; return what it says of the far end."""
    out: list[object] = []
    while (due := end.session.deadline()) is not None and due <= until:
        out += [item for item in end.wake(due) if isinstance(item, FarEndSilent)]
    return out


def test_a_far_end_that_falls_silent_is_missed_and_greeted() -> None:
    here, there = pair(PLAN)
    now = talk(there, here, 10)
    assert silences(here, now + SILENCE_S - 1) == []
    (silent,) = silences(here, now + 5 * SILENCE_S)
    assert isinstance(silent, FarEndSilent)
    assert silent.since == pytest.approx(now - PTIME_S)
    now += 60
    assert here.hears(there.says(now), now) == [FarEndHeard()]
    assert here.hears(there.says(now), now) == []


def test_nothing_at_all_is_a_silence_too() -> None:
    assert silences(End(PLAN, 1, HERE, 5.0), 60.0) == [FarEndSilent(5.0)]


def test_reports_are_a_sign_of_life() -> None:
    here, there = pair(PLAN)
    for number in range(6):
        now = 6.0 * number
        there.session.wake(now)
        report = compound((ReceiverReport(7),))
        secret = there.session._protection.protect_rtcp(report)
        assert silences(here, now) == []
        here.hears(secret, now)


def test_a_held_far_end_need_not_send_but_its_reports_are_missed() -> None:
    held = replace(PLAIN, direction=Direction.SENDONLY)
    assert silences(End(held, 1, HERE), 3600.0) == []
    here = End(held, 1, HERE)
    here.hears(bytes(ReceiverReport(7)), 1.0)
    assert silences(here, REPORTS_S) == []
    assert silences(here, 100.0) == [FarEndSilent(1.0)]
    here.feed(ChangePlan(PLAIN, here.words, here.heap), 100.0)
    here.hears(bytes(ReceiverReport(7)), 101.0)
    assert silences(here, 101.0 + SILENCE_S) == [FarEndSilent(101.0)]


def test_a_call_taken_back_from_hold_is_given_time_to_speak() -> None:
    held = replace(PLAIN, direction=Direction.SENDONLY)
    here = End(held, 1, HERE)
    assert silences(here, 3600.0) == []
    here.feed(ChangePlan(PLAIN, here.words, here.heap), 3600.0)
    assert silences(here, 3600.0 + SILENCE_S - 1) == []
    assert silences(here, 3700.0) == [FarEndSilent(3600.0)]


def test_reports_may_come_from_another_port_of_the_far_ends_machine() -> None:
    for plan in (PLAIN, replace(PLAIN, rtcp_mux=False)):
        here = End(plan, 1, HERE)
        report = PacketReceived(
            bytes(ReceiverReport(7)), Endpoint(THERE.host, 9), not plan.rtcp_mux
        )
        here.feed(report, 5.0)
        assert not here.session.counts
        stranger = PacketReceived(bytes(ReceiverReport(7)), STRANGER, not plan.rtcp_mux)
        here.feed(stranger, 6.0)
        assert here.session.counts == {"stranger": 1}


def test_the_time_of_somebody_elses_report_is_not_the_far_ends() -> None:
    here, there = pair(PLAIN)
    talk(there, here, 3)
    for ssrc, known in ((9, False), (RtpPacket.parse(there.says(0.1).data).ssrc, True)):
        here.hears(bytes(SenderReport(ssrc, 5 << 16, 0, 1, 1)), 1.0)
        here.out.clear()
        here.wake((here.session.deadline() or 0) + 5)
        (report, _) = parse_compound(here.sent()[-1].data)
        assert isinstance(report, ReceiverReport)
        assert (report.blocks[0].last_report, report.blocks[0].delay > 0) == (5 * known, known)


def test_another_codec_brings_another_buffer() -> None:
    here, there = pair(PLAN)
    now = talk(there, here, 3)
    heap = Heap()
    here.feed(ChangePlan(PLAN, here.words, heap), now)
    here.hears(there.says(now), now)
    assert (len(here.heap.packets), len(heap.packets), heap.restarts) == (3, 1, 0)


# Nonsense.


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.binary(max_size=80) | st.binary(max_size=60).map(lambda b: b"\x80\xc8" + b),
            st.sampled_from([THERE, STRANGER]),
            st.booleans(),
        ),
        max_size=30,
    ),
    st.booleans(),
)
def test_any_datagram_is_survived(
    datagrams: list[tuple[bytes, Endpoint, bool]], encrypted: bool
) -> None:
    here, there = pair(PLAN if encrypted else PLAIN)
    for number, (data, source, on_rtcp_port) in enumerate(datagrams):
        here.feed(PacketReceived(data, source, on_rtcp_port), number * 0.01)
    assert sum(here.session.counts.values()) <= len(datagrams)
    assert not encrypted or not here.heap.packets
    heard = len(here.heap.packets)
    talk(there, here, 5, 1.0)
    assert len(here.heap.packets) >= heard + 4, "one may be needed to be believed"


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 12 * 8 - 1), st.booleans())
def test_a_bit_turned_on_the_way_disturbs_nothing(bit: int, encrypted: bool) -> None:
    here, there = pair(PLAN if encrypted else PLAIN)
    now = talk(there, here, 5)
    data = bytearray(there.says(now).data)
    data[bit // 8] ^= 1 << bit % 8
    here.hears(bytes(data), now)
    heard = len(here.heap.packets)
    assert heard == 5 or not encrypted
    talk(there, here, 5, now)
    assert len(here.heap.packets) >= heard + (5 if encrypted else 4)
