"""Third parties without a phone: somebody who calls, and somebody who rings when called.

The latter is a program too (HOST PORT AUTHORITY), for a network namespace.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.accounts import DOMAIN, USERS
from tests.interop.kamailio import Kamailio
from tests.lab.bare import BareClient, Packet

CALLER, RINGER = "dave", "baresip"
"""The accounts that they use."""

RINGER_URI = f"sip:{RINGER}@{DOMAIN}"
RINGS = "ready to ring"


@contextmanager
def registered(proxy: Kamailio, authority: Path, user: str) -> Iterator[BareClient]:
    """Register somebody at a proxy, past every relay, and take the binding away afterwards."""
    client = BareClient(
        (proxy.host, proxy.port), authority, user=user, password=USERS[user], domain=DOMAIN
    )
    client.connect()
    try:
        assert client.register().status == 200
        yield client
        client.register(expires=0)
    finally:
        client.close()


class Ringer:
    """Somebody who is registered at a proxy and rings for whoever calls; a context manager."""

    def __init__(self, address: tuple[str, int], authority: Path) -> None:
        self._client = BareClient(address, authority, user=RINGER, password=USERS[RINGER])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._invites: dict[str, Packet] = {}

    def __enter__(self) -> Ringer:
        self._client.connect()
        assert self._client.register().status == 200
        self._client.socket.settimeout(None)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.end()
        self._thread.join()
        self._client.close()

    def _serve(self) -> None:
        """Ring until the caller gives up, for as long as the connection stands."""
        try:
            while True:
                self._take(self._client.read())
        except OSError:
            return

    def _take(self, packet: Packet) -> None:
        call_id = packet.get("Call-ID")
        if packet.start.startswith("INVITE "):
            self._invites[call_id] = packet
            self._client.respond(packet, 180, "Ringing")
        elif packet.start.startswith("CANCEL "):
            self._client.respond(packet, 200, "OK")
            self._client.respond(self._invites[call_id], 487, "Request Terminated")


def main() -> None:
    """Ring until standard input ends."""
    host, port, authority = sys.argv[1:]
    with Ringer((host, int(port)), Path(authority)):
        print(RINGS, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
