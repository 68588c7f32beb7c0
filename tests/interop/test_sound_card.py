"""The sound card driver on PortAudio, ALSA and PipeWire: in time, unplugged, back again."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.interop.loopback import LEVEL, TONE_HZ
from tests.lab.namespaces import ROOT
from tests.lab.processes import Program
from tests.lab.sound import DEVICE, SoundServer

REPORT_S = 20.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    with SoundServer(tmp_path_factory.mktemp("sound")) as server:
        yield server


def play_on(server: SoundServer, device: str) -> Program:
    command = [sys.executable, "-m", "tests.interop.loopback", device]
    return Program([*server.prefix, *command], directory=ROOT, merge_errors=False)


def report(program: Program, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait for a report from now on that fits."""
    since, by = time.time(), time.monotonic() + REPORT_S
    while time.monotonic() < by:
        for line in program.matching("", since):
            facts: dict[str, Any] = json.loads(line.text)
            if fits(facts):
                return facts
        time.sleep(0.05)
    raise AssertionError(f"no such report:\n{program.text}")


def sounds(facts: dict[str, Any]) -> bool:
    return bool(facts["loudness"] > LEVEL / 2 and not facts["fault"])


def test_what_is_played_is_captured(server: SoundServer) -> None:
    program = play_on(server, DEVICE)
    try:
        facts = report(program, sounds)
        assert facts["hertz"] == pytest.approx(TONE_HZ, abs=2.0)
    finally:
        program.stop()


def test_a_card_that_is_unplugged_comes_back(server: SoundServer) -> None:
    program = play_on(server, DEVICE)
    try:
        report(program, sounds)
        server.unplug()
        try:
            silent = report(program, lambda facts: bool(facts["fault"]))
            assert silent["frames"], "the ticks go on"
        finally:
            server.plug_in()
        assert report(program, sounds)["restarts"] >= 1
    finally:
        program.stop()


def test_a_card_that_is_not_there_is_named_and_time_is_kept(server: SoundServer) -> None:
    program = play_on(server, "elsewhere")
    try:
        facts = report(program, lambda facts: bool(facts["fault"]))
        assert 'no sound card "elsewhere"' in facts["fault"]
        assert facts["loudness"] == 0
        program.wait_for("fault", REPORT_S, count=5)
        seconds = program.lines[4].at - program.lines[0].at
        assert seconds == pytest.approx(4.0, abs=1.0), "fifty frames a second"
    finally:
        program.stop()
