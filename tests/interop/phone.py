"""The phone itself, as a program: started with a configuration, driven by JSON lines.

The `script` board turns commands on standard input into key presses and calls, and prints what
happens. Everything here looks at the phone from outside.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

from tests.interop.accounts import DOMAIN, USERS
from tests.lab.namespaces import ROOT
from tests.lab.ports import Ports
from tests.lab.processes import Line, Program

Event = dict[str, Any]

STATUS = '{"ev": "status"'
PICTURE = re.compile(r'"png": *"[^"]*"')

START_S = 10.0
ANSWER_S = 5.0

STARTUP = """\
sip registrar ip: {domain}
sip outbound proxy: {host}
sip outbound proxy port: {port}
sips trusted certificates: {authority}
sip persistent tls keep alive: {keep_alive_s}
sip srtp mode: 0
sip rtp port: {rtp_port}
sound device: none
{more}{accounts}"""

ACCOUNT = """\
sip line{line} user name: {user}
sip line{line} auth name: {user}
sip line{line} password: {password}
"""


@dataclass
class Phone:
    """One phone with an account for each of `users`; a context manager."""

    directory: Path
    proxy: tuple[str, int]
    authority: Path
    users: Sequence[str] = ("alice", "bob", "carol")
    keep_alive_s: int = 5
    more: Mapping[str, str] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    module: str = "firmware"
    board: str = "script"
    arguments: Sequence[str] = ()
    heard: Callable[[Line], None] | None = None  # Somebody who hears what it says, as it does.
    _is_told_to_stop: bool = field(default=False, init=False)

    def __enter__(self) -> Self:
        self._ports = Ports()
        configuration, state = self.directory / "config", self.directory / "state"
        configuration.mkdir(parents=True)
        state.mkdir()
        (configuration / "startup.cfg").write_text(self._startup())
        self.started_at = time.time()
        words = [sys.executable, "-m", self.module, "--board", self.board]
        words += ["--config", str(configuration), "--state", str(state), *self.arguments]
        self.program = Program(
            [*self.prefix, *words], directory=ROOT, heard=self.heard, merge_errors=False
        )
        return self

    def __exit__(self, *_: object) -> None:
        status = self.program.status
        try:
            self.tell_to_stop()
        finally:
            self.program.stop()
            self._ports.close()
        assert not status, f"the phone had ended with {status}:\n{self.tail}"

    def tell_to_stop(self) -> None:
        """Have it sign off and end; told twice, it may have ended before it hears the second."""
        if self.program.running and not self._is_told_to_stop:
            self._is_told_to_stop = True
            self.send("stop")

    def send(self, command: str, **values: object) -> None:
        """Send one command."""
        self.program.say(json.dumps({"cmd": command, **values}) + "\n")

    def events(self, kind: str, since: float = 0.0) -> list[Event]:
        """Return the events of a kind since that moment."""
        lines = [line for line in list(self.program.lines) if line.at >= since]
        return [event for event in map(parse, lines) if event["ev"] == kind]

    def wait_for(
        self,
        kind: str,
        timeout_s: float = ANSWER_S,
        since: float = 0.0,
        fits: Callable[[Event], bool] = lambda event: True,
    ) -> Event:
        """Wait for an event of that kind that fits; return it."""
        by = time.time() + timeout_s
        while True:
            found = [event for event in self.events(kind, since) if fits(event)]
            if found:
                return found[0]
            if time.time() > by or not self.program.running:
                raise AssertionError(f"no {kind} in {timeout_s} s:\n{self.tail}")
            time.sleep(0.02)

    def wait_for_any(self, kinds: Sequence[str], timeout_s: float, since: float) -> Event:
        """Wait for the first event of one of these kinds; return it."""
        by = time.time() + timeout_s
        while True:
            found = [event for kind in kinds for event in self.events(kind, since)]
            if found:
                return min(found, key=lambda event: float(event["at"]))
            if time.time() > by or not self.program.running:
                raise AssertionError(f"none of {kinds} in {timeout_s} s:\n{self.tail}")
            time.sleep(0.02)

    def wait_registered(self, since: float = 0.0, timeout_s: float = START_S) -> None:
        """Wait until every account has said since that moment that it is registered."""
        by = time.time() + timeout_s
        for number in range(1, len(self.users) + 1):
            self.wait_for("registered", by - time.time(), since, partial(is_of, number))

    def status(self) -> Event:
        """Ask for everything that the link screen knows."""
        asked_at = time.time()
        self.send("status")
        return self.wait_for("status", since=asked_at)

    @property
    def tail(self) -> str:
        """The last events, without the pictures and without what it was only asked for."""
        # Perhaps its last one was cut: they are not parsed.
        lines = [line for line in list(self.program.lines) if STATUS not in line.text][-60:]
        return "\n".join(f"{line.at:.3f} {PICTURE.sub('', line.text)}" for line in lines)

    def memory_kib(self) -> tuple[int, int]:
        """Return the resident memory now and at its highest, in KiB."""
        return self.program.memory_kib()

    def processor_s(self) -> float:
        """Return the processor time that it used so far."""
        return self.program.processor_s()

    @property
    def media_port(self) -> int:
        """Where the sound of its first call comes from."""
        return self._ports.first

    @property
    def pid(self) -> int:
        """Its process id: `ip netns exec` becomes the program that it runs."""
        return self.program.pid

    def _startup(self) -> str:
        accounts = "".join(
            ACCOUNT.format(line=line, user=user, password=USERS[user])
            for line, user in enumerate(self.users, start=1)
        )
        return STARTUP.format(
            domain=DOMAIN,
            host=self.proxy[0],
            port=self.proxy[1],
            authority=self.authority,
            keep_alive_s=self.keep_alive_s,
            rtp_port=self.media_port,
            more="".join(f"{name}: {value}\n" for name, value in self.more.items()),
            accounts=accounts,
        )


def is_of(account: int, event: Event) -> bool:
    """Whether an event is about that account."""
    return bool(event["account"] == account)


def parse(line: Line) -> Event:
    """Read one line of the phone's output; anything but a JSON object is a mistake of the phone."""
    event = json.loads(line.text)
    assert isinstance(event, dict), line.text
    return {"at": line.at, **event}
