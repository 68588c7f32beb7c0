"""The phone as a service of a booted systemd, by the script board: keys through a pipe."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.lab.booted import TARGET, Booted

UNIT = "handset.service"

PIPES = """\
[Unit]
DefaultDependencies=no
[Service]
StandardInput=file:{folder}/keys
StandardOutput=append:{folder}/said
StandardError=append:{folder}/errors
# A container may neither raise limits nor protect itself from the end of memory.
LimitRTPRIO=0
OOMScoreAdjust=0
"""

START = f"""\
[Unit]
DefaultDependencies=no
Wants={UNIT}
"""


class Service:
    """That phone. `folder` is where its pipe and its words are, within `root`."""

    def __init__(
        self, directory: Path, units: Mapping[str, str], folder: Path, root: Path = Path("/")
    ) -> None:
        self._folder = root / folder.relative_to("/")
        self._folder.mkdir(exist_ok=True)
        os.mkfifo(self._folder / "keys")
        self._keys = os.open(self._folder / "keys", os.O_RDWR)  # It never ends.
        pipes = {f"{UNIT}.d/10-pipes.conf": PIPES.format(folder=folder), TARGET: START}
        self.system = Booted(directory, {**units, **pipes}, root)

    def close(self) -> None:
        os.close(self._keys)

    @property
    def errors(self) -> str:
        return (self._folder / "errors").read_text(errors="replace")

    def said(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of a kind, of this process and of those before it."""
        try:
            lines = (self._folder / "said").read_text().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if event["ev"] == kind]

    def send(self, command: str, **values: object) -> None:
        os.write(self._keys, json.dumps({"cmd": command, **values}).encode() + b"\n")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.send("key", key=key)

    def shows(self, name: str) -> str:
        """Return a property of the unit."""
        return self.system.shows(UNIT, name)

    def wait_until_registered(self, proxy: str, times: int = 1) -> None:
        """Wait until it has registered so often, and systemd says by what proxy."""
        self.system.wait_for(lambda: len(self.said("registered")) == times)
        self.system.wait_for(lambda: self.shows("StatusText") == f"up, {proxy}")

    def wait_for_screen(self, *words: str) -> None:
        """Wait until the screen says all of these."""

        def stands() -> bool:
            shown = " ".join(self.said("screen")[-1]["text"])
            return all(word in shown for word in words)

        self.system.wait_for(stands)
