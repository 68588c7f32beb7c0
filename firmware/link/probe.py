"""The OPTIONS that asks the proxy itself for a proof of life (D3, D4)."""

from __future__ import annotations

from collections.abc import Iterator

from firmware.link.events import Address, Proxy
from firmware.sip.address import NameAddress
from firmware.sip.cseq import CSeq
from firmware.sip.grammar import Parameters
from firmware.sip.headers import Headers
from firmware.sip.message import Request
from firmware.sip.uri import SipUri
from firmware.sip.via import Via

BRANCH_COOKIE = "z9hG4bK"
"""RFC 3261 8.1.1.7."""


def options_to(proxy: Proxy, local: Address, ids: Iterator[str]) -> Request:
    """Build an OPTIONS that no proxy forwards: Max-Forwards is 0 (RFC 3261 11, 16.3)."""
    to = SipUri("sip", proxy.host)
    me = NameAddress(SipUri("sip", local.host, user="keepalive")).with_tag(next(ids))
    branch = Parameters().with_("branch", BRANCH_COOKIE + next(ids))
    headers = Headers.of(
        ("Via", Via(local.host, local.port, parameters=branch)),
        ("Max-Forwards", 0),
        ("From", me),
        ("To", NameAddress(to)),
        ("Call-ID", next(ids)),
        ("CSeq", CSeq(1, "OPTIONS")),
    )
    return Request("OPTIONS", to, headers)
