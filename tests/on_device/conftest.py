"""What the tests of the card start from: the image as it was built, written by flash.sh to a file.

What was measured is written down at the end (RESULTS.md), so that each run leaves its times.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.accounts import DOMAIN, USERS
from tests.interop.kamailio import Kamailio
from tests.lab.authority import Authority
from tests.lab.namespaces import ROOT
from tests.on_device.machine import CARD_BYTES, run
from tests.on_device.results import Results

IMAGE = ROOT / "build" / "handset.img"
USER, ADMIN, TOKEN = "alice", "correct horse", "a token for the tests"
HERE_FOR_THE_MACHINE = "10.0.2.2"
"""This machine's loopback, as QEMU's network shows it."""

SETTINGS = """\
sip registrar ip: {domain}
sip outbound proxy: {host}
sip outbound proxy port: {port}
sip line1 user name: {user}
sip line1 auth name: {user}
sip line1 password: {password}
sip persistent tls keep alive: 5
admin password: {admin}
api token: sha256:{token}
"""


@dataclass(frozen=True)
class Site:
    """Where a phone is to work: a proxy, whom it trusts, who may log in."""

    kamailio: Kamailio
    trusted: Path
    key: Path

    def write_card(self, card: Path, *more: object) -> Path:
        """Write a card with this site's settings, as its administrator does."""
        settings = card.with_suffix(".cfg")
        settings.write_text(
            SETTINGS.format(
                domain=DOMAIN,
                host=HERE_FOR_THE_MACHINE,
                port=self.kamailio.port,
                user=USER,
                password=USERS[USER],
                admin=ADMIN,
                token=hashlib.sha256(TOKEN.encode()).hexdigest(),
            )
        )
        words = [ROOT / "flash.sh", "--image", IMAGE, "--to-file", card, "--yes"]
        words += ["--config", settings, "--ca", self.trusted, "--hostname", "desk-7"]
        run(*words, "--authorized-keys", f"{self.key}.pub", *more)
        os.truncate(card, CARD_BYTES)
        return card


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    authority = Authority()
    trusted, key = folder / "ca.pem", folder / "key"
    trusted.write_bytes(authority.certificate_pem)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    identity = authority.issue(HERE_FOR_THE_MACHINE, "127.0.0.1")
    with Kamailio(folder / "kamailio", identity) as kamailio:
        yield Site(kamailio, trusted, key)


@pytest.fixture(scope="module")
def card(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card with a site's settings."""
    return site.write_card(tmp_path_factory.mktemp("card") / "card.img")


@pytest.fixture(scope="session")
def results() -> Iterator[Results]:
    """What is measured, by machine; written down when all is over."""
    results = Results(Path(__file__).with_name("RESULTS.md"))
    yield results
    results.write()
