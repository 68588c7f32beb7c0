"""The Via header field: the way a response takes back (RFC 3261 20.42, RFC 3581)."""

from __future__ import annotations

import re

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import WHITE_SPACE, Parameters
from firmware.sip.uri import checked_host, checked_port

_VIA = re.compile(
    r"(?P<name>[^\s/]++)[ \t]*+/[ \t]*+(?P<version>[^\s/]++)[ \t]*+/[ \t]*+"
    r"(?P<transport>[A-Za-z0-9\-.!%*_+`'~]++)[ \t]++"
    r"(?P<host>\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9_.\-]++)[ \t]*+"
    r"(?::[ \t]*+(?P<port>[0-9]{1,5}+)[ \t]*+)?"
    r"(?P<parameters>(?:;.*+)?)",
    re.DOTALL,
)


@frozen
class Via:
    """One hop: who sent the request and where its answer is to go."""

    host: str
    port: int | None = None
    transport: str = "TLS"
    parameters: Parameters = Parameters()
    protocol: str = "SIP/2.0"

    def __post_init__(self) -> None:
        if self.host[:1] == "[":
            object.__setattr__(self, "host", self.host.strip("[]"))

    @classmethod
    def parse(cls, text: str) -> Via:
        """Read one hop; white space may stand around the slashes, the colon, the semicolons."""
        found = _VIA.fullmatch(text.strip(WHITE_SPACE))
        if found is None:
            raise RemoteProtocolError("not a protocol and a host")
        name, version, transport, host, port, parameters = found.groups()
        return cls(
            host=checked_host(host),
            port=None if port is None else checked_port(port),
            transport=transport,
            parameters=Parameters.parse(parameters),
            protocol=f"{name}/{version}",
        )

    @property
    def branch(self) -> str:
        """The branch; nothing where a peer older than RFC 3261 gives none."""
        return self.parameters.get("branch") or ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{self.protocol}/{self.transport} {host}{port}{self.parameters}"
