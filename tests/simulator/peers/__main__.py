"""Play seeds of the second world: `python -m tests.simulator.peers 1000`, or `--seed 7`."""

from __future__ import annotations

import argparse
import sys

from firmware.link.events import MessageReceived, SendMessage
from tests.simulator.peers.world import Failed, World, play
from tests.simulator.trace import describe

TRACE_LINES = 80


def lines(world: World, last: int = 0) -> list[str]:
    """Write down what happened."""
    return [f"{now:10.3f} {way} {_describe(what)}" for now, way, what in world.trace[-last:]]


def _describe(what: object) -> str:
    match what:
        case MessageReceived(message) | SendMessage(message):
            headers = message.headers
            start = bytes(message).split(b"\r\n", 1)[0].decode()
            to, from_ = message.to.tag, message.from_.tag
            extra = [f"{n}={headers.get(n)}" for n in ("RSeq", "RAck", "Session-Expires", "Require")
                     if headers.get(n)]  # fmt: skip
            sdp = "+SDP" * bool(message.body)
            return (
                f"{type(what).__name__[:4]} {start} | {message.call_id} {headers.get('CSeq')} "
                f"from {from_} to {to} {message.via.branch[7:]} {' '.join(extra)} {sdp}"
            )
        case _:
            return describe(what)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="?", default=200, help="how many seeds to play")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="play this one and print its trace")
    chosen = parser.parse_args()
    one = chosen.seed is not None
    seeds = [chosen.seed] if one else range(chosen.first, chosen.first + chosen.seeds)
    total: dict[str, int] = {}
    for seed in seeds:
        try:
            world = play(seed)
        except Failed as failed:
            print("\n".join([*lines(failed.world, 0 if one else TRACE_LINES), str(failed)]))
            return 1
        for key, number in world.hub.seen.items():
            total[key] = total.get(key, 0) + number
    print("\n".join(lines(world)) if one else "", f"{len(seeds)} seeds ended well", total)
    return 0


if __name__ == "__main__":
    sys.exit(main())
