"""What a person wants of one call, carried out."""

from __future__ import annotations

from typing import assert_never

from firmware.agent.calls import AnyCall
from firmware.agent.events import (
    Answer,
    EndCause,
    FarEndSounds,
    Forward,
    HangUp,
    Hold,
    Reject,
    Resume,
    SendDigit,
)
from firmware.agent.received import ReceivedCall

CallCommand = Answer | Reject | Forward | HangUp | Hold | Resume | SendDigit | FarEndSounds


def carry_out(event: CallCommand, call: AnyCall, now: float) -> list[object]:
    """Do it; what makes no sense for a call that was placed does nothing."""
    match event:
        case HangUp():
            return call.hang_up(now)
        case SendDigit(_, digit):
            return call.send_digit(digit)
        case FarEndSounds(_, heard):
            return call.sounds(heard=heard, now=now)
        case Hold() | Resume():
            return call.want_hold(on=isinstance(event, Hold))
        case Answer():
            return call.answer(now) if isinstance(call, ReceivedCall) else []
        case Reject(_, status):
            if not isinstance(call, ReceivedCall):
                return []
            return call.reject(status, EndCause.HUNG_UP_HERE)
        case Forward(_, target, reason):
            return call.forward(target, reason) if isinstance(call, ReceivedCall) else []
        case _:
            assert_never(event)
