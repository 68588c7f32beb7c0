"""Other settings on a phone in a call, between two real proxies (L5, L8, F6).

The call stays, the link follows within a second or so, and the phone says what is so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.interop.accounts import DOMAIN
from tests.interop.checks import SLACK_S
from tests.interop.conftest import wait_until
from tests.interop.kamailio import Kamailio
from tests.interop.pair import HOSTS, SYNC_S, World, two_proxies
from tests.interop.phone import Phone
from tests.lab.authority import Authority
from tests.lab.ports import Ports

FOLLOWS_S = 1.0 + SLACK_S
"""The accounts sign off within a second, then the link is made anew."""


@dataclass
class Talk:
    """Two phones at the first of two proxies, in a call with each other."""

    proxies: tuple[Kamailio, Kamailio]
    phone: Phone
    other: Phone

    def set(self, parameter: str, value: str) -> float:
        """Set a parameter of the first phone; return when."""
        at = time.time()
        self.phone.send("set", parameter=parameter, value=value)
        said = self.phone.wait_for("set", since=at)
        assert said["waits"] is False
        assert any(parameter in change for change in said["changed"])
        return at

    def is_talking(self) -> bool:
        """Whether both phones have the call, tied to each other."""
        calls = [one.status()["calls"] for one in (self.phone, self.other)]
        states = [(call["state"], call["tie"]) for both in calls for call in both]
        return states == [("answered", "anchored")] * 2


@contextmanager
def talk(folder: Path) -> Iterator[Talk]:
    authorities = Authority("First root"), Authority("Second root")
    trusted, own = folder / "trusted.pem", folder / "first.pem"
    trusted.write_bytes(b"".join(one.certificate_pem for one in authorities))
    own.write_bytes(authorities[0].certificate_pem)
    with ExitStack() as stack:
        port = stack.enter_context(Ports()).first
        proxies = two_proxies(folder, authorities, World.SHARING, port)
        for proxy in proxies:
            stack.enter_context(proxy)
        phones = [
            stack.enter_context(Phone(folder / user, (HOSTS[0], port), own, users=(user,)))
            for user in ("alice", "bob")
        ]
        for phone in phones:
            phone.wait_registered()
        at = time.time()
        phones[0].send("dial", uri=f"sip:bob@{DOMAIN}")
        phones[1].wait_for("incoming", since=at)
        phones[1].send("answer")
        phones[0].wait_for("answered", since=at)
        made = Talk(proxies, *phones)
        wait_until(made.is_talking, SLACK_S)
        yield made


def test_keep_alive_trust_and_proxy_are_changed_in_a_call_that_stays(tmp_path: Path) -> None:
    with talk(tmp_path) as desk:
        began = time.time()
        link = desk.phone.status()["link"]
        desk.set("sip persistent tls keep alive", "23")
        now = desk.phone.status()["link"]
        assert now["keep_alive_s"] == 23.0
        assert now["tls"]["local"] == link["tls"]["local"], "the same connection"

        at = desk.set("sips trusted certificates", str(tmp_path / "trusted.pem"))
        desk.phone.wait_registered(at, FOLLOWS_S)
        assert desk.phone.status()["link"]["tls"]["local"] != link["tls"]["local"], "verified anew"
        wait_until(desk.is_talking, SYNC_S)

        at = desk.set("sip outbound proxy", HOSTS[1])
        desk.phone.wait_registered(at, FOLLOWS_S)
        status = desk.phone.status()
        assert status["link"]["state"] == "up"
        assert status["link"]["proxy"].startswith(f"{HOSTS[1]}:")
        wait_until(desk.is_talking, SYNC_S)
        assert not desk.phone.events("ended", began)
        assert not desk.other.events("ended", began)

        ended = time.time()
        desk.phone.send("hangup")
        desk.other.wait_for("ended", since=ended)
