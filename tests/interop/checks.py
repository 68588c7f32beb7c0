"""What is asked of a phone with two proxies, wherever it stands."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import pairwise

import pytest

from tests.interop.kamailio import Kamailio
from tests.interop.phone import Event, Phone

PROBE_S = 10
"""The shortest probe interval; the phone spreads it by a fifth (F3)."""

HOME_S = 1.2 * PROBE_S + 5.0
"""From one probe to the next, signing off and REGISTER; a probe of a hung handshake takes 5 s."""

HEAD_START_S = 1.0
"""The longest head start of the primary (F1)."""

EARLY_WAIT_S = 2.0
"""The longest wait in an outage's first ten seconds (F2)."""

SLACK_S = 1.5
"""For two busy processors, and for the registration itself."""


def backup_settings(host: str, port: int) -> dict[str, str]:
    """Say where the backup is, and come home soon."""
    return {
        "sip backup outbound proxy": host,
        "sip backup outbound proxy port": str(port),
        "sips failback probe interval": str(PROBE_S),
        "sips failback probe count": "1",
        "sips failback minimum stay": "0",
    }


def way(phone: Phone, since: float) -> tuple[str, ...]:
    """Return which proxy each link was to that came up since a moment at which one stood."""
    links = [(event["state"], event["role"]) for event in phone.events("link", since)]
    changes = [new for old, new in pairwise([("up", "primary"), *links]) if new != old]
    return tuple(role for state, role in changes if state == "up")


def wait_home(phone: Phone, since: float) -> None:
    """Wait until the phone is registered at the primary again, every account (F3)."""
    by = max(time.time(), since) + HOME_S
    phone.wait_for("link", by - time.time(), since, is_up_at_home)
    phone.wait_registered(since, by - time.time())


def is_up_at_home(event: Event) -> bool:
    """Whether the link stands to the primary."""
    return bool(event["state"] == "up" and event["role"] == "primary")


def check_log(phone: Phone, since: float, *moves: tuple[str, str]) -> None:
    """The outage log has these: the cause of each, and where service was found (S3)."""
    log = [entry for entry in phone.status()["outages"] if entry["began"] >= since - 1]
    log.reverse()
    assert [(entry["cause_kind"], entry["back_on"]) for entry in log] == list(moves)
    for entry in log:
        home = entry["cause_kind"] == "going home"
        assert entry["kind"] == ("moved home" if home else "outage")
        assert entry["role"] == ("backup" if home else "primary")
        assert entry["cause"]
        # Who is refused first waits alone (D8), and is no more served when the link is left.
        waits = entry["cause_kind"] == "unfit"
        assert len(phone.users) - entry["accounts"] in range(len(phone.users) if waits else 1)
        assert entry["ended"] - entry["began"] == pytest.approx(entry["duration_s"], abs=0.01)


def check_dialled(phone: Phone, at: float, timeout_s: float) -> Event:
    """What was dialled rings, or ends with the reason in words: never neither."""
    event = phone.wait_for_any(("ringing", "ended"), timeout_s, at)
    if event["ev"] == "ringing":
        phone.send("hangup")
        phone.wait_for("ended", since=at)
    else:
        assert event["reason"] or event["cause"] == "link lost", event
    return event


def has_bindings(proxy: Kamailio, users: Iterable[str], count: int) -> bool:
    """Whether a registrar holds so many bindings of each user."""
    return all(len(proxy.contacts(user)) == count for user in users)
