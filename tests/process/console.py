"""A phone on a desk as a process, and an administrator's terminal at its console."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

import pyte
from pexpect import TIMEOUT
from pexpect.fdpexpect import fdspawn

from tests.lab.namespaces import ROOT
from tests.lab.processes import Program
from tests.process.handset import WAIT_S, Place, until

ADMIN = "correct horse"
PLACE = re.compile(r"The console is at (/dev/pts/[0-9]+)")
SLOW_BYTES_S = 960
"""9600 baud: a byte is ten bits."""

STEP_S = 0.05

SEQUENCES = re.compile(r"\x1b[78]|\x1b\[[0-9;?]*[A-Za-z]")


class DeskPhone:
    """`python -m firmware --board desktop`; a context manager. `within`: a command to run it by."""

    def __init__(
        self, place: Place, *python: str, more: Sequence[str] = (), within: Sequence[str] = ()
    ) -> None:
        self._log = place.directory / "errors"
        words = [*within, sys.executable, *python, "-m", "firmware", "--board", "desktop"]
        words += ["--page-port", "0", "--config", str(place.config), "--state", str(place.state)]
        words += more
        self._words = ["sh", "-c", 'exec "$@" 2>"$0"', str(self._log), *words]

    def __enter__(self) -> DeskPhone:
        self.program = Program(self._words, directory=ROOT, merge_errors=False)
        with ExitStack() as stack:
            stack.callback(self.program.kill)
            until(lambda: PLACE.search(self.program.text) is not None)
            stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.program.kill()

    @property
    def console(self) -> str:
        found = PLACE.search(self.program.text)
        assert found
        return found[1]

    @property
    def errors(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def editors(self) -> tuple[int, ...]:
        """The processes beside the phone."""
        return self.program.children


class _Line(fdspawn):  # type: ignore[misc] # pexpect has no types.
    """A serial line that carries so many bytes in a second."""

    bytes_s = 0

    def read_nonblocking(self, size: int = 1, timeout: int | None = -1) -> str:
        if self.bytes_s:
            time.sleep(STEP_S)
            size = int(self.bytes_s * STEP_S)
        text: str = super().read_nonblocking(size, timeout)
        return text


class Terminal:
    """Somebody at the console: a VT100, which answers when it is asked, or a dumb terminal.

    A slow one reads at 9600 baud. `errors`: what becomes of bytes that are no text. `wait_s`: how
    long anything may take.
    """

    def __init__(
        self,
        device: str,
        *,
        dumb: bool = False,
        slow: bool = False,
        errors: str = "strict",
        wait_s: float = WAIT_S,
    ) -> None:
        self.descriptor = os.open(device, os.O_RDWR | os.O_NOCTTY)
        self._child = _Line(self.descriptor, encoding="utf-8", codec_errors=errors, timeout=wait_s)
        self._child.bytes_s = SLOW_BYTES_S if slow else 0
        self._child.logfile_read = self
        self.seen = ""
        self._screen = pyte.Screen(100, 40)
        self._stream = pyte.Stream(self._screen)
        if not dumb:
            self._screen.write_process_input = self.type  # type: ignore[assignment] # As pyte has it.

    def write(self, text: str) -> None:
        """Show what came."""
        self.seen += text
        self._stream.feed(text)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Leave, whatever is being done."""
        self.type(b"\x03\x03")
        self.read(0.2)
        self.type(b"\x04")
        self.read(0.2)
        self.drop()

    def drop(self) -> None:
        """Go away without a word."""
        os.close(self.descriptor)

    def type(self, text: str | bytes) -> None:
        os.write(self.descriptor, text.encode() if isinstance(text, str) else text)

    def wait_for(self, text: str) -> None:
        """Wait until the terminal was told that."""
        self._child.expect_exact(text)

    def read(self, seconds: float) -> None:
        """Read what comes for so long."""
        by = time.monotonic() + seconds
        while (left := by - time.monotonic()) > 0:
            self._child.expect([".+", TIMEOUT], timeout=left)

    def log_in(self) -> None:
        self.type("\r")
        self.wait_for("Password: ")
        self.type(f"{ADMIN}\r")
        self.wait_for("handset> ")

    def wait_for_comfort(self) -> None:
        """Press Enter until lines are edited by the editor beside the phone: it takes its time."""
        by = time.monotonic() + WAIT_S
        while "\x1b[?7l" not in self.seen:
            assert time.monotonic() < by
            self.ask("")

    def ask(self, line: str) -> str:
        """Type a command; return what it says, as a terminal without sequences would show it."""
        begins = len(self.seen)
        self.type(f"{line}\r")
        self._child.expect("\r\n(.*\n)?(\x1b[^m]*m|\x1b\\[J|\x1b[^l]*l)*handset>")
        said = SEQUENCES.sub("", self.seen[begins:])
        return said.partition("\r\n")[2].rpartition("handset>")[0]
