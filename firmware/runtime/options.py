"""How the process was started."""

from __future__ import annotations

from pathlib import Path

from firmware.frozen import frozen


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


EXIT_AGAIN = 75
"""The phone has stopped for a factory reset or a new configuration: it is to be started anew."""

RESET_MARK = "reset"
"""In the state folder: a factory reset was begun."""
