"""A real Kamailio as registrar and proxy over TLS, started and stopped by tests.

Digest with fixed users, bindings in memory, RFC 5626 (Flow-Timer, Require: outbound), GRUU, pongs.
A phone is reached only over the connection that it opened (`set_forward_no_connect`); a binding
whose connection ends is forgotten. Faults that only a proxy can have are switched at run time.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.interop.accounts import DOMAIN, USERS
from tests.lab.authority import Identity
from tests.lab.processes import Line, Program

START_S = 10.0
FLOW_TIMER_S = 25


@dataclass
class Kamailio:
    """One Kamailio; `prefix` is the command that puts it into a network namespace."""

    directory: Path
    identity: Identity
    host: str = "127.0.0.1"
    port: int = 0
    prefix: Sequence[str] = ()
    pongs: bool = True
    program: Program | None = field(default=None, init=False)

    def __enter__(self) -> Kamailio:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.identity.write(self.directory, "proxy")
        self.port = self.port or free_port(self.host)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        configuration = self.directory / "kamailio.cfg"
        configuration.write_text(self._configuration())
        words = ["kamailio", "-f", str(configuration), "-DD", "-E", "-m", "24", "-M", "4"]
        self.program = Program([*self.prefix, *words])
        # Its ports are open before it starts the process that says this.
        self.program.wait_for("io_listen_loop", START_S)

    def stop(self) -> None:
        """Stop it; its port closes and its connections end."""
        if self.program is not None:
            self.program.stop()

    def restart(self) -> None:
        """Stop and start: every binding and connection is lost."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Stop the processes: the kernel accepts and acknowledges, nobody reads."""
        self.running.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the processes go on."""
        self.running.signal(signal.SIGCONT)

    def set_silent(self, on: bool) -> None:
        """Read requests and answer none; pings are still answered."""
        self.command("cfg.set_now_int", "lab", "silent", str(int(on)))

    def set_unavailable(self, on: bool) -> None:
        """Answer every request with 503."""
        self.command("cfg.set_now_int", "lab", "unavailable", str(int(on)))

    def set_challenge(self, on: bool) -> None:
        """Ask for credentials in calls, or let them through."""
        self.command("cfg.set_now_int", "lab", "challenge", str(int(on)))

    def bindings(self) -> str:
        """What the registrar holds, as it prints it."""
        return self.command("ul.dump")

    def requests(self, method: str = ".*", since: float = 0.0) -> list[Line]:
        """The requests that it read."""
        return self.running.matching(f"LAB request {method} ", since)

    def wait_registered(
        self, users: Iterable[str], since: float, timeout_s: float
    ) -> dict[str, float]:
        """Wait until each user was registered since that moment; return when, by user."""
        by = time.time() + timeout_s
        done = {}
        for user in users:
            wait_s = max(0.0, by - time.time())
            done[user] = self.running.wait_for(f"LAB registered {user} ", wait_s, since)[0].at
        return done

    @property
    def running(self) -> Program:
        """The process."""
        assert self.program is not None
        return self.program

    def command(self, *words: str) -> str:
        """Ask it something by its own remote control."""
        socket_name = f"unix:{self.directory}/ctl"
        done = subprocess.run(
            ["kamcmd", "-s", socket_name, *words],
            capture_output=True, text=True, check=True, timeout=START_S,
        )  # fmt: skip
        return done.stdout

    def _configuration(self) -> str:
        cases = "".join(
            f'    if ($au == "{name}") {{ $var(password) = "{password}"; }}\n'
            for name, password in USERS.items()
        )
        return _fill(
            Path(__file__).with_name("kamailio.cfg.in").read_text(),
            LISTEN=f"tls:{self.host}:{self.port}",
            DOMAIN=DOMAIN,
            DIRECTORY=str(self.directory),
            PONGS="yes" if self.pongs else "no",
            FLOW_TIMER=str(FLOW_TIMER_S),
            PASSWORDS=cases,
        )


def _fill(template: str, **values: str) -> str:
    for name, value in values.items():
        template = template.replace(f"@{name}@", value)
    return template


def free_port(host: str) -> int:
    """Return a port that is free now; the kernel does not give the same one twice in a row."""
    with socket.create_server((host, 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
