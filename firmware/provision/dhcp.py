"""The server that DHCP names: what the host's DHCP client has put into a small file.

A line for each option, its number and its value: `66 192.0.2.1`, `160 https://files.test/phones`.
Option 43 holds sub-options and stands in hexadecimal (`43 02:09:31:39:...`): number 2 names the
server. Of several the first of 43, 160, 159 and 66 counts, as desk phones have it. A value is a
URL, or a host, which then speaks TFTP. Whoever answers DHCP first may say anything: what such a
server gives is never trusted (T2). What cannot be read is no server.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from config.kinds import CONTROL, FILE_NAME_MAX, Host
from firmware.provision.server import BY_DHCP, TFTP, USUAL_PORTS, Server

FILE_BYTES_MAX = 4096
ORDER = (43, 160, 159, 66)
SERVER_SUBOPTION = 2

LINE = re.compile(r"(43|66|159|160)[ \t]+(\S.*?)\s*")


def dhcp_server(text: str, only: str = "0") -> Server | None:
    """Return the server that a file names; `only`: by this option alone, "-1": by none."""
    found = [match for line in text.splitlines() if (match := LINE.fullmatch(line))]
    options = {int(match[1]): match[2] for match in found}
    for number in ORDER:
        if number in options and only in {"0", str(number)}:
            value = _suboption(options[number]) if number == 43 else options[number]
            if server := _server(value):
                return server
    return None


def _suboption(text: str) -> str:
    """Return the sub-option of option 43 that names the server (RFC 2132 8.4)."""
    try:
        data = bytes.fromhex(text.replace(":", " "))
    except ValueError:
        return ""
    while len(data) >= 2:
        number, length = data[:2]
        if number == SERVER_SUBOPTION:
            return data[2 : 2 + length].decode("utf-8", "replace")
        data = data[2 + length :]
    return ""


def _server(text: str) -> Server | None:
    """Return the server of a URL or a host."""
    url = text if "://" in text else f"{TFTP}://{text}"
    if len(url) > FILE_NAME_MAX or CONTROL.search(url):
        return None
    try:
        parts = urlsplit(url)
        host, port = str(Host().parse(parts.hostname or "")), parts.port
    except ValueError:
        return None
    if parts.scheme not in USUAL_PORTS or not host or parts.username is not None:
        return None
    return Server(parts.scheme, host, port or USUAL_PORTS[parts.scheme], parts.path, BY_DHCP)
