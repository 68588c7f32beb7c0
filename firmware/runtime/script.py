"""The script board: a program presses the keys and reads the screen, in lines of JSON.

Commands come in on one descriptor (standard input), one object a line:

    {"cmd": "key", "key": "5"}          press a key; "held": true lets it stay down for long
    {"cmd": "hook", "off": true}        lift the handset, or put it back
    {"cmd": "dial", "uri": "sip:..."}   call digits or a URI; "account": 2 says from which account
    {"cmd": "answer"}                   take the call that rings
    {"cmd": "hangup"}                   end the call
    {"cmd": "hold", "on": true}         hold the call, or take it back
    {"cmd": "set", "parameter": "...", "value": "..."}   set a parameter, as the console does
    {"cmd": "screen"}                   say what the screen shows
    {"cmd": "status"}                   say everything that is known of link, accounts and calls
    {"cmd": "stop"}                     stop the phone

Events go out on the other (standard output), each with its Unix time `t`: `link`, `registered`,
`unregistered`, `incoming`, `ringing`, `repeating`, `answered`, `far` (who it is), `ended`,
`hold` (whether we do), `tie` (how a call is tied to its far end after its link was lost), `media`
(what is agreed for a call's sound), `sound` (what it has to tell), `sound_fault`, `digit` and
`digit_failed` (by INFO), `messages` (what a mailbox holds), `sound_health` (frames that this phone
itself lost, when there is one more), `outage` (when one is over), `screen` (also whenever the
screen changes), `set` (what has changed by that, and whether it waits for a new start), `problems`
(of the configuration), `status` and `error`. A line that is no command is answered with an `error`
that names it, and the phone goes on. The end of the input stops the phone, and so does an output
that nobody reads any more.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import time
from collections.abc import Callable, Sequence
from typing import assert_never

from config.parameters import split_line
from config.problem import ConfigError
from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    Delayed,
    Dialling,
    DigitFailed,
    DigitReceived,
    FarChanged,
    HoldChanged,
    IncomingCall,
    Inviting,
    LampChanged,
    MessagesWaiting,
    RegistrationState,
    RemoteRinging,
    Repeating,
    TieChanged,
)
from firmware.link.events import LinkStatus
from firmware.media.events import SoundFault, SoundReport
from firmware.phone.events import (
    AnswerCall,
    CallFact,
    DialTarget,
    EndCall,
    HoldCall,
    HookLifted,
    HookReplaced,
    KeyHeld,
    KeyPressed,
    LampPattern,
    OutageEnded,
    OutageLog,
    ProblemsAre,
    Report,
    Reportable,
    SetLamp,
    SetRinger,
    Show,
    SoundHealth,
    StartVoice,
    Told,
    WarningsChanged,
)
from firmware.phone.language import ENGLISH, Language
from firmware.phone.render import render
from firmware.phone.screen import Screen, lines
from firmware.phone.status import CallState, CallView, Status
from firmware.runtime.commands import (
    CommandError,
    MoveHook,
    PressKey,
    SayScreen,
    SayStatus,
    SetParameter,
    Stop,
    parse_command,
)
from firmware.runtime.line_pipe import LineReader, LineWriter
from firmware.runtime.outage_json import outage_fields
from firmware.runtime.setter import Setter
from firmware.runtime.sound_fields import health_fields, plan_fields, sound_fields
from firmware.runtime.status import (
    Fields,
    account_fields,
    call_fields,
    link_fields,
    status_fields,
)
from firmware.runtime.tasks import Tasks

CallCommand = AnswerCall | EndCall | HoldCall


class Script:
    """A program in the place of a person."""

    def __init__(
        self,
        feed: Callable[[object], None],
        problems: Sequence[str],
        setter: Setter,
        *,
        input_descriptor: int = 0,
        output_descriptor: int = 1,
    ) -> None:
        self._feed, self._setter = feed, setter
        self._settings = Tasks()
        self._loop = asyncio.get_running_loop()
        self._reader = LineReader(input_descriptor)
        self._writer = LineWriter(output_descriptor, self._reader.stop)
        self._lost_told = 0
        self._status = Status()
        self._status.problems = tuple(problems)
        self._lifted = False
        self._ringing = False
        self._lamp = LampPattern.OFF
        self._screen: Show | None = None
        self._shown: Fields = {"text": [], "png": ""}
        self._link_told: tuple[object, ...] = ()
        self._accounts_told: dict[int, tuple[bool, str]] = {}

    async def run(self) -> None:
        """Obey until told to stop, until the input ends, or until nobody reads the output."""
        for problem in self._status.problems:
            self._say_error(problem)
        number = 0
        async for line in self._reader:
            number += 1
            try:
                self._obey(line)
            except CommandError as error:
                self._say_error(f"line {number}: {error}")

    async def close(self) -> None:
        """Let the last events out."""
        await self._settings.finish()
        await self._writer.close()

    # From the program to the phone.

    def _obey(self, line: bytes | None) -> None:
        """Do what a line says; raise `CommandError` where that cannot be done."""
        command = parse_command(line)
        match command:
            case PressKey(key, held):
                self._press(key, held)
            case DialTarget():
                self._feed(command)
            case MoveHook(off):
                self._move_hook(off)
            case AnswerCall():
                self._demand(command, self._status.call_in(CallState.INCOMING), "answer")
            case EndCall():
                self._demand(command, self._status.call_in(), "end")
            case HoldCall():
                self._demand(command, self._status.call_in(CallState.ANSWERED), "hold")
            case SetParameter():
                self._settings.begin(self._set(command))
            case SayScreen():
                self._say("screen", self._shown)
            case SayStatus():
                self._say_status()
            case Stop():
                self._reader.stop()
            case None:
                pass  # An empty line.
            case _:
                assert_never(command)

    async def _set(self, command: SetParameter) -> None:
        name, account = split_line(command.parameter)
        try:
            found = await self._setter.set(name, command.value, account)
        except ConfigError as error:
            self._say_error(str(error))
            return
        waits = any(change.needs_restart for change in found)
        self._say("set", {"changed": [change.text for change in found], "waits": waits})

    def _press(self, key: str, held: bool) -> None:
        self._feed(KeyPressed(key))
        if held:
            self._feed(KeyHeld(key))

    def _move_hook(self, lifted: bool) -> None:
        if lifted == self._lifted:
            raise CommandError(f"the handset is {'off' if lifted else 'on'} the hook already")
        self._lifted = lifted
        self._feed(HookLifted() if lifted else HookReplaced())

    def _demand(
        self, command: AnswerCall | EndCall | HoldCall, call: CallView | None, verb: str
    ) -> None:
        """Feed a command about a call where there is one for it."""
        if call is None:
            raise CommandError(f"there is no call to {verb}")
        self._feed(command)

    # From the phone to the program.

    def take(self, output: object) -> None:
        """Tell the program what an output of the phone means to it."""
        match output:
            case Show():
                self._show(output)
            case Report(fact):
                self._learn(fact)
            case OutageLog(outages):
                self._status.outages = outages
            case OutageEnded(outage):
                self._say("outage", outage_fields(outage))
            case SetRinger(ringing):
                self._ringing = ringing
            case SetLamp(pattern):
                self._lamp = pattern
            case StartVoice(call, plan):
                self._say("media", {"call": call, **plan_fields(plan)})
            case _:
                pass  # For somebody else.

    def _show(self, show: Show) -> None:
        if show == self._screen:
            return
        self._screen = show
        shown = screen_fields(show.screen, show.language)
        if shown != self._shown:
            self._shown = shown
            self._say("screen", shown)

    def _learn(self, fact: Told) -> None:
        if isinstance(fact, SoundReport):
            self._say("sound", {"call": fact.call, **sound_fields(fact.fact)})
        elif isinstance(fact, SoundFault):
            self._say("sound_fault", {"call": fact.call, "text": fact.text})
        elif isinstance(fact, HoldChanged):
            self._say("hold", {"call": fact.call, "on": fact.on})
        elif isinstance(fact, DigitFailed):
            said = {"call": fact.call, "digit": fact.digit, "reason": fact.reason}
            self._say("digit_failed", said)
        elif isinstance(fact, DigitReceived):
            self._say("digit", {"call": fact.call, "digit": fact.digit})
        elif isinstance(fact, MessagesWaiting):
            counts = {"waiting": fact.waiting, "new": fact.new, "old": fact.old}
            self._say("messages", {"account": fact.account, **counts, "mailbox": fact.mailbox})
        elif isinstance(fact, LampChanged):
            field = {"account": fact.account, "number": fact.number, "reason": fact.reason}
            self._say("lamp_field", {**field, "lamp": fact.lamp.value})
        else:
            self._status.learn(fact)
            self._report(fact)

    def _report(self, fact: Reportable) -> None:
        if isinstance(fact, CallFact):
            self._report_call(fact)
            return
        match fact:
            case LinkStatus():
                self._report_link(fact)
            case AccountStatus():
                self._report_account(fact)
            case WarningsChanged():
                self._say("warnings", {"warnings": list(fact.sentences)})
            case ProblemsAre():
                self._say("problems", {"problems": list(fact.sentences)})
            case SoundHealth():
                self._say("sound_health", health_fields(fact))
            case _:
                assert_never(fact)

    def _report_call(self, fact: CallFact) -> None:
        match fact:
            case IncomingCall(call):
                self._say_call("incoming", call)
            case RemoteRinging(call):
                self._say_call("ringing", call)
            case Repeating(call):
                self._say_call("repeating", call)
            case Delayed(call):
                self._say_call("delayed", call)
            case Inviting(call):
                self._say_call("inviting", call)
            case CallAnswered(call):
                self._say_call("answered", call)
            case FarChanged(call):
                self._say_call("far", call)
            case TieChanged(call):
                self._say_call("tie", call)
            case CallEnded(call, cause, status, reason):
                self._say(
                    "ended",
                    {"call": call, "cause": cause.value, "status": status, "reason": reason},
                )
            case Dialling():
                pass  # The program knows: it dialled. `status` has the call.
            case _:
                assert_never(fact)

    def _report_link(self, status: LinkStatus) -> None:
        """Say a change; a newer proof of life or round trip alone is none."""
        told = (
            *(status.state, status.proxy, status.reason, status.attempts),
            *(status.retry_at, status.keep_alive_s, status.answers_pings, status.home_failure),
        )
        if told != self._link_told:
            self._link_told = told
            self._say("link", link_fields(status, self._loop.time()))

    def _report_account(self, status: AccountStatus) -> None:
        """Say a registration won or lost, and each new reason why there is none."""
        was, why = self._accounts_told.get(status.account, (False, ""))
        registered = status.state is RegistrationState.REGISTERED
        if registered and not was:
            self._say("registered", account_fields(status, self._loop.time()))
        elif not registered and (was or status.reason not in ("", why)):
            self._say("unregistered", account_fields(status, self._loop.time()))
        elif not registered and not status.reason:
            return  # Trying again: the reason that was told still stands.
        self._accounts_told[status.account] = (registered, status.reason)

    def _say_call(self, event: str, call: int) -> None:
        view = self._status.calls.get(call)
        self._say(event, call_fields(view) if view else {"call": call})

    def _say_status(self) -> None:
        fields = status_fields(self._status, self._loop.time())
        fields |= {"problems": list(self._status.problems), "handset_off": self._lifted}
        fields |= {"ringing": self._ringing, "lamp": self._lamp.value}
        self._say("status", fields | {"events_lost": self._writer.lost})

    def _say_error(self, text: str) -> None:
        self._say("error", {"text": text})

    def _say(self, event: str, fields: Fields) -> None:
        if self._writer.lost > self._lost_told and self._writer.has_room:
            lost, self._lost_told = self._writer.lost - self._lost_told, self._writer.lost
            self._say_error(f"{lost} events were lost: nobody read them")
        line = json.dumps({"ev": event, "t": round(time.time(), 3)} | fields)
        self._writer.put(line.encode(), replaceable=event == "screen")


def screen_fields(screen: Screen, language: Language = ENGLISH) -> Fields:
    """Return what a screen says, and its picture."""
    picture = io.BytesIO()
    render(screen, language).save(picture, "PNG")
    png = base64.b64encode(picture.getvalue()).decode("ascii")
    return {"text": list(lines(screen, language)), "png": png}
