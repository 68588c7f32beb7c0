"""A sound card without hardware: PipeWire with a null device that keeps time.

`SoundServer` runs PipeWire for a test. Programs started with its `prefix` see an ALSA device named
`handset`. It can be unplugged and plugged in again. With other `devices` each is a card of its own,
and `through` is a device that hears the first and plays on the last.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.lab.processes import Program

START_S = 15.0
DEVICE = "handset"
"""The name of the device, in PipeWire, ALSA and PortAudio."""

THROUGH = "through"

ASOUND = """\
pcm.{name} {{ type pipewire capture_node "{captured}" playback_node "{played}" }}
ctl.{name} {{ type pipewire }}
"""

CARD = (
    "{{ factory.name=support.null-audio-sink media.class=Audio/Duplex object.linger=true"
    " audio.position=[MONO] node.name={name} }}"
)
"""What is played on it is what it captures."""


class SoundServer:
    """PipeWire in a folder of its own; a context manager."""

    def __init__(self, directory: Path, devices: Sequence[str] = (DEVICE,)) -> None:
        self._directory = directory
        self._devices = devices
        self._programs: list[Program] = []

    def __enter__(self) -> SoundServer:
        runtime = self._directory / "runtime"
        runtime.mkdir(parents=True, mode=0o700)
        (self._directory / ".asoundrc").write_text(self._asound())
        with ExitStack() as stack:
            stack.callback(self.__exit__)
            self._start("pipewire")
            self._until((runtime / "pipewire-0").exists)
            self._start("dbus-run-session", "--", "wireplumber")
            for device in self._devices:
                self.plug_in(device)
            stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        for program in reversed(self._programs):
            program.stop()

    @property
    def prefix(self) -> Sequence[str]:
        """The command that lets a program find this server, and no other."""
        runtime = self._directory / "runtime"
        return ["env", f"XDG_RUNTIME_DIR={runtime}", f"HOME={self._directory}"]

    def plug_in(self, device: str = DEVICE) -> None:
        """Have the card, and wait until it is there."""
        self._ask("create-node", "adapter", CARD.format(name=device))
        self._until(lambda: f'"{device}"' in self._ask("ls", "Node"))

    def unplug(self, device: str = DEVICE) -> None:
        """Take the card away."""
        self._ask("destroy", device)
        self._until(lambda: f'"{device}"' not in self._ask("ls", "Node"))

    def _asound(self) -> str:
        """Return ALSA's configuration: a device for each card, and the one between them."""
        pairs = {name: (name, name) for name in self._devices}
        pairs[THROUGH] = (self._devices[0], self._devices[-1])
        return "".join(
            ASOUND.format(name=name, captured=captured, played=played)
            for name, (captured, played) in pairs.items()
        )

    def _start(self, *command: str) -> None:
        self._programs.append(Program([*self.prefix, *command]))

    def _ask(self, *words: str) -> str:
        """Ask PipeWire by its own tool."""
        done = subprocess.run(
            [*self.prefix, "pw-cli", *words], capture_output=True, text=True, check=False
        )
        return done.stdout

    def _until(self, done: Callable[[], bool]) -> None:
        by = time.monotonic() + START_S
        while not done():
            said = "\n".join(program.text for program in self._programs)
            assert time.monotonic() < by, f"PipeWire is not ready:\n{said}"
            time.sleep(0.05)
