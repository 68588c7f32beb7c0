"""The script board over two real pipes: commands in, events out."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import io
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from PIL import Image

from config.configuration import Configuration
from config.store import Store
from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    Dialling,
    EndCause,
    HoldChanged,
    IncomingCall,
    Party,
    RegistrationState,
    RemoteRinging,
    Tie,
    TieChanged,
)
from firmware.link.events import (
    Address,
    Failure,
    FailureKind,
    LinkState,
    LinkStatus,
    Proxy,
    Role,
    TlsFacts,
)
from firmware.phone import events as phone
from firmware.phone.outage import EndedBy, Outage, OutageKind
from firmware.runtime import line_pipe
from firmware.runtime.script import Script
from firmware.runtime.setter import Setter
from tests.unit.runtime.pictures import draw_words, picture, screen

Event = dict[str, Any]

PROXY = Proxy(Role.PRIMARY, "proxy1.example", 5061)
FACTS = TlsFacts(Address("::1", 40000), "TLSv1.3", "TLS_AES_256_GCM_SHA384", True, 2e9)


@pytest.fixture(autouse=True)
def _drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    draw_words(monkeypatch)


STARTED_AT = time.time()
COMMANDS_BYTES = 2**20


class Talk:
    """A program's ends of the pipes, and what the phone heard."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        ours, self.commands = os.pipe()
        # Whatever is said has room: who says it is the loop that has to read it.
        fcntl.fcntl(self.commands, fcntl.F_SETPIPE_SZ, COMMANDS_BYTES)
        self.events, theirs = os.pipe()
        self.descriptors = [ours, self.commands, self.events, theirs]
        self.fed: list[object] = []
        self.folder = TemporaryDirectory()
        Path(self.folder.name, "startup.cfg").write_text("!ring tone: Deep\n")
        self.store = Store(Path(self.folder.name), Path(self.folder.name, "state"))
        self.configuration = self.store.read()
        self.script = Script(
            self.fed.append,
            problems,
            Setter(self.store, lambda: self.configuration, self.takes_over),
            input_descriptor=ours,
            output_descriptor=theirs,
        )
        self._rest = b""

    async def takes_over(self, configuration: Configuration, *, waits: bool) -> None:
        self.configuration = configuration
        self.fed.append(waits)

    def say(self, *commands: object) -> None:
        lines = (json.dumps(command).encode() for command in commands)
        self.send(b"".join(line + b"\n" for line in lines))

    def send(self, data: bytes) -> None:
        os.write(self.commands, data)

    def report(self, *facts: phone.Told) -> None:
        for fact in facts:
            self.script.take(phone.Report(fact))

    async def heard(self) -> Event:
        """Return the next event."""
        while b"\n" not in self._rest:
            async with asyncio.timeout(5):
                self._rest += await asyncio.to_thread(os.read, self.events, 65536)
        line, self._rest = self._rest.split(b"\n", 1)
        event: Event = json.loads(line)
        assert STARTED_AT - 1 < event.pop("t") < time.time() + 1
        return event

    async def answer(self, command: object) -> Event:
        """Say one command and return the event that follows."""
        self.say(command)
        return await self.heard()

    async def has_fed(self, event: object) -> None:
        """Wait until the phone heard this."""
        async with asyncio.timeout(5):
            while event not in self.fed:
                await asyncio.sleep(0.001)

    def close(self, *descriptors: int) -> None:
        for descriptor in descriptors:
            os.close(descriptor)
            self.descriptors.remove(descriptor)


@asynccontextmanager
async def talk(*problems: str) -> AsyncIterator[Talk]:
    """Run a script until the block ends, and the script with it."""
    talk = Talk(problems)
    running = asyncio.create_task(talk.script.run())
    try:
        yield talk
        if talk.commands in talk.descriptors:
            talk.close(talk.commands)
        async with asyncio.timeout(5):
            await running
            await talk.script.close()
    finally:
        running.cancel()
        talk.close(*list(talk.descriptors))
        talk.folder.cleanup()


def account(
    state: RegistrationState, reason: str = "", retry_at: float | None = None, number: int = 1
) -> AccountStatus:
    address = f"20{number}@example.org"
    return AccountStatus(number, f"Desk {number}", address, state, reason, retry_at)


