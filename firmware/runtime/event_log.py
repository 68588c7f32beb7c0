"""What becomes of the link, the accounts and the calls, as lines of the log.

Whoever is at the far end of a call is in no line: a log leaves the phone. An outage log is kept for
itself (S3); an entry is a line here when it ends.
"""

from __future__ import annotations

import logging

from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    Dialling,
    EndCause,
    IncomingCall,
    LampChanged,
    RegistrationState,
    TieChanged,
)
from firmware.link.events import LinkState, LinkStatus
from firmware.phone.events import OutageEnded, Report
from firmware.phone.outage import Outage
from firmware.phone.outage_words import cause_in_words, length_in_words
from firmware.runtime.log_lines import fields

link_log = logging.getLogger("handset.link")
account_log = logging.getLogger("handset.accounts")
call_log = logging.getLogger("handset.calls")
lamp_log = logging.getLogger("handset.lamps")
outage_log = logging.getLogger("handset.outages")

TROUBLED = {LinkState.OFF, LinkState.WAITING, LinkState.UNPROVEN}
WORDS = {
    LinkState.OFF: "off",
    LinkState.WAITING: "down",
    LinkState.CONNECTING: "connecting",
    LinkState.UP: "up",
    LinkState.UNPROVEN: "unproven",
}


class EventLog:
    """Says each change once."""

    def __init__(self) -> None:
        self._link: tuple[object, ...] = ()
        self._accounts: dict[int, tuple[object, ...]] = {}

    def take(self, output: object) -> None:
        """Take what the phone says to the outside; most of it is for others."""
        match output:
            case Report(LinkStatus() as status):
                self._take_link(status)
            case Report(AccountStatus() as status):
                self._take_account(status)
            case Report(LampChanged() as lamp):
                _say_lamp(lamp)
            case Report(fact):
                _say_call(fact)
            case OutageEnded(outage):
                _say_outage(outage)
            case _:
                pass

    def _take_link(self, status: LinkStatus) -> None:
        proxy = status.proxy
        why = _why(status)
        said = (status.state, proxy, why)
        if said == self._link:
            return
        self._link = said
        named = fields(
            state=status.state.value,
            proxy=proxy,
            role=proxy.role.value if proxy else "",
            reason=why,
            attempts=status.attempts,
            tls=status.facts.version if status.facts else "",
        )
        words = link_in_words(status)
        level = logging.WARNING if status.state in TROUBLED else logging.INFO
        link_log.log(level, "%s", words, extra=named)

    def _take_account(self, status: AccountStatus) -> None:
        said = (status.state, status.reason)
        if said == self._accounts.get(status.account):
            return
        self._accounts[status.account] = said
        named = fields(
            account=status.account,
            address=status.address,
            state=status.state.value,
            reason=status.reason,
        )
        level = logging.WARNING if status.state is RegistrationState.REFUSED else logging.INFO
        words = ", ".join(filter(None, (status.state.value, status.reason)))
        account_log.log(level, "%s: %s", status.address, words, extra=named)


def link_in_words(status: LinkStatus) -> str:
    """Say the link: its state, its proxy, and why it is not up."""
    said = (WORDS[status.state], str(status.proxy or ""), _why(status))
    return ", ".join(filter(None, said))


def _why(status: LinkStatus) -> str:
    is_up = status.state is LinkState.UP
    return status.reason.text if status.reason and not is_up else ""


def _say_lamp(lamp: LampChanged) -> None:
    """Say why a lamp is not told; what it shows of somebody's calls is in no log."""
    if lamp.reason:
        why = lamp.detail or lamp.reason
        named = fields(account=lamp.account, lamp=lamp.number, reason=why)
        lamp_log.warning("the lamp of %s: %s", lamp.number, why, extra=named)


def _say_outage(outage: Outage) -> None:
    cause = cause_in_words(outage)
    named = fields(proxy=outage.proxy, seconds=outage.duration_s, cause=cause)
    outage_log.warning("%s, %s", length_in_words(outage), cause, extra=named)


def _say_call(fact: object) -> None:
    match fact:
        case Dialling(call, account):
            words, named = "dialled", fields(call=call, account=account)
        case IncomingCall(call, account):
            words, named = "comes in", fields(call=call, account=account)
        case CallAnswered(call):
            words, named = "answered", fields(call=call)
        case TieChanged(call, tie):
            words, named = f"{tie.value} after a lost link", fields(call=call, tie=tie.value)
        case CallEnded(call, cause, status, reason):
            reason = "" if cause is EndCause.FORWARDED else reason  # It says to whom.
            words = ", ".join(filter(None, ("ended", cause.value, reason)))
            named = fields(call=call, cause=cause.value, status=status or None, reason=reason)
        case _:
            return
    call_log.info("call %s: %s", named["fields"]["call"], words, extra=named)
