"""Speech through this phone's jitter buffer and through baresip's, from the same trace of packets.

Ours is played in simulated time, baresip's as it happens, four at once. G.711 is scored in the
narrow band, G.722 and Opus in the wide one. Both get packets of our encoder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

from firmware.media.formats import G722, OPUS, PCMU, Codec
from tests.bench.opinion import score
from tests.bench.peer_ears import Ears
from tests.bench.table import Table
from tests.unit.media.network import Network, packets_of, play
from tests.unit.media.sounds import Samples, speech

AT_ONCE = 4
CODECS = (PCMU, G722, OPUS)
PHONE, PEER, MORE = "this phone", "baresip", "this phone is better by"


def measure(networks: Mapping[str, Network], voices: tuple[str, ...], seeds: range) -> Table:
    """Return the mean scores of both for each codec and network."""
    table = Table(tuple(networks))
    traces = [
        Trace(of, name, speech(of.sample_rate, voice=voice), replace(network, seed=seed))
        for of in CODECS
        for name, network in networks.items()
        for voice in voices
        for seed in seeds
    ]
    # Nothing is computed while they listen: our side of the wire keeps time, too.
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(AT_ONCE) as pool:
        folders = [Path(directory) / str(number) for number in range(len(traces))]
        heard = list(pool.map(_through_baresip, traces, folders))
    scores = [(trace, *_scores(trace, theirs)) for trace, theirs in zip(traces, heard, strict=True)]
    for of in CODECS:
        for row, aim in ((PHONE, "never below baresip"), (PEER, ""), (MORE, "0 or more")):
            table.row(f"{of.name}, {row}", "PESQ", aim)
        for name in networks:
            found = [(ours, theirs) for t, ours, theirs in scores if (t.of, t.name) == (of, name)]
            here, there = (mean(side) for side in zip(*found, strict=True))
            for row, value in ((PHONE, here), (PEER, there), (MORE, here - there)):
                table.add(f"{of.name}, {row}", name, value)
    return table


@dataclass(frozen=True, slots=True)
class Trace:
    """What is said in which codec, and what happens to its packets."""

    of: Codec
    name: str
    said: Samples
    network: Network


def _through_baresip(trace: Trace, directory: Path) -> Samples:
    packets = packets_of(trace.of, trace.said)
    arrivals = trace.network.arrivals(packets, 0.02)
    with Ears(directory, trace.of) as ears:
        return ears.hear(packets, arrivals)


def _scores(trace: Trace, theirs: Samples) -> tuple[float, float]:
    """Return the score of what this phone plays of a trace, and of what baresip does."""
    ours = play(trace.of, trace.said, trace.network).sound
    return score(trace.of, trace.said, ours), score(trace.of, trace.said, theirs)
