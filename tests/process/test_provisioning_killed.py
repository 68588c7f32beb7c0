"""kill -9 at any moment of fetching and keeping: on the disk is one whole file of the server.

A program fetches by the phone's own parts, round after round, a file that is another one each time.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from config.fetched import read_copy
from config.store import Store
from tests.lab.file_server import HOST, FileServer
from tests.lab.namespaces import ROOT
from tests.lab.processes import Program

KILLS = 20

ROUNDS = """
import asyncio, sys
from pathlib import Path
from random import Random
from config.store import Store
from firmware.provision.events import Fetch, FileFetched
from firmware.provision.server import server_of
from firmware.runtime.fetching import Fetcher
from firmware.runtime.resolver import Resolver

async def main(folder):
    store = Store(folder, folder / "state")
    configuration = store.read()
    fetcher = Fetcher(Resolver(Random(1)), folder, "Handset/0.1")
    while True:
        fetch = Fetch(1, server_of(configuration), "startup.cfg", None)
        outcome = await fetcher.fetch(fetch, configuration)
        assert isinstance(outcome, FileFetched), outcome
        store.keep_copies([outcome.file], ())
        print("kept", flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""


def version(number: int) -> bytes:
    """Return a file that is long enough to be torn, and known by each of its lines."""
    return f"sip vmail: {number}\n".encode() * 5000


def test_what_is_on_the_disk_is_one_file_of_the_server_and_whole(tmp_path: Path) -> None:
    chance, numbers = random.Random(1), iter(range(1, 1_000_000))
    with FileServer() as server:
        text = f"download protocol: HTTP\nhttp server: {HOST}\nhttp port: {server.port}\n"
        (tmp_path / "startup.cfg").write_text(text)
        whole: set[bytes] = set()
        found: list[bytes] = []
        for _ in range(KILLS):
            whole.add(_next(server, next(numbers)))
            program = Program([sys.executable, "-c", ROUNDS, str(tmp_path)], directory=ROOT)
            program.wait_for("kept", 60.0)
            by = time.monotonic() + chance.uniform(0.0, 0.15)
            while time.monotonic() < by:
                whole.add(_next(server, next(numbers)))
            program.kill()
            copy = read_copy(tmp_path / "state", "startup.cfg")
            assert copy is not None
            assert copy.data in whole
            found.append(copy.data)
            assert Store(tmp_path, tmp_path / "state").read().problems == ()
        assert len(set(found)) > 1


def _next(server: FileServer, number: int) -> bytes:
    data = version(number)
    server.files["/startup.cfg"] = data
    return data
