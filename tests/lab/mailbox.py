"""A lab's voice mail: who has how many messages, told to subscribers and to who never asked.

One mailbox for each user. Whoever subscribes (RFC 6665) is told at once and whenever it changes;
who is registered and has not subscribed is told by NOTIFY outside a dialog (RFC 3842). It
also says check-sync, which is such a NOTIFY.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from firmware.sip.headers import Headers
from firmware.sip.message import Message, Request, Response
from firmware.sip.uri import SipUri, Uri, parse_uri

MAILBOX = "mailbox"
"""The user part of its address."""

PACKAGE = "message-summary"
SUMMARY = "application/simple-message-summary"
PERIOD_S = 600
"""The longest subscription that it grants."""

SUBSCRIPTIONS_MAX = 100


@dataclass(eq=False)
class Subscriber:
    """Who subscribed, and what was last said there."""

    user: str
    request: Request
    tag: str
    cseq: int = 0
    expires_s: int = PERIOD_S


class Mailboxes:
    """All of them: an end of the exchange; `send` gives a message to the exchange."""

    alive = True

    def __init__(
        self,
        address: str,
        domain: str,
        send: Callable[[Message], None],
        new_id: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        self.number = ""  # Where messages are heard.
        self._address, self._domain, self._send, self._new_id = address, domain, send, new_id
        self._counts: dict[str, list[int]] = {}  # New ones and old ones.
        self._subscribers: dict[str, Subscriber] = {}  # By Call-ID.

    @property
    def subscribed(self) -> list[str]:
        """The users who have subscribed."""
        return sorted(subscriber.user for subscriber in self._subscribers.values())

    def leave(self, user: str) -> None:
        """Somebody leaves a message."""
        self._counts.setdefault(user, [0, 0])[0] += 1
        self._tell(user)

    def hear(self, user: str) -> None:
        """A user hears all messages: they are old ones now."""
        new, old = self._counts.get(user, (0, 0))
        self._counts[user] = [0, old + new]
        self._tell(user)

    def forget(self, user: str, reason: str) -> None:
        """End the subscriptions of a user, with a reason."""
        for call_id, subscriber in list(self._subscribers.items()):
            if subscriber.user == user:
                del self._subscribers[call_id]
                self._notify(subscriber, f"terminated;reason={reason}")

    def resync(self, user: str, parameters: str = "") -> None:
        """Want a phone to fetch its configuration anew: `parameters` may be ";reboot=true"."""
        address = f"sip:{user}@{self._domain}"
        sender = f"<sip:{self._domain}>;tag={self._new_id(4)}"
        fields = self._fields(1, sender, f"<{address}>", self._new_id(8))
        headers = fields.set("Event", f"check-sync{parameters}")
        self._send(Request("NOTIFY", parse_uri(address), headers, b""))

    def send(self, message: Message) -> None:
        """Take a message that the exchange brings."""
        if isinstance(message, Response):
            if message.status >= 300:
                self._subscribers.pop(message.call_id, None)  # Nobody is there any more.
            return
        if message.method == "SUBSCRIBE":
            self._subscribed(message)
        elif message.method != "ACK":
            self._send(message.answer(405, to_tag=message.to.tag or self._new_id(4)))

    def _subscribed(self, request: Request) -> None:
        known = self._subscribers.get(request.call_id)
        if request.to.tag and (known is None or known.tag != request.to.tag):
            self._send(request.answer(481))
            return
        if (request.headers.get("Event") or "") != PACKAGE:
            self._send(request.answer(489, to_tag=self._new_id(4)))
            return
        user = request.from_.uri.user if isinstance(request.from_.uri, SipUri) else ""
        subscriber = known or Subscriber(user or "", request, self._new_id(4))
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
        headers = answer.headers.set("Contact", self._contact)
        return replace(answer, headers=headers.set("Expires", str(subscriber.expires_s)))

    def _state(self, subscriber: Subscriber) -> None:
        if subscriber.expires_s:
            self._notify(subscriber, f"active;expires={subscriber.expires_s}")
            return
        self._subscribers.pop(subscriber.request.call_id, None)
        self._notify(subscriber, "terminated;reason=timeout")

    def _tell(self, user: str) -> None:
        """Tell who has subscribed, else whoever is registered."""
        subscribers = [s for s in self._subscribers.values() if s.user == user]
        for subscriber in subscribers:
            self._state(subscriber)
        if not subscribers:
            address = f"sip:{user}@{self._domain}"
            sender = f"<sip:{MAILBOX}@{self._domain}>;tag={self._new_id(4)}"
            fields = self._fields(1, sender, f"<{address}>", self._new_id(8))
            self._send(self._summary(user, parse_uri(address), fields, "active"))

    def _notify(self, subscriber: Subscriber, state: str) -> None:
        """Send NOTIFY within the dialog of a SUBSCRIBE."""
        asked = subscriber.request
        subscriber.cseq += 1
        sender = f"{asked.to.with_tag(subscriber.tag)}"
        fields = self._fields(subscriber.cseq, sender, str(asked.from_), asked.call_id)
        target = asked.contacts[0].uri
        self._send(self._summary(subscriber.user, target, fields, state))

    def _fields(self, cseq: int, sender: str, to: str, call_id: str) -> Headers:
        return Headers.of(
            ("Via", f"SIP/2.0/TLS {self._address};branch=z9hG4bK{self._new_id(8)}"),
            ("Max-Forwards", "70"),
            ("From", sender),
            ("To", to),
            ("Call-ID", call_id),
            ("CSeq", f"{cseq} NOTIFY"),
            ("Contact", self._contact),
            ("Event", PACKAGE),
        )

    def _summary(self, user: str, target: Uri, fields: Headers, state: str) -> Request:
        new, old = self._counts.get(user, (0, 0))
        lines = [
            f"Messages-Waiting: {'yes' if new else 'no'}",
            *([f"Message-Account: sip:{self.number}@{self._domain}"] if self.number else []),
            f"Voice-Message: {new}/{old} (0/0)",
        ]
        headers = fields.add("Subscription-State", state).add("Content-Type", SUMMARY)
        body = "".join(f"{line}\r\n" for line in lines).encode()
        return Request("NOTIFY", target, headers, body)

    @property
    def _contact(self) -> str:
        return f"<sip:{MAILBOX}@{self._address};transport=tls>"
