"""A real-time priority, from the kernel of this machine: for whoever may have one, or not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from drivers.real_time import LOOP
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


LENT = """
import os, threading
from drivers.real_time import LOOP, ask_for_real_time, give_up_real_time

def scheduling(thread):
    print(os.sched_getscheduler(thread), os.sched_getparam(thread).sched_priority)

main = threading.get_native_id()

def sound():
    print(ask_for_real_time(LOOP, main))
    scheduling(main)
    scheduling(0)
    give_up_real_time(main)
    scheduling(main)

thread = threading.Thread(target=sound)
thread.start()
thread.join()
"""

FLAG = os.SCHED_RESET_ON_FORK
"""Whoever has a priority by RLIMIT_RTPRIO alone may not give it up: `sched_setscheduler(2)`."""


def test_a_thread_is_lent_a_priority_by_another_one_and_keeps_but_the_flag() -> None:
    words = [sys.executable, "-c", LENT]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    lent, own, given_up = f"{ROUND_ROBIN | FLAG} {LOOP}", f"{OTHER} 0", f"{OTHER | FLAG} 0"
    assert done.stdout.splitlines() == ["True", lent, own, given_up]