def test_keys_hook_and_dialling_reach_the_phone_in_order() -> None:
    async def scene() -> None:
        async with talk() as program:
            program.say(
                {"cmd": "hook", "off": True},
                {"cmd": "key", "key": "5"},
                {"cmd": "key", "key": "soft1"},
                {"cmd": "key", "key": "#", "held": True},
                {"cmd": "hook", "off": False},
                {"cmd": "dial", "uri": "sip:600@example.org", "account": 2},
            )
            program.send(b"\n  \n")
            assert (await program.answer({"cmd": "status"}))["ev"] == "status"
            assert program.fed == [
                phone.HookLifted(),
                phone.KeyPressed("5"),
                phone.KeyPressed("soft1"),
                phone.KeyPressed("#"),
                phone.KeyHeld("#"),
                phone.HookReplaced(),
                phone.DialTarget("sip:600@example.org", 2),
            ]

    asyncio.run(scene())


def test_calls_are_told_and_commands_about_calls_need_one() -> None:
    async def scene() -> None:
        async with talk() as program:
            answer = {"cmd": "answer"}
            none = {"ev": "error", "text": "line 1: there is no call to answer"}
            assert await program.answer(answer) == none
            none = {"ev": "error", "text": "line 2: there is no call to end"}
            assert await program.answer({"cmd": "hangup"}) == none
            none = {"ev": "error", "text": "line 3: there is no call to hold"}
            assert await program.answer({"cmd": "hold", "on": False}) == none
            program.report(IncomingCall(7, 1, Party("Ann", "301")))
            told = {"call": 7, "account": 1, "name": "Ann", "number": "301", "tie": "anchored"}
            assert await program.heard() == {"ev": "incoming", "state": "incoming", **told}
            program.say(answer)
            await program.has_fed(phone.AnswerCall())
            program.report(CallAnswered(7))
            assert await program.heard() == {"ev": "answered", "state": "answered", **told}
            program.say({"cmd": "hold", "on": True})
            await program.has_fed(phone.HoldCall(True))
            program.report(HoldChanged(7, True))
            assert await program.heard() == {"ev": "hold", "call": 7, "on": True}
            program.report(TieChanged(7, Tie.REFRESHING))
            refreshing = told | {"tie": "refreshing"}
            assert await program.heard() == {"ev": "tie", "state": "answered", **refreshing}
            program.report(TieChanged(7, Tie.ANCHORED))
            assert await program.heard() == {"ev": "tie", "state": "answered", **told}
            program.say({"cmd": "hangup"})
            status = await program.answer({"cmd": "status"})
            assert status["calls"] == [{"state": "answered", **told}]
            program.report(CallEnded(7, EndCause.HUNG_UP_HERE))
            ended = {"call": 7, "cause": "hung up", "status": 0, "reason": ""}
            assert await program.heard() == {"ev": "ended", **ended}
            assert program.fed == [phone.AnswerCall(), phone.HoldCall(True), phone.EndCall()]
            assert (await program.answer({"cmd": "status"}))["calls"] == []

    asyncio.run(scene())


def test_a_call_that_we_make_rings_and_ends_with_its_reason() -> None:
    async def scene() -> None:
        async with talk() as program:
            program.report(Dialling(3, 2, Party("", "602")), RemoteRinging(3))
            ringing = {
                "call": 3,
                "account": 2,
                "name": "",
                "number": "602",
                "state": "ringing",
                "tie": "anchored",
            }
            assert await program.heard() == {"ev": "ringing", **ringing}
            program.report(CallEnded(3, EndCause.REFUSED, 486, "busy"))
            ended = {"call": 3, "cause": "refused", "status": 486, "reason": "busy"}
            assert await program.heard() == {"ev": "ended", **ended}
            program.report(CallEnded(0, EndCause.FAILED, 0, "not registered"))
            assert (await program.heard())["reason"] == "not registered"

    asyncio.run(scene())


