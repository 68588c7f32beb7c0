"""The graph's ring: what was measured, once, where it was; gaps where there was no link."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from firmware.link.events import Failure, FailureKind, LinkState, LinkStatus
from firmware.phone.canvas import Canvas
from firmware.phone.draw_graph import AXIS_Y, HIGH, LABEL_ROOM, draw_graph
from firmware.phone.events import TimeIs
from firmware.phone.graph import TOPS_MS, graph_of
from firmware.phone.grid import MARGIN, ROOM, WIDTH
from firmware.phone.pages import PAGE_S
from firmware.phone.round_trips import BUCKET_S, BUCKETS, Bucket, RoundTrips
from tests.unit.phone.rig import Rig, up

RESET = Failure(FailureKind.RESET, "connection reset")
START = 100 * BUCKET_S

RIGHT_X = WIDTH - MARGIN


class Ring:
    """A ring on a bench."""

    def __init__(self) -> None:
        self.now = START
        self.ring = RoundTrips(self.now)
        self.sample_s: float | None = None
        self.sample_at: float | None = None

    def later(self, seconds: float) -> Ring:
        self.now += seconds
        return self

    def up(self, sample_s: float | None = None) -> Ring:
        """Tell that the link is up, with a new measurement or as before."""
        if sample_s is not None:
            self.sample_s, self.sample_at = sample_s, self.now
        status = LinkStatus(LinkState.UP, measured_s=self.sample_s, measured_at=self.sample_at)
        self.ring.learn(status, self.now)
        return self

    def down(self, reason: Failure | None = RESET) -> Ring:
        self.ring.learn(LinkStatus(LinkState.WAITING, reason=reason), self.now)
        self.sample_s = self.sample_at = None
        return self

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        return self.ring.buckets(self.now)


def test_a_measurement_is_in_the_bucket_of_its_time() -> None:
    ring = Ring().up(0.02).later(BUCKET_S).up(0.03)
    assert ring.buckets == (Bucket(0.02, 0.02), Bucket(0.03, 0.03))


def test_a_bucket_knows_its_shortest_and_its_longest() -> None:
    ring = Ring().up(0.02).later(1).up(0.05).later(1).up(0.01)
    assert ring.buckets == (Bucket(0.01, 0.05),)


def test_a_status_that_is_told_again_is_no_new_measurement() -> None:
    ring = Ring().up(0.02).later(BUCKET_S).up().later(BUCKET_S).up()
    assert ring.buckets == (Bucket(0.02, 0.02), Bucket(), Bucket())


def test_the_same_length_measured_again_is_a_new_measurement() -> None:
    ring = Ring().up(0.02).later(BUCKET_S).up(0.02)
    assert ring.buckets == (Bucket(0.02, 0.02), Bucket(0.02, 0.02))


def test_an_older_measurement_that_another_connection_tells_again_is_not_new() -> None:
    """TLS mode has a connection for each call, each with a measurement that was its last (L3)."""
    ring = Ring().up(0.02).later(BUCKET_S).up(0.03)
    ring.sample_s, ring.sample_at = 0.02, START
    assert ring.up().buckets == (Bucket(0.02, 0.02), Bucket(0.03, 0.03))


def test_a_new_link_measures_anew() -> None:
    ring = Ring().up(0.02).later(BUCKET_S).down().later(1).up(0.04)
    assert ring.buckets == (Bucket(0.02, 0.02), Bucket(0.04, 0.04, was_down=True))


def test_while_there_is_no_link_every_bucket_says_so() -> None:
    ring = Ring().up(0.02).later(BUCKET_S).down().later(3 * BUCKET_S).up().later(BUCKET_S)
    assert [bucket.was_down for bucket in ring.buckets] == [False, True, True, True, True, False]


def test_a_short_loss_marks_its_bucket() -> None:
    ring = Ring().up(0.02).down().later(0.1).up(0.03)
    assert ring.buckets == (Bucket(0.02, 0.03, was_down=True),)


def test_a_phone_that_only_starts_misses_no_link() -> None:
    ring = Ring().down(reason=None).later(2).up(0.02)
    assert ring.buckets == (Bucket(0.02, 0.02),)


def test_it_holds_an_hour_however_long_nobody_looks() -> None:
    ring = Ring().up(0.02).later(BUCKET_S * BUCKETS * 7)
    assert ring.buckets == (Bucket(),) * BUCKETS
    assert BUCKET_S * BUCKETS == 3600


@pytest.mark.parametrize("seed", range(40))
def test_any_walk_keeps_the_ring_sound(seed: int) -> None:
    random = Random(seed)
    ring = Ring()
    given: set[float | None] = {None}
    for _ in range(400):
        ring.later(random.choice([0, 0.1, 20, 100, 5000]))
        if random.random() < 0.6:
            sample_s = random.choice([None, random.uniform(0, 20)])
            given |= {sample_s}
            ring.up(sample_s)
        else:
            ring.down(random.choice([None, RESET]))
        buckets = ring.buckets
        assert len(buckets) == min(BUCKETS, 1 + int(ring.now // BUCKET_S - START // BUCKET_S))
        for bucket in buckets:
            assert {bucket.low_s, bucket.high_s} <= given
            assert (bucket.low_s or 0) <= (bucket.high_s or 0)
        graph = graph_of(buckets)
        canvas = Canvas()
        draw_graph(canvas, graph)
        assert graph.top_ms in TOPS_MS


# What is drawn.


def pixels(*buckets: Bucket) -> list[list[int]]:
    """Return the rows above the axis of each column that was drawn, from the axis up."""
    canvas = Canvas()
    draw_graph(canvas, graph_of(buckets))
    columns = range(RIGHT_X - len(buckets), RIGHT_X)
    lit = canvas.image.convert("L").load()
    assert lit is not None
    return [[row for row in range(HIGH) if lit[x, AXIS_Y - 1 - row]] for x in columns]


def test_a_column_is_as_high_as_its_round_trip() -> None:
    half, whole, nothing = pixels(Bucket(0.05, 0.05), Bucket(0.1, 0.1), Bucket())
    assert half == list(range(round(HIGH / 2)))
    assert whole == list(range(HIGH))
    assert nothing == []


def test_the_shortest_round_trip_is_seen_and_the_longest_stays_on_the_screen() -> None:
    first, second = pixels(Bucket(0.0, 0.0), Bucket(1000.0, 1000.0))
    assert first == [0]
    assert second == list(range(HIGH))


def test_a_loss_is_seen_in_one_column_over_its_whole_height() -> None:
    (column,) = pixels(Bucket(was_down=True))
    assert column in (list(range(0, HIGH, 2)), list(range(1, HIGH, 2)))


def test_an_hour_fills_the_graph_to_its_axis() -> None:
    assert LABEL_ROOM + BUCKETS <= ROOM < LABEL_ROOM + 2 * BUCKETS
    whole = Canvas()
    draw_graph(whole, graph_of((Bucket(was_down=True),) * BUCKETS))
    axis = [whole.image.getpixel((x, AXIS_Y)) for x in range(WIDTH)]
    left = RIGHT_X - BUCKETS - 1
    assert axis[left - 1 : left + 1] == [0, 1]
    assert axis[RIGHT_X - 1 :] == [1, 0, 0]


def test_on_a_wide_display_each_while_has_two_columns() -> None:
    canvas = Canvas(size=(256, 64))
    draw_graph(canvas, graph_of((Bucket(was_down=True),)))
    rows = (AXIS_Y - 1, AXIS_Y - 2)
    lit = {x for x in range(256) for y in rows if canvas.image.getpixel((x, y))}
    assert {x for x in lit if x > 200} == {252, 253}


@pytest.mark.parametrize(
    ("low_s", "high_s", "top_ms", "words"),
    [
        (0.0004, 0.0004, 1, "<1 ms"),
        (0.0004, 0.0031, 5, "<1-3 ms"),
        (0.023, 0.0234, 50, "23 ms"),
        (0.018, 0.14, 200, "18-140 ms"),
        (0.2, 2.4, 5000, "0.2-2.4 s"),
        (1.0, 99.0, 50_000, "1.0-99.0 s"),
    ],
)
def test_the_scale_and_the_words_fit_what_was_measured(
    low_s: float, high_s: float, top_ms: int, words: str
) -> None:
    graph = graph_of((Bucket(low_s, high_s), Bucket()))
    assert (graph.top_ms, graph.words) == (top_ms, words)


# In the phone.


def test_an_idle_phone_is_not_woken_for_the_graph_or_the_log() -> None:
    rig = Rig.registered()
    rig.feed(LinkStatus(LinkState.CONNECTING, reason=RESET), TimeIs(None))
    assert rig.phone.deadline() is None, "an outage goes on, and nothing on the screen changes"
    rig.press("up")
    rig.pass_time(PAGE_S)
    assert rig.phone.deadline() is None


def test_the_graph_is_drawn_anew_when_a_measurement_comes() -> None:
    rig = Rig.registered()
    rig.press("down", "down", "down")
    assert rig.words.splitlines()[1] == "not measured"
    rig.feed(replace(up(rig.now), measured_s=0.0424, measured_at=rig.now))
    assert rig.words.splitlines()[1] == "42 ms"
