"""What a call's sound tells, as plain values for a program that reads JSON; never a key (T4)."""

from __future__ import annotations

from typing import assert_never

from firmware.media.dtmf import DigitEnded, DigitStarted
from firmware.media.events import (
    FarEndHeard,
    FarEndLeft,
    FarEndSilent,
    QualityMeasured,
    SoundBegun,
    SoundFact,
    WrongKey,
)
from firmware.media.plan import MediaPlan
from firmware.phone.events import SoundHealth

Fields = dict[str, object]


def plan_fields(plan: MediaPlan) -> Fields:
    """Return what is agreed for a call."""
    return {
        "codec": plan.sends.codec.name,
        "ptime_ms": plan.ptime_ms,
        "direction": plan.direction.value,
        "encrypted": plan.is_encrypted,
        "suite": plan.key_out.suite.value if plan.key_out else None,
        "remote": f"{plan.remote.host} {plan.remote.port}",
        "port": plan.local_port,
    }


def health_fields(health: SoundHealth) -> Fields:
    """Return what this phone itself lost, in frames."""
    return {
        "held_up": health.held_up,
        "overflows": health.overflows,
        "underflows": health.underflows,
        "late": health.late,
        "dropped": health.dropped,
        "restarts": health.restarts,
    }


def sound_fields(fact: SoundFact) -> Fields:
    """Return a fact by its name."""
    match fact:
        case QualityMeasured(quality, buffer):
            trip_s = quality.round_trip_s
            return {
                "fact": "quality",
                "bars": quality.bars,
                "loss_here": round(quality.loss_here, 4),
                "jitter_here_ms": round(quality.jitter_here_s * 1000, 2),
                "loss_there": round(quality.loss_there, 4),
                "jitter_there_ms": round(quality.jitter_there_s * 1000, 2),
                "round_trip_ms": None if trip_s is None else round(trip_s * 1000, 2),
                "depth_ms": buffer.depth_ms,
                "target_ms": buffer.target_ms,
                "concealed_ms": buffer.concealed_ms,
                "late_packets": buffer.late,
            }
        case DigitStarted(digit):
            return {"fact": "digit", "digit": digit}
        case DigitEnded(digit, duration_ms):
            return {"fact": "digit ended", "digit": digit, "duration_ms": duration_ms}
        case SoundBegun():
            return {"fact": "sound begun"}
        case FarEndSilent():
            return {"fact": "far end silent"}
        case FarEndHeard():
            return {"fact": "far end heard"}
        case FarEndLeft():
            return {"fact": "far end left"}
        case WrongKey():
            return {"fact": "wrong key"}
        case _:
            assert_never(fact)
