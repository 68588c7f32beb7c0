"""A real-time priority for a thread of sound, where the system allows one (RLIMIT_RTPRIO).

The kernel then runs it before all that is not sound: a frame has 20 ms. Two threads of the same
priority take turns. What the thread starts has none of it. Where it is not allowed sound goes on
without, as on any desk.

Python's interpreter is one for all threads. Who holds it and has no processor, since others are
ready too, keeps sound from both, however high sound's own priority is. So the event loop's thread
is lent a priority as long as there is sound: it holds the interpreter more often than anybody.
"""

from __future__ import annotations

import logging
import os
import threading

log = logging.getLogger("handset.sound")

SOUND = 10
"""Of the thread that makes frames,"""

CARD = 11
"""of the card's, which swaps them: it waits for nobody,"""

LOOP = 9
"""and of the event loop's: before other programs, behind sound."""

CALLER = 0
"""The kernel's word for the thread that calls."""


def ask_for_real_time(priority: int, thread: int = CALLER) -> bool:
    """Ask for it, for a thread of this process by its native id; tell whether it was given."""
    policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
    try:
        os.sched_setscheduler(thread, policy, os.sched_param(priority))
    except OSError as error:
        log.debug("%s: no real-time priority: %s", threading.current_thread().name, error)
        return False
    return True


def give_up_real_time(thread: int) -> None:
    """Let that thread be one of all again; whoever may lend it a priority may do that."""
    # Who was not allowed a priority by right of its user may not give up the flag.
    os.sched_setscheduler(thread, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))
