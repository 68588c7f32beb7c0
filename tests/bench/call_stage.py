"""Where calls are measured: a Kamailio on loopback, sound cards, phones, baresip."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import watched
from tests.bench.clicks import EAR, MOUTH
from tests.interop.accounts import DOMAIN
from tests.interop.baresip import Baresip
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.lab.authority import Authority
from tests.lab.relay import Relay
from tests.lab.sound import SoundServer

HOST = "127.0.0.1"
NO_CARD = "none"
ANSWER_S = 10.0

CODECS = {"PCMU": "payload=0", "PCMA": "payload=8", "G722": "payload=9", "opus": "payload=107"}
"""`sip customized codec` for one codec alone."""

ORDINARY = ["prlimit", "--rtprio=0", "setpriv", "--bounding-set=-sys_nice"]
"""Before a command: it gets no real-time priority, not even where it is root's."""

PEERS_CODECS = {
    "opus": "opus/48000/2",
    "G722": "G722/16000/1",
    "PCMU": "PCMU/8000/1",
    "PCMA": "PCMA/8000/1",
}


@dataclass
class CallStage:
    """Everything that a call needs on one machine; a context manager."""

    directory: Path
    card_watch: Path | None = None  # Where each loss of a phone's card is written down.
    has_priorities: bool = True  # A phone's threads may have a real-time priority.
    count: int = field(default=0, init=False)

    def __enter__(self) -> CallStage:
        self.directory.mkdir(parents=True)
        authority = Authority()
        self.authority = self.directory / "authority.pem"
        self.authority.write_bytes(authority.certificate_pem)
        with ExitStack() as stack:
            sound = SoundServer(self.directory / "sound", (MOUTH, EAR))
            self.server = stack.enter_context(sound)
            identity, memory_mib = authority.issue(HOST), 256
            proxy = Kamailio(self.directory / "kamailio", identity, memory_mib=memory_mib)
            self.kamailio = stack.enter_context(proxy)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def phone(
        self, user: str, device: str, codec: str = "PCMU", relay: Relay | None = None
    ) -> Phone:
        """Return a phone with a sound card, not started yet; SRTP only, as it is by default."""
        self.count += 1
        watch = self.card_watch
        chosen = {
            "sip srtp mode": "2",
            "sound device": device,
            "sip customized codec": f"{CODECS[codec]};ptime=20",
        }
        proxy = relay or self.kamailio
        return Phone(
            self.directory / f"phone{self.count}",
            (proxy.host, proxy.port),
            self.authority,
            users=(user,),
            keep_alive_s=30,
            more=chosen,
            prefix=self._prefix,
            module=watched.MODULE if watch else "firmware",
        )

    @property
    def _prefix(self) -> list[str]:
        limits = [] if self.has_priorities else ORDINARY
        watch = [f"{watched.FILE}={self.card_watch}"] if self.card_watch else []
        return [*limits, *self.server.prefix, *watch]

    def baresip(self, codec: str = "PCMU", tone_hz: int = 0) -> Baresip:
        """Return a baresip without a card, not started yet: it says a tone, or what it hears."""
        self.count += 1
        return Baresip(
            self.directory / f"baresip{self.count}",
            self.authority,
            (self.kamailio.host, self.kamailio.port),
            codecs=PEERS_CODECS[codec],
            tone_hz=tone_hz,
            encryption="srtp-mand",
        )

    def relay(self) -> Relay:
        """Return something before the proxy that can reset a link."""
        return Relay((self.kamailio.host, self.kamailio.port))

    @contextmanager
    def talking(
        self, device: str, codec: str, tone_hz: int = 0, relay: Relay | None = None
    ) -> Iterator[tuple[Phone, Baresip]]:
        """Have a phone and baresip talk."""
        phone = self.phone("alice", device, codec, relay)
        with self.baresip(codec, tone_hz) as peer, phone:
            phone.wait_registered()
            call(phone, peer)
            yield phone, peer
            phone.send("hangup")
            phone.wait_for("ended")


def call(phone: Phone, peer: Baresip) -> None:
    """Let baresip be called, and answer."""
    at = time.time()
    phone.send("dial", uri=peer.uri)
    peer.wait_for("CALL_INCOMING", at)
    peer.answer()
    phone.wait_for("answered", ANSWER_S, at)


def connect(caller: Phone, callee: Phone) -> None:
    """Let one phone call another."""
    at = time.time()
    caller.send("dial", uri=f"sip:{callee.users[0]}@{DOMAIN}")
    callee.wait_for("incoming", ANSWER_S, at)
    callee.send("answer")
    caller.wait_for("answered", ANSWER_S, at)


def health(phone: Phone) -> dict[str, int]:
    """Return what the phone lost of its sound."""
    return dict(phone.status()["sound"])


def depths_ms(phone: Phone, since: float) -> list[int]:
    """Return how deep the jitter buffer was at each report since that moment."""
    facts = [event for event in phone.events("sound", since) if event["fact"] == "quality"]
    return [int(fact["depth_ms"]) for fact in facts]
