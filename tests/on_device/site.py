"""Where a phone on a card is to work, and the card that its administrator writes for it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from tests.interop.accounts import DOMAIN, USERS
from tests.interop.kamailio import Kamailio
from tests.lab.namespaces import ROOT
from tests.on_device.machine import CARD_BYTES, run

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
