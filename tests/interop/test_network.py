"""The network changes under a registered phone: what it says of itself follows the link (D6)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.conftest import Trust
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.lab.namespaces import FAR_ADDRESS, NEAR_ADDRESS, Wire, run

PORT = 5061
NEW_ADDRESS = "10.77.0.9"

MOVED_S = 6.0
"""The messages settle (0.1 s), the ping is given up (2 s), and two busy processors."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as wire:
        yield wire


def test_a_new_address_is_noticed_at_once_and_stands_in_the_contact(
    tmp_path: Path, trust: Trust, wire: Wire
) -> None:
    identity = trust.authority.issue(FAR_ADDRESS)
    far, near = wire.command(wire.far, ()), wire.command(wire.near, ())
    proxy = (FAR_ADDRESS, PORT)
    with (
        Kamailio(tmp_path / "kamailio", identity, FAR_ADDRESS, PORT, far) as kamailio,
        Phone(tmp_path / "phone", proxy, trust.file, keep_alive_s=600, prefix=near) as phone,
    ):
        phone.wait_registered()
        assert f"@{NEAR_ADDRESS}:" in kamailio.bindings()
        time.sleep(3.0)  # The wire's own address for IPv6 comes late, and is a change too.
        moved_at = time.time()
        run("ip", "-n", wire.near, "address", "del", f"{NEAR_ADDRESS}/24", "dev", "wire")
        run("ip", "-n", wire.near, "address", "add", f"{NEW_ADDRESS}/24", "dev", "wire")
        kamailio.wait_registered(phone.users, moved_at, MOVED_S)
        phone.wait_registered(moved_at)
        bindings = kamailio.bindings()
        assert bindings.count(f"@{NEW_ADDRESS}:") >= len(phone.users)
        assert phone.status()["link"]["tls"]["local"].startswith(NEW_ADDRESS)
