"""The start of the process: its log."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import logging, os
from firmware.runtime.start import begin_log
begin_log(logging.INFO)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
logging.getLogger("handset").info("still heard")
"""


def test_the_log_goes_on_while_a_library_leads_standard_error_to_nowhere() -> None:
    words = [sys.executable, "-W", "error::ResourceWarning", "-c", SCRIPT]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr.endswith("handset INFO still heard\n")
    assert len(done.stderr.splitlines()) == 1
