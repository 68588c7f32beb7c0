"""The administrator's guide, followed word by word: two real servers as its recipe says."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.interop.conftest import wait_until
from tests.interop.phone import Phone
from tests.lab.authority import Authority, Identity
from tests.lab.namespaces import ROOT
from tests.lab.ports import Ports
from tests.lab.processes import Program

GUIDE = (ROOT / "config" / "ADMINISTRATION.md").read_text()
NAMES = ("sip1.example.org", "sip2.example.org")
PLACES = ("192.0.2.11", "192.0.2.12")  # Of the servers in the guide,
HOSTS = ("127.0.0.1", "127.0.0.2")  # and here.
START_S = 10.0


def recipe(file: str) -> str:
    """Return a file of the guide."""
    (text,) = re.findall(rf"```{re.escape(file)}\n(.*?)```", GUIDE, re.DOTALL)
    return str(text)


@dataclass
class Guided(Phone):
    """A phone with the file of the guide; the second one has the servers change places."""

    port: int = 0
    number: int = 201

    @property
    def host(self) -> str:
        """Where it is registered."""
        return str(self.status()["link"]["proxy"]).partition(":")[0]

    def _startup(self) -> str:
        text = recipe("startup.cfg").replace("authority.pem", str(self.authority))
        text = text.replace("201", str(self.number)).replace("#1", f"#{self.number - 200}")
        hosts = HOSTS if self.number == 201 else tuple(reversed(HOSTS))
        for name, host in zip(NAMES, hosts, strict=True):
            text = text.replace(name, host)
        text = text.replace("port: 5061", f"port: {self.port}")
        return f"{text}sip rtp port: {self.media_port}\nsound device: none\n"


@dataclass
class Server:
    """A server of the recipe."""

    folder: Path
    identity: Identity
    host: str
    port: int
    program: Program = field(init=False)

    def __enter__(self) -> Server:
        self.folder.mkdir()
        certificate, key = self.identity.write(self.folder, "sip1")
        tls = recipe("tls.cfg").replace("/etc/kamailio/sip1.pem", str(certificate))
        (self.folder / "tls.cfg").write_text(tls.replace("/etc/kamailio/sip1.key", str(key)))
        text = recipe("kamailio.cfg").replace("/etc/kamailio", str(self.folder))
        here, there = HOSTS if self.host == HOSTS[0] else reversed(HOSTS)
        text = text.replace(PLACES[0], here).replace(PLACES[1], there)
        text = text.replace("5061", str(self.port)).replace("5060", str(self.port))
        (self.folder / "kamailio.cfg").write_text(text)
        words = ["kamailio", "-f", str(self.folder / "kamailio.cfg"), "-DD", "-E", "-M", "4"]
        self.program = Program([*words, "-m", "24"])
        with ExitStack() as stack:
            stack.callback(self.program.stop)
            wait_until(self._listens, START_S)
            stack.pop_all()
        return self

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def __exit__(self, *_: object) -> None:
        self.program.stop()


@dataclass
class House:
    """Two servers and a phone at each."""

    servers: tuple[Server, Server]
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


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    authority = Authority()
    file = tmp_path / "authority.pem"
    file.write_bytes(authority.certificate_pem)
    with ExitStack() as stack:
        port = stack.enter_context(Ports()).first

        def server(host: str) -> Server:
            return stack.enter_context(
                Server(tmp_path / f"server-{host}", authority.issue(host), host, port)
            )

        def phone(number: int) -> Guided:
            folder = tmp_path / str(number)
            users, place = (str(number),), (HOSTS[0], port)
            return stack.enter_context(Guided(folder, place, file, users, port=port, number=number))

        servers = server(HOSTS[0]), server(HOSTS[1])
        phones = phone(201), phone(202)
        for one in phones:
            one.wait_registered()
        yield House(servers, phones)


def test_phones_at_two_servers_call_each_other_also_when_one_of_those_is_gone(
    house: House,
) -> None:
    one, two = house.phones
    assert [phone.host for phone in house.phones] == list(HOSTS)
    house.call(one, two)
    house.call(two, one)
    at = time.time()
    house.servers[0].program.stop()
    one.wait_registered(at)
    assert one.host == HOSTS[1]
    house.call(one, two)
    house.call(two, one)
