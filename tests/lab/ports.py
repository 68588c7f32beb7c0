"""Ports for one program, which no other program of any test that runs now has.

They lie below what the kernel gives to those who ask for any port, and are taken by the place: a
phone takes two of the 128 ports from its first one on for each call, a peer whatever it needs.
Whoever holds the last of them has all: the kernel gives it to one process only, and takes it back
with the process.
"""

from __future__ import annotations

import socket
from random import SystemRandom

HOST = "127.0.0.1"
COUNT = 128
FIRST, LAST = 4096, 32768


class Ports:
    """A place that is taken until it is closed; a context manager."""

    def __init__(self) -> None:
        places = list(range(FIRST, LAST, COUNT))
        SystemRandom().shuffle(places)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.first = next(place for place in places if self._takes(place))

    def __enter__(self) -> Ports:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def last(self) -> int:
        """The last one that can be used."""
        return self.first + COUNT - 2

    def close(self) -> None:
        """Let others have it."""
        self._socket.close()

    def _takes(self, place: int) -> bool:
        try:
            with socket.socket() as probe:  # What a test that was killed has left may listen there.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((HOST, place))
            self._socket.bind((HOST, place + COUNT - 1))
        except OSError:
            return False
        return True
