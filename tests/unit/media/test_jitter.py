"""The jitter buffer on networks of all kinds: depth, clicks, pitch, and what it counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.media.codec import G722, OPUS, PCMA, PCMU, Codec, make_decoder
from firmware.media.comfort_noise import Background
from firmware.media.delay import FIRST_GUESS_S
from firmware.media.depth import PATIENCE_S
from firmware.media.interfaces import MediaPacket
from firmware.media.jitter import AdaptiveJitterBuffer
from firmware.media.packets import PACKETS_MAX
from tests.unit.media.network import (
    PAYLOAD_TYPE,
    Network,
    buffer_of,
    packets_of,
    play,
    pulls,
)
from tests.unit.media.sounds import Samples, largest_step, level, pitch, sine, speech

EACH = pytest.mark.parametrize("of", [PCMU, G722, OPUS], ids=lambda of: of.name)

FREQUENCY = 437.0
STEPS = {PCMU: 1.1, PCMA: 1.1, G722: 1.4, OPUS: 1.5}
"""How much larger than a sine's the largest step may be: the codec's own noise, and no click."""

SETTLE_S = 4 + PATIENCE_S
"""A sine has no pause to change the depth in; the first guess weighs two seconds."""


@EACH
@pytest.mark.parametrize("jitter_ms", [0, 5, 30, 80])
@pytest.mark.parametrize(("loss", "burst"), [(0, 1), (0.01, 1), (0.05, 1), (0.1, 1), (0.1, 3)])
def test_depth_follows_the_network_without_clicks(
    of: Codec, jitter_ms: int, loss: float, burst: int
) -> None:
    sound = sine(FREQUENCY, of.sample_rate, 14)
    heard = play(of, sound, Network(jitter_s=jitter_ms / 1000, loss=loss, burst=burst))
    counted = heard.statistics
    since = round(10 * SETTLE_S)
    depths, targets = np.array(heard.depths_ms[since:-4]), np.array(heard.targets_ms[since:-4])
    assert -10 <= np.mean(depths - targets) <= 25 + 0.4 * np.mean(targets)
    assert np.max(depths - targets) <= 60 + 0.4 * np.mean(targets)
    assert np.mean(targets) <= max(2 * jitter_ms, 10) + (20 if of is OPUS else 0)
    assert counted.late <= 0.03 * counted.received
    middle = heard.sound[2 * of.sample_rate : 13 * of.sample_rate]
    assert largest_step(middle) < STEPS[of] * largest_step(sound)
    assert pitch(middle, of.sample_rate) == pytest.approx(FREQUENCY, abs=0.5)


@pytest.mark.parametrize(("of", "jitter_s"), [(PCMU, 0), (PCMA, 0.005)], ids=["even", "jitter"])
@pytest.mark.parametrize("drift_ppm", [200, -200])
def test_half_an_hour_of_drift_is_followed_by_time_scale(
    of: Codec, jitter_s: float, drift_ppm: float
) -> None:
    second = sine(450, of.sample_rate, 1)
    heard = play(of, np.tile(second, 1800), Network(jitter_s=jitter_s, drift_ppm=drift_ppm))
    counted = heard.statistics
    depths = np.array(heard.depths_ms[100:-4])
    assert depths.min() >= 0
    assert depths.max() <= 60
    assert abs(depths[-200:].mean() - depths[:200].mean()) < 15
    assert counted.lost <= (0.003 * counted.received if jitter_s else 0)
    if not jitter_s:  # Else a late packet that is waited for makes the sound longer, too.
        scaled_ms = counted.shortened_ms - counted.lengthened_ms
        sunk_ms = heard.depths_ms[3] - heard.depths_ms[-5]  # From the first guess.
        assert scaled_ms == pytest.approx(1800 * drift_ppm / 1000 + sunk_ms, abs=25)
    middle = heard.sound[10 * of.sample_rate : 1790 * of.sample_rate]
    assert largest_step(middle) < STEPS[of] * largest_step(second)
    for start in (0, len(middle) // 2, len(middle) - 5 * of.sample_rate):
        part = middle[start : start + 5 * of.sample_rate]
        assert pitch(part, of.sample_rate) == pytest.approx(450, abs=0.5)


@EACH
def test_a_stall_loses_no_word_and_is_caught_up_with(of: Codec) -> None:
    sound = speech(of.sample_rate)
    sound = np.concatenate((sound, sound))
    heard = play(of, sound, Network(stall_every_s=6, stall_s=0.3))
    assert heard.statistics.lost == 0
    assert heard.statistics.skipped == 0
    assert heard.statistics.shortened_ms > 100
    assert max(heard.depths_ms) >= 250
    assert min(heard.depths_ms[30:-6]) < 60


@EACH
@pytest.mark.parametrize("ptime_ms", [10, 20, 40, 60])
def test_packets_of_every_length(of: Codec, ptime_ms: int) -> None:
    sound = sine(FREQUENCY, of.sample_rate, 6)
    heard = play(of, sound, Network(jitter_s=0.01), ptime_ms)
    assert heard.statistics.concealed_ms <= 200
    middle = heard.sound[of.sample_rate : 5 * of.sample_rate]
    assert largest_step(middle) < STEPS[of] * largest_step(sound)
    first_ms = 1000 * FIRST_GUESS_S  # It counts for 100 packets.
    assert np.mean(heard.depths_ms[20:-4]) < first_ms + 30


@EACH
def test_doubled_packets_are_heard_once(of: Codec) -> None:
    sound = sine(FREQUENCY, of.sample_rate, 4)
    once, twice = (play(of, sound, Network(doubled=share)) for share in (0, 1))
    assert twice.statistics.doubled == twice.statistics.received
    assert np.array_equal(once.sound, twice.sound)


def test_reordered_packets_are_put_in_order() -> None:
    sound = sine(FREQUENCY, 8000, 4)
    packets = packets_of(PCMA, sound)
    moments = [number * 0.02 + (0.03 if number % 5 == 0 else 0) for number in range(len(packets))]
    arrivals = sorted((moment, number) for number, moment in enumerate(moments))
    buffer = buffer_of(PCMA)
    made = np.concatenate(list(pulls(buffer, packets, arrivals, 4)))
    assert buffer.statistics.lost <= 1
    assert largest_step(made[8000:-4000]) < 1.1 * largest_step(sound)


def settled(of: Codec, seconds: float = 2) -> tuple[AdaptiveJitterBuffer, list[MediaPacket], float]:
    """Return a buffer in the middle of a call, the packets that follow, and the time."""
    packets = packets_of(of, sine(FREQUENCY, of.sample_rate, seconds + 4))
    buffer, now = buffer_of(of), 0.0
    count = int(seconds / 0.02)
    for packet in packets[:count]:
        buffer.insert(packet, now)
        buffer.pull(of.sample_rate // 50, now + 0.001)
        now += 0.02
    return buffer, packets[count:], now


def played(buffer: AdaptiveJitterBuffer, packets: list[MediaPacket], now: float) -> Samples:
    """Insert a packet and pull a frame, in turn."""
    made = []
    for number, packet in enumerate(packets):
        buffer.insert(packet, now + number * 0.02)
        made.append(buffer.pull(buffer.sample_rate // 50, now + number * 0.02 + 0.001))
    return np.concatenate(made)


@EACH
def test_a_late_packet_is_counted_and_not_played(of: Codec) -> None:
    buffer, packets, now = settled(of)
    played(buffer, packets[1:20], now + 0.02)
    before = buffer.statistics
    assert before.lost == 1
    buffer.insert(packets[0], now + 0.4)
    assert buffer.statistics.late == before.late + 1


@EACH
def test_another_source_is_taken_over(of: Codec) -> None:
    buffer, packets, now = settled(of)
    buffer.restart()
    others = [
        MediaPacket(packet.sequence + 70000, packet.timestamp + 10**9, PAYLOAD_TYPE, packet.payload)
        for packet in packets[:100]
    ]
    made = played(buffer, others, now)
    assert level(made[-of.sample_rate :]) > -16
    assert buffer.statistics.lost == 0
    assert largest_step(made) < STEPS[of] * largest_step(sine(FREQUENCY, of.sample_rate))


@EACH
def test_a_new_timeline_without_notice_is_another_stream(of: Codec) -> None:
    buffer, packets, now = settled(of)
    moved = [
        MediaPacket(packet.sequence, packet.timestamp - 10**8, PAYLOAD_TYPE, packet.payload)
        for packet in packets[:100]
    ]
    assert level(played(buffer, moved, now)[-of.sample_rate :]) > -16
    assert buffer.statistics.stray == 0


@EACH
def test_one_stray_packet_disturbs_nothing(of: Codec) -> None:
    buffer, packets, now = settled(of)
    stray = MediaPacket(packets[0].sequence + 5, 10**12, PAYLOAD_TYPE, packets[0].payload)
    buffer.insert(stray, now)
    made = played(buffer, packets[:100], now)
    assert buffer.statistics.stray == 1
    assert buffer.statistics.lost == buffer.statistics.concealed_ms == 0
    assert largest_step(made) < STEPS[of] * largest_step(sine(FREQUENCY, of.sample_rate))


def test_an_unknown_payload_type_is_counted() -> None:
    buffer, _, now = settled(PCMU)
    buffer.insert(MediaPacket(1, 1, 77, b"x"), now)
    assert buffer.statistics.unknown == 1


@EACH
@pytest.mark.parametrize("bad", [b"", b"\xff" * 3000])
def test_a_bad_payload_is_concealed(of: Codec, bad: bytes) -> None:
    buffer, packets, now = settled(of)
    packets[3] = MediaPacket(packets[3].sequence, packets[3].timestamp, PAYLOAD_TYPE, bad)
    made = played(buffer, packets[:50], now)
    assert buffer.statistics.bad == 1
    assert buffer.statistics.concealed_ms == 20
    assert largest_step(made) < STEPS[of] * largest_step(sine(FREQUENCY, of.sample_rate))


@EACH
def test_a_flood_is_bounded_and_what_is_far_too_old_is_left_out(of: Codec) -> None:
    buffer, packets, now = settled(of, 1)
    for packet in packets:
        buffer.insert(packet, now)
    assert buffer.statistics.dropped >= len(packets) - PACKETS_MAX
    for _ in range(100):
        now += 0.02
        assert len(buffer.pull(of.sample_rate // 50, now)) == of.sample_rate // 50
    assert buffer.statistics.skipped > 0
    assert buffer.statistics.depth_ms < 500


@EACH
def test_an_outage_fades_and_what_comes_after_it_is_played(of: Codec) -> None:
    buffer, packets, now = settled(of)
    size = of.sample_rate // 50
    quiet = [buffer.pull(size, now + number * 0.02) for number in range(50)]
    assert level(np.concatenate(quiet[20:])) < -45
    made = played(buffer, packets[50:150], now + 1)
    assert level(made[-of.sample_rate :]) > -16
    assert buffer.statistics.lost == 50


@pytest.mark.parametrize("of", [PCMU, G722], ids=lambda of: of.name)
def test_silence_of_the_far_end_is_comfort_noise_and_no_loss(of: Codec) -> None:
    buffer, packets, now = settled(of)
    size = of.sample_rate // 50
    buffer.comfort(bytes(Background(40)), now)
    noise = [buffer.pull(size, now + number * 0.02) for number in range(100)]
    assert level(np.concatenate(noise[10:])) == pytest.approx(-40, abs=1)
    first = packets[100]
    resumed = [
        MediaPacket(first.sequence - 99 + number, packet.timestamp, PAYLOAD_TYPE, packet.payload)
        for number, packet in enumerate(packets[100:200])
    ]
    made = played(buffer, resumed, now + 2)
    assert level(made[-of.sample_rate :]) > -16
    assert buffer.statistics.lost == 0


@EACH
def test_a_gap_in_time_with_consecutive_numbers_is_silence_and_no_loss(of: Codec) -> None:
    buffer, packets, now = settled(of)
    first = packets[0].sequence
    played(buffer, packets[:20], now)
    later = [
        MediaPacket(first + 20 + number, packet.timestamp, PAYLOAD_TYPE, packet.payload)
        for number, packet in enumerate(packets[60:160])
    ]
    for number in range(40):
        buffer.pull(of.sample_rate // 50, now + 0.4 + number * 0.02)
    made = played(buffer, later, now + 1.2)
    assert level(made[-of.sample_rate :]) > -16
    assert buffer.statistics.lost == 0


def test_what_was_concealed_while_waiting_is_not_concealed_again() -> None:
    buffer, packets, now = settled(PCMU)
    depth_ms = buffer.statistics.depth_ms
    for number in range(6):
        buffer.pull(160, now + number * 0.02 + 0.001)
    played(buffer, packets[6:60], now + 0.12)  # Six are lost; nothing told so until the seventh.
    assert buffer.statistics.lost == 6
    assert buffer.statistics.concealed_ms <= 120
    assert buffer.statistics.depth_ms <= depth_ms + 20


def test_silence_sets_the_depth_anew() -> None:
    """After each silence the first packet waits for the target, so no stretching is needed."""
    buffer, packets, now = settled(PCMU)
    size = 160
    depths = []
    for spurt in range(5):
        buffer.comfort(bytes(Background(60)), now)
        for _ in range(25):
            buffer.pull(size, now)
            now += 0.02
        shift = (spurt + 1) * 25
        moved = [
            MediaPacket(
                packet.sequence + spurt + 1,
                packet.timestamp + shift * 160,
                PAYLOAD_TYPE,
                packet.payload,
            )
            for packet in packets[spurt * 25 : spurt * 25 + 25]
        ]
        played(buffer, moved, now)
        now += 0.5
        depths.append(buffer.statistics.depth_ms - buffer.statistics.target_ms)
    assert max(depths) <= 25
    assert buffer.statistics.lost == 0


def test_opus_recovers_what_was_lost_once_it_knows_of_loss() -> None:
    sound = np.tile(speech(48000), 2)
    heard = play(OPUS, sound, Network(jitter_s=0.01, loss=0.08))
    assert heard.statistics.recovered > 0.3 * heard.statistics.lost


def test_nothing_is_heard_before_the_first_packet() -> None:
    assert not buffer_of(OPUS).pull(960, 1.0).any()


@pytest.mark.parametrize("samples", [40, 80, 160, 441, 1600])
def test_the_card_may_ask_for_any_number_of_samples(samples: int) -> None:
    sound = sine(FREQUENCY, 8000, 4)
    packets = packets_of(PCMU, sound)
    buffer = buffer_of(PCMU)
    made, taken, now = [], 0, 0.0
    while now < 4:
        while taken < len(packets) and taken * 0.02 <= now:
            buffer.insert(packets[taken], taken * 0.02)
            taken += 1
        made.append(buffer.pull(samples, now))
        now += samples / 8000
    assert all(len(piece) == samples for piece in made)
    middle = np.concatenate(made)[8000:-1600]
    assert largest_step(middle) < 1.1 * largest_step(sound)
    assert buffer.statistics.concealed_ms <= 20


STEP = st.one_of(
    st.tuples(
        st.just("insert"),
        st.integers(0, 400),
        st.integers(-3, 3),
        st.binary(max_size=200),
        st.sampled_from([0, 8, 77]),
    ),
    st.tuples(st.just("pull"), st.integers(1, 500)),
    st.tuples(st.just("comfort"), st.binary(max_size=20)),
    st.tuples(st.just("restart")),
    st.tuples(st.just("wait"), st.floats(0, 3)),
)


@settings(max_examples=100)
@given(st.lists(STEP, max_size=60))
def test_whatever_comes_exactly_what_was_asked_for_is_given(
    steps: list[tuple[object, ...]],
) -> None:
    buffer = AdaptiveJitterBuffer({0: make_decoder(PCMU), 8: make_decoder(PCMA)})
    now = 0.0
    for step in steps:
        now += 0.003
        match step:
            case ("insert", int(number), int(shift), bytes(payload), int(payload_type)):
                timestamp = number * 160 + shift * 50
                buffer.insert(MediaPacket(number, timestamp, payload_type, payload), now)
            case ("pull", int(samples)):
                assert len(buffer.pull(samples, now)) == samples
            case ("comfort", bytes(payload)):
                buffer.comfort(payload, now)
            case ("restart",):
                buffer.restart()
            case ("wait", float(seconds)):
                now += seconds
            case _:
                raise AssertionError(step)
        counted = buffer.statistics
        assert counted.depth_ms < 3000
        assert counted.received >= counted.late
