"""What the administrator chose for the link, as one frozen value, and that it is another one."""

from __future__ import annotations

from firmware.frozen import frozen
from firmware.link.events import Failure, Proxy


@frozen
class LinkSettings:
    """The link's parameters (PARAMETERS: "The link"); times in seconds."""

    proxies: tuple[Proxy, ...]  # In order of preference: primary, then backup.
    problem: Failure | None = None  # L11: why no connection may be opened at all.
    keep_alive_s: float = 30.0  # 0: off (L6).
    retry_base_s: float = 1.0
    retry_cap_s: float = 120.0
    head_start_s: float = 0.25
    transaction_timer_s: float = 4.0  # D4.
    blacklist_s: float = 300.0  # The longest that an unfit proxy is put behind the others (D8).
    probe_interval_s: float = 60.0  # F3.
    probe_count: int = 3
    minimum_stay_s: float = 120.0
    listening_port: int | None = None
    """Set in TLS mode only (L3): connections are for a call, and the proxy opens them here."""
    ways: int = 0
    """Counts how connections are made (certificates, source port): another number, another link."""


@frozen
class UseSettings:
    """Go by these settings from now on (L5). Which mode the phone is in stays as it was (L3)."""

    settings: LinkSettings
