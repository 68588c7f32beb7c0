"""What all tests share: options, interrupts that are heard, no clock over examples, no priority."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Tests that are started in the background of a shell ignore this, and so would all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# An example that takes long on a busy machine is no failure of what it is an example of.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")
    parser.addoption(
        "--power-cuts", type=int, default=4, help="how often the power is taken from a whole phone"
    )
    parser.addoption(
        "--pulls", type=int, default=50, help="how often the plug of an emulated machine is pulled"
    )
    parser.addoption("--seed", type=int, default=7, help="what decides when, and what is lost")
    parser.addoption(
        "--every-rescue",
        action="store_true",
        help="every state of a call x every loss of its proxy x every far end",
    )


@pytest.fixture(autouse=True)
def _no_priority_outlasts_a_test() -> Iterator[None]:
    """Sound in the test's own process asks for one, and all tests after it would have it."""
    yield
    if os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK in {os.SCHED_RR, os.SCHED_FIFO}:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
