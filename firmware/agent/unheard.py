"""A 2xx that may have gone down with its link (RFC 3261 13.3.1.4, 14.1, 15; F6).

Theory of operation
-------------------
It opened a dialog of theirs: as the answer to their call, or in the place of a dialog that stood.
Nobody knows whether it was heard, or whether its ACK was lost on the way. Answers find their way
by their Via alone (18.2.2), so over the next link to the same proxy it is said again, as long as
its INVITE's transaction lives (timer L). The ACK may still be sent over the link that is gone, so
it is not waited for longer than `ACK_S`. Then, or later, or at another proxy, the call is taken to
stand, and its dialog is refreshed as that of any call whose link was lost.

Until then nothing is asked in that dialog (14.1). Whoever hangs up meanwhile ends a call whose far
end may hear ringing: there too the 2xx comes before the BYE (15).
"""

from __future__ import annotations

from firmware.agent.absence import KEPT_S
from firmware.agent.accepted import Accepted
from firmware.agent.call import CallState
from firmware.agent.events import EndCause, Party, Tie
from firmware.agent.line import Line
from firmware.agent.rescue import RescuedCall
from firmware.link.events import Proxy
from firmware.machine import earliest, is_due
from firmware.sip.message import Request

ACK_S = 4.0
"""How long the ACK of a 2xx is waited for that went another way than its INVITE came."""

OPENING = frozenset({CallState.ACCEPTED, CallState.LEAVING})
"""In these no other 2xx waits for its ACK than the one that opened the dialog."""


class UnheardCall(RescuedCall):
    """A call whose far end may not have heard that it was answered."""

    def __init__(self, number: int, line: Line, far: Party, port: int, state: CallState) -> None:
        super().__init__(number, line, far, port, state)
        self._unheard: Accepted | None = None  # A 2xx that went down with its link, it may be,
        self._unheard_at: Proxy | None = None  # and whom it was said to.
        self._ack_by: float | None = None  # How long its ACK is waited for.

    def deadline(self) -> float | None:
        """Return when to repeat, to ask again, or to wait no longer."""
        return earliest((super().deadline(), self._ack_by))

    def wake(self, now: float) -> list[object]:
        """Do what is due."""
        out = super().wake(now)
        if is_due(self._ack_by, now):
            self._ack_by = None
            out += self._waited_enough()
        return out

    def acknowledged(self, ack: Request) -> list[object]:
        """Hear the ACK of the 2xx, perhaps before that is said again: the dialog is well."""
        if self._unheard and self._unheard.is_acknowledged_by(ack):
            self._accepted, self._unheard = self._unheard, None
        opens, out = self._accepted_opens, super().acknowledged(ack)
        if not opens or self._accepted:
            return out
        self._ack_by = None
        stands = self.state is CallState.CONFIRMED
        return [*out, *self._bind(Tie.ANCHORED)] if stands else out

    @property
    def _accepted_opens(self) -> bool:
        """Tell whether a 2xx waits for its ACK that opened the dialog of now."""
        accepted = self._accepted
        return accepted is not None and (self.state in OPENING or accepted is self._unconfirmed)

    def _lose_link(self) -> None:
        if self._accepted_opens:
            self._unheard, self._unheard_at = self._accepted, self.line.proxy
        self._ack_by = None
        super()._lose_link()

    def _leave_unheard(self, now: float) -> list[object]:
        """The link is lost under who has left: the 2xx comes before the BYE, for so long."""
        self._ack_by = now + KEPT_S
        return []

    def service_settled(self, now: float) -> list[object]:
        """Say over a link to the same proxy what may not have been heard."""
        out = super().service_settled(now)
        unheard, self._unheard = self._unheard, None
        if unheard is None or self._accepted:
            return out
        if self.line.proxy != self._unheard_at or not unheard.can_be_said(now):
            return [*out, *self._waited_enough()]
        self._accepted = self._unconfirmed = unheard.over(self.line.dialog_contact(), now)
        self._ack_by = now + ACK_S
        return [*out, *self._accepted.start()]

    def _waited_enough(self) -> list[object]:
        """Whatever became of our 2xx: who has left says BYE, and any other call stands."""
        self._accepted = None
        match self.state:
            case CallState.LEAVING:
                return self._leave()
            case CallState.ACCEPTED:
                self._enter(CallState.CONFIRMED)
                return self._survive()
            case _:
                return []  # It is refreshed, as was wanted since the link was lost.

    def _hang_up_standing(self, now: float) -> list[object]:
        """Leave; a dialog that took the place of another has to be confirmed first (15)."""
        waits = self._unheard is not None or self._accepted_opens
        if waits:
            self._enter(CallState.LEAVING)
            self._ack_by = now + KEPT_S if self._unheard else self._ack_by
        return [*([] if waits else self._leave()), *self._end(EndCause.HUNG_UP_HERE)]

    def _take_dialog(self, key: str, invite: Request, tag: str, now: float) -> list[object]:
        """With another dialog nothing of the one before is waited for."""
        before, out = self.dialog, super()._take_dialog(key, invite, tag, now)
        if self.dialog is not before:
            self._unheard = self._ack_by = None
        return out

    def _enter(self, state: CallState) -> None:
        """With the call ends all waiting for its ACK."""
        super()._enter(state)
        if state is CallState.TERMINATED:
            self._unheard = self._ack_by = None
