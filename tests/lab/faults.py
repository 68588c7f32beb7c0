"""What can be wrong with an exchange: the switches on the desk and in the tests."""

from __future__ import annotations

from enum import Enum

RETRY_AFTER_S = 5
"""What a 503 asks for, in seconds."""


class Fault(Enum):
    """What can be wrong with an exchange; the value is its name, the label is for people."""

    STOP = "stop"
    RESET = "reset"
    FINISH = "fin"
    FREEZE = "freeze"
    SILENT = "silent"
    UNAVAILABLE = "503"
    RETRY_LATER = "503-retry"
    EXPIRED = "expired"
    HANG = "hang"
    ACCEPT_CLOSE = "accept-close"
    ALERT = "alert"
    NO_PONG = "no-pong"

    @property
    def label(self) -> str:
        """What a switch on the desk says."""
        return LABELS[self]

    @property
    def momentary(self) -> bool:
        """Whether it happens once instead of lasting."""
        return self in (Fault.RESET, Fault.FINISH)


LABELS = {
    Fault.STOP: "Pull the plug",
    Fault.RESET: "Reset (RST)",
    Fault.FINISH: "Close (FIN)",
    Fault.FREEZE: "Freeze",
    Fault.SILENT: "Silent",
    Fault.UNAVAILABLE: "503",
    Fault.RETRY_LATER: f"503, retry after {RETRY_AFTER_S} s",
    Fault.EXPIRED: "Expired certificate",
    Fault.HANG: "Handshake hangs",
    Fault.ACCEPT_CLOSE: "Accept and close",
    Fault.ALERT: "TLS alert",
    Fault.NO_PONG: "No pong",
}

ENDS_CONNECTIONS = {
    Fault.UNAVAILABLE, Fault.RETRY_LATER, Fault.EXPIRED,
    Fault.HANG, Fault.ACCEPT_CLOSE, Fault.ALERT,
}  # fmt: skip
"""Faults of new connections, or of a restart: they show at once if the old connections end."""
