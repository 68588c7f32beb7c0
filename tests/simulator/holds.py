"""What a proxy asked for with Retry-After, and whether the phone has certainly read it (D8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulator.connection import Connection
    from tests.simulator.sent import Sent

TIMER_F_S = 31.0
"""After that the phone may have given a REGISTER up, and hears its answer no more."""


@dataclass
class Failing:
    """An answer that says that the registrar does not serve."""

    user: str
    cseq: int
    retry_after_s: int
    at: float
    end: int  # Where the answer ends among the bytes to the phone.
    heard_at: float | None = None


def held_until(connection: Connection, sent: Sent) -> float:
    """Return until when the proxy of a link that is gone is left alone for certain."""
    if connection.has_accepted or connection.is_garbled:
        return 0.0
    heard = [one for one in connection.failings if _counts(one, connection, sent)]
    return max((one.at + one.retry_after_s for one in heard), default=0.0)


def _counts(one: Failing, connection: Connection, sent: Sent) -> bool:
    """Tell whether the phone read the answer to the REGISTER that it had out then."""
    if not one.retry_after_s or one.heard_at is None:
        return False
    register = sent.registers[connection.attempt, one.user]
    is_last = register.cseq == one.cseq and register.expires > 0
    return is_last and one.heard_at - register.at < TIMER_F_S
