"""What the administrator chose for the phone, as a frozen value."""

from __future__ import annotations

from firmware.frozen import frozen

ENDED_S = 4.0
"""How long the screen says why a call is over."""


@frozen
class PhoneSettings:
    """What the administrator chose for the phone; times in seconds."""

    digit_timeout_s: float = 4.0
    call_waiting: bool = True  # A second call is offered while somebody talks.
    problems: tuple[str, ...] = ()  # What is wrong with the configuration, as sentences.
