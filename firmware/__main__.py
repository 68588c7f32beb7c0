"""`python -m firmware`: read the configuration, open the board, build the stack, run the driver."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from firmware.runtime.options import DHCP_FILE, EXIT_AGAIN, UPDATE_FOLDER, Options
from firmware.runtime.start import run

COMMANDS = frozenset({"contacts", "wipe"})
"""What this program does besides being a phone (`firmware/runtime/state_command.py`)."""


def main() -> int:
    """Run the phone until it is told to stop; return the exit status."""
    if sys.argv[1:] == ["reference", "console"]:
        from firmware.console.reference import console_reference

        print(console_reference(), end="")
        return 0
    if sys.argv[1:] == ["reference"]:
        from firmware.web.reference import api_reference

        print(api_reference(), end="")
        return 0
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        from firmware.runtime.state_command import run_command

        return run_command(sys.argv[1:])
    parser = argparse.ArgumentParser(prog="python -m firmware", description="The handset.")
    parser.add_argument("--board", default="desktop", help="script, desktop(-wide) or a handset")
    parser.add_argument("--config", type=Path, required=True, metavar="DIR", help="startup.cfg")
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="local state")
    parser.add_argument("--model", default="handset", help="reads MODEL.cfg too")
    parser.add_argument("--mac", default="", help="reads MAC.cfg too (default: this machine's)")
    parser.add_argument("--page-port", type=int, default=8088, help="of the virtual handset")
    parser.add_argument("--web-port", type=int, help="of the administrator's page (0: any)")
    parser.add_argument("--dhcp", type=Path, default=DHCP_FILE, metavar="FILE", help="the hook's")
    parser.add_argument(
        "--update", type=Path, default=UPDATE_FOLDER, metavar="DIR", help="of the card's slots"
    )
    parser.add_argument("--trace", action="store_true", help="log SIP with its secrets masked")
    given = parser.parse_args()
    status = asyncio.run(run(Options(**vars(given))))
    if status == EXIT_AGAIN:
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 (the very words it was started with)
    return status


if __name__ == "__main__":
    sys.exit(main())
