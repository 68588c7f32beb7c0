"""The console under anything: bytes, results and time in any order that chance finds.

A model stands beside it: it knows who gave the right password, or the code of the screen, and so
who may be logged in. Hypothesis plays, and shortens what it finds.
"""

from __future__ import annotations

from collections import deque
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import DataObject as Data
from hypothesis.strategies import binary, booleans, data, floats, integers, sampled_from, text

from config.cfg_file import parse_file
from config.configuration import Configuration
from config.layers import combine, local_layer, server_layer
from config.parameters import written
from config.problem import Problems
from firmware.console.completion import complete
from firmware.console.console import Console, ConsoleEvent, Stage
from firmware.console.editor import Editor, Write
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
from firmware.console.login import CHOOSING, SLEEPING
from firmware.console.parameters import ParameterKept, SetParameter
from firmware.console.vocabulary import COMMANDS
from firmware.phone.events import TimeIs
from firmware.phone.lockout import Lockout
from firmware.phone.status import Status
from firmware.provision.changes import changes
from tests.fuzz.console import FILE, PASSWORD, RESULTS, SECRET

FIRST_DAY = FILE.replace(f"admin password: {PASSWORD}\n", "")
TYPED = "typed-where-it-is-hidden"
"""An answer to whatever asks without showing it: a secret from then on."""

OUT_MAX = 64 * 1024
"""Characters that one line may be answered with."""

HOURS_S = 10_000.0

