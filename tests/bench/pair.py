"""Two proxies behind one wire: a primary that can be harmed, a backup, somebody to call at both."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import oracle, ringer
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.lab.authority import Authority
from tests.lab.namespaces import FAR_ADDRESS, NEAR_ADDRESS, ROOT, Wire, run
from tests.lab.processes import Program

BACKUP_ADDRESS = "10.77.0.3"
PORT = 5061
READY_S = 10.0
SETTLE_S = 1.0
LIMIT_S = 60.0


@dataclass
class Pair:
    """One wire with everything at its ends; a context manager."""

    directory: Path
    round_trip_s: float
    phones: int = field(default=0, init=False)

    def __enter__(self) -> Pair:
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
        self.wire = stack.enter_context(Wire(self.round_trip_s, (BACKUP_ADDRESS,)))
        self.primary, self.backup = (
            Kamailio(
                self.directory / host,
                authority.issue(host),
                host=host,
                port=PORT,
                prefix=self.wire.command(self.wire.far, ()),
            )
            for host in (FAR_ADDRESS, BACKUP_ADDRESS)
        )
        for kamailio in (self.primary, self.backup):
            stack.enter_context(kamailio)
            self._start_ringer(kamailio)

    def phone(self, keep_alive_s: int = 30, more: Mapping[str, str] | None = None) -> Phone:
        """Return a phone at the near end with both proxies, not started yet."""
        self.phones += 1
        backup = {
            "sip backup outbound proxy": BACKUP_ADDRESS,
            "sip backup outbound proxy port": str(PORT),
        }
        return Phone(
            self.directory / f"phone{self.phones}",
            (FAR_ADDRESS, PORT),
            self.authority,
            users=("alice",),
            keep_alive_s=keep_alive_s,
            more={**backup, **(more or {})},
            prefix=self.wire.command(self.wire.near, ()),
        )

    def oracle(self) -> tuple[float, float]:
        """Take the primary away from a bare client that knows at once where to go.

        Return the seconds from the RST to registered, and from there to a ringing call.
        """
        words = [sys.executable, "-m", oracle.__name__, FAR_ADDRESS, BACKUP_ADDRESS, str(PORT)]
        words += [str(self.authority), ringer.USER]
        program = Program(self.wire.command(self.wire.near, words), directory=ROOT)
        program.wait_for("ready", READY_S)
        time.sleep(SETTLE_S)
        at = self.take_away()
        registered_at, rang_s = json.loads(program.wait_for(r"^\[", READY_S)[0].text)
        program.stop()
        self.bring_back()
        return registered_at - at, rang_s

    def take_away(self) -> float:
        """Close the primary's port and reset the phone's link; return when RST was on the wire."""
        here = ("src", FAR_ADDRESS, "sport", "=", f":{PORT}")
        self._destroy("-l", *here)
        return self._reset(here)

    def reset(self) -> float:
        """Reset the phone's link to the primary; return when RST was on the wire."""
        return self._reset(("src", FAR_ADDRESS, "sport", "=", f":{PORT}"))

    def bring_back(self) -> None:
        """Start the primary anew."""
        self.primary.running.kill()
        self.primary.start()
        self._start_ringer(self.primary)

    def cut(self) -> float:
        """Lose every packet to and from the primary; return since when."""
        at = time.time()
        self.wire.set_dead(FAR_ADDRESS)
        return at

    def mend(self) -> None:
        """Let packets to and from the primary through again."""
        self.wire.set_dead()

    def _reset(self, here: tuple[str, ...]) -> float:
        begun_at = time.time()
        self._destroy(*here, "dst", NEAR_ADDRESS)
        ended = [flow.closed_at or 0.0 for flow in self.wire.flows()]
        at = max(ended)
        assert at >= begun_at, "nothing was reset"
        return at

    def _destroy(self, *which: str) -> None:
        run(*self.wire.command(self.wire.far, ["ss", "-K", "-t", *which]))

    def _start_ringer(self, kamailio: Kamailio) -> None:
        words = [sys.executable, "-m", ringer.__name__, kamailio.host, str(PORT)]
        far = self.wire.command(self.wire.far, [*words, str(self.authority)])
        Program(far, directory=ROOT).wait_for("ready", READY_S)
