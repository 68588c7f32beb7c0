"""The administrator's guide, followed word by word: two real servers as its recipe says."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.interop.conftest import wait_until
from tests.interop.recipes import PLACES, House, phones, recipe
from tests.lab.authority import Authority, Identity
from tests.lab.ports import Ports
from tests.lab.processes import Program

HOSTS = ("127.0.0.1", "127.0.0.2")
START_S = 10.0


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


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    authority = Authority()
    file = tmp_path / "authority.pem"
    file.write_bytes(authority.certificate_pem)
    with ExitStack() as stack:
        port = stack.enter_context(Ports()).first

        def server(host: str) -> Program:
            made = Server(tmp_path / f"server-{host}", authority.issue(host), host, port)
            return stack.enter_context(made).program

        servers = server(HOSTS[0]), server(HOSTS[1])
        yield House(servers, stack.enter_context(phones(tmp_path, file, HOSTS, port)))


def test_phones_at_two_servers_call_each_other_also_when_one_of_those_is_gone(
    house: House,
) -> None:
    house.outlives_a_server()
