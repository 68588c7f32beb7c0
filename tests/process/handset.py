"""The phone as a process, with whatever configuration and state a test gives it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.lab.authority import Authority
from tests.lab.background import Background
from tests.lab.exchange import Exchange
from tests.lab.namespaces import ROOT
from tests.lab.processes import Program
from tests.process.wall_clock import WallClock

Event = dict[str, Any]

HOST, DOMAIN = "127.0.0.1", "lab.test"
USER, PASSWORD = "alice", "alice-never-to-be-logged"
WAIT_S = 20.0
INTO_A_FILE = 'exec "$@" 2>"$0"'


def until(done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    by = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < by, "it did not happen in time"
        time.sleep(0.02)


class Handset:
    """`python -m firmware --board script`; a context manager."""

    def __init__(
        self,
        config: Path,
        state: Path,
        log: Path,
        *arguments: str,
        environment: Sequence[str] = (),
    ) -> None:
        self._log = log
        words = [
            "env",
            *environment,
            sys.executable,
            "-W",
            "error::ResourceWarning",
            "-m",
            "firmware",
        ]
        words += ["--board", "script", "--config", str(config), "--state", str(state), *arguments]
        self._words = ["sh", "-c", INTO_A_FILE, str(log), *words]

    def __enter__(self) -> Handset:
        self.program = Program(self._words, directory=ROOT, merge_errors=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.program.kill()

    @property
    def errors(self) -> str:
        """What it wrote to its standard error; nothing before it has begun."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def events(self) -> list[Event]:
        return [json.loads(line.text) for line in list(self.program.lines)]

    def send(self, command: str, **values: object) -> None:
        self.program.say(json.dumps({"cmd": command, **values}) + "\n")

    def wait_for(self, kind: str, fits: Callable[[Event], bool] = lambda event: True) -> Event:
        """Wait for an event; those that came already count."""
        by = time.monotonic() + WAIT_S
        while time.monotonic() < by and self.program.running:
            for event in self.events:
                if event["ev"] == kind and fits(event):
                    return event
            time.sleep(0.02)
        told = [{k: v for k, v in event.items() if k != "png"} for event in self.events[-20:]]
        raise AssertionError(f"no {kind}: {told}\n{self.errors}")

    def status(self) -> Event:
        """Ask how things are: a phone that answers is alive."""
        count = sum(event["ev"] == "status" for event in self.events)
        self.send("status")
        by = time.monotonic() + WAIT_S
        while time.monotonic() < by and self.program.running:
            found = [event for event in self.events if event["ev"] == "status"]
            if len(found) > count:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError(f"no answer\n{self.errors}")

    def stop(self) -> int:
        """Tell it to stop; return its exit status."""
        self.send("stop")
        until(lambda: not self.program.running)
        return self.program.stop()

    def memory_kib(self) -> int:
        """Return its resident memory at its highest."""
        text = Path(f"/proc/{self.program.pid}/status").read_text()
        (line,) = [line for line in text.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1])


class Place:
    """An exchange, an authority, and folders for a phone."""

    def __init__(self, directory: Path, background: Background) -> None:
        self.directory, self.background = directory, background
        self.config, self.state = directory / "config", directory / "state"
        self.config.mkdir()
        self.authority = Authority()
        (self.config / "trusted.pem").write_bytes(self.authority.certificate_pem)
        self.exchange = Exchange(
            HOST, 0, domain=DOMAIN, users={USER: PASSWORD, "bob": "x"}, authority=self.authority
        )
        background.run(self.exchange.start())

    def close(self) -> None:
        self.background.run(self.exchange.stop())

    def configure(self, changes: Mapping[str, str | None], port: int = 0) -> None:
        """Write startup.cfg; a change to None leaves the parameter out."""
        values: dict[str, str | None] = {
            "sip registrar ip": DOMAIN,
            "sip outbound proxy": HOST,
            "sip outbound proxy port": str(port or self.exchange.port),
            "sips trusted certificates": "trusted.pem",
            "sip srtp mode": "0",
            "sip line1 user name": USER,
            "sip line1 auth name": USER,
            "sip line1 password": PASSWORD,
            **changes,
        }
        lines = [f"{name}: {value}\n" for name, value in values.items() if value is not None]
        (self.config / "startup.cfg").write_text("".join(lines))

    def phone(self, *arguments: str, clock: WallClock | None = None) -> Handset:
        return Handset(
            self.config,
            self.state,
            self.directory / "errors",
            *arguments,
            environment=clock.environment if clock else (),
        )
