"""The asyncio driver: the only clock and the only timer of the phone.

It hands events to the stack and carries its outputs away: what is for the network goes to the
transport, everything else to `outside`, in the next turn of the loop: a connection that is to be
opened is then on its way, and a picture is drawn meanwhile. One timer is armed for
`stack.deadline()`. asyncio may run a timer up to one clock resolution early, so the time given to
the stack is never before the moment that was armed, and never goes backwards.

A loop that was held up (libraries that load, a machine that pauses) finds its timer over and
answers that came long before. They go first: a proxy that answered in time is not given up.

When the stack raises, we are wrong: it is logged once and the phone stops; whoever supervises the
process starts it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from firmware.link.events import CheckDelivery, Close, Connect, Resolve, Write
from firmware.machine import Machine

log = logging.getLogger("handset.driver")

NetworkCommand = Resolve | Connect | Write | Close | CheckDelivery

HELD_UP_S = 0.5
"""A timer that is so late was held up, and all else with it."""

CATCH_UP_S = 0.2
"""So long what came meanwhile may take to come through: some turns of the loop."""


class Network(Protocol):
    """What carries out the link's commands and feeds its events back."""

    def do(self, command: NetworkCommand) -> None:
        """Carry out one command; an event fed meanwhile waits its turn."""

    def stop(self) -> None:
        """Close everything."""


class Driver:
    """Joins a stack to the world."""

    def __init__(
        self, stack: Machine[Any], network: Network, outside: Callable[[object], None]
    ) -> None:
        self._stack = stack
        self._network = network
        self._outside = outside
        self._loop = asyncio.get_running_loop()
        self._latest = 0.0
        self._armed: float | None = None
        self._caught_up: float | None = None  # What was armed when the loop was held up last.
        self._catch_up_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._events: deque[object] = deque()
        self._shown: deque[object] = deque()
        self._busy = False
        self.failed: asyncio.Future[None] = self._loop.create_future()
        """Gets the exception of a stack that raised."""

    @property
    def now(self) -> float:
        """The time that the stack lives in: monotonic seconds."""
        self._latest = max(self._latest, self._loop.time())
        return self._latest

    @property
    def due_at(self) -> float | None:
        """The moment at which the stack next has something to do."""
        return self._stack.deadline()

    def start(self) -> None:
        """Let the stack do what is due from the start."""
        self._turn(wake=True)

    def feed(self, event: object) -> None:
        """Hand one event to the stack; call from the loop's own thread only."""
        self._events.append(event)
        self._turn(wake=False)

    def stop(self) -> None:
        """Stop the timer and close the network; what was said before is still shown."""
        self._disarm()
        self._busy = True  # Nothing is handed to the stack any more.
        self._show()
        self._network.stop()

    def _turn(self, *, wake: bool) -> None:
        """Run until nothing is left; an event fed meanwhile waits its turn."""
        if self._busy:
            return
        self._busy = True
        try:
            self._run(self._stack.wake(self._moment()) if wake and self._may_wake() else [])
            self._arm()
            if self._shown:
                self._loop.call_soon(self._show)
        except Exception as error:  # The top of the program: what is wrong here is ours.
            self._fail(error)
            return
        self._busy = False

    def _fail(self, error: Exception) -> None:
        log.exception("the phone stops: it met a state it should not have", exc_info=error)
        if not self.failed.done():
            self.failed.set_exception(error)
            self.failed.exception()  # Looked at: asyncio need not log it once more.

    def _moment(self) -> float:
        self._latest = max(self.now, self._armed or 0.0)
        return self._latest

    def _may_wake(self) -> bool:
        """Tell whether what is due may be done; after a delay what came meanwhile goes first."""
        now, armed = self._loop.time(), self._armed
        if armed is not None and now - armed > HELD_UP_S and armed != self._caught_up:
            self._caught_up, self._catch_up_until = armed, now + CATCH_UP_S
        return now >= self._catch_up_until

    def _run(self, outputs: list[object]) -> None:
        """Do what is for the network, with all that is due at once; leave the rest for later."""
        while True:
            self._send(outputs)
            due = self._stack.deadline()
            if due is not None and due <= self.now and self._may_wake():
                outputs = self._stack.wake(self.now)
            elif self._events:
                outputs = self._stack.handle(self._events.popleft(), self.now)
            else:
                return

    def _send(self, outputs: list[object]) -> None:
        """The wire first: a picture is drawn in the loop's next turn, when the request travels."""
        for output in outputs:
            if isinstance(output, NetworkCommand):
                self._network.do(output)
            else:
                self._shown.append(output)

    def _show(self) -> None:
        """Carry outside what waits for it."""
        try:
            while self._shown:
                self._outside(self._shown.popleft())
        except Exception as error:
            self._busy = True
            self._fail(error)

    def _arm(self) -> None:
        due = self._stack.deadline()
        if due == self._armed and self._timer is not None:
            return
        self._disarm()
        if due is not None:
            self._armed = due
            self._timer = self._loop.call_at(max(due, self._catch_up_until), self._wake)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._armed = None

    def _wake(self) -> None:
        self._timer = None
        self._turn(wake=True)
