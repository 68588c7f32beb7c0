"""The proxy at the other end of a link, as Route entries name it (RFC 3261 16.12, F6).

A proxy that stays in a dialog writes itself into Record-Route as it likes: by the name that was
dialled, by its address, with or without a port; one that speaks TLS to us and something else to
the far end writes itself twice, marked `r2`.
"""

from __future__ import annotations

from firmware.agent.writing import uri_with
from firmware.frozen import frozen
from firmware.link.events import Address, Proxy
from firmware.sip.address import NameAddress
from firmware.sip.uri import SipUri, Uri

SIPS_PORT = 5061


@frozen
class Hop:
    """A proxy by its configured name and by the address that was dialled."""

    proxy: Proxy
    remote: Address | None = None

    def is_named_by(self, uri: Uri) -> bool:
        """Tell whether a Route entry is this proxy."""
        if not isinstance(uri, SipUri):
            return False
        host, port = uri.host.lower(), uri.port or SIPS_PORT
        return any(
            host == name and (port == own or uri.port is None or "r2" in uri.parameters)
            for name, own in self._names()
        )

    @property
    def route(self) -> NameAddress:
        """Return the entry that leads over it: its address, which it always knows itself by."""
        host, port = self._names()[-1]
        uri = uri_with(SipUri("sip", host, port=port), "transport", "tls")
        return NameAddress(uri_with(uri, "lr"))

    def _names(self) -> list[tuple[str, int]]:
        names = [(self.proxy.host.lower(), self.proxy.port or SIPS_PORT)]
        if self.remote is not None:
            names.append((self.remote.host.lower(), self.remote.port))
        return names
