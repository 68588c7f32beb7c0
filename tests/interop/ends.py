"""The two kinds of far end that a call is kept to: a handset of ours, and baresip.

Both are asked in the same words, and both show their own list of calls.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from tests.interop.accounts import DOMAIN
from tests.interop.baresip import Baresip
from tests.interop.conftest import wait_until
from tests.interop.phone import Phone

HEARS_S = 10.0

INCOMING, OUTGOING, TALKING = "incoming", "outgoing", "talking"
STATES = {
    "INCOMING": INCOMING,
    "OUTGOING": OUTGOING,
    "RINGING": OUTGOING,
    "EARLY": OUTGOING,
    "ESTABLISHED": TALKING,
}
"""What baresip calls them; a call that is over stands in its list for a moment yet."""

STATES_HERE = {
    "incoming": INCOMING,
    "dialling": OUTGOING,
    "ringing": OUTGOING,
    "answered": TALKING,
}


class End(Protocol):
    """Somebody at one end of a call."""

    @property
    def uri(self) -> str:
        """Where it can be called."""

    def dial(self, uri: str) -> None:
        """Call somebody."""

    def answer(self) -> None:
        """Take the newest call that rings."""

    def hang_up(self) -> None:
        """End the call."""

    def calls(self) -> list[str]:
        """Return the state of each call in its own list, the oldest first."""

    def log(self) -> str:
        """Return the last of what it said."""


@dataclass(frozen=True)
class HandsetEnd:
    """A handset of ours with one account."""

    phone: Phone

    @property
    def uri(self) -> str:
        return f"sip:{self.phone.users[0]}@{DOMAIN}"

    def dial(self, uri: str) -> None:
        self.phone.send("dial", uri=uri)

    def answer(self) -> None:
        self.phone.send("answer")

    def hang_up(self) -> None:
        self.phone.send("hangup")

    def calls(self) -> list[str]:
        return [STATES_HERE[call["state"]] for call in self.phone.status()["calls"]]

    def log(self) -> str:
        return self.phone.tail


@dataclass(frozen=True)
class BaresipEnd:
    """A baresip."""

    peer: Baresip

    @property
    def uri(self) -> str:
        return self.peer.uri

    def dial(self, uri: str) -> None:
        self.peer.dial(uri)

    def answer(self) -> None:
        self.peer.answer()

    def hang_up(self) -> None:
        self.peer.hang_up()

    def calls(self) -> list[str]:
        return [STATES[state] for state in self.peer.call_list() if state in STATES]

    def log(self) -> str:
        return self.peer.log


def wait_for_calls(end: End, *states: str, timeout_s: float = HEARS_S) -> None:
    """Wait until an end's own list has these calls, and no other."""
    by = time.time() + timeout_s
    while (calls := end.calls()) != list(states):
        assert time.time() < by, f"{calls} in place of {list(states)}\n{end.log()}"
        time.sleep(0.05)


def set_up(caller: End, callee: End) -> None:
    """Have one end call the other, and the other answer."""
    ring(caller, callee)
    callee.answer()
    wait_for_calls(caller, TALKING)
    wait_for_calls(callee, TALKING)


def ring(caller: End, callee: End) -> None:
    """Have one end call the other, until it rings."""
    caller.dial(callee.uri)
    wait_for_calls(callee, INCOMING)
    wait_until(lambda: caller.calls() == [OUTGOING], HEARS_S)
