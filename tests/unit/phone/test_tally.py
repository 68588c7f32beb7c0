"""What is counted since the start, and that nothing is counted twice."""

from __future__ import annotations

import pytest

from firmware.link.events import LinkState, LinkStatus
from firmware.phone.events import Report
from firmware.phone.tally import Tally

UP, UNPROVEN, WAITING, CONNECTING = (
    LinkState.UP,
    LinkState.UNPROVEN,
    LinkState.WAITING,
    LinkState.CONNECTING,
)


@pytest.mark.parametrize(
    ("states", "links", "losses"),
    [
        ([CONNECTING], 0, 0),
        ([CONNECTING, UP, UP], 1, 0),
        ([UP, UNPROVEN, UP], 1, 0),
        ([UP, WAITING, CONNECTING, WAITING], 1, 1),
        ([UP, WAITING, UP, CONNECTING, UNPROVEN], 3, 2),
    ],
)
def test_a_link_counts_once_until_it_is_lost(
    states: list[LinkState], links: int, losses: int
) -> None:
    tally = Tally()
    for state in states:
        tally.take(Report(LinkStatus(state)))
    assert (tally.links, tally.link_losses) == (links, losses)


@pytest.mark.parametrize(
    ("attempts", "counted"),
    [([0], 0), ([1, 1, 2], 2), ([1, 2, 0, 1], 3), ([3, 1], 4), ([3, 0, 0, 2], 5)],
)
def test_attempts_go_on_counting_where_the_link_begins_anew(
    attempts: list[int], counted: int
) -> None:
    tally = Tally()
    for number in attempts:
        tally.take(Report(LinkStatus(CONNECTING, attempts=number)))
    assert tally.attempts == counted
