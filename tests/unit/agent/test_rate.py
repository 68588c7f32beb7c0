"""The token bucket."""

from __future__ import annotations

from firmware.agent.rate import TokenBucket


def test_a_burst_then_one_at_a_time() -> None:
    bucket = TokenBucket(capacity=3, refill_s=2.0)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.next_at(10.0) == 12.0
    assert not bucket.take(11.9)
    assert bucket.take(12.0)
    assert not bucket.take(12.0)


def test_it_fills_up_and_not_beyond() -> None:
    bucket = TokenBucket(capacity=2, refill_s=1.0)
    assert [bucket.take(0.0), bucket.take(0.0)] == [True, True]
    assert [bucket.take(1000.0) for _ in range(3)] == [True, True, False]


def test_over_a_long_time_it_holds_its_rate() -> None:
    bucket = TokenBucket(capacity=10, refill_s=3.0)
    taken = sum(bucket.take(step / 10) for step in range(6000))
    assert taken <= 10 + 600 / 3
