"""The phone and baresip at one proxy, for tests that have many calls of many kinds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop.accounts import DOMAIN
from tests.interop.baresip import Baresip
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Event, Phone
from tests.lab.authority import Authority

HOST = "127.0.0.1"


@dataclass
class Couple:
    """The phone and baresip at one proxy."""

    kamailio: Kamailio
    authority: Path
    phone: Phone
    peer: Baresip

    def ring_there(self) -> float:
        """Call baresip; return when it was dialled."""
        at = time.time()
        self.phone.send("dial", uri=self.peer.uri)
        self.phone.wait_for("ringing", since=at)
        return at

    def ring_here(self, account: str = "") -> float:
        """Have baresip call, the first account or another; return when."""
        at = time.time()
        self.peer.dial(f"sip:{account or self.phone.users[0]}@{DOMAIN}")
        self.phone.wait_for("incoming", since=at)
        return at

    @contextmanager
    def talking(self, *, placed: bool = False, account: str = "") -> Iterator[float]:
        """Have a call that stands; yield when it began, and end it afterwards."""
        at = self.ring_there() if placed else self.ring_here(account)
        if placed:
            self.peer.wait_for("CALL_INCOMING", at)
            self.peer.answer()
        else:
            self.phone.send("answer")
        self.phone.wait_for("answered", since=at)
        self.peer.wait_for("CALL_ESTABLISHED", at)
        assert self.phone.wait_for("media", since=at)["direction"] == "sendrecv"
        yield at
        assert not self.phone.events("ended", at)
        self.end(at)

    def end(self, since: float) -> Event:
        """Hang up here; return how the call ended."""
        self.phone.send("hangup")
        self.peer.wait_for("CALL_CLOSED", since)
        return self.phone.wait_for("ended", since=since)

    def directions(self, since: float) -> list[str]:
        """Return what was agreed of the sound since then."""
        return [event["direction"] for event in self.phone.events("media", since)]


@contextmanager
def couple(
    folder: Path, users: Sequence[str], more: Mapping[str, str], **peers: Any
) -> Iterator[Couple]:
    """Have a proxy, the phone with these accounts, and a baresip; both are registered."""
    authority = Authority()
    file = folder / "authority.pem"
    file.write_bytes(authority.certificate_pem)
    with Kamailio(folder / "kamailio", authority.issue(HOST)) as kamailio:
        proxy = (kamailio.host, kamailio.port)
        phone = Phone(folder / "phone", proxy, file, users, more=more)
        with phone, Baresip(folder / "baresip", file, proxy, **peers) as peer:
            phone.wait_registered()
            yield Couple(kamailio, file, phone, peer)
