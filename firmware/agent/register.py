"""Writing REGISTER: what the next one says (RFC 3261 10.2, RFC 5626 4.2).

One Call-ID per proxy and a CSeq that only grows; the Contact is made from the live link when the
request is written. What the registrar could not take (423, 420, 439) is left out from then on,
and bindings of ours that lead nowhere are asked away in the same request.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.agent.account import Account
from firmware.agent.binding import REGISTRATION_ID, Identity, stale_bindings
from firmware.agent.line import ALLOW, Line
from firmware.agent.writing import address_with
from firmware.link.events import Address, Proxy
from firmware.sip.address import NameAddress
from firmware.sip.message import Request
from firmware.sip.uri import SipUri

PERIOD_S = 3600
"""What is asked where the registrar shall choose."""

PERIOD_MAX_S = 2**31 - 1
"""The longest period that the parameter and the header can say."""

USED_MAX = 16
"""Local addresses remembered, to know leftovers by."""

OPTIONS = ("path", "outbound", "gruu")
"""RFC 3327, RFC 5626, RFC 5627."""


@dataclass(slots=True)
class Series:
    """The REGISTERs that one proxy has seen from this account (RFC 3261 10.2.4)."""

    call_id: str
    tag: str
    cseq: int = 0


class RegisterWriter:
    """Writes one account's REGISTERs."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._series: dict[Proxy, Series] = {}
        self._used: dict[Address, None] = {}  # Local addresses in the order of use.
        self._options: tuple[str, ...] = OPTIONS
        self._leaving: tuple[SipUri, ...] = ()  # Leftovers to ask away,
        self._asked: set[SipUri] = set()  # and those that were asked away on this link.
        self.period_s = _period_s(line.account)

    def use(self, account: Account, *, is_other: bool) -> None:
        """Ask by other settings; who is called otherwise begins series of their own."""
        self.period_s = _period_s(account)
        if is_other:
            self._series.clear()

    @property
    def removes(self) -> bool:
        """Tell whether the next REGISTER asks leftovers away."""
        return bool(self._leaving)

    def service_up(self, local: Address) -> None:
        """Start afresh on a new link."""
        self._used.pop(local, None)
        self._used[local] = None  # The live one is the last.
        while len(self._used) > USED_MAX:
            self._used.pop(next(iter(self._used)))
        self._options = tuple(o for o in OPTIONS if o != "outbound" or self._line.outbound)
        self._leaving = ()
        self._asked.clear()

    def identity(self) -> Identity:
        """Return what tells our bindings from others."""
        settings = self._line.settings
        matching = self._line.account.registration.contact_matching
        return Identity(self._line.contact_uri(), settings.instance.lower(), matching)

    def lengthen(self, least_s: int) -> bool:
        """423: ask for at least so long (RFC 3261 10.2.8); False where that makes no sense."""
        if not self.period_s < least_s <= PERIOD_MAX_S:
            return False
        self.period_s = least_s
        return True

    def drop(self, options: tuple[str, ...]) -> bool:
        """420, 439: go without these options; False where none of them was there."""
        kept = tuple(option for option in self._options if option not in options)
        if kept == self._options:
            return False
        self._options = kept
        self._line.outbound = "outbound" in kept
        return True

    def find_leftovers(self, contacts: list[NameAddress], own: NameAddress) -> None:
        """Remember which bindings to ask away next, each once per link."""
        older = list(self._used)[:-1]
        stale = stale_bindings(contacts, own, self.identity(), older)
        self._leaving = tuple(uri for uri in stale if uri not in self._asked)
        self._asked.update(self._leaving)

    def forget_leftovers(self) -> None:
        """Let leftovers be: the registrar does not like to be asked."""
        self._leaving = ()

    def next_request(self, *, leave: bool) -> Request:
        """Write a REGISTER that makes or renews the binding, or takes it away."""
        line, series = self._line, self._current_series()
        series.cseq += 1
        period_s = 0 if leave else self.period_s
        gone = [address_with(NameAddress(uri), "expires", "0") for uri in self._leaving]
        contacts = [address_with(self._contact(), "expires", str(period_s)), *gone]
        headers = line.head(
            ("From", line.identity(series.tag)),
            ("To", NameAddress(line.address_of_record)),
            ("Call-ID", series.call_id),
            ("CSeq", f"{series.cseq} REGISTER"),
            *(("Contact", contact) for contact in contacts),
            ("Expires", period_s),
            ("Supported", ", ".join(self._options)),
            ("Allow", ALLOW),
        )
        return Request("REGISTER", line.registrar, headers)

    def _contact(self) -> NameAddress:
        """Return this flow's Contact (RFC 5626 4.2)."""
        contact = NameAddress(self._line.contact_uri())
        instance = f'"<{self._line.settings.instance}>"'
        contact = address_with(contact, "+sip.instance", instance)
        if self._line.outbound:
            contact = address_with(contact, "reg-id", REGISTRATION_ID)
        return contact

    def _current_series(self) -> Series:
        assert self._line.proxy is not None
        known = self._series.get(self._line.proxy)
        if known is None:
            known = Series(next(self._line.ids), next(self._line.ids))
            self._series[self._line.proxy] = known
        return known


def _period_s(account: Account) -> int:
    return min(account.registration.period_s or PERIOD_S, PERIOD_MAX_S)
