"""A real Kamailio as registrar and proxy over TLS, started and stopped by tests.

Digest with fixed users, bindings in memory, RFC 5626 (Flow-Timer, Require: outbound), GRUU, pongs.
A phone is reached only over the connection that it opened (`set_forward_no_connect`); a binding
whose connection ends is forgotten. Faults that only a proxy can have are switched at run time.

Two of them are a pair: each forwards a user that it cannot reach to the other, once, over UDP.
They keep their locations apart, or share them (`dmq_usrloc`).
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.interop.accounts import DOMAIN, USERS
from tests.lab.authority import Identity
from tests.lab.ports import Ports
from tests.lab.processes import Line, Program

START_S = 10.0
FLOW_TIMER_S = 25

TLS = """\
[server:default]
method = TLSv1.2+
private_key = {key}
certificate = {certificate}
verify_certificate = no
[client:default]
method = TLSv1.2+
private_key = {key}
certificate = {certificate}
verify_certificate = no
"""


@dataclass
class Kamailio:
    """One Kamailio; `prefix` is the command that puts it into a network namespace."""

    directory: Path
    identity: Identity
    host: str = "127.0.0.1"
    port: int = 0
    prefix: Sequence[str] = ()
    pongs: bool = True
    partner: tuple[str, int] | None = None
    shares: bool = False
    direct: bool = False  # It opens connections to phones, and forgets none that hung up.
    presence: bool = False  # It tells of other phones' dialogs, as they are published (RFC 4235).
    memory_mib: int = 24  # For connections and transactions.
    program: Program | None = field(default=None, init=False)

    def __enter__(self) -> Kamailio:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.write_identity(self.identity)
        with ExitStack() as stack:
            self.port = self.port or stack.enter_context(Ports()).first
            stack.callback(self.stop)
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        for line in self.running.matching("CRITICAL|exited by a signal"):
            print(line.text)  # Shown where a test has failed: it may be this one's fault.

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        configuration = self.directory / "kamailio.cfg"
        configuration.write_text(self._configuration())
        words = ["kamailio", "-f", str(configuration), "-DD", "-E", "-M", "4"]
        words += ["-m", str(self.memory_mib)]
        words += ["-A", "PARTNER"] if self.partner else []
        words += ["-A", "SHARED"] if self.shares else []
        words += ["-A", "DIRECT"] if self.direct else []
        words += ["-A", "PRESENCE"] if self.presence else []
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

    def set_unavailable(self, on: bool, retry_after_s: int = 0) -> None:
        """Answer every request with 503."""
        self.command("cfg.set_now_int", "lab", "retry_after", str(retry_after_s))
        self.command("cfg.set_now_int", "lab", "unavailable", str(int(on)))

    def fail_account(self, user: str, retry_after_s: int = 0) -> None:
        """Answer the REGISTERs of one account with 500."""
        self.command("cfg.set_now_int", "lab", "retry_after", str(retry_after_s))
        self.command("htable.seti", "failing", user, "1")

    def serve_account(self, user: str) -> None:
        """Serve that account again."""
        self.command("htable.delete", "failing", user)

    def take_identity(self, identity: Identity) -> None:
        """Show another certificate on new connections; those that stand go on."""
        self.write_identity(identity)
        self.command("tls.reload")

    def write_identity(self, identity: Identity) -> None:
        """Write the certificate and its key to where the configuration looks for them."""
        certificate, key = identity.write(self.directory, "proxy")
        (self.directory / "tls.cfg").write_text(TLS.format(certificate=certificate, key=key))

    def set_challenge(self, on: bool) -> None:
        """Ask for credentials in calls, or let them through."""
        self.command("cfg.set_now_int", "lab", "challenge", str(int(on)))

    def pass_one_suite(self, tag: int) -> None:
        """Take every line of keys but one out of offers; 0 lets all of them through."""
        self.command("cfg.set_now_int", "lab", "suite", str(tag))

    def bindings(self) -> str:
        """What the registrar holds, as it prints it."""
        return self.command("ul.dump")

    def contacts(self, user: str) -> list[str]:
        """Where the registrar believes a user to be: one address for each binding."""
        contacts: list[str] = []
        for line in self.bindings().splitlines():
            name, _, value = line.strip().partition(": ")
            if name == "AoR":
                whose = value
            elif name == "Address" and whose == user:
                contacts.append(value)
        return contacts

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
            ADDRESS=f"{self.host}:{self.port}",
            PARTNER="{}:{}".format(*(self.partner or ("", 0))),
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
