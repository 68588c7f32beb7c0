"""The digits of a session: which are sent in place of sound, and which come (RFC 4733).

Each clock rate that digits may come in has a receiver of its own. A far end that begins anew, with
other timestamps, ends the digit that it was sending.
"""

from __future__ import annotations

from math import inf

from firmware.machine import earliest
from firmware.media.dtmf import EventPacket, EventReceiver, EventSender
from firmware.media.plan import MediaPlan


class Digits:
    """Both directions of one call's digits."""

    def __init__(self, plan: MediaPlan) -> None:
        self._receivers: dict[int, EventReceiver] = {}
        self._form = (0, 0)
        self.change(plan)

    def change(self, plan: MediaPlan) -> None:
        """Take another plan; digits that wait are sent on, unless the codec has changed."""
        self._payload_types = dict(plan.events_in)
        self._can_send = plan.events_out is not None
        form = (plan.sends.codec.clock_rate, plan.ptime_ms)
        if form != self._form:
            self._form, self._sender = form, EventSender(*form)

    def press(self, digit: str) -> None:
        """Send a digit until `release`."""
        if self._can_send:
            self._sender.press(digit)

    def release(self) -> None:
        """Let the digit that is pressed end."""
        self._sender.release()

    def send(self, digit: str) -> None:
        """Send a digit of the usual length."""
        if self._can_send:
            self._sender.send(digit)

    def next_packet(self, timestamp: int) -> EventPacket | None:
        """Return what to send at this timestamp in place of sound."""
        return self._sender.next_packet(timestamp)

    def carries(self, payload_type: int) -> bool:
        """Tell whether packets of this type are digits."""
        return payload_type in self._payload_types

    def heard(self, payload_type: int, payload: bytes, timestamp: int, now: float) -> list[object]:
        """Take a packet of a digit; return what it tells anew."""
        clock_rate = self._payload_types[payload_type]
        receiver = self._receivers.setdefault(clock_rate, EventReceiver(clock_rate))
        return [*receiver.handle(payload, timestamp, now)]

    def restart(self) -> list[object]:
        """Forget the far end's timestamps; a digit that it pressed is over."""
        ended = self.wake(inf)
        self._receivers.clear()
        return ended

    def wake(self, now: float) -> list[object]:
        """End a digit of which nothing came for too long."""
        return [told for receiver in self._receivers.values() for told in receiver.wake(now)]

    def deadline(self) -> float | None:
        """Return when that is."""
        return earliest(receiver.deadline() for receiver in self._receivers.values())
