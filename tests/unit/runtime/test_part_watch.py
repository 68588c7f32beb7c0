"""What is wrong with the parts reaches the screen, beside what others warn of."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from board.handset import HANDSETS
from board.wiring import Wiring
from firmware.phone.events import TimeIs, WarningsChanged
from firmware.runtime import part_watch
from firmware.runtime.part_watch import PartWatch
from firmware.runtime.warnings_of import Warnings
from tests.unit.phone.rig import fits_a_page


def test_each_source_keeps_its_warnings() -> None:
    fed: list[object] = []
    warnings = Warnings(fed.append)
    certificates, parts = warnings.of("certificates"), warnings.of("parts")
    parts(WarningsChanged(("no display",)))
    certificates(WarningsChanged(("ends soon",)))
    certificates(TimeIs(5.0))
    parts(WarningsChanged(()))
    assert fed == [
        WarningsChanged(("no display",)),
        WarningsChanged(("ends soon", "no display")),
        TimeIs(5.0),
        WarningsChanged(("ends soon",)),
    ]


def test_what_fails_is_told_once_and_taken_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(part_watch, "LOOK_S", 0.01)
    fed: list[object] = []
    board = SimpleNamespace(troubles=(), ended=False)

    async def scene() -> None:
        watch = PartWatch(board, fed.append, lambda: fed.append("broken"))
        watch.start()
        assert fed == []
        board.troubles = ("No lamp: busy",)
        while not fed:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert fed == [WarningsChanged(board.troubles)]
        board.troubles = ()
        while len(fed) < 2:
            await asyncio.sleep(0.01)
        watch.stop()
        board.troubles = ("No hook switch: busy",)
        await asyncio.sleep(0.05)
        assert fed[1:] == [WarningsChanged(())]

    asyncio.run(scene())
    assert caplog.messages == ["No lamp: busy"]


def test_a_board_whose_thread_has_ended_is_started_anew() -> None:
    async def scene() -> None:
        heard: list[object] = []
        board = SimpleNamespace(troubles=(), ended=True)
        watch = PartWatch(board, heard.append, lambda: heard.append("broken"))
        watch.start()
        watch.stop()
        assert heard == ["broken"]

    asyncio.run(scene())


@pytest.mark.parametrize("part", ["keypad", "hook switch", "lamp", "ringer"])
@pytest.mark.parametrize(
    "why",
    [
        "RPi.GPIO is not installed",
        "this is no Raspberry Pi",
        "Failed to add edge detection",
        "GPIO busy",
        "No access to /dev/mem.  Try running as root!",
    ],
)
def test_what_fails_can_be_read_whole(part: str, why: str) -> None:
    assert fits_a_page("Warning", f"No {part}: {why}")


@pytest.mark.parametrize("wiring", HANDSETS.values(), ids=list(HANDSETS))
def test_a_display_that_fails_can_be_read_of_on_another(wiring: Wiring) -> None:
    assert fits_a_page("Warning", f"No display: {wiring.display} does not answer")
    assert fits_a_page("Warning", f"No display: {wiring.display}: No module named 'spidev'")
