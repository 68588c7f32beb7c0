"""A console with its editor, and a person at a terminal, in simulated time."""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path
from random import Random

from config.configuration import Configuration
from config.store import Store
from firmware.console.completion import complete
from firmware.console.console import Console
from firmware.console.editor import Editor, Write
from firmware.console.events import (
    Arrived,
    Ask,
    CheckPassword,
    Do,
    Heard,
    InputEnded,
    Interrupted,
    KeepPassword,
    KeyTouched,
    Left,
    LineEntered,
    PasswordChecked,
    PasswordKept,
    Restart,
    Say,
    ShowCode,
    StopWork,
    SwitchTrace,
    TerminalIs,
    TestLinkNow,
    Watch,
    WorkDone,
)
from firmware.console.login import SLEEPING
from firmware.machine import earliest
from firmware.phone.events import TimeIs
from firmware.phone.lockout import Lockout
from firmware.phone.status import Status

NOON = 1_795_780_800.0  # 2026-11-27 12:00 UTC
PASSWORD = "correct horse"

CONSOLE_EVENTS = (
    LineEntered | Interrupted | InputEnded | KeyTouched | TerminalIs | PasswordChecked
    | PasswordKept | TimeIs | Heard | WorkDone
)  # fmt: skip


def configuration(folder: Path, text: str = "") -> Configuration:
    (folder / "startup.cfg").write_text(text)
    return Store(folder).read()


class Rig:
    """`type` and `pass_time` return what the terminal shows more."""

    def __init__(self, folder: Path, text: str = f"admin password: {PASSWORD}\n") -> None:
        self.status = Status()
        self.console = Console(self.status, configuration(folder, text), Random(1), Lockout())
        self.editor = Editor(complete)
        self.now = 1000.0
        self.code = ""  # What the phone's screen shows.
        self.kept = ""  # The password that was chosen here,
        self.refusal = ""  # or why it cannot be kept.
        self.checked: list[str] = []
        self.done: list[Do] = []
        self.others: list[object] = []
        self._written = ""
        self._carry([SLEEPING])
        self.feed(TimeIs(NOON))

    @classmethod
    def logged_in(cls, folder: Path, more: str = "") -> Rig:
        rig = cls(folder, f"admin password: {PASSWORD}\n{more}")
        rig.type("\r")
        assert "handset> " in rig.type(f"{PASSWORD}\r")
        return rig

    def type(self, text: str | bytes) -> str:
        data = text.encode() if isinstance(text, str) else text
        return self._carry(self.editor.typed(data))

    def feed(self, *events: object) -> str:
        said = ""
        for event in events:
            assert isinstance(event, CONSOLE_EVENTS)
            said += self._carry(self.console.handle(event, self.now))
        return said

    def pass_time(self, seconds: float) -> str:
        """Let time pass; whatever is due is done at its moment."""
        until, said = self.now + seconds, ""
        while (due := earliest((self.console.deadline(),))) is not None and due <= until:
            self.now = due
            said += self._carry(self.console.wake(due))
            after = self.console.deadline()
            assert after is None or after > due, "it woke without moving its deadline"
        self.now = until
        return said

    def _carry(self, work: list[object]) -> str:
        todo, self._written = deque(work), ""
        while todo:
            todo.extendleft(reversed(self._do(todo.popleft())))
        return re.sub(r"\x1b[78]|\x1b\[[0-9;]*[A-Za-z]", "", self._written)

    def _do(self, item: object) -> list[object]:
        match item:
            case Write(text):
                self._written += text
                return []
            case Say():
                return self.editor.say(item)
            case Ask():
                return self.editor.ask(item)
            case Watch():
                return self.editor.watch(item)
            case CheckPassword(password):
                self.checked.append(password.text)
                return [PasswordChecked(password.text == PASSWORD)]
            case KeepPassword(password):
                self.kept = "" if self.refusal else password.text
                return [PasswordKept(self.refusal)]
            case ShowCode(code):
                self.code = code.text
                return []
            case Do():
                self.done.append(item)
                return []
            case Arrived() | Left() | TestLinkNow() | Restart() | SwitchTrace() | StopWork():
                self.others.append(item)
                return []
            case _:
                assert isinstance(item, CONSOLE_EVENTS), item
                return self.console.handle(item, self.now)
