"""`python -m tests.lab --directory DIR`: the exchanges alone, for a phone that runs elsewhere."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from tests.lab.desk import PORT, Desk


async def serve(desk: Desk) -> None:
    """Run the exchanges until the program is ended."""
    await desk.start()
    try:
        for name, exchange in desk.exchanges.items():
            print(f"{name}: {exchange.host}:{exchange.port}", flush=True)
        print(f"configuration: {desk.directory / 'startup.cfg'}", flush=True)
        await asyncio.Event().wait()
    finally:
        await desk.stop()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="for startup.cfg")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--accounts", type=int, default=2, help="of the phone, from 201 up")
    parser.add_argument("--keep-alive", type=int, default=30, help="seconds")
    parser.add_argument("--backup", action="store_true", help="start a backup exchange too")
    given = parser.parse_args()
    desk = Desk(given.directory, given.accounts, given.backup, given.port, given.keep_alive)
    try:
        asyncio.run(serve(desk))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
