"""When the phone itself is wrong it stops, says so once, and its exit status tells it."""

from __future__ import annotations

import subprocess
import sys

from tests.lab.namespaces import ROOT
from tests.process.handset import WAIT_S, Place

BROKEN = """
import sys
from firmware.__main__ import main
from firmware.stack import Stack

def handle(self, event, now):
    raise AssertionError("a state it should not have")

Stack.handle = handle
sys.exit(main())
"""


def test_an_error_of_our_own_ends_the_process_with_a_trace_and_its_own_status(
    place: Place,
) -> None:
    place.configure({})
    words = [sys.executable, "-c", BROKEN, "--board", "script"]
    words += ["--config", str(place.config), "--state", str(place.state)]
    with subprocess.Popen(
        words, cwd=ROOT, text=True, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.wait(WAIT_S) == 70
        assert process.stderr is not None
        said = process.stderr.read()
    assert "the phone stops: it met a state it should not have" in said
    assert said.count("AssertionError: a state it should not have") == 1
