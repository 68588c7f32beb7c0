"""A wire with delay and loss: copies frames between two interfaces of its own namespace.

Run as a program (`python -m tests.lab.bridge LEFT RIGHT`), told what to do by JSON lines on its
standard input and answering with JSON lines. The kernel's own delay line may be missing, and a
relay cannot lose packets: TCP's handshake and acknowledgements have to vanish too.
"""

from __future__ import annotations

import heapq
import json
import os
import select
import socket
import sys
import time
from itertools import count
from random import Random
from typing import Any

from tests.lab.flows import Flow, Records

ETHERNET = 14
IPV4 = b"\x08\x00"
TCP = 6
FIN, SYN, RST = 0x01, 0x02, 0x04
ALL_PROTOCOLS = 0x0003
OUTGOING = 4
"""How the kernel marks frames that we sent ourselves."""

FRAME_MAX = 65536


class Watcher:
    """Follows the TCP connections that the left side opens."""

    def __init__(self) -> None:
        self.flows: list[Flow] = []
        self._open: dict[tuple[bytes, bytes], tuple[Flow, Records]] = {}
        self._expected: dict[int, int] = {}

    def see(self, frame: bytes, from_left: bool) -> None:
        """Look at one frame, before it is delayed or lost."""
        if not is_tcp(frame):
            return
        packet = frame[ETHERNET:]
        header = (packet[0] & 15) * 4
        segment = packet[header : int.from_bytes(packet[2:4], "big")]
        source, sink = packet[12:16] + segment[0:2], packet[16:20] + segment[2:4]
        if from_left:
            self._from_client((source, sink), segment)
        elif segment[13] & (FIN | RST):
            self._end((sink, source), "proxy")

    def _from_client(self, key: tuple[bytes, bytes], segment: bytes) -> None:
        flags, sequence = segment[13], int.from_bytes(segment[4:8], "big")
        if flags & SYN:
            if key not in self._open:
                self._begin(key, sequence)
            return
        if key not in self._open:
            return
        flow, records = self._open[key]
        data = segment[(segment[12] >> 4) * 4 :]
        if data and sequence == self._expected[id(flow)]:
            self._expected[id(flow)] = (sequence + len(data)) % 2**32
            for record in records.receive(data):
                flow.note(record, time.time())
        if flags & (FIN | RST):
            self._end(key, "phone")

    def _begin(self, key: tuple[bytes, bytes], sequence: int) -> None:
        client = f"{socket.inet_ntoa(key[0][:4])}:{int.from_bytes(key[0][4:], 'big')}"
        flow = Flow(client, time.time())
        self.flows.append(flow)
        self._open[key] = flow, Records()
        self._expected[id(flow)] = (sequence + 1) % 2**32

    def _end(self, key: tuple[bytes, bytes], who: str) -> None:
        if key in self._open:
            flow, _ = self._open.pop(key)
            flow.close(who, time.time())


def is_tcp(frame: bytes) -> bool:
    """Tell whether a frame carries a TCP segment over IPv4."""
    whole = len(frame) >= ETHERNET + 40
    return whole and frame[12:14] == IPV4 and frame[ETHERNET + 9] == TCP


class Bridge:
    """Two interfaces, a delay and a way to lose things."""

    def __init__(self, left: str, right: str) -> None:
        self._left, self._right = listen(left), listen(right)
        self._watcher = Watcher()
        self._delay_s = 0.0
        self._loss = 0.0
        self._dead: set[bytes] = set()  # Addresses that nothing reaches or comes from.
        self._random = Random(7)
        self._due: list[tuple[float, int, socket.socket, bytes]] = []
        self._order = count()
        self._commands = b""

    def run(self) -> None:
        """Carry frames until standard input ends."""
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            ready, _, _ = select.select([self._left, self._right, sys.stdin], [], [], wait)
            self._deliver()
            if self._left in ready:
                self._take(self._left, self._right)
            if self._right in ready:
                self._take(self._right, self._left)
            if sys.stdin in ready and not self._read_commands():
                return
            self._deliver()

    def _take(self, source: socket.socket, sink: socket.socket) -> None:
        """Read what is there; at most a few dozen frames, so that nothing due waits long."""
        for _ in range(32):
            try:
                frame, address = source.recvfrom(FRAME_MAX)
            except BlockingIOError:
                return
            if address[2] == OUTGOING:
                continue
            self._watcher.see(frame, source is self._left)
            if self._random.random() >= self._loss and not self._is_dead(frame):
                moment = time.monotonic() + self._delay_s
                heapq.heappush(self._due, (moment, next(self._order), sink, frame))

    def _is_dead(self, frame: bytes) -> bool:
        addresses = frame[ETHERNET + 12 : ETHERNET + 20]
        return addresses[:4] in self._dead or addresses[4:] in self._dead

    def _deliver(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, _, sink, frame = heapq.heappop(self._due)
            sink.send(frame)

    def _read_commands(self) -> bool:
        data = os.read(sys.stdin.fileno(), 65536)
        *lines, self._commands = (self._commands + data).split(b"\n")
        for line in lines:
            print(json.dumps(self._obey(json.loads(line))), flush=True)
        return bool(data)

    def _obey(self, command: dict[str, Any]) -> dict[str, Any]:
        self._delay_s = float(command.get("delay_s", self._delay_s))
        self._loss = float(command.get("loss", self._loss))
        if "dead" in command:
            self._dead = {socket.inet_aton(address) for address in command["dead"]}
        if self._loss >= 1.0:
            self._due.clear()
        return {"flows": [flow.as_json() for flow in self._watcher.flows]}


def listen(interface: str) -> socket.socket:
    """Open a raw socket that sees every frame of an interface."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    raw.bind((interface, ALL_PROTOCOLS))
    raw.setblocking(False)
    return raw


if __name__ == "__main__":
    Bridge(sys.argv[1], sys.argv[2]).run()
