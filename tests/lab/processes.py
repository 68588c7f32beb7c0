"""Programs under test: their output is read, they are waited for by what they say, and ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

END_S = 3.0
"""How long a program may take to end when asked, before it is killed."""

LINES_MAX = 200_000
"""A program that says more than this is broken, and so is the test."""

TAIL_LINES, TAIL_WIDTH = 60, 400
"""What an error shows of it."""


def said_by(*words: object, **environment: str) -> tuple[int, str]:
    """Return the status of a program, and all that it said."""
    said = subprocess.run(
        [str(word) for word in words],
        check=False,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return said.returncode, said.stdout


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output and the Unix time at which it was read."""

    at: float
    text: str


class Program:
    """A process group of our own; its standard output and error are read into `lines`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        directory: Path | None = None,
        heard: Callable[[Line], None] | None = None,
        merge_errors: bool = True,
    ) -> None:
        self.lines: list[Line] = []
        self._heard = heard
        self._new_line = threading.Condition()
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge_errors else None,
            cwd=directory,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id, and that of its group."""
        return self._process.pid

    def processor_s(self) -> float:
        """Return the processor time that it used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def waited_s(self) -> float:
        """Return how long its threads were ready and another program had the processor."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[1]) for task in tasks) / 1e9

    def memory_kib(self) -> tuple[int, int]:
        """Return the resident memory now and at its highest, in KiB."""
        return memory_kib(self.pid)

    @property
    def children(self) -> tuple[int, ...]:
        """The processes that it has started and that live."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/children")
        return tuple(int(number) for task in tasks for number in task.read_text().split())

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.status is None

    @property
    def status(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._process.poll()

    @property
    def text(self) -> str:
        """Everything it said so far."""
        return "\n".join(line.text for line in list(self.lines))

    @property
    def tail(self) -> str:
        """The last of what it said."""
        return "\n".join(line.text[:TAIL_WIDTH] for line in self.lines[-TAIL_LINES:])

    def say(self, text: str) -> None:
        """Write to its standard input; what it said last is in the error if it has ended."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(text)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            self._reader.join(END_S)
            raise AssertionError(f"it heard nothing more:\n{self.tail}") from error

    def wait_for(
        self, pattern: str, timeout_s: float, since: float = 0.0, count: int = 1
    ) -> list[Line]:
        """Wait until `count` lines since that moment match; return them."""
        found: list[Line] = []

        def enough() -> bool:
            found[:] = self.matching(pattern, since)
            return len(found) >= count or not self.running

        with self._new_line:
            self._new_line.wait_for(enough, timeout_s)
        if len(found) < count:
            said = f"{len(found)} of {count} {pattern!r} in {timeout_s} s"
            raise AssertionError(f"{said}:\n{self.tail}")
        return found

    def matching(self, pattern: str, since: float = 0.0) -> list[Line]:
        """Return the lines since that moment that match."""
        wanted = re.compile(pattern)
        return [line for line in self.lines if line.at >= since and wanted.search(line.text)]

    def forget(self) -> None:
        """Forget what it said so far: a program that says much, watched for long."""
        with self._new_line:
            self.lines.clear()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        os.killpg(self.pid, number)

    def stop(self) -> int:
        """End it, kindly first; return its exit status."""
        with suppress(ProcessLookupError):  # It is just ending.
            if self.running:
                self.signal(signal.SIGCONT)
                self.signal(signal.SIGTERM)
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self._process.wait()
        self._reader.join(END_S)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                continue  # It ended with something of ours unread.
        return self._process.returncode

    def kill(self) -> None:
        """End it as a crash would."""
        with suppress(ProcessLookupError):
            if self.running:
                self.signal(signal.SIGKILL)
        self.stop()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            line = Line(time.time(), text.rstrip("\n"))
            with self._new_line:
                assert len(self.lines) < LINES_MAX
                self.lines.append(line)
                if self._heard is not None:
                    self._heard(line)
                self._new_line.notify_all()
        self._process.wait()
        with self._new_line:
            self._new_line.notify_all()


def memory_kib(pid: int) -> tuple[int, int]:
    """Return the resident memory of a process now and at its highest, in KiB."""
    text = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in text.splitlines())
    return int(fields["VmRSS"].split()[0]), int(fields["VmHWM"].split()[0])
