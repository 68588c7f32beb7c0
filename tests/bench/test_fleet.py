"""The fleet's model, small: what the benchmark claims of the formula holds in every run."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.bench.fleet import AWAY_S, FORMULAS, SIZES, Case, Fleet, Outcome, panels
from tests.bench.picture import draw

SIZE = 300


def play(formula: str, away_s: int, refuses: bool = True) -> Outcome:
    return Fleet(Case(SIZE, away_s, formula, refuses)).run()


@pytest.mark.parametrize("away_s", AWAY_S)
@pytest.mark.parametrize("refuses", [True, False])
def test_this_phone_is_back_before_the_formula_of_rfc_5626(away_s: int, refuses: bool) -> None:
    ours, theirs = (play(name, away_s, refuses) for name in ("this phone", "RFC 5626"))
    assert len(ours.registered) == len(theirs.registered) == SIZE * 0.99
    assert away_s < ours.registered[-1] < theirs.registered[-1]


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_proxy_accepts_no_more_than_it_can(formula: str) -> None:
    outcome = play(formula, 60)
    seconds = [int(when) for when in outcome.registered]
    assert max(map(seconds.count, seconds)) <= 2 * SIZE / 100  # Two of its seconds may meet in one.
    assert outcome.attempts[0] == SIZE


def test_a_formula_that_all_share_comes_in_waves() -> None:
    assert play("fixed 60 s", 60).peak(60) > 10 * play("this phone", 60).peak(60)


def test_the_picture_has_two_panels_for_each_outage(tmp_path: Path) -> None:
    outcomes = {case: Fleet(case).run() for case in [Case(100, 60, "this phone")]}
    path = tmp_path / "fleet.png"
    draw(panels(outcomes, 60), path)
    with Image.open(path) as image:
        assert image.size[0] > image.size[1] > 0
    assert SIZES[-1] == 100_000
