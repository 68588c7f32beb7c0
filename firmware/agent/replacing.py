"""An INVITE of ours with Replaces: the same far end, in a new dialog (RFC 3891, F6)."""

from __future__ import annotations

from firmware.agent.answering import SDP, dialog_fields
from firmware.agent.credentials import Exchange, Use
from firmware.agent.dialog import Dialog
from firmware.agent.line import Line
from firmware.agent.media import MediaSession
from firmware.agent.reading import or_none
from firmware.agent.writing import credentials_of
from firmware.sip.address import NameAddress
from firmware.sip.message import Request, Response
from firmware.sip.replaces import Replaces
from firmware.sip.uri import SipUri, Uri
from firmware.transaction.events import SendRequest

FORKS_MAX = 8
"""Far ends that are acknowledged: one of them holds the dialog, the others should say 481."""


class Replacement:
    """One attempt at it, until its final answers have come."""

    def __init__(self, line: Line, old: Dialog) -> None:
        self.key = ""
        self.is_open = True  # No final answer yet.
        self.media: MediaSession | None = None  # What is offered, whatever else is said meanwhile.
        self._line, self._old = line, old
        self._target = _home_of(old)
        self._call_id, self._tag = next(line.ids), next(line.ids)
        self._cseq = 0
        self._exchange = Exchange(Use.CALL)
        self._invite: Request | None = None
        self._acks: dict[str, Request] = {}  # By the tag of the far end.

    def send(self, offer: bytes) -> SendRequest:
        """Send the INVITE through the proxy of the link."""
        line, old = self._line, self._old
        self._cseq += 1
        self.key = next(line.ids)
        replaces = Replaces(old.call_id, old.remote.tag or "", old.local.tag or "")
        headers = line.head(
            *(("Route", route) for route in line.service_route),
            ("From", line.identity(self._tag)),
            ("To", NameAddress(self._target)),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} INVITE"),
            ("Replaces", replaces),
            ("Require", "replaces"),
            *(field for field in dialog_fields(line) if field != line.user_agent),
            ("Content-Type", SDP),
        )
        self._invite = line.sign(Request("INVITE", self._target, headers, offer), Use.CALL)
        return SendRequest(self.key, self._invite)

    def names(self, dialog: Dialog | None) -> bool:
        """Tell whether that is the dialog whose place is asked for."""
        return dialog is not None and dialog.call_id == self._old.call_id

    def challenged(self, response: Response) -> bool:
        """Learn from a 401 or 407; tell whether it is worth another INVITE."""
        return not self._line.challenged(response, self._exchange)

    def known_ack(self, response: Response) -> Request | None:
        """Return the ACK of a 2xx that comes again."""
        return self._acks.get(_tag_of(response))

    def opened(self, response: Response) -> tuple[Dialog, Request] | None:
        """Return the dialog that a 2xx opens, and its ACK; None for one that cannot be read."""
        assert self._invite is not None
        invite, self.is_open = self._invite, False
        dialog = or_none(lambda: Dialog.opened_by_us(invite, response, self._line.hop))
        if dialog is None or len(self._acks) >= FORKS_MAX:
            return None
        credentials = credentials_of(invite)
        ack = dialog.acknowledge(dialog.local_cseq, *credentials, self._line.user_agent)
        self._acks[_tag_of(response)] = ack
        return dialog, ack


def _tag_of(response: Response) -> str:
    return or_none(lambda: response.to.tag) or ""


def _home_of(dialog: Dialog) -> Uri:
    """Return where the far end is found whatever its link: its GRUU, else its address of record."""
    target = dialog.target
    is_gruu = isinstance(target, SipUri) and "gr" in target.parameters
    return target if is_gruu else dialog.remote.uri
