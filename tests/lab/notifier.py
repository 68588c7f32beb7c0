"""A lab's notifier (RFC 6665): who subscribes is told at once, and whenever something changes.

What it tells of is a package's own: `mailbox.py`, `lamps.py`.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

from firmware.sip.headers import Headers
from firmware.sip.message import Message, Request, Response
from firmware.sip.uri import SipUri, Uri

PERIOD_S = 600
"""The longest subscription that it grants."""

SUBSCRIPTIONS_MAX = 100


@dataclass(eq=False)
class Subscriber:
    """Who subscribed to whom, and what was last said there."""

    user: str  # Who it is about.
    request: Request
    tag: str
    cseq: int = 0
    expires_s: int = PERIOD_S


@dataclass(frozen=True)
class Post:
    """Where a notifier is, and how it gives a message to the exchange."""

    address: str
    domain: str
    send: Callable[[Message], None]
    new_id: Callable[[int], str] = secrets.token_hex


class Notifier(ABC):
    """An end of the exchange."""

    alive = True
    package: str
    content: str
    name: str
    """The user part of its address."""

    def __init__(self, post: Post) -> None:
        self._address, self._domain = post.address, post.domain
        self._send, self._new_id = post.send, post.new_id
        self._subscribers: dict[str, Subscriber] = {}  # By Call-ID.

    @abstractmethod
    def _body(self, subscriber: Subscriber) -> str:
        """Return what is told."""

    @property
    def subscribed(self) -> list[str]:
        """The users that somebody has subscribed to."""
        return sorted(subscriber.user for subscriber in self._subscribers.values())

    def forget(self, user: str, reason: str) -> None:
        """End the subscriptions to a user, with a reason."""
        for call_id, subscriber in list(self._subscribers.items()):
            if subscriber.user == user:
                del self._subscribers[call_id]
                self._notify(subscriber, f"terminated;reason={reason}")

    def send(self, message: Message) -> None:
        """Take a message that the exchange brings."""
        if isinstance(message, Response):
            if message.status >= 300:
                self._refused(message)
            return
        if message.method == "SUBSCRIBE":
            self._subscribe(message)
        elif message.method != "ACK":
            self._send(message.answer(405, to_tag=message.to.tag or self._new_id(4)))

    def _refused(self, response: Response) -> None:
        """Take it that nobody is there any more."""
        self._subscribers.pop(response.call_id, None)

    def _subscribe(self, request: Request) -> None:
        known = self._subscribers.get(request.call_id)
        if request.to.tag and (known is None or known.tag != request.to.tag):
            self._send(request.answer(481))
            return
        if (request.headers.get("Event") or "") != self.package:
            self._send(request.answer(489, to_tag=self._new_id(4)))
            return
        subscriber = known or Subscriber(user_of(request.to.uri), request, self._new_id(4))
        subscriber.request = request
        asked_s = PERIOD_S if request.expires is None else request.expires
        subscriber.expires_s = min(asked_s, PERIOD_S)
        self._subscribers[request.call_id] = subscriber
        while len(self._subscribers) > SUBSCRIPTIONS_MAX:
            del self._subscribers[next(iter(self._subscribers))]
        self._send(self._granted(request, subscriber))
        self._state(subscriber)

    def _granted(self, request: Request, subscriber: Subscriber) -> Response:
        answer = request.answer(200, to_tag=subscriber.tag)
        headers = answer.headers.set("Contact", self.contact)
        return replace(answer, headers=headers.set("Expires", str(subscriber.expires_s)))

    def _state(self, subscriber: Subscriber) -> None:
        if subscriber.expires_s:
            self._notify(subscriber, f"active;expires={subscriber.expires_s}")
            return
        self._subscribers.pop(subscriber.request.call_id, None)
        self._notify(subscriber, "terminated;reason=timeout")

    def _tell(self, user: str) -> bool:
        """Tell who has subscribed to a user; False where there is nobody."""
        subscribers = [s for s in self._subscribers.values() if s.user == user]
        for subscriber in subscribers:
            self._state(subscriber)
        return bool(subscribers)

    def _notify(self, subscriber: Subscriber, state: str) -> None:
        """Send NOTIFY within the dialog of a SUBSCRIBE."""
        asked = subscriber.request
        subscriber.cseq += 1
        sender = f"{asked.to.with_tag(subscriber.tag)}"
        fields = self._fields(subscriber.cseq, sender, str(asked.from_), asked.call_id)
        self._send(self._told(subscriber, asked.contacts[0].uri, fields, state))

    def _fields(self, cseq: int, sender: str, to: str, call_id: str) -> Headers:
        return Headers.of(
            ("Via", f"SIP/2.0/TLS {self._address};branch=z9hG4bK{self._new_id(8)}"),
            ("Max-Forwards", "70"),
            ("From", sender),
            ("To", to),
            ("Call-ID", call_id),
            ("CSeq", f"{cseq} NOTIFY"),
            ("Contact", self.contact),
            ("Event", self.package),
        )

    def _told(self, subscriber: Subscriber, target: Uri, fields: Headers, state: str) -> Request:
        headers = fields.add("Subscription-State", state).add("Content-Type", self.content)
        return Request("NOTIFY", target, headers, self._body(subscriber).encode())

    @property
    def contact(self) -> str:
        """Where it is reached."""
        return f"<sip:{self.name}@{self._address};transport=tls>"


def user_of(uri: Uri) -> str:
    """Return the user part of an address, "" for none."""
    return (uri.user or "") if isinstance(uri, SipUri) else ""
