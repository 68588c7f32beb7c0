"""A lamp field: whether somebody else's phone is free, rings or is busy (RFC 4235).

What was told of dialogs stands as long as the subscription is active: without a link, or before
the first word of a notifier, a lamp is not known. A document with all dialogs replaces what was
told before. One with what has changed goes on from the one before it; where one between them is
missing, or could not be read, all has to be told again, and until then the lamp is not known. Who
agrees and has nothing to tell (Kamailio, of a phone that was in no call yet) tells of no dialog.
"""

from __future__ import annotations

from firmware.agent.dialog_info import PACKAGE, DialogInfo, OtherDialog
from firmware.agent.events import Lamp, LampChanged
from firmware.agent.line import Line
from firmware.agent.target import BadTargetError, parse_target
from firmware.agent.topic import Topic
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request
from firmware.sip.uri import Uri

DIALOGS_MAX = 64
"""Of one phone, over documents that tell what has changed."""

UNREADABLE = "tells what cannot be read"


class LampField(Topic):
    """The lamp of one number that an account watches."""

    package = PACKAGE
    not_found = "no such number"
    ended = "refused there"

    def __init__(self, line: Line, number: str) -> None:
        super().__init__(line, line.account.watch_period_s)
        self.number = number
        self._dialogs: dict[str, OtherDialog] | None = None  # By id; None: nothing to go by.
        self._version = 0  # Of the last document.
        self._missed = 0  # Documents since the last with all dialogs that were of no use.
        self._target: Uri | None = None
        try:
            self._target = parse_target(number, line)
        except BadTargetError as error:
            self.wrong = str(error)

    @property
    def target(self) -> Uri | None:
        return self._target

    def take(self, notify: Request) -> list[object]:
        self.package.check(notify)
        if notify.body:
            self._learn(DialogInfo.parse(notify.body))
            self.trouble = ""
        elif not (self._missed or self.trouble):
            self._dialogs = self._dialogs or {}
        return []

    def _learn(self, told: DialogInfo) -> None:
        """Take a document (RFC 4235 4.3): NOTIFYs come in order, but one may not have come."""
        if told.is_full:
            self._dialogs, self._missed = {}, 0
        elif self._dialogs is None or told.version > self._version + 1:
            self._dialogs, self._missed = None, self._missed + 1
            return
        elif told.version <= self._version:
            return
        self._version = told.version
        self._dialogs |= {dialog.id: dialog for dialog in told.dialogs}
        self._dialogs = {i: d for i, d in self._dialogs.items() if d.lamp is not Lamp.IDLE}
        if len(self._dialogs) > DIALOGS_MAX:
            raise RemoteProtocolError("too many dialogs")

    @property
    def wants_all(self) -> bool:
        return self._missed == 1  # Who tells no more even then is not asked for ever.

    def forget(self) -> None:
        super().forget()
        self._dialogs, self._missed = None, 0

    def unreadable(self, why: str) -> None:
        super().unreadable(why)
        self._dialogs = None

    @property
    def _lamp(self) -> Lamp:
        """What rings comes first: somebody may take it."""
        lamps = {dialog.lamp for dialog in (self._dialogs or {}).values()}
        return next((lamp for lamp in (Lamp.RINGING, Lamp.BUSY) if lamp in lamps), Lamp.IDLE)

    def standing(self, *, is_active: bool, refusal: str) -> LampChanged:
        account = self.line.account.number
        if is_active and self._dialogs is not None:
            return LampChanged(account, self.number, self._lamp)
        trouble = self.trouble if is_active else ""
        reason = UNREADABLE if trouble else refusal
        return LampChanged(account, self.number, Lamp.UNKNOWN, reason, trouble)
