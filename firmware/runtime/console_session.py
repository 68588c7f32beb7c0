"""The console at work: the machine, its editor, its timer, and the world that does as it says.

Loaded when the first key is pressed at the console, never before. Everything here runs on the
phone's event loop and takes no time: what reads a disk, a network or a hash runs in a thread or in
a process of its own (`console_work.py`, `editor_process.py`). Of many lines that come at once one
is obeyed in each turn of the loop.

An error of ours in here ends the session and not the phone: asyncio logs it, and the next key
begins anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from random import SystemRandom
from typing import Any

from drivers.interfaces import SerialLine
from firmware.console.completion import complete
from firmware.console.console import Console
from firmware.console.editor import TERMINAL_QUERY, Above, Edit, Editor, Forward, Write
from firmware.console.events import (
    Arrived,
    Ask,
    CheckPassword,
    ConfigurationIs,
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
from firmware.frozen import frozen
from firmware.link.events import TestLink
from firmware.phone.lockout import Lockout
from firmware.runtime.alarm import Alarm
from firmware.runtime.console_traces import Traces
from firmware.runtime.console_work import Worker
from firmware.runtime.editor_process import EditorProcess
from firmware.runtime.surroundings import Surroundings
from firmware.runtime.tasks import Tasks

log = logging.getLogger("handset.console")

WAITING_MAX = 64
"""Pieces of input that wait for their turn; a terminal that sends more is out of its mind."""

LAST_WORDS_S = 0.5
"""Between saying that the phone restarts and doing it: the line is gone then."""


@frozen
class _Typed:
    """Bytes that came while others had their turn."""

    data: bytes


class Session:
    """One console and whoever sits there, for as long as the phone lives."""

    def __init__(self, line: SerialLine, around: Surroundings) -> None:
        self._line, self._around = line, around
        self._loop = asyncio.get_running_loop()
        self._console = Console(around.status, around.configuration(), SystemRandom(), Lockout())
        sight = self._console.sight
        sight.about, sight.began = around.about, around.began
        self._editor = Editor(complete)
        self._worker = Worker(around, self._feed)
        self._traces = Traces(around, lambda text: self._feed(Heard(text)))
        self._beside: EditorProcess | None = None
        self._ending = Tasks()
        self._size: TerminalIs | None = None
        self._alarm = Alarm(self._wake)
        self._turn: asyncio.Handle | None = None
        self._todo: deque[object] = deque([SLEEPING])
        self._go_on()

    def typed(self, data: bytes) -> None:
        """Take what came from the terminal."""
        if len(self._todo) < WAITING_MAX:
            self._todo.append(_Typed(data))
        if self._turn is None:
            self._go_on()

    async def stop(self) -> None:
        """Let go of everything."""
        self._alarm.stop()
        if self._turn is not None:
            self._turn.cancel()
        self._end_beside()
        self._traces.end()
        await self._ending.finish()
        await self._worker.stop()

    def _feed(self, event: object) -> None:
        """Hand an event of the world to the console."""
        self._todo.append(event)
        if self._turn is None:
            self._go_on()

    def _go_on(self) -> None:
        """Do what there is to do, with one line at the most in a turn of the loop."""
        self._turn = None
        while self._todo:
            item = self._todo.popleft()
            self._todo.extendleft(reversed(self._do(item)))
            if isinstance(item, LineEntered) and self._todo:
                self._turn = self._loop.call_soon(self._go_on)
                return
        self._alarm.set(self._console.deadline())

    def _wake(self) -> None:
        self._todo.extend(self._console.wake(self._alarm.now))
        if self._turn is None:
            self._go_on()

    def _do(self, item: object) -> list[object]:
        """Do one thing; return what follows from it."""
        match item:
            case _Typed(data):
                return self._editor.typed(data)
            case Write(text):
                self._line.write(text.encode())
                return []
            case Say():
                return self._editor.say(item)
            case Ask():
                return self._editor.ask(item)
            case Watch():
                return self._editor.watch(item)
            case Forward() | Edit() | Above():
                self._tell_beside(item)
                return []
            case _:
                return self._do_outside(item)

    def _do_outside(self, item: object) -> list[object]:
        """Hand something to the console, or to the world."""
        match item:
            case LineEntered() | Interrupted() | InputEnded() | KeyTouched():
                return self._by_person(item)
            case TerminalIs():
                self._size = item
                return self._console.handle(item, self._alarm.now)
            case ConfigurationIs() | PasswordChecked() | PasswordKept() | WorkDone() | Heard():
                return self._console.handle(item, self._alarm.now)
            case Arrived():
                self._around.occupied("console", True)
                self._begin_beside()
            case Left():
                self._around.occupied("console", False)
                self._end_beside()
                self._traces.end()
            case SwitchTrace(topic, on):
                self._traces.switch(topic, on=on)
            case TestLinkNow():
                self._around.feed(TestLink())
            case Restart(wipes):
                restart = self._around.reset if wipes else self._around.restart
                self._loop.call_later(LAST_WORDS_S, restart)
            case CheckPassword() | KeepPassword() | ShowCode() | Do() | StopWork():
                self._worker.do(item)
            case _:
                raise AssertionError(f"nobody takes {item!r}")
        return []

    def _by_person(
        self, event: LineEntered | Interrupted | InputEnded | KeyTouched
    ) -> list[object]:
        if isinstance(event, Interrupted):
            self._line.forget()
        now = self._alarm.now
        self._console.handle(self._around.time(), now)
        self._console.handle(ConfigurationIs(self._around.configuration()), now)
        query: list[object] = []
        if self._console.is_asleep and isinstance(event, LineEntered):
            self._size = None  # It may be another terminal than the last time.
            query = [Write(TERMINAL_QUERY)]
        return [*query, *self._console.handle(event, now)]

    # The editor beside the phone.

    def _begin_beside(self) -> None:
        """Let lines be edited with all comfort, where the terminal can show it."""
        if self._size is not None and self._beside is None:
            self._beside = EditorProcess(self._beside_said, self._beside_ended)

    def _end_beside(self) -> None:
        beside, self._beside = self._beside, None
        self._editor.forward(on=False)
        if beside is not None:
            self._ending.begin(beside.stop())

    def _tell_beside(self, item: Forward | Edit | Above) -> None:
        if self._beside is None:
            return
        match item:
            case Forward(data):
                self._beside.type(data)
            case Edit(prompt):
                self._beside.tell(edit=prompt)
            case Above(text):
                self._beside.tell(say=text)

    def _beside_said(self, words: dict[str, Any]) -> None:
        match words:
            case {"ready": True} if self._size is not None and self._beside is not None:
                self._beside.tell(rows=self._size.rows, columns=self._size.columns)
                self._editor.forward(on=True)
            case {"write": str(text)}:
                self._line.write(text.encode())
            case {"line": str(line)}:
                for event in self._editor.line_came(line):
                    self._feed(event)
            case {"interrupt": True}:
                self._feed(Interrupted())
            case {"end": True}:
                self._feed(InputEnded())
            case _:
                pass  # Of another version.

    def _beside_ended(self) -> None:
        """It is gone: ask again with what the phone itself can do."""
        self._beside = None
        log.warning("the console's line editor has ended; the console goes on without it")
        if self._editor.forward(on=False):
            self._feed(Interrupted())
