"""Whether a call can be placed from an account now, in a moment, or not at all; why, in words.

While the link moves or comes back, and while the registrar has yet to answer, a call waits for as
long as the person does (`Dial.wait_s`): in a few seconds it can go. What an account is refused, or
has to wait for long, is said at once.
"""

from __future__ import annotations

from firmware.agent.events import CallEnded, Dial, EndCause, RegistrationState
from firmware.agent.registration import Registration

MOVING_S = 10.0
"""How long a call waits at least while the link moves: that is a matter of a second or two (F3)."""


def can_send(registration: Registration, *, is_emergency: bool) -> bool:
    """Tell whether an INVITE can go out now: an emergency call needs a link and nothing else."""
    if is_emergency and registration.line.is_up:
        return True
    return registration.is_registered


def waiting_s(registration: Registration, dial: Dial) -> float:
    """Return how long a call may wait for the account; 0 where there is no use in it."""
    if registration.is_moving:
        return max(dial.wait_s, MOVING_S)
    waits = dial.is_emergency or registration.state is RegistrationState.WAITING
    comes = registration.is_settling or (waits and not registration.line.is_up)
    return dial.wait_s if comes else 0.0


def why_not(registration: Registration) -> str:
    """Return why no call can be placed, in words."""
    if not registration.line.is_up:
        return "no link"
    reason = registration.status().reason
    return f"not registered: {reason}" if reason else "not registered"


def no_call(reason: str) -> list[object]:
    """Say that a number was dialled and no call came of it."""
    return [CallEnded(0, EndCause.FAILED, reason=reason)]
