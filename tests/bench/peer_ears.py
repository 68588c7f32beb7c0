"""What baresip plays when packets come to it as a trace says: the same trace that our buffer gets.

Its player and its source are one bridge, so what it plays comes back as RTP, sample for sample and
in time with its own clock. It is called by plain SIP over UDP: nothing else is measured here. What
waits, and for how long, is its own choice: it is left as it is configured by default.
"""

from __future__ import annotations

import re
import select
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from firmware.media.codec import make_decoder
from firmware.media.rtp import RtpPacket
from tests.lab.ports import Ports
from tests.lab.processes import Program
from tests.lab.sounder import describe

if TYPE_CHECKING:
    from firmware.media.formats import Codec
    from firmware.media.interfaces import MediaPacket
    from tests.unit.media.sounds import Samples

HOST = "127.0.0.1"
START_S = 10.0
TAIL_S = 0.6
"""What is still in its buffers when the last packet has come."""

CONFIG = """\
poll_method epoll
sip_listen {host}:{port}
call_local_timeout 60
audio_player aubridge,loop
audio_source aubridge,loop
audio_alert aubridge,alert
ausrc_srate {rate}
auplay_srate {rate}
ausrc_channels 1
auplay_channels 1
net_interface {host}
rtp_ports {sound}
module_path /usr/lib/baresip/modules
module g711.so
module g722.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
"""

ACCOUNT = "<sip:peer@{host}>;regint=0;answermode=auto;audio_codecs={codec}/{rate}/1\n"

INVITE = """\
INVITE sip:peer@{host}:{port} SIP/2.0
Via: SIP/2.0/UDP {host}:{sip};branch=z9hG4bK-invite
Max-Forwards: 70
From: <sip:trace@{host}>;tag=trace
To: <sip:peer@{host}>
Call-ID: trace@{host}
CSeq: 1 INVITE
Contact: <sip:trace@{host}:{sip}>
Content-Type: application/sdp
Content-Length: {length}

{body}"""

AFTER = """\
{method} sip:peer@{host}:{port} SIP/2.0
Via: SIP/2.0/UDP {host}:{sip};branch=z9hG4bK-{method}
Max-Forwards: 70
From: <sip:trace@{host}>;tag=trace
To: {to}
Call-ID: trace@{host}
CSeq: {number} {method}
Content-Length: 0

"""

PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8, "G722": 9}


@dataclass
class Ears:
    """One baresip and one call to it; a context manager."""

    directory: Path
    of: Codec
    values: dict[str, object] = field(default_factory=dict, init=False)

    def __enter__(self) -> Ears:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        self.directory.mkdir(parents=True)
        ports, rate = stack.enter_context(Ports()), self.of.sample_rate
        port, sound = ports.first, f"{ports.first + 2}-{ports.last}"
        values = {"host": HOST, "port": port, "rate": rate, "sound": sound}
        (self.directory / "config").write_text(CONFIG.format(**values))
        account = ACCOUNT.format(host=HOST, codec=self.of.name, rate=rate)
        (self.directory / "accounts").write_text(account)
        (self.directory / "contacts").touch()
        self._program = Program(["baresip", "-4", "-f", str(self.directory)])
        stack.callback(self._program.stop)
        self._program.wait_for("baresip is ready", START_S)
        self._sip, self._rtp = (
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2)
        )
        for sock in (self._sip, self._rtp):
            sock.bind((HOST, 0))
            sock.settimeout(START_S)
        self._peer = (HOST, port)
        ours = self._sip.getsockname()[1]
        self.values = {"host": HOST, "port": port, "sip": ours}
        self._call()
        stack.callback(lambda: self._say(AFTER, method="BYE", number=2, to=self._to))

    def hear(self, packets: list[MediaPacket], arrivals: list[tuple[float, int]]) -> Samples:
        """Let the packets come as the trace says; return what was played meanwhile."""
        played: list[RtpPacket] = []
        began = time.monotonic()
        for moment, number in arrivals:
            self._listen(began + moment, played)
            self._rtp.sendto(self._packet(packets[number]), self._media)
        self._listen(time.monotonic() + TAIL_S, played)
        played.sort(key=lambda packet: packet.sequence)
        decoder = make_decoder(self.of)
        return np.concatenate([decoder.decode(packet.payload) for packet in played])

    def _call(self) -> None:
        name, rtp = self.of.name, self._rtp.getsockname()[1]
        body = describe(HOST, rtp, PAYLOAD_TYPES[name], name, self.of.clock_rate)
        self._say(INVITE, length=len(body), body=body)
        while not (answer := self._sip.recv(65536).decode()).startswith("SIP/2.0 200"):
            assert answer.startswith("SIP/2.0 1"), answer
        self._to = _found(r"^To: (.*?)\r$", answer)
        self._media = (HOST, int(_found(r"^m=audio (\d+) ", answer)))
        self._say(AFTER, method="ACK", number=1, to=self._to)

    def _say(self, text: str, **values: object) -> None:
        head = text.replace("\n", "\r\n")
        self._sip.sendto(head.format(**self.values, **values).encode(), self._peer)

    def _packet(self, packet: MediaPacket) -> bytes:
        kind = PAYLOAD_TYPES[self.of.name]
        return bytes(RtpPacket(kind, packet.sequence, packet.timestamp, 7, packet.payload))

    def _listen(self, until: float, played: list[RtpPacket]) -> None:
        while (left_s := until - time.monotonic()) > 0:
            if select.select([self._rtp], [], [], left_s)[0]:
                played.append(RtpPacket.parse(self._rtp.recv(2048)))


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    assert match is not None, text
    return match[1]
