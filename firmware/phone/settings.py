"""What the administrator chose for the phone, as a frozen value."""

from __future__ import annotations

from firmware.frozen import frozen


@frozen
class PhoneSettings:
    """What the administrator chose for the phone; times in seconds."""

    digit_timeout_s: float = 4.0
    problems: tuple[str, ...] = ()  # What is wrong with the configuration, as sentences.
