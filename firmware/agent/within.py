"""A request of ours within a dialog, INVITE and BYE aside, with all the challenges that it meets.

It takes the dialog's next CSeq whenever it is written, and goes again after a challenge. What its
end means is for the call to say: only the call knows what the request was about.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.agent.credentials import Exchange, Use
from firmware.agent.dialog import Dialog
from firmware.agent.line import Line
from firmware.sip.message import Response
from firmware.transaction.events import SendRequest


class Within:
    """One request on its way; `about` is the call's own note of what it is for."""

    def __init__(
        self,
        line: Line,
        method: str,
        *fields: tuple[str, object],
        body: bytes = b"",
        about: str = "",
        tag: str = "",
    ) -> None:
        self.method = method
        self.about = about
        self.key = ""
        self.tag = tag  # The far end's, where the dialog is one of several early ones.
        self._line = line
        self._fields = fields
        self._body = body
        self._exchange = Exchange(Use.DIALOG)

    def send(self, dialog: Dialog) -> tuple[Dialog, SendRequest]:
        """Return the dialog after, and what to send over the live link."""
        line = self._line
        self.key = next(line.ids)
        dialog = dialog.over(line.hop)
        after, request = dialog.next_request(self.method, *self._fields, line.user_agent)
        signed = line.sign(replace(request, body=self._body), Use.DIALOG)
        return after, SendRequest(self.key, signed)

    def goes_again(self, response: Response) -> bool:
        """Tell whether a final answer is a challenge that can be met."""
        challenged = response.status in {401, 407}
        return challenged and not self._line.challenged(response, self._exchange)
