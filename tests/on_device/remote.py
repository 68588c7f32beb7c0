"""Whoever may log in at a phone: by ssh, as flash.sh does."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ANSWER_S = 400.0

MARKS: Mapping[str, str] = {
    "the network is up": r"dhcpcd\[\d+\]: \w+: leased ",
    "the first screen stands": r"systemd\[1\]: Started handset\.service",
    "registered": r"handset\[\d+\]: \S+: registered$",
}
"""What the journal says of a start, in the words of those who say it."""


@dataclass(frozen=True)
class Remote:
    """Root at a phone, by the port that leads there and the key that is let in."""

    port: int
    key: Path

    def words(self, command: str) -> list[str]:
        """Return what is typed here to have that done there."""
        options = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null")
        words = ["ssh", "-q", "-i", str(self.key), "-p", str(self.port)]
        words += [word for option in options for word in ("-o", option)]
        return [*words, "root@127.0.0.1", command]

    def run(self, command: str) -> str:
        """Have a command run there; return what it says."""
        done = subprocess.run(
            self.words(command), capture_output=True, text=True, check=False, timeout=ANSWER_S
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def until(self, command: str) -> None:
        """Wait until a command ends well there."""
        self.run(f"while ! {command}; do sleep 1; done")

    def journal(self) -> str:
        """Return all that was logged since the start, with seconds since the kernel's."""
        return self.run("journalctl --boot --output=short-monotonic --no-hostname --no-pager")


def moments(journal: str) -> dict[str, float]:
    """Return when what was first so, in seconds since the kernel began, as far as it was."""
    found: dict[str, float] = {}
    for line in journal.splitlines():
        for what, words in MARKS.items():
            if what not in found and re.search(words, line):
                found[what] = float(line[1 : line.index("]")])
    return found
