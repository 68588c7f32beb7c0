"""A hawkBit server that rolls firmware out to a whole fleet, as rauc-hawkbit-updater asks it.

That program (RAUC's own, in Debian) speaks hawkBit's DDI, its REST for devices, and hands what it
has fetched to RAUC. Root's units start it for one question at a time (`--run-once`), when nobody
uses the phone; here is what it is told, and what its words mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from config.configuration import Configuration
from firmware.frozen import frozen

CONNECT_S, REQUEST_S = 20, 60
"""Of the client: for a connection, for an answer."""

SLOW_S, SLOW_BYTES = 120, 100
"""A download that is slower for so long is given up, and goes on where it was."""

BUNDLE = "/data/fleet/update.raucb"
"""Where the client keeps what it fetches: the folder is its own (`take-site`)."""

NEW, FETCHING = "New software ready for download", "Start downloading"
PROGRESS = re.compile(r"^MESSAGE: Installing: \S+ : \s*(\d{1,3})% ([^\n]{1,200})$", re.MULTILINE)


@frozen
class Fleet:
    """Where the server is, and who this phone is there. Either token is a secret."""

    host: str
    port: int
    tenant: str
    target: str
    target_token: str = field(default="", repr=False)
    gateway_token: str = field(default="", repr=False)
    interval_s: float = 300.0

    @property
    def server(self) -> str:
        """The server and its port, as in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def problem(self) -> str:
        """Why it cannot be asked, "" where it can."""
        if self.target_token or self.gateway_token:
            return ""
        return "hawkbit server is set, and neither hawkbit target token nor hawkbit gateway token"


def fleet_of(configuration: Configuration, mac: str) -> Fleet | None:
    """Return the server that the parameters name, None where they name none."""
    value = configuration.value
    host = str(value("hawkbit server"))
    if not host:
        return None
    return Fleet(
        host,
        int(value("hawkbit port")),
        str(value("hawkbit tenant")) or "DEFAULT",
        str(value("hawkbit target name")) or mac,
        str(value("hawkbit target token")),
        str(value("hawkbit gateway token")),
        float(value("hawkbit interval")),
    )


def client_file(fleet: Fleet, device: Mapping[str, str]) -> str:
    """Return the client's configuration file; `device` is what it tells the server of the phone.

    A token of the target goes before that of the gateway: the client takes one of them alone. The
    phone restarts itself, when nobody uses it.
    """
    is_target = bool(fleet.target_token)
    name = "auth_token" if is_target else "gateway_token"
    client = {
        "hawkbit_server": fleet.server,
        "ssl": "true",
        "ssl_verify": "true",
        "tenant_id": fleet.tenant,
        "target_name": fleet.target,
        name: fleet.target_token if is_target else fleet.gateway_token,
        "bundle_download_location": BUNDLE,
        "resume_downloads": "true",
        "connect_timeout": str(CONNECT_S),
        "timeout": str(REQUEST_S),
        "low_speed_time": str(SLOW_S),
        "low_speed_rate": str(SLOW_BYTES),
        "post_update_reboot": "false",
        "log_level": "message",
    }
    return f"[client]\n{_lines(client)}\n[device]\n{_lines(device)}"


def _lines(values: Mapping[str, str]) -> str:
    """Return them as GLib's key files have them, which know a backslash."""
    quoted = ((name, text.replace("\\", "\\\\")) for name, text in values.items())
    return "".join(f"{name}={text}\n" for name, text in quoted)


@frozen
class Said:
    """How far the client is, by its own words. `is_new`: the server has firmware for this phone."""

    is_new: bool = False
    text: str = ""
    percent: int | None = None


def said_by(words: str) -> Said:
    """Return how far it is."""
    steps = PROGRESS.findall(words)
    if steps:
        return Said(True, steps[-1][1].strip(), min(int(steps[-1][0]), 100))
    if FETCHING in words:
        return Said(True, "fetching it from the fleet's server")
    return Said(NEW in words)


REASONS = (
    ("Failed to authenticate", "it does not take the token"),
    ("HTTP request failed: 401", "it does not take the token"),
    ("HTTP request failed: 403", "it does not take the token"),
    ("HTTP request failed: 404", "it does not know this target, or this tenant"),
    ("SSL peer certificate", "its certificate is not trusted, or of another name"),
    ("SSL certificate problem", "its certificate is not trusted, or of another name"),
    ("resolve host", "its name is not found"),
    ("connect to server", "it is not reached"),
    ("Timeout was reached", "it does not answer"),
)
"""What the client says of the server, and what it means; all else is said as it is."""


def in_words(said: str) -> str:
    """Return why the server was not asked, for a person."""
    known = next((words for part, words in REASONS if part in said), "")
    return known or said.partition("; server response:")[0] or "it could not be asked"
