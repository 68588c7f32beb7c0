"""The guide's recipe for Asterisk, word by word: `make test-recipes`.

Debian 12 and 13 have no Asterisk: it comes from sid, in a root of its own. Each server has the
configuration that the package brings, and in it the two files of the guide.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.interop.conftest import wait_until
from tests.interop.recipes import PLACES, House, phones, recipe
from tests.lab.authority import Authority, Identity
from tests.lab.ports import Ports
from tests.lab.processes import Program

ASTERISK_ROOT = Path(os.environ["ASTERISK_ROOT"])

HOSTS = ("127.0.0.2", "127.0.0.3")
"""The phones' own address is 127.0.0.1: a server knows the other one by its address."""

START_S = 60.0
FOLDERS = ("run", "log", "spool", "var")
RTP_FIRST = {HOSTS[0]: 31000, HOSTS[1]: 31200}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sid")
    subprocess.run(["tar", "-C", str(made), "-xf", str(ASTERISK_ROOT)], check=True)
    return made


def configured(root: Path, identity: Identity, host: str, port: int) -> str:
    """Write a server's files; return where its own folder is, within the root."""
    inner = f"/srv/{host}"
    folder = root / inner.lstrip("/")
    shutil.copytree(root / "etc/asterisk", folder / "etc", symlinks=True)
    for name in FOLDERS:
        (folder / name).mkdir()
    identity.write(folder / "etc", "sip1")
    here, there = HOSTS if host == HOSTS[0] else reversed(HOSTS)
    text = recipe("pjsip.conf").replace("/etc/asterisk/keys", f"{inner}/etc")
    text = text.replace("0.0.0.0:5061", f"{here}:{port}").replace("5060", str(port))
    text = text.replace(PLACES[0], here).replace(PLACES[1], there)
    (folder / "etc/pjsip.conf").write_text(text)
    (folder / "etc/extensions.conf").write_text(recipe("extensions.conf"))
    first = RTP_FIRST[host]
    (folder / "etc/rtp.conf").write_text(f"[general]\nrtpstart={first}\nrtpend={first + 99}\n")
    places = "".join(f"ast{name}dir => {inner}/{name}\n" for name in ("etc", "run", "log", "spool"))
    (folder / "etc/asterisk.conf").write_text(f"[directories]\n{places}astdbdir => {inner}/var\n")
    return inner


@pytest.fixture
def house(root: Path, tmp_path: Path) -> Iterator[House]:
    authority = Authority()
    file = tmp_path / "authority.pem"
    file.write_bytes(authority.certificate_pem)
    with ExitStack() as stack:
        port = stack.enter_context(Ports()).first

        def server(host: str) -> Program:
            inner = configured(root, authority.issue(host), host, port)
            words = ["asterisk", "-f", "-n", "-C", f"{inner}/etc/asterisk.conf", "-vv"]
            program = Program(["chroot", str(root), *words])
            stack.callback(program.stop)
            wait_until(lambda: listens(host, port), START_S)
            return program

        servers = server(HOSTS[0]), server(HOSTS[1])
        yield House(servers, stack.enter_context(phones(tmp_path, file, HOSTS, port)))


def listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def test_phones_at_two_servers_call_each_other_also_when_one_of_those_is_gone(
    house: House,
) -> None:
    house.outlives_a_server()
    for phone in house.phones:
        plans = phone.events("media")
        assert len(plans) >= 4
        assert all(plan["encrypted"] for plan in plans)
