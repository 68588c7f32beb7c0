"""T1: with one persistent link there is no other door for SIP, whatever `sip whitelist` says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.process.handset import Handset, Place

LISTENS = "0A"


def sockets(phone: Handset, kind: str) -> list[tuple[str, str]]:
    """Return local address and state of the phone's sockets of a kind, as the kernel tells them."""
    folder = Path(f"/proc/{phone.program.pid}/fd")
    own = {os.readlink(path) for path in folder.iterdir()}
    rows = [line.split() for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]]
    return [(row[1], row[3]) for row in rows if f"socket:[{row[9]}]" in own]


@pytest.mark.parametrize("whitelist", ["1", "0"])
def test_a_phone_with_a_persistent_link_has_no_port_that_sip_could_come_to(
    place: Place, whitelist: str
) -> None:
    place.configure({"sip whitelist": whitelist, "web interface enabled": "0"})
    with place.phone() as phone:
        phone.wait_for("registered")
        streams = [*sockets(phone, "tcp"), *sockets(phone, "tcp6")]
        assert len(streams) == 1, "the link"
        assert LISTENS not in [state for _, state in streams]
        assert [*sockets(phone, "udp"), *sockets(phone, "udp6")] == []
