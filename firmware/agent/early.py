"""The far ends that ring for one INVITE of ours: early dialogs and early media.

Theory of operation
-------------------
- Each far end that a proxy has forked the INVITE to makes a dialog of its own, with a session of
  its own: all of them answer the same offer (RFC 3261 12.1, 13.2.2.4).
- A provisional answer with a session lets its far end be heard before the call is answered. Of
  several the last is heard: an announcement follows the ringing that it replaces. The one that
  answers wins.
- A reliable answer (`Require: 100rel`) is taken in the order of RSeq and acknowledged by PRACK;
  one out of order is as good as not received (RFC 3262 4). The first session that comes reliably
  is the answer, whatever the 2xx says again (RFC 3261 13.2.1). One that comes unreliably is a hint:
  the 2xx may say another.
- A far end whose answer is there may change its session by UPDATE (RFC 3311 5.1).
- One that says BYE has ended its dialog, and only that (RFC 3261 15.1.2): it is neither heard nor
  asked any more. The INVITE goes on, and its final answer tells the rest.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from firmware.agent.dialog import Dialog
from firmware.agent.line import Line
from firmware.agent.media import MediaSession
from firmware.agent.reading import or_none
from firmware.sip.message import Request, Response

FORKS_MAX = 16
"""Far ends that one INVITE is followed to; a proxy that forks to more is not trusted with it."""


class Early:
    """One far end that rings."""

    def __init__(self, dialog: Dialog, media: MediaSession) -> None:
        self.dialog = dialog
        self.media = media
        self.has_answer = False
        self.is_settled = False  # Nothing that the 2xx says changes the session.
        self.is_over = False  # They have said BYE.
        self._sequence: int | None = None  # The RSeq of the last reliable answer.

    def takes(self, sequence: int) -> bool:
        """Tell whether a reliable answer is the next one (RFC 3262 4)."""
        if self._sequence is not None and sequence != self._sequence + 1:
            return False
        self._sequence = sequence
        return True

    def hear(self, response: Response, *, reliably: bool) -> bool:
        """Take the session of a provisional answer; tell whether there is one to be heard."""
        if self.is_settled or not response.body or self.media.take_answer(response):
            return False
        self.has_answer, self.is_settled = True, reliably
        return True

    def conclude(self, response: Response) -> str:
        """Take the session of the 2xx; return "", or what is wrong with it."""
        if self.is_settled or (self.has_answer and not response.body):
            return ""
        return self.media.take_answer(response)

    def answer(self, offer: bytes, host: str) -> bytes:
        """Answer the far end's own offer; what the 2xx says again counts no more."""
        body = self.media.answer(offer, host)
        self.is_settled = True
        return body


class EarlyDialogs:
    """All far ends of one INVITE; `offered` is the session as it was offered."""

    def __init__(self, offered: MediaSession, line: Line) -> None:
        self.offered = offered
        self._line = line
        self._all: dict[str, Early] = {}

    def heard(self, invite: Request, response: Response) -> Early | None:
        """Return who sent a provisional answer; None for nobody, or one too many."""
        tag = or_none(lambda: response.to.tag)
        if not tag:
            return None
        if tag not in self._all and len(self._all) < FORKS_MAX:
            dialog = or_none(partial(Dialog.opened_by_us, invite, response, self._line.hop))
            if dialog is not None:
                self._all[tag] = Early(dialog, self.offered.fork())
        return self.of(tag)

    def of(self, tag: str) -> Early | None:
        """Return the far end with this tag, as long as it rings."""
        return next((one for one in self._ringing if one.dialog.remote.tag == tag), None)

    def holder_of(self, request: Request) -> Early | None:
        """Return whose dialog a request belongs to."""
        return next((one for one in self._ringing if one.dialog.holds(request)), None)

    @property
    def _ringing(self) -> list[Early]:
        return [one for one in self._all.values() if not one.is_over]

    def confirmed(self, dialog: Dialog) -> Dialog:
        """Return the dialog that a 2xx makes, with the order of requests that it had before."""
        early = self._all.get(dialog.remote.tag or "")
        if early is None:
            return dialog
        before = early.dialog
        return replace(dialog, local_cseq=before.local_cseq, remote_cseq=before.remote_cseq)

    def session_of(self, dialog: Dialog) -> Early:
        """Return the session of the far end that has answered."""
        return self._all.get(dialog.remote.tag or "") or Early(dialog, self.offered)
