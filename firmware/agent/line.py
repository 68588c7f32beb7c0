"""Who an account is in the requests it sends: its addresses, its routes, its credentials.

The Contact is made from the live link each time it is needed and never kept: after a reconnect
the port is another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from firmware.agent.account import Account, AgentSettings
from firmware.agent.binding import gruu
from firmware.agent.credentials import Credentials, Exchange, Use
from firmware.agent.hop import Hop
from firmware.agent.reading import or_none
from firmware.agent.writing import MAX_FORWARDS, uri_with
from firmware.link.events import Address, Proxy
from firmware.sip.address import NameAddress
from firmware.sip.headers import Headers
from firmware.sip.message import Request, Response
from firmware.sip.uri import SipUri
from firmware.transaction.events import ServiceUp

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, NOTIFY"
"""What this phone answers."""

ROUTES_MAX = 8
"""Service-Route entries that are followed; more would be a loop."""


class Line:
    """An account and the link that carries it."""

    def __init__(
        self,
        account: Account,
        settings: AgentSettings,
        credentials: Credentials,
        ids: Iterator[str],
        random: Random,
    ) -> None:
        self.account = account
        self.settings = settings
        self.ids = ids
        self.random = random
        self.proxy: Proxy | None = None
        self._hop: Hop | None = None  # The proxy of the link, or of the last one.
        self._local: Address | None = None
        self._credentials = credentials
        self.forget_registration()

    def use(self, account: Account, settings: AgentSettings) -> None:
        """Be another account by the same number, from the next request on (L5)."""
        is_other = settings.outbound != self.settings.outbound
        self.account, self.settings = account, settings
        if is_other:
            self.outbound = settings.outbound

    @property
    def is_up(self) -> bool:
        """Tell whether requests can be sent."""
        return self.proxy is not None

    def service_up(self, event: ServiceUp) -> None:
        """Take the live link."""
        self.proxy, self._local = event.proxy, event.local
        self._hop = Hop(event.proxy, event.remote)
        self.forget_registration()

    def service_lost(self) -> None:
        """Forget the link; what the registrar told over it went with it."""
        self.proxy = self._local = None
        self.forget_registration()

    def forget_registration(self) -> None:
        """Forget what a registrar told; it is asked for outbound again (RFC 5626, 439)."""
        self.outbound = self.settings.outbound
        self.service_route: tuple[NameAddress, ...] = ()  # RFC 3608.
        self.public_gruu: SipUri | None = None  # RFC 5627.
        self.temporary_gruu: SipUri | None = None

    def registered(self, own: NameAddress, response: Response) -> None:
        """Learn what the registrar tells with the binding (RFC 3608, 5627)."""
        self.service_route = (or_none(lambda: response.service_routes) or ())[:ROUTES_MAX]
        self.public_gruu = gruu(own, "pub-gruu")
        self.temporary_gruu = gruu(own, "temp-gruu")

    @property
    def address_of_record(self) -> SipUri:
        """Who the account is to others."""
        scheme = "sips" if self.settings.send_sips else "sip"
        return SipUri(scheme, self.account.domain, user=self.account.user)

    @property
    def registrar(self) -> SipUri:
        """The Request-URI of REGISTER (RFC 3261 10.2)."""
        return SipUri("sips" if self.settings.send_sips else "sip", self.account.domain)

    def identity(self, tag: str) -> NameAddress:
        """Return the From of what the account sends."""
        return NameAddress(self.address_of_record, self.account.display_name).with_tag(tag)

    @property
    def hop(self) -> Hop:
        """Where each request of ours goes first."""
        assert self._hop is not None, "no link yet"
        return self._hop

    @property
    def host(self) -> str:
        """Our address on the live link: sound goes the way that SIP goes."""
        assert self._local is not None, "no link, no address"
        return self._local.host

    def contact_uri(self) -> SipUri:
        """Return where the account is reached: this end of the live link."""
        assert self._local is not None, "no link to be reached over"
        user, host, port = self.account.user, self._local.host, self._local.port
        if self.settings.send_sips:
            return SipUri("sips", host, user=user, port=port)
        return uri_with(SipUri("sip", host, user=user, port=port), "transport", "tls")

    def dialog_contact(self) -> NameAddress:
        """Return the Contact of calls: the GRUU, or the flow of this link (RFC 5626 4.3, `ob`)."""
        if self.public_gruu is not None:
            return NameAddress(self.public_gruu)
        uri = self.contact_uri()
        return NameAddress(uri_with(uri, "ob") if self.outbound else uri)

    def is_mine(self, uri: SipUri) -> bool:
        """Tell whether a Request-URI names this account."""
        if any(gruu is not None and gruu.equals(uri) for gruu in self._gruus()):
            return True
        return uri.user == self.account.user

    def head(self, *fields: tuple[str, object]) -> Headers:
        """Return the header of a request outside a dialog, with these fields in it."""
        return Headers.of(("Max-Forwards", MAX_FORWARDS), *fields, self.user_agent)

    @property
    def user_agent(self) -> tuple[str, object]:
        """The field that says what phone this is."""
        return ("User-Agent", self.settings.user_agent)

    @property
    def supported(self) -> tuple[str, object]:
        """The field that says which extensions calls may use.

        RFC 3262 (100rel), 4916 (from-change), 4028 (timer), 5626, 5627 (gruu), 3891 (replaces).
        """
        outbound = "outbound, " * self.outbound
        return ("Supported", f"100rel, from-change, timer, {outbound}gruu, replaces")

    def sign(self, request: Request, use: Use) -> Request:
        """Add the credentials; the request must be written at once and in this order (F5)."""
        assert self.proxy is not None
        return self._credentials.sign(request, self.account, self.proxy, use)

    def challenged(self, response: Response, exchange: Exchange) -> str:
        """Learn from a 401 or 407; return "" to sign anew, or why there is no use in it."""
        assert self.proxy is not None
        return self._credentials.challenged(response, self.account, self.proxy, exchange)

    def accepted(self, response: Response, use: Use) -> None:
        """Learn from a 2xx."""
        assert self.proxy is not None
        self._credentials.accepted(response, self.account, self.proxy, use)

    def _gruus(self) -> tuple[SipUri | None, ...]:
        return self.public_gruu, self.temporary_gruu
