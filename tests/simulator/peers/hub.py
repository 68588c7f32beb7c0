"""The proxy behind the phone's link and everybody that it leads to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from firmware.sip.message import Message, Request, Response
from firmware.sip.uri import Uri
from tests.simulator.dialogs import final
from tests.simulator.peers.called import Called
from tests.simulator.peers.calling import Calling
from tests.simulator.peers.talk import Names, OnResponse, Talk

if TYPE_CHECKING:
    from tests.simulator.peers.world import World


CALLERS_KEPT = 20
"""Callers that are remembered: whoever called before has come to an end."""


@dataclass(frozen=True)
class Ways:
    """What the far ends of one run are like; each of them is wholly off in some runs."""

    mute: float = 0.0  # Chance that a far end dies without a word.
    lost: float = 0.0  # Chance that an ACK or a 2xx is lost behind the proxy.
    never: float = 0.0  # Chance that an ACK never comes.
    forks: int = 1
    reliable: float = 0.0
    early_media: float = 0.0
    challenges: float = 0.0
    redirects: float = 0.0
    calls_every_s: float = 30.0
    record_routes: int = 1
    replaces: float = 0.0  # Chance that who calls takes the place of a call that stands.


def draw_ways(random: Random) -> Ways:
    """Draw them."""

    def maybe(top: float) -> float:
        return random.choice([0.0, random.uniform(0, top)])

    return Ways(
        mute=maybe(0.2),
        lost=maybe(0.5),
        never=maybe(0.3),
        forks=random.choice([1, 1, 2, 3]),
        reliable=random.choice([0.0, 0.5, 1.0]),
        early_media=maybe(1.0),
        challenges=maybe(0.6),
        redirects=maybe(0.3),
        calls_every_s=random.choice([8.0, 20.0, 60.0]),
        record_routes=random.choice([1, 1, 2]),
        replaces=maybe(0.5),
    )


class Hub:
    """Takes what the phone sends to whom it is for."""

    def __init__(self, world: World, ways: Ways) -> None:
        self.random = world.random
        self.ways = ways
        self.is_calm = False
        self.talks: dict[tuple[str, str], Talk] = {}
        self.called: dict[str, Called] = {}  # By branch.
        self.callers: list[Calling] = []  # The latest of those who called the phone.
        self.phone: Uri | None = None  # Where the phone is reached.
        self.seen: dict[str, int] = {}
        self._world = world
        self._waiting: dict[tuple[str, str], OnResponse] = {}
        self._nonces: set[str] = set()
        self._numbers = 0

    @property
    def contact(self) -> str:
        """Where a far end is reached from now on."""
        return f"<sip:far@203.0.113.5:{self.random.randint(5061, 5069)};transport=tls>"

    @property
    def now(self) -> float:
        """The world's time."""
        return self._world.schedule.now

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something after a while."""
        self._world.schedule.later(delay_s, action)

    def saw(self, what: str) -> None:
        """Count what has come about."""
        self.seen[what] = self.seen.get(what, 0) + 1

    def cut_off(self) -> None:
        """The phone's link is gone."""
        self.phone = None
        self.saw("cut")
        self.callers = self.callers[-CALLERS_KEPT:]
        for caller in self.callers:
            caller.cut_off()

    # What the phone sends.

    def arrived(self, message: Message) -> None:
        """Take a message of the phone's."""
        if isinstance(message, Response):
            heard = self._waiting.get((message.via.branch, message.cseq.method))
            self.saw(f"{message.cseq.method} {message.status}")
            if heard is not None:
                heard(message)
            return
        self.saw(message.method)
        match message.method:
            case "REGISTER":
                self._register(message)
            case "ACK":
                if talk := self._talk(message):
                    talk.acknowledged(message)
            case "CANCEL":
                self._cancelled(message)
            case "INVITE" if not message.to.tag:
                self._invited(message)
            case _:
                self._within(message)

    def _register(self, request: Request) -> None:
        contact = request.contacts[0]
        self.phone = contact.uri if request.expires != 0 else None
        expires = ("Contact", f"<{contact.uri}>;expires=3600")
        self.reply(self.answer(request, 200, expires, tag="reg"))

    def _invited(self, request: Request) -> None:
        if self.random.random() < self.ways.challenges and not self.is_signed(request):
            self.saw("challenged")
            self.reply(self.answer(request, 407, self.challenge(), tag=self.new("p")))
            return
        called = Called(self, request)
        self.called[request.via.branch] = called
        called.begin()

    def _cancelled(self, cancel: Request) -> None:
        called = self.called.get(cancel.via.branch)
        status = 200 if called else 481
        self.reply(self.answer(cancel, status, tag=self.new("p")))
        if called:
            called.cancelled()

    def _within(self, request: Request) -> None:
        talk = self._talk(request)
        if talk is None and any(caller.is_asked(request) for caller in self.callers):
            return
        if talk is None:
            self.reply(self.answer(request, 481))
        else:
            talk.asked(request)

    def _talk(self, request: Request) -> Talk | None:
        return self.talks.get((request.call_id, request.to.tag or ""))

    def add(self, talk: Talk) -> Talk:
        """Remember a far end's dialog."""
        self.talks[talk.key] = talk
        return talk

    def forget(self, talk: Talk) -> None:
        """A far end's dialog is over."""
        talk.is_over = True
        self.talks.pop(talk.key, None)

    @property
    def standing(self) -> set[tuple[str, str]]:
        """The calls that far ends take to stand."""
        return {key for key, talk in self.talks.items() if talk.is_up and not talk.is_over}

    # What the far ends send.

    def ask(self, request: Request, heard: OnResponse) -> None:
        """Send a request and hear its answers."""
        self._waiting[request.via.branch, request.method] = heard

        def acknowledging(response: Response) -> None:
            if request.method == "INVITE" and response.status >= 300:
                self._ack_refusal(request, response)
            heard(response)

        self._waiting[request.via.branch, request.method] = acknowledging
        self.write(request)

    def _ack_refusal(self, invite: Request, response: Response) -> None:
        headers = invite.headers.set("To", response.headers.get("To") or "")
        headers = headers.set("CSeq", f"{invite.cseq.number} ACK").without("Content-Type")
        self.write(Request("ACK", invite.uri, headers))

    def write(self, request: Request) -> None:
        """Send a request."""
        self._world.to_phone(request)

    def reply(self, response: Response) -> None:
        """Answer the phone; only over the link that it asked over."""
        self._world.to_phone(response)

    def answer(
        self,
        request: Request,
        status: int,
        *fields: tuple[str, object],
        tag: str = "",
        body: bytes = b"",
    ) -> Response:
        """Write an answer to a request of the phone's."""
        return final(request, status, tag or ("" if request.to.tag else self.new("p")),
                     *fields, body=body)  # fmt: skip

    def call(self) -> None:
        """Somebody calls the phone."""
        if self.phone is not None and not self.is_calm:
            standing = [talk for talk in self.talks.values() if talk.is_up and not talk.is_mute]
            again = self.random.random() < self.ways.replaces and standing
            Calling(self, self.phone, self.random.choice(standing) if again else None).begin()

    def vias(self) -> tuple[tuple[str, object], ...]:
        """The Vias of a new request of a far end's."""
        branch = f"z9hG4bKfar{self.new('')}"
        return (
            ("Via", f"SIP/2.0/TLS {self.proxy}:5061;branch={branch}"),
            ("Via", f"SIP/2.0/UDP 203.0.113.5:5060;branch={branch}x"),
        )

    @property
    def proxy(self) -> str:
        """The name of the proxy that serves now."""
        return self._world.proxy.host

    def record_routes(self) -> tuple[tuple[str, object], ...]:
        """The proxies that stay in a dialog, the phone's last."""
        own = ("Record-Route", f"<sip:{self.proxy}:5061;transport=tls;lr>")
        edge = ("Record-Route", "<sip:edge.example.net;lr>")
        return (own, edge)[: self.ways.record_routes]

    def names(self, call_id: str, phone_tag: str, local: str, remote: str, target: Uri,
              far_tag: str) -> Names:  # fmt: skip
        """Put a dialog's names together."""
        return Names(call_id, far_tag, phone_tag, local, remote, target)

    def offers_keys(self) -> bool:
        """Tell whether a far end that calls offers keys: as the phone wants it, mostly."""
        return self._world.encrypts if self.random.random() < 0.95 else not self._world.encrypts

    def losses(self) -> int:
        """How many ACKs, or 2xx, of one INVITE are lost."""
        if self.is_calm:
            return 0
        if self.random.random() < self.ways.never:
            return 99
        return int(self.random.random() < self.ways.lost)

    def reasons(self) -> tuple[tuple[str, object], ...]:
        """Say why, at times."""
        return self.random.choice([(), (("Reason", 'Q.850;cause=16;text="cleared"'),)])

    def challenge(self) -> tuple[str, object]:
        """Ask who it is."""
        nonce = self.new("nonce")
        self._nonces.add(nonce)
        return "Proxy-Authenticate", f'Digest realm="example.org", nonce="{nonce}", qop="auth"'

    def is_signed(self, request: Request) -> bool:
        """Tell whether a request carries an answer to a challenge."""
        value = request.headers.get("Proxy-Authorization") or ""
        return any(f'nonce="{nonce}"' in value for nonce in self._nonces)

    def new(self, kind: str) -> str:
        """Make a name that nobody has."""
        self._numbers += 1
        return f"{kind}{self._numbers}"
