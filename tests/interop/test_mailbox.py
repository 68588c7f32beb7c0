"""A real proxy without mailboxes is asked once by each account, and left alone (RFC 6665 4.1.2)."""

from __future__ import annotations

import time
from pathlib import Path

from tests.interop.conftest import Trust
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.lab.relay import Relay

QUIET_S = 3.0


def test_who_knows_no_such_event_is_asked_once_over_whatever_links(
    tmp_path: Path, trust: Trust, kamailio: Kamailio, relay: Relay
) -> None:
    more = {"sip explicit mwi subscription": "1"}
    began = time.time()
    with Phone(tmp_path / "phone", (relay.host, relay.port), trust.file, more=more) as phone:
        phone.wait_registered()
        again = time.time()
        relay.reset()
        phone.wait_registered(again)
        time.sleep(QUIET_S)
        asked = kamailio.requests("SUBSCRIBE", began)
        assert len(asked) == len(phone.users), [line.text for line in asked]
        assert phone.status()["link"]["state"] == "up"
