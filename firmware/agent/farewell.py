"""BYEs that are owed: they are delivered, if need be over the next link (F5).

A BYE is signed when challenged, and sent again as a new transaction when its link died unanswered.
A far end that is not there, or says nothing, may have lost its link too, and be on its way: it is
told after each of `NOT_YET_S`, anew on each link, but for one that stays silent. Any other final
answer ends it: it has heard, or is gone.

In a dialog that our 2xx has opened the BYE waits for its ACK (15): until that comes, or the link is
lost, or the 2xx was said for as long as it may be.
"""

from __future__ import annotations

from firmware.agent.absence import NOT_THERE_NOW, NOT_YET_S
from firmware.agent.accepted import Accepted
from firmware.agent.credentials import Exchange, Use
from firmware.agent.dialog import Dialog
from firmware.agent.line import Line
from firmware.frozen import frozen
from firmware.machine import earliest, is_due
from firmware.sip.message import Request, Response
from firmware.transaction.events import RequestFailure, SendRequest

FAREWELLS_MAX = 32
"""BYEs that are owed: a day's calls through a long outage. The oldest is let go."""


@frozen
class OweBye:
    """For the agent: this dialog has to be ended from our side."""

    line: Line
    dialog: Dialog
    reason: str = ""  # The Reason header's value, where there is one to tell (RFC 3326).
    accepted: Accepted | None = None  # The 2xx that has opened it, and waits for its ACK.


class Farewell:
    """One BYE on its way."""

    def __init__(self, owed: OweBye) -> None:
        self.line = owed.line
        self.is_done = False
        self._dialog = owed.dialog
        self._reason = owed.reason
        self._accepted = owed.accepted
        self._key: str | None = None
        self.again_at: float | None = None  # When a far end that was not there is told.
        self._waits_s = NOT_YET_S
        self._silences = 0  # How often nothing was said to it, over whatever link.
        self._exchange = Exchange(Use.DIALOG)

    @property
    def is_owed(self) -> bool:
        """Tell whether the BYE still has to be sent."""
        waits = self._accepted is not None or self.again_at is not None
        return not (self.is_done or waits) and self._key is None

    def deadline(self) -> float | None:
        """Return when the far end is told again, or is to hear our 2xx again."""
        return earliest((self.again_at, self._accepted.deadline() if self._accepted else None))

    def owns(self, key: str) -> bool:
        """Tell whether a request is ours."""
        return key == self._key

    def holds(self, request: Request) -> bool:
        """Tell whether a request of theirs belongs to the dialog that ends."""
        return self._dialog.holds(request)

    def send(self) -> list[object]:
        """Send the BYE over the live link."""
        self._key = next(self.line.ids)
        reason = (("Reason", self._reason),) if self._reason else ()
        dialog = self._dialog.over(self.line.hop)
        self._dialog, request = dialog.next_request("BYE", *reason, self.line.user_agent)
        return [SendRequest(self._key, self.line.sign(request, Use.DIALOG))]

    def response(self, response: Response, now: float) -> list[object]:
        """Hear the far end, or a proxy that wants to know who says goodbye."""
        if response.status < 200:
            return []
        self._key = None
        challenged = response.status in {401, 407}
        if challenged and not self.line.challenged(response, self._exchange):
            return self.send()
        if response.status in NOT_THERE_NOW:
            self._not_there(now)
        else:
            self.is_done = True
        return []

    def wake(self, now: float) -> list[object]:
        """Owe it again, when it is time; until its ACK comes the 2xx is repeated."""
        if is_due(self.again_at, now):
            self.again_at = None
        if self._accepted and self._accepted.is_hopeless(now):
            self._accepted = None
        return self._accepted.wake(now) if self._accepted else []

    def acknowledged(self, ack: Request) -> None:
        """Hear the ACK that the BYE waits for."""
        if self._accepted and self._accepted.is_acknowledged_by(ack):
            self._accepted = None

    def failed(self, failure: RequestFailure, now: float) -> None:
        """Hear that no answer will come; of the link's loss, `service_lost` tells."""
        if failure is RequestFailure.TIMEOUT:
            self._key, self._silences = None, self._silences + 1
            self._not_there(now)

    def _not_there(self, now: float) -> None:
        self._exchange = Exchange(Use.DIALOG)
        if not self._waits_s or self._silences > len(NOT_YET_S):
            self.is_done = True
            return
        wait_s, *waits_s = self._waits_s
        self._waits_s, self.again_at = tuple(waits_s), now + wait_s

    def service_lost(self) -> None:
        """The link is gone; without an answer the BYE is owed again."""
        self._key = self.again_at = self._accepted = None
        self._waits_s = NOT_YET_S
        self._exchange = Exchange(Use.DIALOG)

    def heard_bye(self) -> None:
        """Their BYE crossed ours: nobody is owed anything."""
        self.is_done = True


class Farewells:
    """All BYEs on their way."""

    def __init__(self) -> None:
        self._all: list[Farewell] = []

    def __len__(self) -> int:
        return len(self._all)

    def deadline(self) -> float | None:
        """Return when the next far end is told."""
        return earliest(farewell.deadline() for farewell in self._all)

    def wake(self, now: float) -> list[object]:
        """Owe again what is due."""
        return [item for farewell in self._all for item in farewell.wake(now)]

    def owe(self, owed: OweBye, *, can_send: bool) -> list[object]:
        """Take a BYE over, and send it if that can be now."""
        farewell = Farewell(owed)
        self._all = [*self._all, farewell][-FAREWELLS_MAX:]
        return farewell.send() if can_send and farewell.is_owed else []

    def send_owed(self, account: int) -> list[object]:
        """Send what an account owes."""
        mine = [f for f in self._all if f.line.account.number == account and f.is_owed]
        return [item for farewell in mine for item in farewell.send()]

    def owner_of(self, key: str) -> Farewell | None:
        """Find whose request has this key."""
        return next((farewell for farewell in self._all if farewell.owns(key)), None)

    def holder_of(self, request: Request) -> Farewell | None:
        """Find whose dialog a request of theirs belongs to."""
        return next((farewell for farewell in self._all if farewell.holds(request)), None)

    def service_lost(self) -> None:
        """The link is gone."""
        for farewell in self._all:
            farewell.service_lost()

    def forget_done(self) -> None:
        """Forget those that were heard, or that nobody will hear."""
        self._all = [farewell for farewell in self._all if not farewell.is_done]
