"""The far end of a call that stands: it is asked to refresh its session, and to begin anew (F6)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from firmware.sip.message import Request, Response
from firmware.sip.replaces import Replaces
from tests.simulator.dialogs import FAR_CONTACT, Leg, another_session, final
from tests.simulator.line import Line

if TYPE_CHECKING:
    from tests.simulator.proxy import ProxyEnd

REFRESHED = (200, 200, 200, 404, 404, 408, 500, 500, 488, 491, 503, 481)
REPLACED = (200, 200, 200, 200, 200, 404, 603)
RETRY_AFTER_S = 3
ASKED_MAX = 10
"""INVITEs within a dialog in one second: a person who plays with the hold key makes fewer."""


class Keeper:
    """Answers INVITEs of the phone within a dialog, and those with Replaces."""

    def __init__(self, proxy: ProxyEnd) -> None:
        self._proxy = proxy
        self.seen = dict.fromkeys(["refreshed", "refused", "forgotten", "replaced"], 0)
        self._named: dict[tuple[int, Replaces], float] = {}  # When each was asked for, by link.

    def reinvited(self, line: Line, request: Request, account: str) -> None:
        """Take an INVITE within a dialog."""
        proxy, leg = self._proxy, self._proxy.legs.find(request)
        if leg is None:
            self._refuse(line, request, 481)
            return
        number = request.cseq.number
        if number < leg.phone_cseq and proxy.site.worst.slow_s:
            self._refuse(line, request, 500)  # Its BYE has overtaken it here (12.2.2).
            return
        assert number > leg.phone_cseq, "the CSeq of an INVITE within a dialog does not grow"
        leg.phone_cseq = number
        assert request.body, "an INVITE within a dialog without an offer"
        assert request.contacts, "an INVITE within a dialog without a Contact"
        now = proxy.schedule.now
        heeded = now >= leg.not_before or line.connection.attempt != leg.said_over
        assert heeded, "Retry-After is not heeded within a dialog"
        leg.asked_at = [*leg.asked_at[-9:], now]
        busy = len(leg.asked_at) == ASKED_MAX and now - leg.asked_at[0] < 1
        assert not busy, "INVITEs within a dialog without end"
        if proxy.challenges_in_dialog(line, request, account):
            return
        status = 200 if proxy.is_calm else proxy.random.choice(REFRESHED)
        if status == 200:
            self._refresh(line, leg, request)
            return
        if status == 481:  # It lost the call: its power went off.
            self.seen["forgotten"] += 1
            proxy.legs.forget(leg)
        if status == 503:
            leg.not_before, leg.said_over = now + RETRY_AFTER_S, line.connection.attempt
        self.seen["refused"] += 1
        self._refuse(line, request, status)

    def replaced(self, line: Line, request: Request, account: str, named: Replaces) -> None:
        """Take an INVITE in the place of a dialog: the new one stands once it is acknowledged."""
        proxy, leg = self._proxy, self._proxy.legs.named(named)
        assert "replaces" in request.require, "Replaces without Require"
        assert request.body, "an INVITE with Replaces without an offer"
        assert proxy.legs.knew(named), "Replaces names no dialog that ever was"
        of_link, now = (line.connection.attempt, named), proxy.schedule.now
        last_at = self._named.get(of_link, -1.0)
        again = request.cseq.number == 1 and now - last_at < 1
        assert not again, "INVITEs with Replaces without end"
        self._named[of_link] = now
        status = 200 if proxy.is_calm else proxy.random.choice(REPLACED)
        if leg is None or status != 200:
            self._refuse(line, request, 481 if leg is None else status)
            return
        self.seen["replaced"] += 1
        self._begin_anew(line, request, account)
        proxy.hang_up(leg)

    def _refresh(self, line: Line, leg: Leg, request: Request) -> None:
        self.seen["refreshed"] += 1
        leg.target = request.contacts[0].uri
        leg.has_lost_ack = True  # None from here on: nobody repeats the 2xx of a re-INVITE.
        number = request.cseq.number
        self._proxy.reply(line, self._ok(request, leg.tag, leg.session))
        what = "acknowledge the 2xx of a re-INVITE"
        self._proxy.insist(line, what, lambda: number in leg.acked or leg.is_over)

    def _begin_anew(self, line: Line, request: Request, account: str) -> None:
        session = another_session(self._proxy.legs.new_number() % 65536)
        ok = self._ok(request, self._proxy.new_tag(), session)
        leg = Leg(
            call_id=request.call_id,
            tag=ok.to.tag or "",
            phone_tag=request.from_.tag or "",
            account=account,
            local=ok.headers.get("To") or "",
            remote=request.headers.get("From") or "",
            target=request.contacts[0].uri,
            phone_cseq=request.cseq.number,
            session=session,
        )
        self._proxy.legs.add(leg)
        done = partial(_is_tied, leg)
        self._proxy.insist(line, "acknowledge the 2xx of an INVITE with Replaces", done)
        self._proxy.callee.repeat(line, leg, ok)

    def _ok(self, request: Request, tag: str, session: bytes) -> Response:
        return final(request, 200, tag, ("Contact", FAR_CONTACT), body=session)

    def _refuse(self, line: Line, request: Request, status: int) -> None:
        fields = (("Retry-After", str(RETRY_AFTER_S)),) if status == 503 else ()
        self._proxy.expect_ack(line, request)
        self._proxy.reply(line, final(request, status, self._proxy.new_tag(), *fields))


def _is_tied(leg: Leg) -> bool:
    return bool(leg.acked) or leg.is_over
