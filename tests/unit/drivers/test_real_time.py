"""A real-time priority, from the kernel of this machine: for whoever may have one, or not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.lab.namespaces import ROOT

SCRIPT = """
import logging, os, sys, threading
from drivers.real_time import SOUND, ask_for_real_time

logging.basicConfig(level=logging.DEBUG, format="%(message)s")
user = int(sys.argv[1])
os.setresuid(user, user, user)

def sound():
    print(ask_for_real_time(SOUND), os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK)
    print(os.sched_getparam(0).sched_priority)

thread = threading.Thread(target=sound, name="sound")
thread.start()
thread.join()
print(os.sched_getscheduler(0))
"""

OTHER, ROUND_ROBIN = 0, 2
ROOT_USER, NOBODY = 0, 65534


@pytest.mark.parametrize(
    ("user", "said", "complaint"),
    [
        (ROOT_USER, ["True", str(ROUND_ROBIN), "10", str(OTHER)], ""),
        (NOBODY, ["False", str(OTHER), "0", str(OTHER)], "Operation not permitted"),
    ],
    ids=["allowed", "refused"],
)
def test_the_thread_that_asks_has_it_where_it_is_allowed_and_no_other_thread(
    user: int, said: list[str], complaint: str
) -> None:
    words = [sys.executable, "-c", SCRIPT, str(user)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == said
    assert complaint in done.stderr
    assert bool(complaint) is ("sound: no real-time priority: " in done.stderr)
