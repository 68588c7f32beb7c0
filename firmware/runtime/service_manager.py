"""The service manager that started this process (systemd), and how it is told of things.

It names a socket in NOTIFY_SOCKET, and takes lines of `NAME=value` there, one datagram at a time
(sd_notify(3)). A phone that nobody supervises has none. The socket never blocks: a word that finds
no room is lost, and a manager that hears nothing starts the phone anew.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

MICROSECONDS = 1_000_000

LOADING_S = 180.0
"""How long the phone may take to be loaded, on the slowest machine: an emulated one."""


class ServiceManager:
    """Who supervises this process; `patience_s` without a word, None: it does not watch."""

    def __init__(self, address: str, patience_s: float | None) -> None:
        self.patience_s = patience_s
        # "@" stands for the zero byte of an abstract socket's name.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def tell(self, *words: str) -> None:
        """Say `NAME=value` in one datagram."""
        with suppress(OSError):
            self._socket.sendto("\n".join(words).encode(), self._address)

    def tell_loading(self, *words: str) -> None:
        """Say it, and ask for patience while the phone is being loaded: its loop does not turn."""
        watches = self.patience_s is not None
        self.tell(*words, *([microseconds("WATCHDOG_USEC", LOADING_S)] if watches else []))

    def tell_loaded(self) -> None:
        """Say that the usual patience will do."""
        if self.patience_s is not None:
            self.tell(microseconds("WATCHDOG_USEC", self.patience_s))

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()


def service_manager(environment: Mapping[str, str] = os.environ) -> ServiceManager | None:
    """Return the service manager, None where there is none."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")) or len(address) < 2:
        return None
    return ServiceManager(address, _patience_s(environment))


def _patience_s(environment: Mapping[str, str]) -> float | None:
    """Return how long it waits for a word of this very process (sd_watchdog_enabled(3))."""
    text = environment.get("WATCHDOG_USEC", "")
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(text) / MICROSECONDS if text.isdecimal() and int(text) > 0 else None


def microseconds(name: str, seconds: float) -> str:
    """Return the word that tells a time."""
    return f"{name}={round(seconds * MICROSECONDS)}"
