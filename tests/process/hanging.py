"""The phone, and a signal that makes its event loop hang: `python -m tests.process.hanging ...`."""

from __future__ import annotations

import signal
import sys
import time

from firmware.__main__ import main

HANGS = signal.SIGUSR1


def hang(*_: object) -> None:
    """Do not return to the loop."""
    while True:
        time.sleep(1.0)


if __name__ == "__main__":
    signal.signal(HANGS, hang)
    sys.exit(main())
