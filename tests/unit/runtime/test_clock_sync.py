"""Whether somebody keeps the clock: what the kernel says, by the rule of `timedatectl`."""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path

import pytest

from firmware.runtime.clock_sync import Timex, adjtimex, is_synchronised


@pytest.mark.parametrize(
    ("result", "error_us", "is_kept"),
    [
        (0, 1_500, True),
        (5, 15_999_999, True),  # TIME_ERROR alone says less: chrony leaves it so.
        (5, 16_000_000, False),
        (-1, 0, False),
    ],
)
def test_the_largest_error_decides(result: int, error_us: int, is_kept: bool) -> None:
    def ask(timex: Timex) -> int:
        assert timex.modes == 0, "nothing is set"
        timex.maxerror = error_us
        return result

    assert is_synchronised(ask, Path("/nowhere")) is is_kept


@pytest.mark.parametrize(
    ("age_s", "is_kept"), [(0, True), (31_000, True), (33_000, False), (-33_000, False)]
)
def test_whoever_may_not_ask_looks_when_the_clock_was_last_set(
    tmp_path: Path, age_s: float, is_kept: bool
) -> None:
    told = tmp_path / "synchronized"
    told.touch()
    moment = time.time() - age_s
    os.utime(told, (moment, moment))
    assert is_synchronised(lambda _: -1, told) is is_kept


def test_this_kernel_answers() -> None:
    timex = Timex(maxerror=-1)
    assert adjtimex(timex) in range(6)
    assert timex.maxerror >= 0
    assert ctypes.sizeof(Timex) > 208, "what the kernel writes has room"
