"""How the process was started."""

from __future__ import annotations

from pathlib import Path

from firmware.frozen import frozen

DHCP_FILE = Path("/run/handset/dhcp")
"""Where the host's DHCP client says which server it was told (`board/dhcp-hook`)."""


UPDATE_FOLDER = Path("/run/handset-update")
"""Where the phone of an image and the card's slots speak with each other (`board/image/files`)."""


@frozen
class Options:
    """What the command line says."""

    board: str
    config: Path
    state: Path
    model: str = ""
    mac: str = ""
    page_port: int = 0
    web_port: int | None = None
    trace: bool = False
    dhcp: Path = DHCP_FILE
    update: Path = UPDATE_FOLDER


EXIT_AGAIN = 75
"""The phone has stopped for a factory reset or a new configuration: it is to be started anew."""

CRASH_NOTE = "crash"
"""In the state folder: how the phone ended before, where that was a failure."""

BUNDLE = "update.raucb"
"""In the state folder: another firmware, until it is installed."""

TRIED = "update.tried"
"""In the state folder: which firmware was installed last."""

INSTALLING = "update.installing"
"""In the state folder: which firmware is just being installed."""

RESET_MARK = "reset"
"""In the state folder: a factory reset was begun."""

WEB_CERTIFICATE = "web.pem"
"""In the state folder: the key and the certificate of the web page."""

DESK_WEB_PORT = 8443
"""Of the web page of a virtual handset: the parameter's is for the privileged alone."""

SCRIPT = "script"
"""The board that is none: programs read and write lines of JSON."""


@frozen
class Place:
    """Where the web page is: on every address, or, on a desk, on this machine's own alone (T3).

    A port that is None is the parameter's.
    """

    is_desk: bool
    port: int | None = None


def web_place(options: Options) -> Place | None:
    """Return where the web page is; a script's phone has one where a port is named."""
    if options.board == SCRIPT:
        return None if options.web_port is None else Place(is_desk=True, port=options.web_port)
    if not options.board.startswith("desktop"):
        return Place(is_desk=False, port=options.web_port)
    if options.web_port is not None:
        return Place(is_desk=True, port=options.web_port)
    # Where the handset's own page is at any free port, so is this one.
    return Place(is_desk=True, port=DESK_WEB_PORT if options.page_port else 0)
