"""A desk to try the phone at: `python -m tests.lab.desk` runs exchange and virtual handset in one.

`Desk` starts one exchange, or a primary and a backup that know each other, and writes a folder
that the phone starts from: `startup.cfg` and the trusted certificate. Its `groups` and
`set_fault` are what the page shows: a group of switches for each exchange.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path

from board import board
from board.board import FaultGroup
from tests.lab.authority import Authority
from tests.lab.exchange import Exchange
from tests.lab.faults import Fault

DOMAIN = "lab.test"
PORT = 5061
HOSTS = {"primary": "127.0.0.1", "backup": "127.0.0.2"}

USERS = {str(number): f"secret-{number}" for number in range(201, 210)}
"""Extensions of the desk and their passwords: nobody outside this machine can use them."""

STARTUP = """\
# Written by the lab: a phone at a desk beside it.
sip registrar ip: {domain}
sip outbound proxy: {primary.host}
sip outbound proxy port: {primary.port}
{backup}sips trusted certificates: {authority}
sip persistent tls keep alive: {keep_alive_s}
{sound}{accounts}"""

BACKUP = """\
sip backup registrar ip: {domain}
sip backup outbound proxy: {backup.host}
sip backup outbound proxy port: {backup.port}
sips failback probe interval: {probe_s}
sips failback probe count: {probes}
sips failback minimum stay: {stay_s}
"""

PROBE_S, PROBES, STAY_S = 10, 2, 20
"""A person who watches sees the phone come home within half a minute (F3); in an office it is in
no hurry."""

KEYS = {"primary": "p", "backup": "b"}
"""Pull the plug of that exchange."""

ACCOUNT = """\
sip line{line} user name: {user}
sip line{line} auth name: {user}
sip line{line} password: {password}
sip line{line} display name: Desk {user}
sip line{line} screen name: {user}
"""

SUBSCRIBING = "sip line1 explicit mwi subscription: 1\n"
"""The first account asks for its messages; the others are told unasked."""


@dataclass
class Desk:
    """The exchanges and the folder; `accounts` extensions from 201 up are the phone's."""

    directory: Path
    accounts: int = 2
    with_backup: bool = False
    port: int = PORT
    keep_alive_s: int = 30
    sound_device: str = ""
    exchanges: dict[str, Exchange] = field(default_factory=dict, init=False)

    @property
    def primary(self) -> Exchange:
        """The exchange that the phone goes to first."""
        return self.exchanges["primary"]

    async def start(self) -> None:
        """Start the exchanges and write the folder."""
        authority = Authority("Desk authority")
        names = HOSTS if self.with_backup else {"primary": HOSTS["primary"]}
        for name, host in names.items():
            exchange = Exchange(host, self.port, domain=DOMAIN, users=USERS, authority=authority)
            await exchange.start()
            self.exchanges[name] = exchange
        if self.with_backup:
            self.primary.join(self.exchanges["backup"])
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "authority.pem").write_bytes(authority.certificate_pem)
        (self.directory / "startup.cfg").write_text(self._startup())

    async def stop(self) -> None:
        """Stop the exchanges; the folder stays."""
        for exchange in self.exchanges.values():
            await exchange.stop()

    def groups(self) -> list[FaultGroup]:
        """Return the switches of each exchange, named `primary.stop`, and who is registered."""
        return [
            FaultGroup(
                f"{where.capitalize()} exchange", note_of(exchange), switches(where, exchange)
            )
            for where, exchange in self.exchanges.items()
        ]

    async def set_fault(self, name: str, on: bool) -> None:
        """Switch a fault on or off."""
        where, _, fault = name.partition(".")
        await self.exchanges[where].set_fault(fault, on)

    def _startup(self) -> str:
        lines = enumerate(list(USERS.items())[: self.accounts], start=1)
        accounts = "".join(ACCOUNT.format(line=n, user=u, password=p) for n, (u, p) in lines)
        pace = {"probe_s": PROBE_S, "probes": PROBES, "stay_s": STAY_S}
        backup = BACKUP.format(domain=DOMAIN, **self.exchanges, **pace) if self.with_backup else ""
        return STARTUP.format(
            domain=DOMAIN,
            primary=self.primary,
            backup=backup,
            authority=(self.directory / "authority.pem").resolve(),
            keep_alive_s=self.keep_alive_s,
            sound=f"sound device: {self.sound_device}\n" if self.sound_device else "",
            accounts=accounts + SUBSCRIBING * bool(self.accounts),
        )


def switches(where: str, exchange: Exchange) -> tuple[board.Fault, ...]:
    """Return the switches of one exchange; the plug comes first, and has a key."""
    return tuple(
        board.Fault(
            f"{where}.{fault.value}",
            fault.label,
            is_on=fault in exchange.active,
            happens_once=fault.momentary,
            key=KEYS[where] if fault is Fault.STOP else "",
        )
        for fault in Fault
    )


def note_of(exchange: Exchange) -> str:
    """Say who is registered at an exchange."""
    if Fault.STOP in exchange.active:
        return "plug pulled"
    users = [user for user in USERS if exchange.registered(user)]
    return f"{', '.join(users)} registered here" if users else "nobody registered here"


async def run_with_phone(desk: Desk, directory: Path, page_port: int, trace: bool) -> int:
    """Start the exchanges and the phone beside them; return the phone's exit status."""
    # Loaded here: the exchanges alone need no phone.
    from firmware.runtime.options import EXIT_AGAIN, Options
    from firmware.runtime.start import run

    await desk.start()
    try:
        state = directory / "state"
        state.mkdir(exist_ok=True)
        for name, exchange in desk.exchanges.items():
            print(f"The {name} exchange is at {exchange.host}:{exchange.port}", flush=True)
        options = Options("desktop", desk.directory, state, page_port=page_port, trace=trace)
        while (status := await run(options, faults=desk)) == EXIT_AGAIN:
            pass  # A factory reset: the phone is another one, the exchanges are the same.
        return status
    finally:
        await desk.stop()


def main() -> int:
    """Read the command line and run until the phone is stopped."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.desk", description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path(".run"), help="configuration, state")
    parser.add_argument("--port", type=int, default=PORT, help="of the exchange; 0: any")
    parser.add_argument("--page-port", type=int, default=8088, help="of the virtual handset")
    parser.add_argument("--accounts", type=int, default=2, help="of the phone, from 201 up")
    parser.add_argument("--keep-alive", type=int, default=30, help="seconds; 0: off")
    parser.add_argument("--backup", action="store_true", help="start a backup exchange too")
    parser.add_argument("--sound", default="browser", help="device: a card's name, none, browser")
    parser.add_argument("--trace", action="store_true", help="log SIP, its secrets masked")
    given = parser.parse_args()
    folder = given.directory / "config"
    desk = Desk(folder, given.accounts, given.backup, given.port, given.keep_alive, given.sound)
    return asyncio.run(run_with_phone(desk, given.directory, given.page_port, given.trace))


if __name__ == "__main__":
    sys.exit(main())