def test_registrations_are_told_when_won_lost_or_refused_for_a_new_reason() -> None:
    states = RegistrationState

    async def scene() -> None:
        async with talk() as program:
            now = asyncio.get_running_loop().time()
            program.report(
                account(states.WAITING),
                account(states.REGISTERING),
                account(states.REGISTERED),
                account(states.REGISTERED),  # Refreshed: no news.
                account(states.WAITING, "connection reset"),
                account(states.REGISTERING),
                account(states.REFUSED, "wrong password", now + 100),
                account(states.REGISTERING),
                account(states.REFUSED, "wrong password", now + 200),  # As before.
                account(states.REFUSED, "not allowed"),
                account(states.REGISTERED),
                account(states.REGISTERED, number=2),
                account(states.OFF, "signed off"),
            )
            told = [await program.heard() for _ in range(7)]
            assert [(event["ev"], event["account"], event["reason"]) for event in told] == [
                ("registered", 1, ""),
                ("unregistered", 1, "connection reset"),
                ("unregistered", 1, "wrong password"),
                ("unregistered", 1, "not allowed"),
                ("registered", 1, ""),
                ("registered", 2, ""),
                ("unregistered", 1, "signed off"),
            ]
            assert told[0] == {
                "ev": "registered",
                "account": 1,
                "name": "Desk 1",
                "address": "201@example.org",
                "state": "registered",
                "reason": "",
                "retry_in_s": None,
                "renew_in_s": None,
            }
            assert told[2]["retry_in_s"] == pytest.approx(100, abs=2)
            status = await program.answer({"cmd": "status"})
            assert [entry["state"] for entry in status["accounts"]] == ["off", "registered"]

    asyncio.run(scene())


def test_the_link_is_told_when_it_changes_and_not_with_each_pong() -> None:
    async def scene() -> None:
        async with talk() as program:
            now = asyncio.get_running_loop().time()
            reset = Failure(FailureKind.RESET, "connection reset")
            up = LinkStatus(LinkState.UP, PROXY, since=now, proof_at=now, round_trip_s=0.0234)
            program.report(
                LinkStatus(LinkState.CONNECTING, PROXY, since=now),
                up,
                LinkStatus(LinkState.UP, PROXY, since=now, proof_at=now + 1, round_trip_s=0.03),
                LinkStatus(LinkState.WAITING, PROXY, reset, attempts=2, retry_at=now + 9),
            )
            connecting, first, waiting = [await program.heard() for _ in range(3)]
            assert (connecting["state"], first["state"]) == ("connecting", "up")
            assert first["round_trip_ms"] == 23.4
            assert (first["proxy"], first["role"]) == ("proxy1.example:5061", "primary")
            assert (first["reason"], first["reason_kind"]) == ("", None)
            assert (waiting["state"], waiting["attempts"]) == ("waiting", 2)
            assert (waiting["reason"], waiting["reason_kind"]) == ("connection reset", "reset")
            assert waiting["retry_in_s"] == pytest.approx(9, abs=2)

    asyncio.run(scene())


def test_status_says_everything_that_the_link_screen_knows() -> None:
    async def scene() -> None:
        async with talk("startup.cfg:3: wrong") as program:
            await program.heard()
            empty = await program.answer({"cmd": "status"})
            assert (empty["link"], empty["accounts"], empty["calls"]) == (None, [], [])
            now = asyncio.get_running_loop().time()
            program.report(
                LinkStatus(
                    LinkState.UP,
                    PROXY,
                    since=now - 60,
                    proof_at=now - 4,
                    round_trip_s=0.05,
                    keep_alive_s=30,
                    answers_pings=True,
                    facts=FACTS,
                )
            )
            await program.heard()
            program.say({"cmd": "hook", "off": True})
            program.script.take(phone.SetRinger(True))
            program.script.take(phone.SetLamp(phone.LampPattern.FLASHING))
            status = await program.answer({"cmd": "status"})
            link = status["link"]
            assert link["since_s"] == pytest.approx(60, abs=2)
            assert link["proof_age_s"] == pytest.approx(4, abs=2)
            del link["since_s"], link["proof_age_s"]
            assert link == {
                "state": "up",
                "proxy": "proxy1.example:5061",
                "role": "primary",
                "reason": "",
                "reason_kind": None,
                "home_failure": "",
                "home_failure_kind": None,
                "attempts": 0,
                "retry_in_s": None,
                "round_trip_ms": 50.0,
                "keep_alive_s": 30,
                "answers_pings": True,
                "per_call": False,
                "tls": {
                    "local": "[::1]:40000",
                    "version": "TLSv1.3",
                    "cipher": "TLS_AES_256_GCM_SHA384",
                    "resumed": True,
                    "certificate_ends": 2e9,
                },
            }
            assert status["problems"] == ["startup.cfg:3: wrong"]
            assert (status["handset_off"], status["ringing"]) == (True, True)
            assert (status["lamp"], status["events_lost"]) == ("flashing", 0)

    asyncio.run(scene())


