"""What people are told of the link (S1, S2): what is so, and whether that is news."""

from __future__ import annotations

from dataclasses import replace

from firmware.link.events import LinkState, LinkStatus
from firmware.link.flow import Flow
from firmware.link.separate import SeparateFlows
from firmware.machine import is_due


class Telling:
    """Remembers what was told last."""

    def __init__(self) -> None:
        self._told: LinkStatus | None = None

    @property
    def is_silent(self) -> bool:
        """Tell whether nothing was told yet."""
        return self._told is None

    @property
    def shows_up(self) -> bool:
        """Tell whether people take the link for up."""
        return self._told is not None and self._told.state is LinkState.UP

    def news(self, status: LinkStatus) -> list[object]:
        """Return the status when it differs from the one told last."""
        if status == self._told:
            return []
        self._told = status
        return [status]


def with_flow(status: LinkStatus, flow: Flow | SeparateFlows, now: float) -> LinkStatus:
    """Return the status of a link that stands, with what is known of its life."""
    life = flow.life
    unproven = is_due(life.unproven_at, now)
    return replace(
        status,
        state=LinkState.UNPROVEN if unproven else LinkState.UP,
        proof_at=life.proof_at,
        round_trip_s=life.round_trip.smoothed_s,
        measured_s=life.round_trip.measured_s,
        measured_at=life.round_trip.measured_at,
        keep_alive_s=life.period_s,
        answers_pings=life.answers_pings,
        facts=flow.facts,
    )
