"""The Via header (RFC 3261 20.42)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import Parameters, split_host_port, write_host

_VIA = re.compile(
    r"SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9\-.!%*_+`'~]+)\s+([^;\s]+(?:\s*:\s*\d+)?)\s*(?:;(.*))?",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Via:
    """One hop that the answer takes back."""

    host: str
    port: int | None = None
    transport: str = "TLS"
    parameters: Parameters = Parameters()

    @classmethod
    def parse(cls, text: str) -> Via:
        """Read `SIP/2.0/TLS host:port;branch=...`, white space allowed as in RFC 4475 3.1.1.1."""
        match = _VIA.fullmatch(text.strip())
        if match is None:
            raise RemoteProtocolError(f"bad Via {text[:60]!r}")
        host, port = split_host_port(re.sub(r"\s", "", match[2]))
        return cls(host, port, match[1].upper(), Parameters.parse(match[3] or ""))

    @property
    def branch(self) -> str:
        """The branch parameter, "" where there is none."""
        return self.parameters.get("branch") or ""

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {write_host(self.host, self.port)}{self.parameters}"
