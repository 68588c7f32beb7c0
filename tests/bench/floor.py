"""The floor: what a bare TLS client needs for the same things, measured in the same place.

A program, because it has to run in the phone's network namespace. Prints one JSON list of seconds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.interop.accounts import DOMAIN, USERS
from tests.lab.bare import BareClient

USER = "dave"


def make_client(host: str, port: str, authority: str) -> BareClient:
    """Return a client that has not connected yet."""
    return BareClient(
        (host, int(port)),
        Path(authority),
        user=USER,
        password=USERS[USER],
        domain=DOMAIN,
        server_name=host,
    )


def register(client: BareClient) -> float:
    """Connect and register; return when the answer came, in Unix seconds."""
    client.connect()
    assert client.register().status == 200
    return time.time()


def call(client: BareClient, number: str, reuse: bool) -> float:
    """Call and give up; return the seconds until it rang."""
    begun = time.perf_counter()
    answer = client.invite(number, reuse=reuse)
    took_s = time.perf_counter() - begun
    assert answer.status == 180, answer.start
    client.cancel(number)
    return took_s


def connect_and_call(client: BareClient, number: str) -> float:
    """Set up a connection for one call, as plain TLS mode does; return the seconds to 180."""
    client.close()
    begun = time.perf_counter()
    client.connect()
    return time.perf_counter() - begun + call(client, number, reuse=False)


def main() -> None:
    """Measure what the command line names, as often as it says."""
    host, port, authority, what, number, times = sys.argv[1:]
    client = make_client(host, port, authority)
    measures: dict[str, Callable[[], float]] = {
        "register": lambda: register(client),
        "call": lambda: call(client, number, reuse=False),
        "reuse": lambda: call(client, number, reuse=True),
        "connect": lambda: connect_and_call(client, number),
    }
    if what != "register":
        register(client)
    print(json.dumps([measures[what]() for _ in range(int(times))]), flush=True)
    client.close()


if __name__ == "__main__":
    main()
