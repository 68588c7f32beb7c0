"""`make bench-calls`: what a call costs, how late it is heard, and what disturbs it; as tables.

Everything runs at the same time on the same machine: Kamailio, PipeWire with two cards that keep
time, phones, baresip. The floor of mouth to ear is the sound card's driver alone, which plays what
it hears. Processor time is that of the whole process, by the kernel's own account.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.bench import audio, audio_gap, memory_of_voices, ramp, storms, through
from tests.bench.call_stage import CODECS, NO_CARD, CallStage, connect, depths_ms
from tests.bench.clicks import EAR, MOUTH, play_and_record
from tests.bench.machine import header
from tests.bench.table import Table
from tests.interop.phone import Phone
from tests.lab.namespaces import ROOT
from tests.lab.processes import Program
from tests.lab.sound import THROUGH

CLICKS = 10
TRAINS = 3
READY_S = 10.0
SETTLE_S = 6.0
"""Jitter buffers have found their depth, and reports have told it."""

PTIME_S = 0.02
TONE_HZ = 440
CALLS = 200
FIRST_CALLS = 20
"""Libraries are loaded and caches full by then."""
LONG_S = 10.0
"""A call that takes longer to be answered or to end has failed."""

PHONE, PEER, RATIO = "this phone", "baresip", "x baresip"
CARD, THROUGH_PHONES, BUFFER, TARGET = "card alone", "two phones", "of it buffer", "target"


def mouth_to_ear(stage: CallStage) -> Table:
    """Measure what the sound's way takes, codec by codec."""
    table = Table((CARD, THROUGH_PHONES, BUFFER, TARGET))
    for codec in CODECS:
        table.row(f"mouth to ear, {codec}", "ms", "card + 2 x ptime + buffer")
        floor_s = card_alone(stage)
        heard_s, held_s = through_phones(stage, codec)
        cells = {CARD: floor_s, THROUGH_PHONES: heard_s, BUFFER: held_s}
        cells[TARGET] = [median(floor_s) + 2 * PTIME_S + median(held_s)]
        for column, values in cells.items():
            table.add(f"mouth to ear, {codec}", column, *values)
    return table


def card_alone(stage: CallStage) -> list[float]:
    """Return what the card's driver takes by itself: two periods, and the frame in between."""
    words = [*stage.server.prefix, sys.executable, "-m", through.__name__, THROUGH]
    program = Program(words, directory=ROOT)
    try:
        program.wait_for("ready", READY_S)
        time.sleep(1.0)
        return play_and_record(stage.server, stage.directory, CLICKS)
    finally:
        program.stop()


def through_phones(stage: CallStage, codec: str) -> tuple[list[float], list[float]]:
    """Return what one phone's mouth needs to the other's ear, and the buffer's part of it."""
    heard_s: list[float] = []
    with stage.phone("alice", MOUTH, codec) as here, stage.phone("bob", EAR, codec) as there:
        here.wait_registered()
        there.wait_registered()
        connect(here, there)
        there.send("key", key="mute")  # Its microphone hears its own earpiece.
        time.sleep(SETTLE_S)
        since = time.time()
        for _ in range(TRAINS):
            heard_s += play_and_record(stage.server, stage.directory, CLICKS)
        here.send("hangup")
        return heard_s, [depth / 1000 for depth in depths_ms(there, since)]


def processor(stage: CallStage, seconds: float) -> Table:
    """Measure the processor time of calls, at both ends of each."""
    table = Table((PHONE, PEER, RATIO))
    scenes = (("PCMU", NO_CARD, 0), ("PCMU", MOUTH, 0), ("opus", MOUTH, TONE_HZ))
    for codec, device, tone_hz in scenes:
        card = "no card" if device == NO_CARD else "a card"
        name = f"processor time of {seconds:.0f} s, {codec}, SRTP, {card}"
        table.row(name, "s", "< 0.9" if codec == "PCMU" else "")
        with stage.talking(device, codec, tone_hz) as (phone, peer):
            time.sleep(1.0)
            before = phone.processor_s(), peer.processor_s()
            time.sleep(seconds)
            ours, theirs = phone.processor_s() - before[0], peer.processor_s() - before[1]
        table.add(name, PHONE, ours)
        table.add(name, PEER, theirs)
        table.add(name, RATIO, ours / theirs)
    return table


def many_calls(stage: CallStage) -> Table:
    """Set up one call after the other, and see what stays in memory."""
    table = Table((PHONE,))
    rows = {
        "calls in a row without a failure": f"of {CALLS}",
        "calls set up and ended a second": "",
    }
    for name, aim in rows.items():
        table.row(name, "calls", aim)
    with stage.phone("alice", NO_CARD) as here, stage.phone("bob", NO_CARD) as there:
        here.wait_registered()
        there.wait_registered()
        note_memory(table, "RSS, registered", here)
        for _ in range(FIRST_CALLS):
            one_call(here, there)
        note_memory(table, f"RSS, after {FIRST_CALLS} calls", here)
        begun, good = time.monotonic(), 0
        while good < CALLS and one_call(here, there):
            good += 1
        table.add("calls in a row without a failure", PHONE, good)
        table.add("calls set up and ended a second", PHONE, good / (time.monotonic() - begun))
        note_memory(table, f"RSS, after {good} more", here, "the same")
    words = [sys.executable, "-m", memory_of_voices.__name__]
    for line in Program(words, directory=ROOT).wait_for("calls", 60, count=3):
        name, _, kib = line.text.rpartition(": ")
        table.row(name, "MiB")
        table.add(name, PHONE, int(kib) / 1024)
    return table


def note_memory(table: Table, name: str, phone: Phone, aim: str = "") -> None:
    """Write down what a phone holds now."""
    table.row(name, "MiB", aim)
    table.add(name, PHONE, phone.memory_kib()[0] / 1024)


def one_call(here: Phone, there: Phone) -> bool:
    """Set up a call and end it; tell whether both ends saw all of it."""
    at = time.time()
    try:
        connect(here, there)
        here.send("hangup")
        for phone in (here, there):
            phone.wait_for("ended", LONG_S, at)
            phone.program.forget()
    except AssertionError as error:
        print(f"failed: {error}\n{here.tail}", file=sys.stderr)
        return False
    return True


MEASURES = ("delay", "processor", "calls", "ramp", "storms", "gap", "speech")


def main(arguments: list[str]) -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.calls", description=__doc__)
    parser.add_argument("--only", choices=MEASURES, help="one of the tables")
    parser.add_argument("--seconds", type=float, default=60.0, help="of a call whose time counts")
    parser.add_argument("--storm", type=float, default=180.0, help="seconds of a call in storms")
    given = parser.parse_args(arguments)
    print("\n".join(header()), f"Load: {os.getloadavg()[0]:.1f} when it began.", end="\n\n")
    with tempfile.TemporaryDirectory() as directory, CallStage(Path(directory) / "stage") as stage:
        tables: dict[str, Callable[[], Table]] = {
            "delay": lambda: mouth_to_ear(stage),
            "processor": lambda: processor(stage, given.seconds),
            "calls": lambda: many_calls(stage),
            "ramp": lambda: ramp.measure(stage),
            "storms": lambda: storms.measure(stage.directory / "storms", given.storm),
            "gap": lambda: audio_gap.measure(stage.directory / "gap"),
            "speech": audio.beside_baresip,
        }
        for name, measure in tables.items():
            if given.only in {None, name}:
                print("\n".join(measure().lines()), end="\n\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
