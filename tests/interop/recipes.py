"""The administrator's guide, as files that a test can follow word by word."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.interop.phone import Phone
from tests.lab.namespaces import ROOT
from tests.lab.processes import Program

GUIDE = (ROOT / "config" / "ADMINISTRATION.md").read_text()
NAMES = ("sip1.example.org", "sip2.example.org")
PLACES = ("192.0.2.11", "192.0.2.12")  # Of the servers in the guide.


def recipe(file: str) -> str:
    """Return a file of the guide."""
    (text,) = re.findall(rf"```{re.escape(file)}\n(.*?)```", GUIDE, re.DOTALL)
    return str(text)


@dataclass
class Guided(Phone):
    """A phone with the file of the guide; the second one has the servers change places."""

    port: int = 0
    number: int = 201
    hosts: tuple[str, str] = ("", "")  # Of the two servers.

    @property
    def host(self) -> str:
        """Where it is registered."""
        return str(self.status()["link"]["proxy"]).partition(":")[0]

    def _startup(self) -> str:
        text = recipe("startup.cfg").replace("authority.pem", str(self.authority))
        text = text.replace("201", str(self.number)).replace("#1", f"#{self.number - 200}")
        hosts = self.hosts if self.number == 201 else tuple(reversed(self.hosts))
        for name, host in zip(NAMES, hosts, strict=True):
            text = text.replace(name, host)
        text = text.replace("port: 5061", f"port: {self.port}")
        return f"{text}sip rtp port: {self.media_port}\nsound device: none\n"


@dataclass
class House:
    """Two servers and a phone at each."""

    servers: tuple[Program, Program]
    phones: tuple[Guided, Guided]

    def call(self, caller: Guided, callee: Guided) -> None:
        """Have one call the other, answer, and hang up; return when both know of that."""
        at = time.time()
        caller.send("dial", uri=str(callee.number))
        assert callee.wait_for("incoming", since=at)
        callee.send("answer")
        assert caller.wait_for("answered", since=at)
        caller.send("hangup")
        for phone in (caller, callee):
            assert phone.wait_for("ended", since=at)

    def outlives_a_server(self) -> None:
        """Call both ways; stop the first server, and see that its phone calls by the other one."""
        one, two = self.phones
        hosts = one.hosts
        assert [phone.host for phone in self.phones] == list(hosts)
        self.call(one, two)
        self.call(two, one)
        at = time.time()
        self.servers[0].stop()
        one.wait_registered(at)
        assert one.host == hosts[1]
        self.call(one, two)
        self.call(two, one)


@contextmanager
def phones(
    folder: Path, authority: Path, hosts: tuple[str, str], port: int
) -> Iterator[tuple[Guided, Guided]]:
    """Two phones with the file of the guide, registered each at its own server."""

    def phone(number: int) -> Guided:
        users, place = (str(number),), (hosts[0], port)
        return stack.enter_context(
            Guided(
                folder / str(number),
                place,
                authority,
                users,
                port=port,
                number=number,
                hosts=hosts,
            )
        )

    with ExitStack() as stack:
        both = phone(201), phone(202)
        for one in both:
            one.wait_registered()
        yield both
