"""A proxy that talks nonsense costs a bounded amount of memory and never the process."""

from __future__ import annotations

import pytest

from tests.lab.nonsense import Nonsense, NonsenseServer
from tests.lab.tls import server_context
from tests.process.handset import HOST, WAIT_S, Place, until

GROWTH_KIB_MAX = 8 * 1024
"""Buffers and what a start takes later; the shortest flood is 2 MB, the longest 200 MB."""


KINDS = {"garbage", "closed", "reset", "TLS"}


@pytest.mark.parametrize("what", Nonsense, ids=lambda what: what.name.lower())
def test_nonsense_is_survived(place: Place, what: Nonsense) -> None:
    context = server_context(place.authority.issue(HOST))
    with NonsenseServer(context, what) as server:
        place.configure({}, server.address[1])
        with place.phone() as phone:
            phone.wait_for("screen")
            phone.status()
            assert server.finished.wait(WAIT_S)
            before_kib = phone.memory_kib()
            assert phone.wait_for("link", lambda event: event["reason"])["reason_kind"] in KINDS
            assert phone.status()["link"]["reason"]
            until(lambda: server.connections >= 2)  # It does not despair of the proxy (L7).
            assert phone.memory_kib() - before_kib < GROWTH_KIB_MAX
            assert "Traceback" not in phone.errors, phone.errors
