"""What the sound of two calls, and of eight, takes in memory: the engine alone, as a program.

Two and two talk with each other. Prints a line for each number of calls, in KiB.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

from drivers.voice import NO_DEVICE, SoundCard
from firmware.media.plan import Endpoint, MediaPlan
from firmware.phone.events import StartVoice
from firmware.runtime.voice import VoiceEngine
from firmware.settings import VoiceSettings
from tests.unit.media.ends import PLAN, key

HOST = "127.0.0.1"
PORT = 6000
SETTLE_S = 3.0


def plan_of(call: int) -> MediaPlan:
    """Return an encrypted G.711 call with its neighbour."""
    port, other = PORT + 2 * call, call ^ 1
    there = Endpoint(HOST, PORT + 2 * other)
    return replace(
        PLAN,
        local_port=port,
        remote=there,
        remote_rtcp=there,
        key_out=key(call),
        key_in=key(other),
    )


def resident_kib() -> int:
    """Return this process's resident memory."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0])


async def main() -> None:
    """Begin call after call."""
    engine = VoiceEngine(
        SoundCard(NO_DEVICE), lambda _: None, lambda: None, Random(1), VoiceSettings()
    )
    print(f"RSS of the engine alone, no calls: {resident_kib()}", flush=True)
    for first, last in ((0, 2), (2, 8)):
        for call in range(first, last):
            engine.take(StartVoice(call, plan_of(call)))
        await asyncio.sleep(SETTLE_S)
        print(f"RSS of the engine alone, calls: {last}: {resident_kib()}", flush=True)
    engine.stop()


if __name__ == "__main__":
    asyncio.run(main())
