"""A lab's lamp fields: who is in a call, told to who has subscribed (RFC 4235).

The exchange shows it every message. The first document has all dialogs, those that follow what has
changed; one may be lost on its way, or be nonsense.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.sip.message import Message, Request, Response
from tests.lab.notifier import Notifier, Post, Subscriber, user_of

CALLS_MAX = 100


@dataclass
class Side:
    """One end of a call, as a dialog of its user."""

    id: str
    direction: str
    state: str = "trying"

    def __str__(self) -> str:
        opening = f'<dialog id="{self.id}" direction="{self.direction}">'
        return f"{opening}<state>{self.state}</state></dialog>"


@dataclass
class Watch:
    """What a subscriber has been told."""

    version: int = -1
    told: dict[str, str] | None = field(default=None)  # States by dialog; None: nothing yet.


class LampFields(Notifier):
    """All of them."""

    package = "dialog"
    content = "application/dialog-info+xml"
    name = "lamps"

    def __init__(self, post: Post) -> None:
        super().__init__(post)
        self.loses_next = self.is_nonsense_next = False
        self._sides: dict[str, tuple[tuple[str, Side], ...]] = {}  # By Call-ID, with their users.
        self._watches: dict[str, Watch] = {}

    def see(self, message: Message) -> None:
        """See a message that the exchange carries."""
        if isinstance(message, Request):
            self._see_request(message)
        elif message.cseq.method == "INVITE" and message.status > 100:
            self._moves(message.call_id, _state(message))

    def _see_request(self, request: Request) -> None:
        call = request.call_id
        if request.method == "BYE":
            self._moves(call, "terminated")
        elif request.method == "INVITE" and not request.to.tag and call not in self._sides:
            caller, callee = user_of(request.from_.uri), user_of(request.to.uri)
            here = (caller, Side(f"{call}-from", "initiator"))
            there = (callee, Side(f"{call}-to", "recipient"))
            self._sides[call] = (here, there)
            while len(self._sides) > CALLS_MAX:
                del self._sides[next(iter(self._sides))]
            self._tell(caller)

    def _moves(self, call: str, state: str) -> None:
        sides = self._sides.get(call, ())
        moved = [user for user, side in sides if side.state != state]
        for _, side in sides:
            side.state = state
        for user in moved:
            self._tell(user)
        if state == "terminated":
            self._sides.pop(call, None)

    def _subscribe(self, request: Request) -> None:
        """Whoever asks is told everything."""
        self._watches.setdefault(request.call_id, Watch()).told = None
        super()._subscribe(request)
        self._watches = {one: w for one, w in self._watches.items() if one in self._subscribers}

    def _refused(self, response: Response) -> None:
        """Whoever could not read it is told again at the next change; others are gone."""
        if response.status != 400:
            super()._refused(response)
            self._watches.pop(response.call_id, None)

    def _notify(self, subscriber: Subscriber, state: str) -> None:
        if self.loses_next:
            self.loses_next = False
            self._body(subscriber)
            return
        super()._notify(subscriber, state)

    def _body(self, subscriber: Subscriber) -> str:
        watch = self._watches.setdefault(subscriber.request.call_id, Watch())
        watch.version += 1
        if self.is_nonsense_next:
            self.is_nonsense_next = False
            return "<dialog-info"
        sides = [
            side
            for pair in self._sides.values()
            for user, side in pair
            if user == subscriber.user and (side.direction, side.state) != ("recipient", "trying")
        ]
        now = {side.id: side.state for side in sides}
        told, watch.told = watch.told, now
        kind = "full" if told is None else "partial"
        news = [side for side in sides if told is None or told.get(side.id) != side.state]
        return (
            '<?xml version="1.0"?>\r\n'
            '<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info"'
            f' version="{watch.version}" state="{kind}"'
            f' entity="sip:{subscriber.user}@{self._domain}">'
            f"{''.join(map(str, news))}</dialog-info>\r\n"
        )


def _state(response: Response) -> str:
    """Return what an answer to INVITE makes of both dialogs."""
    if response.status < 200:
        return "early"
    return "confirmed" if response.status < 300 else "terminated"
