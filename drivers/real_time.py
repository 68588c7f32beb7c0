"""A real-time priority for a thread of sound, where the system allows one (RLIMIT_RTPRIO).

The kernel then runs it before all that is not sound: a frame has 20 ms. Two threads of the same
priority take turns. What the thread starts has none of it. Where it is not allowed sound goes on
without, as on any desk.
"""

from __future__ import annotations

import logging
import os
import threading

log = logging.getLogger("handset.sound")

SOUND = 10
"""Of the thread that makes frames,"""

CARD = 11
"""and of the card's, which swaps them: it waits for nobody."""


def ask_for_real_time(priority: int) -> bool:
    """Ask for it, for the thread that calls; tell whether it was given."""
    policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
    try:
        os.sched_setscheduler(0, policy, os.sched_param(priority))
    except OSError as error:
        log.debug("%s: no real-time priority: %s", threading.current_thread().name, error)
        return False
    return True
