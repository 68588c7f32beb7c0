"""The floor of a move: a bare client that knows at once that the primary is gone, and where to go.

A program, because it has to run in the phone's network namespace. Prints `ready`, then a JSON list:
when it was registered at the backup (Unix seconds), and how long a call then took to ring.
"""

from __future__ import annotations

import json
import sys

from tests.bench.floor import call, make_client, register


def main() -> None:
    """Register at the primary, wait for its end, register at the backup, call."""
    primary, backup, port, authority, number = sys.argv[1:]
    client = make_client(primary, port, authority)
    register(client)
    client.socket.settimeout(None)
    print("ready", flush=True)
    try:
        client.read()
    except OSError:
        client.close()
    client = make_client(backup, port, authority)
    registered_at = register(client)
    print(json.dumps([registered_at, call(client, number, reuse=True)]), flush=True)
    client.close()


if __name__ == "__main__":
    main()
