"""What has happened since the start, counted: for whoever watches a fleet (`/metrics`).

Each number only grows. It is fed what the phone says to the outside, as `Status` is.
"""

from __future__ import annotations

from collections import Counter

from firmware.agent.events import CallAnswered, CallEnded, Dialling, IncomingCall
from firmware.link.events import LinkState, LinkStatus
from firmware.phone.events import OutageEnded, Report
from firmware.phone.outage import OutageKind


class Tally:
    """The counts."""

    def __init__(self) -> None:
        self.links = 0  # Times that a link was up,
        self.link_losses = 0  # and was so no more.
        self.attempts = 0  # Connections tried.
        self.outages = 0  # That are over,
        self.outage_s = 0.0  # and how long they were together.
        self.moves_home = 0
        self.calls: Counter[str] = Counter()  # By direction: "out", "in".
        self.answered = 0
        self.ended: Counter[str] = Counter()  # By cause.
        self._was_up = False
        self._attempts_seen = 0

    def take(self, output: object) -> None:
        """Take in what the phone says to the outside; most of it is for others."""
        match output:
            case Report(LinkStatus() as status):
                self._take_link(status)
            case Report(Dialling()):
                self.calls["out"] += 1
            case Report(IncomingCall()):
                self.calls["in"] += 1
            case Report(CallAnswered()):
                self.answered += 1
            case Report(CallEnded(_, cause)):
                self.ended[cause.value] += 1
            case OutageEnded(outage) if outage.kind is OutageKind.HOME:
                self.moves_home += 1
            case OutageEnded(outage):
                self.outages += 1
                self.outage_s += outage.duration_s or 0.0
            case _:
                pass

    def _take_link(self, status: LinkStatus) -> None:
        is_up = status.state in {LinkState.UP, LinkState.UNPROVEN}
        self.links += is_up and not self._was_up
        self.link_losses += self._was_up and not is_up
        self._was_up = is_up
        seen, self._attempts_seen = self._attempts_seen, status.attempts
        self.attempts += status.attempts - (seen if status.attempts >= seen else 0)
