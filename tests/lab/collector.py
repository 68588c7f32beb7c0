"""A collector of logs: Debian's rsyslogd, with an input for each way that lines may come."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from tests.lab.authority import Identity
from tests.lab.ports import HOST, Ports
from tests.lab.processes import Program

WAIT_S = 45.0

SETTINGS = """\
global(
    workDirectory="{folder}"
    defaultNetstreamDriver="gtls"
    defaultNetstreamDriverCAFile="{folder}/authority.pem"
    defaultNetstreamDriverCertFile="{folder}/collector.pem"
    defaultNetstreamDriverKeyFile="{folder}/collector.key"
    parser.escapeControlCharactersOnReceive="off"
)
module(load="imudp")
module(load="imtcp")
input(type="imudp" address="{host}" port="{udp}" ruleset="all")
input(type="imtcp" address="{host}" port="{tcp}" ruleset="all" streamDriver.name="ptcp")
input(
    type="imtcp" address="{host}" port="{tls}" ruleset="all"
    streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon"
)
template(name="all" type="string" string="%jsonmesg%\\n")
action(type="omfile" file="/dev/stderr")
ruleset(name="all") {{ action(type="omfile" file="{folder}/lines" template="all") }}
"""


class Collector:
    """`rsyslogd`; a context manager. Its ports stay the same when it is started again."""

    def __init__(self, folder: Path, identity: Identity, authority_pem: bytes) -> None:
        folder.mkdir()
        self._folder = folder
        self._ports = Ports()
        self.udp, self.tcp, self.tls = (self._ports.first + number for number in range(3))
        (folder / "authority.pem").write_bytes(authority_pem)
        identity.write(folder, "collector")
        (folder / "lines").touch()
        settings = SETTINGS.format(
            folder=folder, host=HOST, udp=self.udp, tcp=self.tcp, tls=self.tls
        )
        (folder / "conf").write_text(settings)

    def __enter__(self) -> Collector:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.program.kill()
        self._ports.close()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        path = f"{os.environ['PATH']}:/usr/sbin"
        words = ["rsyslogd", "-n", "-f", str(self._folder / "conf"), "-i", "NONE"]
        self.program = Program(["env", f"PATH={path}", *words])
        by = time.monotonic() + WAIT_S
        while missing := [one for one in self._inputs if not self._listens(*one)]:
            assert self.program.running, self.program.text
            assert time.monotonic() < by, (missing, self.program.text)
            time.sleep(0.02)

    @property
    def _inputs(self) -> tuple[tuple[str, int], ...]:
        return (("udp", self.udp), ("tcp", self.tcp), ("tcp", self.tls))

    @staticmethod
    def _listens(kind: str, port: int) -> bool:
        return f":{port:04X} " in Path(f"/proc/net/{kind}").read_text()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What has come, message by message, as the collector understood it."""
        text = (self._folder / "lines").read_text()
        return [json.loads(line) for line in text.splitlines()]

    @property
    def text(self) -> str:
        """All of it as it was written down."""
        return (self._folder / "lines").read_text()

    def wait_for(self, text: str) -> dict[str, Any]:
        """Wait for a message with that text in it; return the first."""
        by = time.monotonic() + WAIT_S
        while time.monotonic() < by:
            for line in self.lines:
                if text in line["msg"]:
                    return line
            time.sleep(0.02)
        raise AssertionError(f"no {text!r} among {[line['msg'] for line in self.lines]}")
