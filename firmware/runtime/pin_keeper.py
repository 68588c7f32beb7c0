"""The PIN of the key lock on disk: a salted hash (scrypt, RFC 7914), checked in a thread.

The administrator's files may give the PIN in plain digits: that is how a forgotten one is replaced.
What a person sets on the phone is kept as its hash. Four digits are soon guessed by whoever has the
file; the hash keeps them from the eyes, and from other locks that the same person opens with them.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable

from config.kinds import PIN_HASH
from config.store import ConfigError, Store
from firmware.phone.kept import KeepingTrouble
from firmware.phone.lock import CheckPin, KeepPin, PinChecked
from firmware.runtime.tasks import Tasks

log = logging.getLogger("handset.pin")

PARAMETER = "key lock pin"

TITLE = "the PIN"

SALT_BYTES = 16

COST = 2**14
"""scrypt's N: 16 MB and 50 ms here, a third of a second on the smallest Pi."""


class PinKeeper:
    """Between the phone's lock and the store."""

    def __init__(self, store: Store, record: str, feed: Callable[[object], None]) -> None:
        self._store, self._record, self._feed = store, record, feed
        self._work = Tasks()
        self._order = asyncio.Lock()

    def take(self, output: object) -> None:
        """Check a PIN, or keep another."""
        if isinstance(output, CheckPin | KeepPin):
            self._work.begin(self._do(output))

    async def stop(self) -> None:
        """Let what was begun be done."""
        await self._work.finish()

    async def _do(self, wanted: CheckPin | KeepPin) -> None:
        async with self._order:
            if isinstance(wanted, CheckPin):
                is_right = await asyncio.to_thread(is_pin, wanted.pin.digits, self._record)
                self._feed(PinChecked(is_right))
                return
            record = ""
            if wanted.pin is not None:
                record = await asyncio.to_thread(record_of, wanted.pin.digits)
            self._record = record
            await self._keep(record)

    async def _keep(self, record: str) -> None:
        try:
            await asyncio.to_thread(self._store.set_local, PARAMETER, record)
        except ConfigError as error:
            problem = f"the PIN is not kept: {error}"
            log.warning("%s", problem)
            self._feed(KeepingTrouble(TITLE, problem))


def record_of(digits: str, salt: bytes | None = None) -> str:
    """Return what is kept of a PIN."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    return f"scrypt:{salt.hex()}:{_hash(digits, salt).hex()}"


def is_pin(digits: str, record: str) -> bool:
    """Tell whether these digits are the PIN of which this is kept."""
    found = PIN_HASH.fullmatch(record)
    if found is None:
        return bool(record) and hmac.compare_digest(digits.encode(), record.encode())
    salt, kept = bytes.fromhex(found["salt"]), bytes.fromhex(found["hash"])
    return hmac.compare_digest(_hash(digits, salt), kept)


def _hash(digits: str, salt: bytes) -> bytes:
    return hashlib.scrypt(digits.encode(), salt=salt, n=COST, r=8, p=1, dklen=32)
