"""The far end of every measured call: registers, rings at once, and is cancelled.

A program, because it has to run in the proxy's network namespace. Told so, it answers in place of
ringing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.interop.accounts import DOMAIN, USERS
from tests.lab.bare import BareClient, Packet

USER = "baresip"
ANSWER = "answer"
"""The word on the command line that has it answer."""


def main() -> None:
    """Register, say so, and answer until the connection ends."""
    host, port, authority, *manner = sys.argv[1:]
    client = BareClient(
        (host, int(port)), Path(authority), user=USER, password=USERS[USER], domain=DOMAIN
    )
    client.connect()
    assert client.register(3600).status == 200
    client.socket.settimeout(None)
    print("ready", flush=True)
    ringing: dict[str, Packet] = {}
    while True:
        request = client.read()
        if request.start.startswith("INVITE") and manner == [ANSWER]:
            client.respond(request, 200, "OK", request.body)  # Their own keys: nobody speaks.
        elif request.start.startswith("INVITE"):
            client.respond(request, 180, "Ringing")
            ringing[request.get("Call-ID")] = request
        elif request.start.startswith("CANCEL"):
            client.respond(request, 200, "OK")
            client.respond(ringing.pop(request.get("Call-ID")), 487, "Request Terminated")
        elif request.start.startswith("BYE"):
            client.respond(request, 200, "OK")


if __name__ == "__main__":
    main()
