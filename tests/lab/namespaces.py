"""Two network namespaces joined by a wire that can be long, lossy or dead.

    near (the phone) == veth == middle (the bridge program) == veth == far (the proxy)

Everything has a name with our process id in it, and goes when the context manager ends; what a
killed run left behind is removed by the next one. Needs root.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from tests.lab.flows import Flow
from tests.lab.processes import Program

PREFIX = "handset"
NEAR_ADDRESS, FAR_ADDRESS = "10.77.0.1", "10.77.0.2"

NAMED = Path("/run/netns")
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17
ANSWER_S = 5.0

ROOT = Path(__file__).resolve().parents[2]
_numbers = count()

T = TypeVar("T")


class Wire:
    """The two namespaces and what lies between them."""

    def __init__(self, round_trip_s: float = 0.0, more_far: Sequence[str] = ()) -> None:
        self._stem = f"{PREFIX}{os.getpid()}x{next(_numbers)}"
        self._round_trip_s = round_trip_s
        self._more_far = more_far  # Addresses that the far end has besides.
        self.near, self.middle, self.far = (f"{self._stem}{end}" for end in "nmf")
        self._bridge: Program | None = None

    def __enter__(self) -> Wire:
        remove_leftovers()
        with ExitStack() as stack:
            stack.callback(self.__exit__)
            self._lay()
            stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bridge is not None:
            self._bridge.stop()
        for end in (self.near, self.middle, self.far):
            remove_namespace(end)

    def command(self, end: str, words: Sequence[str]) -> list[str]:
        """Return the command line that runs a program in a namespace."""
        return ["ip", "netns", "exec", end, *words]

    def set_round_trip(self, seconds: float) -> None:
        """Make the wire as long as that."""
        self._ask(delay_s=seconds / 2)

    def blackhole(self, dead: bool) -> None:
        """Lose every packet, both ways, until told otherwise."""
        self._ask(loss=1.0 if dead else 0.0)

    def set_dead(self, *addresses: str) -> None:
        """Lose every packet to and from these addresses, and no other."""
        self._ask(dead=addresses)

    def flows(self) -> list[Flow]:
        """Return every connection that the near end opened."""
        return [Flow(**fields) for fields in self._ask()["flows"]]

    def _ask(self, **command: object) -> dict[str, Any]:
        assert self._bridge is not None
        seen = len(self._bridge.lines)
        self._bridge.say(json.dumps(command) + "\n")
        self._bridge.wait_for(r"^\{", ANSWER_S, count=seen + 1)
        answer: dict[str, Any] = json.loads(self._bridge.lines[seen].text)
        return answer

    def _lay(self) -> None:
        for end in (self.near, self.middle, self.far):
            run("ip", "netns", "add", end)
            run("ip", "-n", end, "link", "set", "lo", "up")
        macs = {"left": "02:00:00:00:00:01", "right": "02:00:00:00:00:02"}
        for name, end in (("left", self.near), ("right", self.far)):
            run(
                *("ip", "-n", end, "link", "add", "wire", "address", macs[name], "type", "veth"),
                *("peer", "name", name, "netns", self.middle),
            )
            run("ip", "-n", self.middle, "link", "set", name, "up")
        self._configure(self.near, NEAR_ADDRESS, FAR_ADDRESS, macs["right"])
        self._configure(self.far, FAR_ADDRESS, NEAR_ADDRESS, macs["left"])
        for address in self._more_far:
            run("ip", "-n", self.far, "address", "add", f"{address}/24", "dev", "wire")
            self._know_neighbour(self.near, address, macs["right"])
        program = [sys.executable, "-m", "tests.lab.bridge", "left", "right"]
        self._bridge = Program(self.command(self.middle, program), directory=ROOT)
        self.set_round_trip(self._round_trip_s)

    def _configure(self, end: str, own: str, other: str, other_mac: str) -> None:
        run("ip", "-n", end, "address", "add", f"{own}/24", "dev", "wire")
        run("ip", "-n", end, "link", "set", "wire", "up")
        self._know_neighbour(end, other, other_mac)
        program = [sys.executable, "-m", "tests.lab.namespaces", "wire"]
        run(*self.command(end, program))

    def _know_neighbour(self, end: str, other: str, mac: str) -> None:
        """Fix a neighbour: a dead wire then loses packets, and says nothing ("no route")."""
        run(
            *("ip", "-n", end, "neigh", "replace", other, "lladdr", mac),
            *("dev", "wire", "nud", "permanent"),
        )


def run(*words: str) -> str:
    """Run a command; what it says is in the error if it fails."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def within(name: str, action: Callable[[], T]) -> T:
    """Do something in a namespace: a socket that is made there stays there."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter() -> T:
        with (NAMED / name).open("rb") as namespace:
            if libc.setns(namespace.fileno(), 0):
                raise OSError(ctypes.get_errno(), f"cannot enter {name}")
        return action()

    with ThreadPoolExecutor(1) as pool:  # Its thread takes its namespace with it.
        return pool.submit(enter).result()


def remove_namespace(name: str) -> None:
    """End what still runs in a namespace, and remove it; nothing happens if it is not there."""
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def remove_leftovers() -> None:
    """Remove namespaces of ours whose process is gone."""
    for line in run("ip", "netns", "list").splitlines():
        name = line.split()[0]
        owner = name.removeprefix(PREFIX).partition("x")[0]
        if name.startswith(PREFIX) and owner.isdigit() and not Path(f"/proc/{owner}").exists():
            remove_namespace(name)


def switch_offloading_off(interface: str) -> None:
    """Have the kernel finish checksums and segments itself: there is no card to do it later."""
    value = ctypes.create_string_buffer(struct.pack("II", ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCETHTOOL, request)


if __name__ == "__main__":
    switch_offloading_off(sys.argv[1])
