"""What baresip plays when packets come to it as a trace says: the same trace that our buffer gets.

It is called twice, by plain SIP over UDP, since nothing else is measured here. One call brings the
trace. A bridge is its player there, and the source of the other call, in which linear samples come
back: what is played is heard as it is, in time with baresip's own clock, and no codec is between.
What waits, and for how long, is its own choice: it is left as it is configured by default.
"""

from __future__ import annotations

import re
import select
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from firmware.media.formats import OPUS_PAYLOAD_TYPE
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
audio_player aubridge,played
audio_source aubridge,played
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
module opus.so
module l16.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
"""

ACCOUNTS = """\
<sip:mouth@{host}>;regint=0;answermode=auto;audio_codecs={peers_name};audio_source=aubridge,nobody
<sip:ears@{host}>;regint=0;answermode=auto;audio_codecs={linear};audio_player=aubridge,nothing
"""

INVITE = """\
INVITE sip:{user}@{host}:{port} SIP/2.0
Via: SIP/2.0/UDP {host}:{sip};branch=z9hG4bK-invite
Max-Forwards: 70
From: <sip:trace@{host}>;tag=trace
To: <sip:{user}@{host}>
Call-ID: {user}@{host}
CSeq: 1 INVITE
Contact: <sip:trace@{host}:{sip}>
Content-Type: application/sdp
Content-Length: {length}

{body}"""

AFTER = """\
{method} sip:{user}@{host}:{port} SIP/2.0
Via: SIP/2.0/UDP {host}:{sip};branch=z9hG4bK-{method}
Max-Forwards: 70
From: <sip:trace@{host}>;tag=trace
To: {to}
Call-ID: {user}@{host}
CSeq: {number} {method}
Content-Length: 0

"""

LINEAR, LINEAR_TYPE = "L16", 96
SAMPLE = ">i2"
PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8, "G722": 9, "opus": OPUS_PAYLOAD_TYPE}
RECEIVE_BYTES = 2**20


class PlainCall:
    """A call to one account of baresip, which answers by itself; a context manager."""

    def __init__(self, port: int, user: str, payload_type: int, encoding: str) -> None:
        self._values: dict[str, object] = {"host": HOST, "port": port, "user": user}
        self._described_as = payload_type, encoding

    def __enter__(self) -> PlainCall:
        with ExitStack() as stack:
            self._sip, self.rtp = (
                stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                for _ in range(2)
            )
            self.rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            for sock in (self._sip, self.rtp):
                sock.bind((HOST, 0))
                sock.settimeout(START_S)
            self._values["sip"] = self._sip.getsockname()[1]
            self._set_up()
            stack.callback(lambda: self._say(AFTER, method="BYE", number=2, to=self._to))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def send(self, packet: bytes) -> None:
        """Send a packet of sound."""
        self.rtp.sendto(packet, self._media)

    def _set_up(self) -> None:
        body = describe(HOST, self.rtp.getsockname()[1], *self._described_as)
        self._say(INVITE, length=len(body), body=body)
        while not (answer := self._sip.recv(65536).decode()).startswith("SIP/2.0 200"):
            assert answer.startswith("SIP/2.0 1"), answer
        self._to = _found(r"^To: (.*?)\r$", answer)
        self._media = (HOST, int(_found(r"^m=audio (\d+) ", answer)))
        self._say(AFTER, method="ACK", number=1, to=self._to)

    def _say(self, text: str, **values: object) -> None:
        head = text.replace("\n", "\r\n").format(**self._values, **values)
        self._sip.sendto(head.encode(), (HOST, self._values["port"]))


@dataclass
class Ears:
    """One baresip with a call of that codec to it, and another that hears; a context manager."""

    directory: Path
    of: Codec

    def __enter__(self) -> Ears:
        with ExitStack() as stack:
            port = self._start(stack)
            linear = f"{LINEAR}/{self.of.sample_rate}"
            self._ears = stack.enter_context(PlainCall(port, "ears", LINEAR_TYPE, linear))
            kind = PAYLOAD_TYPES[self.of.name]
            self._mouth = stack.enter_context(PlainCall(port, "mouth", kind, self.of.encoding))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> int:
        self.directory.mkdir(parents=True)
        ports, rate = stack.enter_context(Ports()), self.of.sample_rate
        sound = f"{ports.first + 2}-{ports.last}"
        settings = CONFIG.format(host=HOST, port=ports.first, rate=rate, sound=sound)
        (self.directory / "config").write_text(settings)
        linear, name = f"{LINEAR}/{rate}/1", f"{self.of.name}/{rate}/{self.of.channels}"
        accounts = ACCOUNTS.format(host=HOST, linear=linear, peers_name=name)
        (self.directory / "accounts").write_text(accounts)
        (self.directory / "contacts").touch()
        program = Program(["baresip", "-4", "-f", str(self.directory)])
        stack.callback(program.stop)
        program.wait_for("baresip is ready", START_S)
        return ports.first

    def hear(self, packets: list[MediaPacket], arrivals: list[tuple[float, int]]) -> Samples:
        """Let the packets come as the trace says; return what was played meanwhile."""
        self._played: list[Samples] = []
        self._listen(time.monotonic())
        self._played.clear()
        began = time.monotonic()
        for moment, number in arrivals:
            self._listen(began + moment)
            self._mouth.send(self._packet(packets[number]))
        self._listen(time.monotonic() + TAIL_S)
        return np.concatenate(self._played)

    def _packet(self, packet: MediaPacket) -> bytes:
        kind = PAYLOAD_TYPES[self.of.name]
        return bytes(RtpPacket(kind, packet.sequence, packet.timestamp, 7, packet.payload))

    def _listen(self, until: float) -> None:
        """Take in what is played until then; what waits already, in any case."""
        sock = self._ears.rtp
        while select.select([sock], [], [], max(0.0, until - time.monotonic()))[0]:
            payload = RtpPacket.parse(sock.recv(4096)).payload
            self._played.append(np.frombuffer(payload, SAMPLE).astype(np.int16))


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    assert match is not None, text
    return match[1]
