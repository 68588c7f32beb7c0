"""All calls of the phone, by number: also those that are over but may be answered again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from firmware.agent.line import Line
from firmware.agent.outgoing import OutgoingCall
from firmware.agent.outlasting import OutlastingCall
from firmware.agent.ports import Ports
from firmware.sip.message import Request

CALLS_KEPT_MAX = 64
"""With calls that are over but may be answered again for 32 s; the oldest of those are let go."""

AnyCall = OutgoingCall | OutlastingCall


class Calls:
    """A collection that gives out numbers and ports, and finds whom a message is for."""

    def __init__(self, rtp_port: int) -> None:
        self._all: dict[int, AnyCall] = {}
        self._numbers = count(1)
        self._ports = Ports(rtp_port)

    def __iter__(self) -> Iterator[AnyCall]:
        return iter(tuple(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)

    @property
    def living(self) -> tuple[int, ...]:
        """The numbers of the calls that are not over for the person."""
        return tuple(number for number, call in self._all.items() if not call.has_ended)

    @property
    def placed(self) -> list[OutgoingCall]:
        """The calls that were placed from here."""
        return [call for call in self if isinstance(call, OutgoingCall)]

    def next_number(self) -> int:
        """Return the number of a new call."""
        return next(self._numbers)

    def take_port(self) -> int:
        """Return a port for one more call's sound."""
        return self._ports.take({call.media.port for call in self if not call.has_ended})

    def add(self, call: AnyCall) -> None:
        """Take a new call in."""
        self._all[call.number] = call

    def of(self, number: int) -> AnyCall | None:
        """Return a call, None for one that is forgotten."""
        return self._all.get(number)

    def owner_of(self, key: str) -> AnyCall | None:
        """Find whose request has this key."""
        return next((call for call in self if call.owns(key)), None)

    def holder_of(self, request: Request) -> AnyCall | None:
        """Find whose dialog a request of theirs belongs to."""
        return next((call for call in self if call.holds(request)), None)

    def offered_as(self, key: str) -> OutlastingCall | None:
        """Find the call that came in under this key and has no final answer yet."""
        return next((call for call in self._received if call.is_offered_as(key)), None)

    def awaiting(self, invite: Request, line: Line) -> OutlastingCall | None:
        """Find the call that rings on for the caller of an INVITE (F6)."""
        return next((call for call in self._received if call.awaits(invite, line)), None)

    def know(self, invite: Request) -> bool:
        """Tell whether an INVITE has come in before, on another path (8.2.2.2)."""
        return any(call.repeats(invite) for call in self._received)

    @property
    def _received(self) -> list[OutlastingCall]:
        return [call for call in self if isinstance(call, OutlastingCall)]

    def tidy(self) -> None:
        """Forget what is done, and the oldest of what is over but for repetitions."""
        self._all = {number: call for number, call in self._all.items() if not call.is_done}
        over = [number for number, call in self._all.items() if call.has_ended]
        for number in over[: max(0, len(self._all) - CALLS_KEPT_MAX)]:
            del self._all[number]
