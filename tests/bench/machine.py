"""When, where and how a benchmark was run, as the first lines of its report."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path


def header() -> list[str]:
    """Say when, where and how."""
    return [
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC with `{' '.join(sys.orig_argv[1:])}`,",
        f"Python {platform.python_version()}, {platform.platform()}, {processor()}.",
    ]


def processor() -> str:
    """Name the machine's processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.machine()


def environment(cache: Path, **more: str) -> dict[str, str]:
    """Return a program's environment in which Python keeps compiled files, as it does on a phone.

    They go to a folder of their own: two Pythons share none.
    """
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(cache), **more}
