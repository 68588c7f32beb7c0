"""A frozen value is what a frozen dataclass would be."""

from __future__ import annotations

from dataclasses import field, replace

from firmware.frozen import frozen


@frozen
class Point:
    """Two numbers, a secret, and a note that does not count."""

    x: int
    y: int = 0
    secret: str = field(default="", repr=False)
    note: str = field(default="", compare=False)


@frozen
class Other:
    """The same fields in another class."""

    x: int
    y: int = 0


def test_values_are_equal_by_what_counts_and_hash_alike() -> None:
    assert Point(1, 2, note="a") == Point(1, 2, note="b")
    assert hash(Point(1, 2, note="a")) == hash(Point(1, 2, note="b"))
    assert Point(1, 2) != Point(2, 1)
    assert Point(1, 2, secret="a") != Point(1, 2, secret="b")
    point: object = Point(1, 2)
    assert point != Other(1, 2)


def test_a_value_shows_its_fields_but_no_secret() -> None:
    assert repr(Point(1, 2, secret="hush")) == "Point(x=1, y=2, note='')"


def test_a_value_is_matched_and_changed_into_a_new_one() -> None:
    point = Point(1, 2)
    match point:
        case Point(x, y):
            assert (x, y) == (1, 2)
    assert replace(point, y=5) == Point(1, 5)
    assert point == Point(1, 2)
    assert not hasattr(point, "__dict__")