LINES = (
    *COMMANDS,
    *("show sip line1 password", "set sip line1 password", "set sip digit timeout 5"),
    *("unset sip digit timeout", "certificates import sips private key", "log level link debug"),
    *("trace sip on", "trace sip off", "ping backup", "token new", "certificates request phone"),
    *("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "yes", "reset", "no", "all"),
)

WORK = ("log", "ping", "certificates", "token new", "provision", "support", "log server")

ENDS = (*["\r"] * 5, "\r\n", "\n", "\t", "\x03", "")

FROM_PERSON = LineEntered | Interrupted | InputEnded | KeyTouched | TerminalIs


def configured(file: str) -> Configuration:
    parsed = parse_file(file.encode(), "startup.cfg")
    server = server_layer(parsed.statements, Problems(), {})
    return Configuration(combine(server, local_layer((), Problems())).entries, server)


class AnyOrder(RuleBasedStateMachine):
    """A console with its editor; what the world is asked for waits until a rule answers it."""

    @initialize(is_first_day=booleans(), comes_in=sampled_from([False, True, True]))
    def begin(self, is_first_day: bool, comes_in: bool) -> None:
        """Begin with nobody there, or, since chance seldom finds the way in, with somebody."""
        self.file = FIRST_DAY if is_first_day else FILE
        self.console = Console(Status(), configured(self.file), Random(1), Lockout())
        self.editor = Editor(complete)
        self.now = 1000.0
        self.checks: list[CheckPassword | KeepPassword] = []
        self.works: list[Do] = []
        self.code = ""  # On the phone's screen.
        self.has_read_code = False
        self.may_be_in = False
        self.is_in = False
        self.prompt, self.is_hidden = "", True
        self.secrets = {SECRET}
        self.out, self.lines = "", 0
        self.carry([SLEEPING])
        if comes_in:
            self.come_in()

    def come_in(self) -> None:
        self.wake()
        if self.code:
            self.read_code()
            self.answer_hidden(TYPED)
        self.answer_hidden(TYPED if self.file == FIRST_DAY else PASSWORD)
        self.check("")
        assert self.console.stage is Stage.READY

    # What happens.

    @rule(typed=binary(max_size=40))
    def type(self, typed: bytes) -> None:
        self.carry(self.editor.typed(typed))

    @rule(line=sampled_from(LINES), end=sampled_from(ENDS))
    def type_line(self, line: str, end: str) -> None:
        self.carry(self.editor.typed(f"{line}{end}".encode()))

    @precondition(lambda self: self.is_in)
    @rule(line=sampled_from(WORK), gives_up=booleans())
    def have_something_done(self, line: str, gives_up: bool) -> None:
        self.carry(self.editor.typed(f"\x03{line}\r".encode() + b"\x03" * gives_up))

    @rule()
    def wake(self) -> None:
        self.carry(self.editor.typed(b"\r"))

    @precondition(lambda self: self.is_hidden)
    @rule(answer=sampled_from([PASSWORD, TYPED, f"{TYPED}?"]))
    def answer_hidden(self, answer: str) -> None:
        self.secrets |= {answer}
        self.carry(self.editor.typed(f"{answer}\r".encode()))

    @precondition(lambda self: bool(self.code))
    @rule()
    def read_code(self) -> None:
        self.has_read_code = True
        self.carry(self.editor.typed(f"{self.code}\r".encode()))

    @precondition(lambda self: bool(self.code))
    @rule()
    def guess_code(self) -> None:
        self.carry(self.editor.typed(b"000000\r"))
        assert self.prompt != CHOOSING.prompt

    @precondition(lambda self: bool(self.checks))
    @rule(problem=sampled_from(["", "the disk is full"]))
    def check(self, problem: str) -> None:
        """The hash was counted, or kept: now, and not before."""
        match self.checks.pop(0):
            case CheckPassword(password):
                is_right = password.text == PASSWORD and self.file == FILE
                self.may_be_in = is_right
                self.hear(PasswordChecked(is_right))
            case KeepPassword():
                self.may_be_in = self.has_read_code and not problem
                self.hear(PasswordKept(problem))

    @precondition(lambda self: bool(self.works))
    @rule(drawn=data())
    def work(self, drawn: Data) -> None:
        """Something was done outside; perhaps nobody waits for it any more."""
        done = self.works.pop(drawn.draw(integers(0, len(self.works) - 1)))
        result: object = RESULTS[type(done.request)]
        if isinstance(done.request, SetParameter) and drawn.draw(booleans()):
            request = done.request
            line = f'{written(request.name, request.account)}: "{request.text.text}"\n'
            after = configured(self.file + line)
            result = ParameterKept(after, changed=changes(configured(self.file), after))
        self.hear(WorkDone(done.number, result))

    @rule(seconds=floats(0.0, HOURS_S), step=booleans())
    def pass_time(self, seconds: float, step: bool) -> None:
        """Let time pass: all of it, or as far as the next thing that is due."""
        until = self.now + seconds
        while (due := self.console.deadline()) is not None and due <= until:
            self.now = due
            self.carry(self.console.wake(due))
            after = self.console.deadline()
            assert after is None or after > due, "it woke without moving its deadline"
            if step:
                return
        self.now = until

    @rule(words=text(max_size=200), is_set=booleans())
    def world(self, words: str, is_set: bool) -> None:
        """Something is traced, the clock steps, the files are read anew."""
        self.hear(Heard(words))
        assert self.is_in or not self.out, "it is said to nobody"
        self.hear(TimeIs(1_795_780_800.0 if is_set else None, 3600))
        self.hear(ConfigurationIs(configured(self.file)))

    # What has to be so.

    @invariant()
    def nobody_is_in_without_the_password(self) -> None:
        if self.console.stage is Stage.AWAY:
            self.may_be_in = False
        assert self.is_in == (self.console.stage is not Stage.AWAY), "Arrived and Left say so"
        assert self.may_be_in or not self.is_in

    @invariant()
    def no_secret_is_written(self) -> None:
        for secret in self.secrets:
            assert secret not in self.out
        self.secrets = {SECRET}  # What is typed into a line that is shown is shown.

    @invariant()
    def what_is_written_is_bounded(self) -> None:
        assert len(self.out) <= OUT_MAX * (1 + self.lines)
        self.out, self.lines = "", 0

    # Between the parts.

    def hear(self, event: ConsoleEvent) -> None:
        self.carry(self.console.handle(event, self.now))

    def carry(self, work: list[object]) -> None:
        todo = deque(work)
        while todo:
            todo.extendleft(reversed(self.take(todo.popleft())))

    def take(self, item: object) -> list[object]:
        match item:
            case Write(words):
                self.out += words
                return []
            case Say():
                return self.editor.say(item)
            case Ask(prompt, hidden):
                self.prompt, self.is_hidden = prompt, hidden
                return self.editor.ask(item)
            case Watch():
                return self.editor.watch(item)
            case CheckPassword() | KeepPassword():
                self.checks.append(item)
                return []
            case Do():
                if type(item.request) in RESULTS:
                    self.works.append(item)
                return []
            case ShowCode(code):
                self.code = code.text
                return []
            case Arrived() | Left():
                self.is_in = isinstance(item, Arrived)
                self.has_read_code = False
                return []
            case TestLinkNow() | Restart() | SwitchTrace() | StopWork():
                assert self.is_in, item
                return []
            case _:
                assert isinstance(item, FROM_PERSON), item
                self.lines += isinstance(item, LineEntered)
                return self.console.handle(item, self.now)


@pytest.mark.parametrize("steps", [8, 50])
def test_any_order(steps: int) -> None:
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=150,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
