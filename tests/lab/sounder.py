"""Somebody who speaks RTP and nothing else: G.711 in clear, a tone out, and what comes is kept.

For what real phones do not do: sound before an answer, sound for a call that is over.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware.media.g711 import LAWS
from firmware.media.rtp import RtpPacket

RATE, PTIME_S = 8000, 0.02
FRAME = round(RATE * PTIME_S)
LAW, PAYLOAD_TYPE = LAWS["PCMU"], 0
AMPLITUDE = 8000

SDP = """\
v=0
o=- 1 1 IN IP4 {host}
s=-
c=IN IP4 {host}
t=0 0
m=audio {port} RTP/AVP {payload_type}
a=rtpmap:{payload_type} {encoding}
a=ptime:20
a={direction}
"""


def describe(
    host: str, port: int, payload_type: int, encoding: str, direction: str = "sendrecv"
) -> str:
    """Return a session description with one codec."""
    text = SDP.format(
        host=host, port=port, payload_type=payload_type, encoding=encoding, direction=direction
    )
    return text.replace("\n", "\r\n")


class Sounder:
    """One end; a context manager. It is silent until it is told whom to speak to."""

    def __init__(self, tone_hz: float, host: str = "127.0.0.1") -> None:
        self._tone_hz, self._host = tone_hz, host
        self._to: tuple[str, int] | None = None
        self._is_over = threading.Event()
        self._packets: list[bytes] = []
        self.refused = 0  # Packets that nobody took: the other end's machine said so.

    def __enter__(self) -> Sounder:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self._host, 0))
        self._socket.settimeout(PTIME_S)
        self._threads = [threading.Thread(target=work) for work in (self._speak, self._listen)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        self._socket.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._socket.getsockname()[1]
        return port

    def description(self, direction: str = "sendrecv") -> bytes:
        """Return its session description."""
        return describe(self._host, self.port, PAYLOAD_TYPE, f"PCMU/{RATE}", direction).encode()

    def speak_to(self, described: bytes) -> None:
        """Say the tone to whom a description names, from now on."""
        line = next(line for line in described.decode().splitlines() if line.startswith("m=audio"))
        self._socket.connect((self._host, int(line.split()[1])))
        self._to = self._socket.getpeername()

    def heard(self) -> NDArray[np.int16]:
        """Return everything that it heard."""
        parts = [RtpPacket.parse(data) for data in list(self._packets)]
        sounds = [LAW.expand(part.payload) for part in parts if part.payload_type == PAYLOAD_TYPE]
        return np.concatenate(sounds or [np.zeros(0, np.int16)])

    def _speak(self) -> None:
        begun = time.monotonic()
        number = 0
        while not self._is_over.wait(max(0.0, begun + number * PTIME_S - time.monotonic())):
            if self._to:
                self._try(self._frame(number))
            number += 1

    def _try(self, packet: bytes) -> None:
        try:
            self._socket.send(packet)
        except ConnectionRefusedError:
            self.refused += 1

    def _frame(self, number: int) -> bytes:
        moments = (np.arange(FRAME) + number * FRAME) / RATE
        wave: NDArray[Any] = AMPLITUDE * np.sin(2 * np.pi * self._tone_hz * moments)
        payload = LAW.compress(wave.astype(np.int16))
        return bytes(RtpPacket(PAYLOAD_TYPE, number % 65536, number * FRAME, 7, payload))

    def _listen(self) -> None:
        while not self._is_over.is_set():
            try:
                self._packets.append(self._socket.recv(2048))
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                self.refused += 1
