"""What a file may not set that anybody on the network could have written (T2).

A file that came over HTTP or TFTP, or from a server that DHCP named, may set how the phone looks,
sounds and dials. Proxies, trust, keys and passwords it may not, and neither where the next files
come from. Such a line counts as if it were not there, and a problem says so; the rest of the file
holds.
"""

from __future__ import annotations

from config.cfg_file import ParsedFile
from config.kinds import Host
from config.parameters import Group, find
from config.problem import Problem, Problems

NAMES = frozenset(
    {
        "sip transport protocol",
        "sips persistent tls",
        "sips trusted certificates",
        "sips root and intermediate certificates",
        "sips local certificate",
        "sips private key",
        "sips certificate revocation list",
        "sips allow wildcard certificates",
        "sip whitelist",
        "sip srtp mode",  # Whether calls are encrypted is a matter of trust.
        "download protocol",
        "https path",
        "https port",
        "http path",
        "http port",
        "tftp path",
        "tftp port",
        "dhcp config option override",
        "https user certificates",
        "configuration signer",
        "https validate certificates",
        "https validate hostname",
        "https validate expires",
        "log server ip",  # Whoever reads the log knows who calls and when.
        "log server port",
        "log server transport",
        "upgrade uri",
        "firmware server",
        "hawkbit server",
        "hawkbit port",
        "hawkbit tenant",
        "hawkbit target name",
    }
)
"""Beside every secret, every proxy with its port, and every server of files."""

SERVERS = frozenset({"https server", "http server", "tftp server"})


def is_guarded(name: str) -> bool:
    """Tell whether a parameter (its canonical name) is out of such a file's reach."""
    parameter = find(name)
    if parameter is None:
        return False  # It has no effect.
    if name in NAMES or name in SERVERS or parameter.secret:
        return True
    is_place = isinstance(parameter.kind, Host) or name.endswith(" port")
    return is_place and parameter.group is Group.PROXIES


def without_guarded(parsed: ParsedFile, doubt: str) -> ParsedFile:
    """Return a file without what it may not set; `doubt` says why: "it came over TFTP"."""
    problems = Problems(parsed.problems)
    allowed = []
    for statement in parsed.statements:
        if is_guarded(statement.name):
            text = f"{statement.written}: not taken from this file: {doubt}, unsigned"
            problems.extend((Problem(text, statement.file, statement.line),))
        else:
            allowed.append(statement)
    return ParsedFile(tuple(allowed), problems.all())
