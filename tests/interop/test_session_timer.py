"""Calls that are refreshed (RFC 4028), by either end: as long as the shortest interval asks for.

Three calls stand at the same time, since each takes half the interval: linphone refreshes one, this
phone another for linphone, and a third with baresip, which knows no timer and no UPDATE.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.interop.accounts import DOMAIN
from tests.interop.baresip import Baresip
from tests.interop.conftest import HOST, Trust, wait_until
from tests.interop.kamailio import Kamailio
from tests.interop.linphone import PROXY_NAME, Linphone
from tests.interop.phone import Phone

INTERVAL_S = 90
"""RFC 4028 5: no session interval is shorter."""

SLACK_S = 10.0
START_S = 20.0


class Calls:
    """A phone for each call, and who it talks to."""

    def __init__(self, folder: Path, trust: Trust, stack: ExitStack) -> None:
        self._folder, self._trust, self._stack = folder, trust, stack
        identity = trust.authority.issue(HOST, PROXY_NAME)
        self.kamailio = stack.enter_context(Kamailio(folder / "kamailio", identity, host=HOST))

    def phone(self, user: str, **more: str) -> Phone:
        chosen = {"sip srtp mode": "1", **more}
        proxy = (self.kamailio.host, self.kamailio.port)
        phone = Phone(self._folder / user, proxy, self._trust.file, (user,), more=chosen)
        self._stack.enter_context(phone)
        phone.wait_registered()
        return phone

    def linphone(self, user: str, *, refreshes: bool) -> Linphone:
        at = time.time()
        peer = Linphone(
            self._folder / user,
            self._trust.file,
            self.kamailio.port,
            user=user,
            session_s=INTERVAL_S,
            refreshes=refreshes,
        )
        self._stack.enter_context(peer)
        self.kamailio.wait_registered([user], at, START_S)
        return peer

    def baresip(self) -> Baresip:
        proxy = (self.kamailio.host, self.kamailio.port)
        return self._stack.enter_context(Baresip(self._folder / "there", self._trust.file, proxy))

    def refreshed_by(self, user: str, since: float) -> Callable[[], bool]:
        """Return whether somebody has sent a request that refreshes a call, once that is asked."""
        return lambda: any(
            f" from {user} " in line.text
            for line in self.kamailio.requests("(INVITE|UPDATE)", since)
        )


def called(phone: Phone, peer: Linphone) -> None:
    at = time.time()
    peer.dial(f"sip:{phone.users[0]}@{DOMAIN}")
    phone.wait_for("incoming", 10, at)
    phone.send("answer")
    phone.wait_for("answered", 10, at)
    peer.wait_talking(at)


def test_calls_are_refreshed_by_whose_turn_it_is(tmp_path: Path, trust: Trust) -> None:
    with ExitStack() as stack:
        calls = Calls(tmp_path, trust, stack)
        alice, bob = calls.phone("alice"), calls.phone("bob")
        called(alice, calls.linphone("dave", refreshes=True))
        called(bob, calls.linphone("carol", refreshes=False))
        erin = calls.phone("erin", **{"sip session timer": str(INTERVAL_S)})
        at, peer = time.time(), calls.baresip()
        erin.send("dial", uri=peer.uri)
        peer.wait_for("CALL_INCOMING", at)
        peer.answer()
        erin.wait_for("answered", since=at)
        peer.wait_for("CALL_ESTABLISHED", at)
        stands_at = time.time()
        for who in ("dave", "bob", "erin"):
            refreshed = calls.refreshed_by(who, stands_at)
            wait_until(refreshed, stands_at + INTERVAL_S / 2 + SLACK_S - time.time())
        time.sleep(0.5)
        for who in ("alice", "carol", "baresip"):
            assert not calls.refreshed_by(who, stands_at)(), "one end refreshes, and one only"
        for phone in (alice, bob, erin):
            assert not phone.events("ended")
            phone.send("hangup")
            phone.wait_for("ended")