def test_the_outage_log_is_in_the_status_and_the_end_of_an_outage_is_told() -> None:
    lost = Outage(
        OutageKind.OUTAGE,
        Failure(FailureKind.RESET, "connection reset by the proxy"),
        Role.PRIMARY,
        str(PROXY),
        began=1.8e9,
        calls=2,
        calls_lost=1,
        accounts=3,
    )
    fields = {
        "kind": "outage",
        "began": 1.8e9,
        "ended": None,
        "duration_s": None,
        "role": "primary",
        "proxy": "proxy1.example:5061",
        "cause": "connection reset by the proxy",
        "cause_kind": "reset",
        "back_on": None,
        "calls": 2,
        "calls_lost": 1,
        "accounts": 3,
        "ended_by": None,
    }
    over = replace(
        lost, ended=1.8e9 + 2.5, duration_s=2.5, back_on=Role.BACKUP, ended_by=EndedBy.SERVICE
    )
    at_start = Outage(OutageKind.OUTAGE, Failure(FailureKind.CLOCK, "clock not set"))

    async def scene() -> None:
        async with talk() as program:
            assert (await program.answer({"cmd": "status"}))["outages"] == []
            program.script.take(phone.OutageLog((lost, at_start)))
            newest, oldest = (await program.answer({"cmd": "status"}))["outages"]
            assert newest == fields
            assert (oldest["role"], oldest["proxy"], oldest["began"]) == (None, None, None)
            program.script.take(phone.OutageEnded(over))
            assert await program.heard() == fields | {
                "ev": "outage",
                "ended": 1.8e9 + 2.5,
                "duration_s": 2.5,
                "back_on": "backup",
                "ended_by": "registered",
            }

    asyncio.run(scene())


def test_warnings_are_told_when_they_change_and_stand_in_the_status() -> None:
    """I4."""
    soon = "certificate of proxy1.example ends in 12 days"

    async def scene() -> None:
        async with talk() as program:
            assert (await program.answer({"cmd": "status"}))["warnings"] == []
            program.report(phone.WarningsChanged((soon,)))
            assert await program.heard() == {"ev": "warnings", "warnings": [soon]}
            assert (await program.answer({"cmd": "status"}))["warnings"] == [soon]

    asyncio.run(scene())


def test_what_the_phone_lost_of_its_sound_is_told_and_stands_in_the_status() -> None:
    names = ("held_up", "overflows", "underflows", "late", "dropped", "restarts")
    lost = {name: number for number, name in enumerate(names, start=1)}

    async def scene() -> None:
        async with talk() as program:
            sound = (await program.answer({"cmd": "status"}))["sound"]
            assert sound == dict.fromkeys(lost, 0)
            program.report(phone.SoundHealth(**lost))
            assert await program.heard() == {"ev": "sound_health", **lost}
            assert (await program.answer({"cmd": "status"}))["sound"] == lost

    asyncio.run(scene())


def test_a_screen_is_told_when_it_changes_and_when_asked_for() -> None:
    async def scene() -> None:
        async with talk() as program:
            assert await program.answer({"cmd": "screen"}) == {
                "ev": "screen",
                "text": [],
                "png": "",
            }
            program.script.take(phone.Show(screen("one", "two", seed=5)))
            event = await program.heard()
            assert (event["ev"], event["text"]) == ("screen", ["one", "two"])
            drawn = Image.open(io.BytesIO(base64.b64decode(event["png"])))
            assert drawn.mode == "1"
            assert drawn.tobytes() == picture(5).tobytes()
            program.script.take(phone.Show(screen("one", "two", seed=5)))
            program.script.take(phone.Show(screen("one", "two", seed=5, age=1)))  # Looks the same.
            assert await program.answer({"cmd": "screen"}) == event
            program.script.take(phone.Show(screen("one", "two", seed=6)))
            assert (await program.heard())["png"] != event["png"]

    asyncio.run(scene())


def test_a_bad_line_is_named_and_the_next_one_is_obeyed() -> None:
    async def scene() -> None:
        async with talk() as program:
            program.send(b'{"cmd": "stop"\n\n{"cmd": "key"}\n' + b"x" * 200 + b"\n")
            program.say({"cmd": "hook", "off": True}, {"cmd": "hook", "off": True})
            texts = [(await program.heard())["text"] for _ in range(4)]
            assert texts == [
                "line 1: this is not JSON",
                'line 3: key needs "key", a string',
                "line 4: this is not JSON",
                "line 6: the handset is off the hook already",
            ]
            program.say({"cmd": "key", "key": "1"})
            await program.answer({"cmd": "status"})
            assert program.fed == [phone.HookLifted(), phone.KeyPressed("1")]

    asyncio.run(scene())


