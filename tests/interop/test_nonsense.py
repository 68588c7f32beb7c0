"""A proxy that is not one: garbage, no end of headers, 100 MB, a million CRLFs.

The phone says what is wrong, takes a bounded amount of memory, keeps running, and registers as
soon as there is a proxy again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.conftest import HOST, Trust
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.lab.nonsense import Nonsense, NonsenseServer
from tests.lab.relay import Relay
from tests.lab.tls import server_context

GROWTH_KIB_MAX = 6 * 1024
"""What a peer's nonsense may cost, at its highest: buffers, a traceback's worth, not the body."""

FINISHED_S = 20.0
AGAIN_S = 12.0


@pytest.mark.parametrize("what", Nonsense, ids=lambda what: what.name.lower())
def test_nonsense_is_survived(
    tmp_path: Path, trust: Trust, kamailio: Kamailio, what: Nonsense
) -> None:
    context = server_context(trust.authority.issue(HOST))
    sane = (kamailio.host, kamailio.port)
    with (
        NonsenseServer(context, what) as server,
        Relay(sane) as relay,
        Phone(tmp_path / "phone", (relay.host, relay.port), trust.file) as phone,
    ):
        phone.wait_registered()
        _, before_kib = phone.memory_kib()
        relay.target = server.address
        relay.reset()
        assert server.finished.wait(FINISHED_S)
        assert phone.program.running
        relay.target = sane
        relay.reset()
        phone.wait_registered(phone.events("unregistered")[-1]["at"], AGAIN_S)
        assert phone.memory_kib()[1] - before_kib < GROWTH_KIB_MAX
