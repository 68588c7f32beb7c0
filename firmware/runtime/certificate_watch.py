"""Keeps an eye on the certificates (I4): what ends soon, and files that nobody could use any more.

It also keeps why a proxy was refused lately: the link may be up on the backup, and the primary's
certificate is why.

A look once a minute, and a moment after each handshake, each failed one and each step of the clock.
Files are read again only when they changed. A file that broke does not touch the link that is up:
it is a warning now, and a refusal with the same words at the next connection. A file that an editor
was caught at is looked at again soon, so that a false alarm is short.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from config.checks import CERTIFICATE_FILE_MAX
from config.files import read_bounded
from config.validity import UNREADABLE, bounded
from firmware.link.events import Connected, Failure, FailureKind, Lost
from firmware.link.identity import CLOCK_FLOOR
from firmware.link.inventory import Certificates, Inventory, certificate_rows, warnings
from firmware.phone.events import FactsTold, TimeIs, WarningsChanged
from firmware.runtime.tasks import Tasks
from firmware.runtime.tls import TlsContexts, TlsFilesError

log = logging.getLogger("handset.certificates")

LOOK_S = 60.0

SOON_S = 0.5
"""After an event: what registers the phone comes first."""

FAULT_LOOK_S = 5.0
"""While a file cannot be used: it may be half written."""

REFUSED_S = 180.0
"""A primary that is refused is probed every minute (F3); one that is not heard of is forgotten."""

REFUSALS_MAX = 4
"""Two proxies; whoever sits between may show another certificate each time."""

SPAN = re.compile(r"\b(\d+ (years|days?|hours?)|minutes)\b")
"""What changes in a warning from day to day; the log says each warning once."""


class CertificateWatch:
    """Feeds `WarningsChanged`."""

    def __init__(
        self,
        feed: Callable[[object], None],
        contexts: TlsContexts,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._feed, self._contexts, self._wall = feed, contexts, wall
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._looks = Tasks()
        self._told: tuple[str, ...] = ()
        self._page: tuple[tuple[str, str], ...] = ()
        self._refusals: dict[str, float] = {}  # When each was heard last.
        self._context: object = None  # The one that `_files` were read with.
        self._files = Inventory()

    def start(self) -> None:
        """Have the first look soon; without trusted certificates nothing is connected (L11)."""
        if self._contexts.files.trusted is not None:
            self._arm(SOON_S)

    def stop(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._looks.cancel()

    def take(self, event: object) -> None:
        """Look soon where an event may have changed something."""
        match event:
            case Connected():
                self._refusals.clear()
            case Lost(_, Failure(FailureKind.CERTIFICATE, text)):
                self._refuse(text)
            case Lost() | TimeIs():
                pass
            case _:
                return
        if self._timer is not None:
            self._arm(SOON_S)

    def _refuse(self, text: str) -> None:
        """Keep why a proxy was refused: the link may be up, on the other one."""
        self._refusals.pop(text, None)
        while len(self._refusals) >= REFUSALS_MAX:
            del self._refusals[next(iter(self._refusals))]
        self._refusals[text] = self._loop.time()

    def _refused(self) -> list[str]:
        since = self._loop.time() - REFUSED_S
        return [text for text, at in self._refusals.items() if at >= since]

    def _arm(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, lambda: self._looks.begin(self._look()))

    async def _look(self) -> None:
        fault = await self._fault()
        inventory, now = self._inventory(), self._now()
        certificates = warnings(inventory, now)
        found = bounded((fault, *self._refused(), *certificates))
        rows = certificate_rows(inventory, now)
        if rows != self._page:
            self._page = rows
            self._feed(FactsTold("Certificates", rows))
        if found != self._told:
            self._log(found)
            self._told = found
            self._feed(WarningsChanged(found))
        if self._timer is not None and self._timer.when() <= self._loop.time():
            self._arm(FAULT_LOOK_S if fault else LOOK_S)  # Else something has happened meanwhile.

    async def _fault(self) -> str:
        """Return why the next connection would fail, or "". The link that is up is not touched."""
        try:
            context = await self._contexts.read()
        except TlsFilesError as fault:
            return fault.failure.text
        if context is not self._context:
            self._context, self._files = context, await asyncio.to_thread(self._read)
        return ""

    def _read(self) -> Inventory:
        files = self._contexts.files
        own = (*_certificates(files.certificate), *_certificates(files.chain))
        return Inventory(own, _certificates(files.trusted), crls=self._contexts.crls)

    def _inventory(self) -> Inventory:
        files = self._files
        shown = tuple(
            (name, tuple(x509.load_der_x509_certificate(der) for der in chain))
            for name, chain in self._contexts.shown.items()
        )
        return Inventory(files.own, files.trusted, shown, files.crls)

    def _now(self) -> datetime | None:
        now = datetime.fromtimestamp(self._wall(), UTC)
        return None if now < CLOCK_FLOOR else now

    def _log(self, found: tuple[str, ...]) -> None:
        known = {SPAN.sub("", sentence) for sentence in self._told}
        for sentence in found:
            if SPAN.sub("", sentence) not in known:
                log.warning("%s", sentence)


def _certificates(path: Path | None) -> Certificates:
    """Read the certificates of a file that OpenSSL has just taken."""
    if path is None:
        return ()
    from config.certificates import Reader

    try:
        return tuple(Reader("").certificates(read_bounded(path, CERTIFICATE_FILE_MAX)))
    except (OSError, *UNREADABLE):
        return ()  # It changed once more: the next look sees it.