def test_an_endless_line_is_an_error_in_bounded_room(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with talk() as program:
            for _ in range(20):
                await asyncio.to_thread(program.send, b"x" * 32768)
            program.send(b"\n")
            assert (await program.heard())["text"] == "line 1: longer than 65536 bytes"
            assert (await program.answer({"cmd": "status"}))["ev"] == "status"

    asyncio.run(scene())


def test_problems_of_the_configuration_are_the_first_words() -> None:
    async def scene() -> None:
        async with talk("a.cfg:1: no such parameter", "a.cfg:2: not a number") as program:
            assert await program.heard() == {"ev": "error", "text": "a.cfg:1: no such parameter"}
            assert await program.heard() == {"ev": "error", "text": "a.cfg:2: not a number"}

    asyncio.run(scene())


def test_stop_end_of_input_and_a_broken_output_each_end_the_script() -> None:
    async def by_command() -> None:
        async with talk() as program:
            program.say({"cmd": "stop"}, {"cmd": "key", "key": "1"})
            async with asyncio.timeout(5):
                while program.script._reader._stopped is False:
                    await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)
            assert not program.fed  # What follows a stop is not obeyed.

    async def by_end() -> None:
        async with talk() as program:
            program.send(b'{"cmd": "key", "key": "1"}')
            program.close(program.commands)
            await program.has_fed(phone.KeyPressed("1"))

    async def by_broken_output() -> None:
        program = Talk(())
        running = asyncio.create_task(program.script.run())
        program.close(program.events)
        program.report(RemoteRinging(1))
        async with asyncio.timeout(5):
            await running  # The commands' end is still open: nobody reads the answers.
        await program.script.close()
        program.close(program.commands)
        await asyncio.sleep(0.05)  # The reading thread sees the end.
        program.close(*list(program.descriptors))
        program.folder.cleanup()

    for scene in (by_command, by_end, by_broken_output):
        asyncio.run(scene())


def test_a_program_sets_parameters_and_hears_what_has_changed_and_when_that_counts() -> None:
    async def scene() -> None:
        async with talk() as program:

            async def set_(parameter: str, value: str) -> Event:
                return await program.answer({"cmd": "set", "parameter": parameter, "value": value})

            said = await set_("sip persistent tls keep alive", "45")
            assert said == {
                "ev": "set",
                "changed": ["sip persistent tls keep alive: 30 -> 45 (local)"],
                "waits": False,
            }
            assert (await set_("sips persistent tls", "0"))["waits"] is True
            assert program.fed == [False, True], "whoever takes it over was told"
            said = await set_("sip line1 password", "never-to-be-said")
            assert said["changed"] == ["sip line1 password: **** (local)"]
            for parameter, value, words in (
                ("sip nonsense", "1", "sip nonsense: there is no such parameter"),
                ("sip persistent tls keep alive", "soon", '"soon" is not 0 or 5-3600 seconds'),
                ("ring tone", "Deep", "locked by startup.cfg:1"),
            ):
                said = await set_(parameter, value)
                assert said["ev"] == "error"
                assert words in said["text"]
            assert program.store.read().value("sip persistent tls keep alive") == 45

    asyncio.run(scene())


def test_facts_outlive_screens_when_nobody_reads_and_the_loss_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line_pipe, "QUEUE_LINES_MAX", 100)

    async def scene() -> None:
        async with talk() as program:
            for number in range(2000):
                program.script.take(phone.Show(screen("x" * 500, seed=number % 250)))
                await asyncio.sleep(0)
            program.report(RemoteRinging(1))
            lost = program.script._writer.lost
            assert lost > 1000
            kinds = list[str]()
            told = list[str]()
            while kinds.count("ringing") < 2:
                event = await program.heard()
                kinds.append(event["ev"])
                told += [event["text"]] if event["ev"] == "error" else []
                if event["ev"] == "ringing" and kinds.count("ringing") == 1:
                    program.report(RemoteRinging(2))
            assert kinds.count("screen") < 1000
            assert all(text.endswith(" events were lost: nobody read them") for text in told)
            assert sum(int(text.split()[0]) for text in told) == lost
            assert (await program.answer({"cmd": "status"}))["events_lost"] == lost

    asyncio.run(scene())
