"""The fuzz target of the console: any bytes from the line, and time between them where 0xFF stands.

Whatever is typed at whatever moment is answered by a sentence, or by nothing. What the phone keeps
secret is never written (T4), and Ctrl-C always leads back to where a command may be typed, or to
the log-in.
"""

from __future__ import annotations

from collections import deque
from random import Random

from config.cfg_file import parse_file
from config.configuration import Configuration
from config.layers import combine, local_layer, server_layer
from config.problem import Problems
from firmware.console.certificates import KeepPem, ListCertificates, MakeRequest, RequestMade
from firmware.console.commands import Ping, ReadLog, ReadLogServer, SetLevel
from firmware.console.completion import complete
from firmware.console.console import Console, ConsoleEvent, Stage
from firmware.console.editor import Editor, Write
from firmware.console.events import (
    Ask,
    CheckPassword,
    Do,
    InputEnded,
    Interrupted,
    KeepPassword,
    KeyTouched,
    LineEntered,
    PasswordChecked,
    PasswordKept,
    Say,
    TerminalIs,
    Watch,
    WorkDone,
)
from firmware.console.fetching import FetchNow
from firmware.console.login import SLEEPING
from firmware.console.parameters import ParameterKept, SetParameter, UnsetParameter
from firmware.console.part_tests import TryPart
from firmware.console.token import ChangeToken, TokenChanged
from firmware.phone.lockout import Lockout
from firmware.phone.status import Status
from firmware.provision.events import ProvisionStatus

PASSWORD = "correct-horse-battery"
SECRET = "never-to-be-shown"
PAUSE = b"\xff"
PAUSE_S = 700.0
"""Longer than anybody is waited for."""

FILE = f"""\
admin password: {PASSWORD}
sip proxy ip: proxy.example.org
sip line1 user name: 201
sip line1 password: {SECRET}
!sip session timer: 300
"""

RESULTS: dict[type, object] = {
    ReadLog: ("a line", "another"),
    ReadLogServer: "",
    SetLevel: None,
    Ping: (("TCP", "1.0 ms"),),
    KeepPem: "It is kept.",
    ListCertificates: ("a: b",),
    MakeRequest: RequestMade("-----BEGIN CERTIFICATE REQUEST-----"),
    FetchNow: ProvisionStatus("https://files.example.org", "up to date"),
    SetParameter: ParameterKept(problem="the disk is full"),
    UnsetParameter: ParameterKept(problem="the disk is full"),
    ChangeToken: TokenChanged(None, "the disk is full"),
}
"""What comes of work outside; all other work never ends."""

HEARD = (
    LineEntered | Interrupted | InputEnded | KeyTouched | TerminalIs | PasswordChecked
    | PasswordKept | WorkDone
)  # fmt: skip


class Desk:
    """A console, and a terminal that writes all of it down."""

    def __init__(self) -> None:
        parsed = parse_file(FILE.encode(), "startup.cfg")
        server = server_layer(parsed.statements, Problems(), {})
        layers = combine(server, local_layer((), Problems()))
        found = Configuration(layers.entries, server)
        self.console = Console(Status(), found, Random(1), Lockout())
        self._editor = Editor(complete)
        self._now = 1000.0
        self.written = ""
        self._carry([SLEEPING])

    def type(self, data: bytes) -> None:
        """Take bytes from the line."""
        self._carry(self._editor.typed(data))

    def wait(self) -> None:
        """Let time pass."""
        until = self._now + PAUSE_S
        while (due := self.console.deadline()) is not None and due <= until:
            self._now = due
            self._carry(self.console.wake(due))
            after = self.console.deadline()
            assert after is None or after > due, "it woke without moving its deadline"
        self._now = until

    def _carry(self, work: list[object]) -> None:
        todo = deque(work)
        while todo:
            todo.extendleft(reversed(self._do(todo.popleft())))

    def _do(self, item: object) -> list[object]:
        match item:
            case Write(text):
                self.written += text
                return []
            case Say():
                return self._editor.say(item)
            case Ask():
                return self._editor.ask(item)
            case Watch():
                return self._editor.watch(item)
            case CheckPassword(password):
                return self._hear(PasswordChecked(password.text == PASSWORD))
            case KeepPassword():
                return self._hear(PasswordKept())
            case Do(number, request) if type(request) in RESULTS:
                return self._hear(WorkDone(number, RESULTS[type(request)]))
            case _ if isinstance(item, HEARD):
                return self._hear(item)
            case _:
                assert not isinstance(item, Do) or isinstance(item.request, TryPart), item
                return []  # For the world.

    def _hear(self, event: ConsoleEvent) -> list[object]:
        return self.console.handle(event, self._now)


def console(data: bytes) -> None:
    """Log in, type it, and give up whatever is being done then."""
    desk = Desk()
    desk.type(b"\r" + PASSWORD.encode() + b"\r")
    assert desk.console.stage is Stage.READY
    for number, piece in enumerate(data.split(PAUSE)):
        if number:
            desk.wait()
        desk.type(piece)
    desk.type(b"\x03")
    assert desk.console.stage in {Stage.READY, Stage.AWAY}, desk.console.stage
    said = desk.written.replace(PASSWORD, "", data.count(PASSWORD.encode()))
    assert SECRET not in said or SECRET.encode() in data, "a secret is shown (T4)"
