"""A real presence server: lamps of other phones, as Kamailio makes them of what is published."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest

from tests.interop.accounts import DOMAIN
from tests.interop.conftest import HOST, Trust
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Event, Phone
from tests.lab.relay import Relay

WATCHED = "bob"
KEYS = {"softkey1 type": "blf", "softkey1 value": WATCHED, "softkey1 label": "Bob"}
TOLD_S = 10.0

PUBLISH = """\
PUBLISH sip:{user}@{domain} SIP/2.0
Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{number}
Max-Forwards: 70
From: <sip:{user}@{domain}>;tag=pub
To: <sip:{user}@{domain}>
Call-ID: publish-{number}
CSeq: {number} PUBLISH
Event: dialog
Expires: 60
{match}Content-Type: application/dialog-info+xml
Content-Length: {length}

{body}"""

DOCUMENT = """\
<?xml version="1.0"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full"
 entity="sip:{user}@{domain}">
<dialog id="d1" call-id="c1" direction="recipient"><state>{state}</state></dialog>
</dialog-info>
"""


class Publisher:
    """A phone that says what it does (RFC 3903)."""

    def __init__(self, kamailio: Kamailio) -> None:
        self._to, self._number, self._tag = (kamailio.host, kamailio.port), 0, ""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.settimeout(TOLD_S)

    def __enter__(self) -> Publisher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def says(self, state: str) -> None:
        """Publish the state of the one dialog."""
        self._number += 1
        body = DOCUMENT.format(user=WATCHED, domain=DOMAIN, state=state)
        text = PUBLISH.format(
            user=WATCHED,
            domain=DOMAIN,
            host=HOST,
            port=self._socket.getsockname()[1],
            number=self._number,
            match=f"SIP-If-Match: {self._tag}\n" if self._tag else "",
            length=len(body.replace("\n", "\r\n")),
            body=body,
        )
        self._socket.sendto(text.replace("\n", "\r\n").encode(), self._to)
        answer = self._socket.recv(65_536).decode()
        assert answer.startswith("SIP/2.0 200"), answer
        tags = [line for line in answer.splitlines() if line.startswith("SIP-ETag:")]
        self._tag = tags[0].partition(":")[2].strip()


@pytest.fixture
def presence(tmp_path: Path, trust: Trust) -> Iterator[Kamailio]:
    identity = trust.authority.issue(HOST)
    with Kamailio(tmp_path / "kamailio", identity, presence=True) as proxy:
        yield proxy


def shows(phone: Phone, lamp: str, since: float = 0.0) -> Event:
    """Wait until the lamp is told, and look at the screen that follows."""
    phone.wait_for("lamp_field", TOLD_S, since, lambda event: event["lamp"] == lamp)
    words = f"Bob: {lamp}"
    return phone.wait_for("screen", TOLD_S, since, lambda event: words in str(event))


def test_a_call_of_another_phone_and_a_link_that_is_lost_in_it(
    tmp_path: Path, trust: Trust, presence: Kamailio
) -> None:
    proxy = (presence.host, presence.port)
    with (
        Relay(proxy) as relay,
        Publisher(presence) as bob,
        Phone(
            tmp_path / "phone", (relay.host, relay.port), trust.file, ("alice",), more=KEYS
        ) as phone,
    ):
        phone.wait_registered()
        assert shows(phone, "free")
        for state, lamp in (("early", "ringing"), ("confirmed", "busy")):
            bob.says(state)
            assert shows(phone, lamp)
        lost_at = time.time()
        relay.reset()
        assert shows(phone, "not known", lost_at), "without a link nobody knows"
        assert shows(phone, "busy", lost_at), "and over the next one it is told anew"
        bob.says("terminated")
        assert shows(phone, "free", lost_at)
