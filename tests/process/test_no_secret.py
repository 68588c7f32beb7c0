"""T4: no secret of a phone that was used by every door is in anything that it has written."""

from __future__ import annotations

import re

import pytest

from tests.lab.background import Background
from tests.lab.collector import Collector
from tests.process.handset import HOST, Place
from tests.process.whole_run import Run, configure, overheard, use

KINDS = {
    *("password", "one-time code", "private key", "nonce", "digest", "client's nonce"),
    *("SDES key", "web session", "web form's word", "API token"),
}

PROOF = {
    "standard error": "REGISTER sip:lab.test",
    "standard output": "The console is at",
    "the console": "----- support ends",
    "the virtual handset": "Link",
    "the log server": "INVITE sip:600@lab.test",
    "the outage log": "reset by the proxy",
    "the web page /": "alice@lab.test",
    "the web page /trace/sip.pcap": "INVITE sip:600@lab.test",
    "the web page /logs/log.txt": "alice@lab.test: registered",
    "the API /metrics": "handset_link_state",
    "the API /api/parameters": "sip line1 password",
}
"""What stands there in any case: a place that was not looked at proves nothing."""

MASKED = ("nonce=****", "response=****", "AEAD_AES_256_GCM ****")

MAY_SHOW = {("one-time code", "the console"), ("API token", "the console")}
"""Whoever types the code sees it, and then it is worth nothing; the token is shown once, there."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("whole")
    with Background() as background:
        place = Place(folder, background)
        identity = place.authority.issue(HOST)
        authority = place.authority.certificate_pem
        made = Run()
        try:
            with Collector(folder / "collector", identity, authority) as collector:
                configure(made, place, collector)
                with overheard(made, place):
                    use(made, place, collector)
        finally:
            place.close()
    return made


def test_every_kind_of_secret_was_used(run: Run) -> None:
    assert {what for what, texts in run.secrets.items() if texts} == KINDS
    assert all(len(text) >= 6 for texts in run.secrets.values() for text in texts)


def test_every_place_was_looked_at(run: Run) -> None:
    for where, proof in PROOF.items():
        assert proof in run.written[where], where
    for where in (
        "standard error",
        "the console",
        "the log server",
        "the web page /trace/sip.pcap",
    ):
        for text in MASKED:
            assert text in run.written[where], (where, text)


def test_no_secret_stands_anywhere(run: Run) -> None:
    found = [
        (what, where)
        for what, texts in run.secrets.items()
        for where, text in run.written.items()
        if (what, where) not in MAY_SHOW and any(holds(text, secret) for secret in texts)
    ]
    assert found == []


def holds(text: str, secret: str) -> bool:
    """Tell whether a secret stands in a text; digits are one only where they stand alone."""
    if secret.isdigit():
        return re.search(rf"(?<![0-9.:]){secret}(?![0-9])", text) is not None
    return secret in text


def test_nothing_went_wrong_meanwhile(run: Run) -> None:
    assert "Traceback" not in run.written["standard error"]
