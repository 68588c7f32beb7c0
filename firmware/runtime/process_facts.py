"""What this process uses, from the kernel's own files."""

from __future__ import annotations

import os
import time
from pathlib import Path

from firmware.link.identity import CLOCK_FLOOR
from firmware.web.metrics import ProcessFacts

OWN = Path("/proc/self")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def process_facts(began: float) -> ProcessFacts:
    """Return what is used now; `began` is the monotonic second of the start."""
    pages = int((OWN / "statm").read_text().split()[1])
    began_unix_s = time.time() - (time.monotonic() - began)
    return ProcessFacts(
        resident_bytes=pages * PAGE_BYTES,
        processor_s=time.process_time(),
        open_files=len(os.listdir(OWN / "fd")),
        began_unix_s=began_unix_s if began_unix_s >= CLOCK_FLOOR.timestamp() else None,
    )
