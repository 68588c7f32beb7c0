"""How the process was started."""

from __future__ import annotations

from pathlib import Path

from firmware.frozen import frozen

DHCP_FILE = Path("/run/handset/dhcp")
"""Where the host's DHCP client says which server it was told (`board/dhcp-hook`)."""


@frozen
class Options:
    """What the command line says."""

    board: str
    config: Path
    state: Path
    model: str = ""
    mac: str = ""
    page_port: int = 0
    trace: bool = False
    dhcp: Path = DHCP_FILE


EXIT_AGAIN = 75
"""The phone has stopped for a factory reset or a new configuration: it is to be started anew."""

RESET_MARK = "reset"
"""In the state folder: a factory reset was begun."""
