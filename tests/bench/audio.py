"""`make bench-audio`: what a frame of sound costs, and how speech survives the network.

The first table is in microseconds of processor time for 20 ms of sound, and in multiples of a
floor: numpy's copy of 160 samples, that is of the price of calling numpy at all. The second is
the score of speech (PESQ, narrow band for G.711, else wide band) after this phone's encoder, a
simulated network and this phone's jitter buffer; its first column is the codec alone. Beside a real
baresip, which gets the same packets at the same moments, it is measured by `make bench-calls`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle, permutations
from statistics import mean
from typing import Any

from firmware.media.codec import make_decoder, make_encoder
from firmware.media.comfort_noise import Background, NoiseGenerator, SilenceSuppressor
from firmware.media.dtmf_inband import DigitDetector
from firmware.media.formats import CODECS, G722, OPUS, PCMA, PCMU, Codec
from firmware.media.gain import Gain
from firmware.media.interfaces import MediaPacket
from firmware.media.jitter import AdaptiveJitterBuffer
from firmware.media.mixer import mix
from firmware.media.resample import RATES, Resampler
from firmware.media.stretch import shorter
from firmware.media.tone_table import ToneKind
from firmware.media.tones import ToneGenerator, tone_of
from tests.bench import beside_peer
from tests.bench.machine import header
from tests.bench.opinion import score
from tests.bench.table import Table
from tests.unit.media.network import PAYLOAD_TYPE, Network, packets_of, play
from tests.unit.media.sounds import frames, noise, speech

REPEATS = 9
FRAMES = 400

FLOOR = "floor: copy of 160 samples"
MICROSECONDS, MULTIPLE = "this phone", "x floor"

VOICES = ("en-gb", "en-us+f3")
LOSSES = (0.0, 0.01, 0.05, 0.1)
JITTERS_MS = (5, 30, 80)
SEEDS = range(2)


def per_call(action: Callable[[], object], times: int = FRAMES) -> list[float]:
    """Return the microseconds of one call, once for each repetition."""
    action()
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(times):
            action()
        found.append((time.process_time() - start) / times * 1e6)
    return found


def pulls_of(of: Codec) -> Callable[[], object]:
    """Return an insertion and a pull of one frame of speech on an even network."""
    packets = packets_of(of, speech(of.sample_rate))
    buffer = AdaptiveJitterBuffer({PAYLOAD_TYPE: make_decoder(of)})
    number = 0

    def pull() -> object:
        nonlocal number
        ticks = of.clock_rate // 50
        payload = packets[number % len(packets)].payload
        now = number * 0.02
        buffer.insert(MediaPacket(number, number * ticks, PAYLOAD_TYPE, payload), now)
        number += 1
        return buffer.pull(of.sample_rate // 50, now + 0.001)

    return pull


def codec_rows() -> Iterator[tuple[str, list[float]]]:
    """Yield what each codec costs."""
    for of in CODECS:
        encoder, decoder = make_encoder(of, 20), make_decoder(of)
        pieces = frames(speech(of.sample_rate), of.sample_rate // 50)
        payloads = [encoder.encode(piece) for piece in pieces]
        encode, decode, conceal = encoder.encode, decoder.decode, decoder.conceal
        frame, payload = cycle(pieces), cycle(payloads)
        yield f"{of.name}: encode", per_call(partial(_apply, encode, frame))
        yield f"{of.name}: decode", per_call(partial(_apply, decode, payload))
        yield (
            f"{of.name}: decode, lost, decode",
            per_call(partial(_hole, decode, conceal, payload, of.sample_rate // 50)),
        )
        yield f"{of.name}: packet in, frame out of the jitter buffer", per_call(pulls_of(of))


def _apply(action: Callable[[Any], object], values: Iterator[Any]) -> object:
    return action(next(values))


def _hole(
    decode: Callable[[bytes], object],
    conceal: Callable[[int], object],
    payloads: Iterator[bytes],
    samples: int,
) -> None:
    decode(next(payloads))
    conceal(samples)
    decode(next(payloads))


def other_rows() -> Iterator[tuple[str, list[float]]]:
    """Yield what the rest of the machines cost."""
    for source, target in permutations(RATES, 2):
        action = partial(Resampler(source, target).process, noise(source, 0.02))
        yield f"resample {source // 1000} to {target // 1000} kHz", per_call(action)
    frame = noise(8000, 0.02)
    gain = Gain(3.0)
    yield "gain of 3 dB", per_call(lambda: gain.apply(frame))
    three = {name: noise(8000, 0.02, seed=name) for name in range(3)}
    yield "mix three voices", per_call(lambda: mix(three))
    tone = ToneGenerator(tone_of("US", ToneKind.DIAL), 8000)
    yield "dial tone", per_call(lambda: tone.frame(160))
    detector = DigitDetector(8000)
    yield "listen for digits", per_call(lambda: detector.take(frame))
    suppressor = SilenceSuppressor(0.02)
    yield "does somebody speak?", per_call(lambda: suppressor.take(frame))
    generator = NoiseGenerator(8000)
    yield "describe comfort noise", per_call(lambda: generator.describe(Background(50, (0.1,))), 50)
    yield "comfort noise", per_call(lambda: generator.frame(160))
    piece = speech(8000)[8000:8280]
    yield "cut a period out of 35 ms", per_call(lambda: shorter(piece, 8000))


def costs() -> Table:
    """Measure what a frame costs."""
    table = Table((MICROSECONDS, MULTIPLE))
    samples = noise(8000, 0.02)
    floor = per_call(samples.copy, 20000)
    rows = {FLOOR: floor, **dict(codec_rows()), **dict(other_rows())}
    both_ways = [
        sum(values)
        for values in zip(
            rows["PCMU: encode"],
            rows["PCMU: packet in, frame out of the jitter buffer"],
            rows["resample 48 to 8 kHz"],
            rows["resample 8 to 48 kHz"],
            rows["gain of 3 dB"],
            strict=True,
        )
    ]
    rows["all of a G.711 call, both ways, card at 48 kHz"] = both_ways
    for name, values in rows.items():
        table.row(name, "us", "< 300 with SRTP" if values is both_ways else "")
        table.add(name, MICROSECONDS, *values)
        table.add(name, MULTIPLE, *(value / min(floor) for value in values))
    return table


def quality(of: Codec, network: Network) -> float:
    """Return the mean score of two voices over this network."""
    scores = []
    for voice in VOICES:
        sound = speech(of.sample_rate, voice=voice)
        for seed in SEEDS:
            network.seed = seed
            scores.append(score(of, sound, play(of, sound, network).sound))
    return mean(scores)


def networks() -> dict[str, Network]:
    """Return what is played through, by what it does."""
    made = {f"loss {loss:.0%}": Network(jitter_s=0.005, loss=loss) for loss in LOSSES}
    made |= {f"jitter {ms} ms": Network(jitter_s=ms / 1000) for ms in JITTERS_MS}
    return made | {"jitter 30 ms, loss 5%": Network(jitter_s=0.03, loss=0.05)}


def qualities() -> Table:
    """Measure how speech survives."""
    table = Table(("no network", *networks()))
    for of in (PCMU, PCMA, G722, OPUS):
        table.row(of.name, "PESQ")
        table.add(of.name, "no network", quality(of, Network()))
        for name, network in networks().items():
            table.add(of.name, name, quality(of, network))
    return table


def beside_baresip() -> Table:
    """Measure the same beside a real peer."""
    return beside_peer.measure({"no jitter": Network(), **networks()}, VOICES, SEEDS)


def main(arguments: list[str]) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audio", description=__doc__)
    parser.add_argument("--only", choices=("costs", "quality"), help="one of the tables")
    only = parser.parse_args(arguments).only
    print("\n".join(header()), end="\n\n")
    tables = {"costs": costs, "quality": qualities}
    for name, measure in tables.items():
        if only in {None, name}:
            print("\n".join(measure().lines()), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
