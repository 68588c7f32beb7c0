"""Speech through this phone's jitter buffer and through baresip's, from the same trace of packets.

Ours is played in simulated time, baresip's as it happens, four at once. PCMU only: what baresip
plays comes back in the codec of the call, and PCMU loses nothing by that.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

from firmware.media.formats import PCMU
from tests.bench.peer_ears import Ears
from tests.bench.table import Table
from tests.unit.media.network import Network, packets_of, play
from tests.unit.media.sounds import Samples, speech

AT_ONCE = 4
RATE = PCMU.sample_rate
PHONE, PEER, MORE = "PCMU, this phone", "PCMU, baresip", "this phone is better by"


def measure(networks: Mapping[str, Network], voices: tuple[str, ...], seeds: range) -> Table:
    """Return the mean scores of both for each network."""
    table = Table(tuple(networks))
    for name, aim in ((PHONE, "never below baresip"), (PEER, ""), (MORE, "0 or more")):
        table.row(name, "PESQ", aim)
    traces = [
        Trace(name, speech(RATE, voice=voice), replace(network, seed=seed))
        for name, network in networks.items()
        for voice in voices
        for seed in seeds
    ]
    # Nothing is computed while they listen: our side of the wire keeps time, too.
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(AT_ONCE) as pool:
        folders = [Path(directory) / str(number) for number in range(len(traces))]
        heard = list(pool.map(_through_baresip, traces, folders))
    for name in networks:
        here, there = [], []
        for trace, theirs in zip(traces, heard, strict=True):
            if trace.name == name:
                here.append(score(trace.said, play(PCMU, trace.said, trace.network).sound))
                there.append(score(trace.said, theirs))
        rows = {PHONE: mean(here), PEER: mean(there), MORE: mean(here) - mean(there)}
        for row, value in rows.items():
            table.add(row, name, value)
    return table


@dataclass(frozen=True, slots=True)
class Trace:
    """What is said, and what happens to its packets."""

    name: str
    said: Samples
    network: Network


def _through_baresip(trace: Trace, directory: Path) -> Samples:
    packets = packets_of(PCMU, trace.said)
    arrivals = trace.network.arrivals(packets, 0.02)
    with Ears(directory, PCMU) as ears:
        return ears.hear(packets, arrivals)


def score(said: Samples, heard: Samples) -> float:
    """Return the score of narrow-band speech; half a second of delay is none."""
    from pesq import pesq

    return float(pesq(RATE, said, heard[: len(said) + RATE // 2], "nb"))
