"""Where the link is measured: a wire between two namespaces, with Kamailio and a ringer."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import floor, ringer
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.lab.authority import Authority
from tests.lab.namespaces import FAR_ADDRESS, ROOT, Wire, run
from tests.lab.processes import Program

PORT = 5061
READY_S = 10.0
FLOOR_S = 30.0


@dataclass
class Stage:
    """One wire with everything at its ends; a context manager."""

    directory: Path
    round_trip_s: float
    phones: int = field(default=0, init=False)

    def __enter__(self) -> Stage:
        self.directory.mkdir(parents=True)
        authority = Authority()
        self.authority = self.directory / "authority.pem"
        self.authority.write_bytes(authority.certificate_pem)
        with ExitStack() as stack:
            self._build(authority, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _build(self, authority: Authority, stack: ExitStack) -> None:
        self.wire = stack.enter_context(Wire(self.round_trip_s))
        self.kamailio = Kamailio(
            self.directory / "kamailio",
            authority.issue(FAR_ADDRESS),
            host=FAR_ADDRESS,
            port=PORT,
            prefix=self.wire.command(self.wire.far, ()),
        )
        stack.enter_context(self.kamailio)
        self.start_ringer()

    def start_ringer(self) -> None:
        """Have somebody to call; it ends when Kamailio does."""
        words = [sys.executable, "-m", ringer.__name__, FAR_ADDRESS, str(PORT), str(self.authority)]
        self.ringer = Program(self.wire.command(self.wire.far, words), directory=ROOT)
        self.ringer.wait_for("ready", READY_S)

    def floor(self, what: str, times: int) -> list[float]:
        """Measure the bare client."""
        words = [sys.executable, "-m", floor.__name__, FAR_ADDRESS, str(PORT), str(self.authority)]
        words += [what, ringer.USER, str(times)]
        return list(json.loads(run(*self.wire.command(self.wire.near, words))))

    def floor_cold_start(self) -> float:
        """Return the seconds from the start of a bare client's process to its 200."""
        begun_at = time.time()
        return self.floor("register", 1)[0] - begun_at

    def phone(self, users: Sequence[str] = ("alice",), keep_alive_s: int = 30) -> Phone:
        """Return a phone at the near end, not started yet."""
        self.phones += 1
        return Phone(
            self.directory / f"phone{self.phones}",
            (FAR_ADDRESS, PORT),
            self.authority,
            users=users,
            keep_alive_s=keep_alive_s,
            prefix=self.wire.command(self.wire.near, ()),
        )

    def reset(self, client: str) -> float:
        """Send RST to a phone from the proxy's own socket; return when, in Unix seconds."""
        host, _, port = client.rpartition(":")
        words = ["ss", "-K", "-t", "dst", host, "dport", "=", f":{port}"]
        at = time.time()
        done = run(*self.wire.command(self.wire.far, words))
        assert "ESTAB" in done, f"the kernel did not destroy the socket: {done}"
        return at
