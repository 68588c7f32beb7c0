"""A real baresip, without a sound card, registered over TLS: somebody to call and to be called by.

It is controlled through its `ctrl_tcp` module (JSON in netstrings). It says what it hears, or a
tone, or what it is told to play, and records what it hears.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import wave
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.interop.accounts import DOMAIN, USERS
from tests.lab.namespaces import within
from tests.lab.ports import Ports
from tests.lab.processes import Program
from tests.unit.media.sounds import Samples

HELLO = "hello"
START_S = 10.0
EVENT_S = 10.0

LISTED = re.compile(r"[> ] \[line \d+\]\s+\S+\s+(\w+)")
"""A line of its call list: how long, and in which state."""

CONFIG = """\
poll_method epoll
sip_listen {host}:0
sip_cafile {authority}
sip_verify_server yes
call_local_timeout 60
call_max_calls {calls}
audio_player aubridge,loop
audio_source {source}
audio_alert aubridge,alert
ausrc_srate {rate}
auplay_srate {rate}
ausrc_channels {channels}
auplay_channels 1
net_interface {host}
rtp_ports {sound}
module_path /usr/lib/baresip/modules
module g711.so
module g722.so
module opus.so
module srtp.so
module ausine.so
module aufile.so
module sndfile.so
snd_path {directory}
module aubridge.so
{video}module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control}
"""

VIDEO = """\
module vp8.so
module fakevideo.so
video_source fakevideo,nil
"""

ACCOUNT = (
    "<sip:{user}@{domain};transport=tls>;auth_user={user};auth_pass={password};"
    'outbound="sip:{proxy};transport=tls";regint=600;sipnat=outbound;answermode=manual;'
    "audio_codecs={codecs}\n"
)


@dataclass
class Baresip:
    """One baresip with one account; a context manager that waits for its registration."""

    directory: Path
    authority: Path
    proxy: tuple[str, int]
    user: str = "baresip"
    host: str = "127.0.0.1"
    prefix: Sequence[str] = ()
    namespace: str = ""  # Where it runs; empty: here.
    codecs: str = "PCMU/8000/1,PCMA/8000/1"
    tone_hz: int = 0  # What it says; 0: what it hears.
    encryption: str = ""  # "srtp": keys beside RTP/AVP; "srtp-mand": RTP/SAVP and nothing else.
    video: bool = False  # It offers video too.
    calls: int = 4  # At once; the next one is busy.
    events: list[dict[str, Any]] = field(default_factory=list)
    _asked: int = field(default=0, init=False)

    def __enter__(self) -> Baresip:
        with ExitStack() as stack:
            ports = stack.enter_context(Ports())
            self._configure(ports)
            words = ["baresip", "-4", "-s", "-f", str(self.directory)]
            inside = ["ip", "netns", "exec", self.namespace] if self.namespace else []
            self._program = Program([*inside, *self.prefix, *words])
            stack.callback(self._program.stop)
            self._program.wait_for(r"200 OK .*\[1 binding\]", START_S)
            self._connect(ports.first)
            stack.callback(self._disconnect)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def uri(self) -> str:
        """Where it can be called."""
        return f"sip:{self.user}@{DOMAIN}"

    def dial(self, uri: str) -> None:
        """Call somebody."""
        self._command("dial", uri)

    def answer(self) -> None:
        """Answer the call that rings."""
        self._command("accept")

    def hang_up(self) -> None:
        """End the call, or reject the one that rings."""
        self._command("hangup")

    def answer_early(self, on: bool) -> None:
        """Let calls that come in be heard before they are answered (183), or let them ring."""
        self._command("answermode", "early" if on else "manual")

    def answer_itself(self) -> None:
        """Answer every call that comes in."""
        self._command("answermode", "auto")

    def hold(self) -> None:
        """Hold the call."""
        self._command("hold")

    def resume(self) -> None:
        """Go on with the call that is held."""
        self._command("resume")

    def ask_again(self) -> None:
        """Send a re-INVITE with the same session."""
        self._command("reinvite")

    def press(self, digit: str) -> None:
        """Send a digit as an event (RFC 4733), until the next command."""
        self._command("sndcode", digit)

    def play(self, file: Path) -> None:
        """Say what is in a file: two channels at 48 kHz, as the tone has them."""
        self._command("ausrc", f"aufile,{file}")

    def wait_to_say(self, pattern: str, since: float) -> str:
        """Wait for a line of its output, which holds all SIP in and out; return it."""
        return self._program.wait_for(pattern, EVENT_S, since)[0].text

    def says(self, pattern: str, since: float) -> list[str]:
        """Return the lines of its output that match."""
        return [line.text for line in self._program.matching(pattern, since)]

    def call_list(self) -> list[str]:
        """Return the state of each call in its own list, the oldest first."""
        self._asked += 1
        self._command("listcalls", token=str(self._asked))
        with self._heard:
            answers = self._heard.wait_for(self._answers, EVENT_S)
        assert answers, f"baresip does not list its calls\n{self.log}"
        lines = str(answers[0]["data"]).splitlines()
        return [match[1] for match in map(LISTED.match, lines) if match]

    def wait_for(self, kind: str, since: float = 0.0) -> dict[str, Any]:
        """Wait for an event of that kind that came since that moment (Unix time)."""

        def found() -> dict[str, Any] | None:
            hits = (e for e in self.events if e.get("type") == kind and e["at"] >= since)
            return next(hits, None)

        with self._heard:
            event = self._heard.wait_for(found, EVENT_S)
        if event is None:
            raise AssertionError(f"no {kind} from baresip; {self.events[-5:]}\n{self.log}")
        return event

    def heard_sound(self) -> Path:
        """Return the recording of what it heard in its last call; wait until it is whole."""
        by = time.monotonic() + EVENT_S
        while not is_whole(path := max(self.directory.glob("dump-*-dec.wav"), key=last_written)):
            assert time.monotonic() < by, f"{path} was not closed"
            time.sleep(0.05)
        return path

    def processor_s(self) -> float:
        """Return the processor time that it used so far."""
        return self._program.processor_s()

    @property
    def log(self) -> str:
        """The last of what it said, with its SIP trace."""
        return "\n".join(line.text for line in self._program.lines[-120:])

    def _configure(self, ports: Ports) -> None:
        self.directory.mkdir(parents=True)
        configuration = CONFIG.format(
            host=self.host,
            authority=self.authority,
            control=ports.first,
            sound=f"{ports.first + 2}-{ports.last}",
            directory=self.directory,
            source=f"ausine,{self.tone_hz}" if self.tone_hz else "aubridge,loop",
            rate=48000 if self.tone_hz else 8000,
            channels=2 if self.tone_hz else 1,
            calls=self.calls,
            video=VIDEO if self.video else "",
        )
        proxy = "{}:{}".format(*self.proxy)
        account = ACCOUNT.format(
            user=self.user,
            domain=DOMAIN,
            password=USERS[self.user],
            proxy=proxy,
            codecs=self.codecs,
        )
        (self.directory / "config").write_text(configuration)
        if self.encryption:
            account = account.replace("\n", f";mediaenc={self.encryption}\n")
        (self.directory / "accounts").write_text(account)
        (self.directory / "contacts").touch()

    def _answers(self) -> list[dict[str, Any]]:
        """Return what it said to the newest question."""
        return [e for e in self.events if e.get("token") == str(self._asked)]

    def _connect(self, port: int) -> None:
        self._heard = threading.Condition()
        connect = partial(socket.create_connection, (self.host, port), START_S)
        self._control = within(self.namespace, connect) if self.namespace else connect()
        self._control.settimeout(None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._command("reginfo", token=HELLO)  # What happens before it hears us it tells nobody.
        with self._heard:
            hears = self._heard.wait_for(self._has_answered_hello, START_S)
        assert hears, f"baresip's control does not answer\n{self.log}"

    def _has_answered_hello(self) -> bool:
        return any(event.get("token") == HELLO for event in self.events)

    def _disconnect(self) -> None:
        self._control.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._control.close()

    def _command(self, command: str, parameters: str = "", token: str = "") -> None:
        said = {"command": command, "params": parameters}
        data = json.dumps(said | ({"token": token} if token else {})).encode()
        self._control.sendall(b"%d:%s," % (len(data), data))

    def _read(self) -> None:
        data = b""
        while more := self._receive():
            data += more
            while (cut := take_netstring(data)) is not None:
                text, data = cut
                with self._heard:
                    self.events.append({"at": time.time(), **json.loads(text)})
                    self._heard.notify_all()

    def _receive(self) -> bytes:
        try:
            return self._control.recv(65536)
        except ConnectionResetError:
            return b""  # We closed it while it had something to say.


def last_written(path: Path) -> float:
    """Return when a file was written last."""
    return path.stat().st_mtime


def is_whole(path: Path) -> bool:
    """Tell whether a recording has been closed: its head is written last."""
    try:
        with wave.open(str(path)) as file:
            return bool(file.getnframes())
    except (wave.Error, EOFError):
        return False


def take_netstring(data: bytes) -> tuple[bytes, bytes] | None:
    """Take one netstring off the front; return it and the rest, or None while it is not whole."""
    length, colon, rest = data.partition(b":")
    if not colon or len(rest) <= int(length):
        return None
    return rest[: int(length)], rest[int(length) + 1 :]


def write_sound(file: Path, sound: Samples, rate: int) -> None:
    """Write a sound as baresip plays it: two channels, as its tone has them."""
    with wave.open(str(file), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.repeat(sound, 2).tobytes())
