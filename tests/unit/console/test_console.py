"""The console's commands and its clock: what is said of the phone, live views, time-out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    EndCause,
    IncomingCall,
    Party,
    RegistrationState,
    Tie,
    TieChanged,
)
from firmware.console.certificates import KeepPem, ListCertificates, MakeRequest, RequestMade
from firmware.console.commands import DEEDS, Ping, ReadLog, ReadLogServer, SetLevel
from firmware.console.events import Do, Heard, Left, StopWork, SwitchTrace, TestLinkNow, WorkDone
from firmware.console.fetching import FetchNow
from firmware.console.part_tests import Part, TryPart
from firmware.console.token import ChangeToken, TokenChanged, drawn
from firmware.console.updates import BeginUpdate, ReadUpdate
from firmware.console.vocabulary import COMMANDS, parameter_names
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
from firmware.phone.events import OutageLog, Report, Reportable, TimeIs
from firmware.phone.outage import EndedBy, Outage, OutageKind
from firmware.phone.status import CallState, CallView
from firmware.provision.events import ProvisionStatus
from firmware.provision.update_events import UpdateStatus
from tests.unit.console.rig import NOON, Rig

PRIMARY = Proxy(Role.PRIMARY, "proxy.example.org", 5061)
RESET = Failure(FailureKind.RESET, "connection reset by the proxy")


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig.logged_in(tmp_path)


def learn(rig: Rig, *facts: Reportable) -> None:
    for fact in facts:
        rig.status.take(Report(fact))


def up(now: float, round_trip_s: float = 0.0234) -> LinkStatus:
    facts = TlsFacts(
        Address("192.0.2.7", 40_000), "TLSv1.3", "TLS_AES_256_GCM_SHA384", False, NOON + 42 * 86_400
    )
    return LinkStatus(
        LinkState.UP,
        PRIMARY,
        since=now - 3600,
        proof_at=now - 4,
        round_trip_s=round_trip_s,
        keep_alive_s=30,
        answers_pings=True,
        facts=facts,
    )


def waiting(now: float) -> LinkStatus:
    return LinkStatus(LinkState.WAITING, PRIMARY, RESET, attempts=3, retry_at=now + 8, since=now)


def account(number: int, state: RegistrationState, reason: str = "") -> AccountStatus:
    name = f"20{number}"
    return AccountStatus(number, name, f"{name}@example.org", state, reason, retry_at=3000.0)


def said(rig: Rig, line: str) -> list[str]:
    """Return what a command says, between its echo and the next prompt."""
    text = rig.type(f"{line}\r")
    assert text.startswith(f"{line}\r\n"), text
    assert text.endswith("\r\nhandset> "), text
    return text.split("\r\n")[1:-1]


def test_every_command_has_a_deed_and_help(rig: Rig) -> None:
    assert set(DEEDS) == set(COMMANDS)
    overview = said(rig, "help")
    assert [line.split()[0] for line in overview] == list(COMMANDS)
    for name, command in COMMANDS.items():
        assert said(rig, f"help {name}")[0] == command.usage


@pytest.mark.parametrize("line", ["reformat", "STATUS now", "help me", "outages -1", "outages x y"])
def test_a_line_that_cannot_be_obeyed_is_answered_by_a_sentence(rig: Rig, line: str) -> None:
    (sentence,) = said(rig, line)
    assert '"' in sentence


def test_empty_lines_do_nothing(rig: Rig) -> None:
    assert rig.type("\r   \r") == "\r\nhandset>    \r\nhandset> "


def test_status_says_the_phone_on_one_screen(rig: Rig) -> None:
    rig.console.sight.about = (("Version", "0.1"), ("Model", "handset"), ("MAC", "02:00"))
    rig.console.sight.began = rig.now - 7200
    rig.console.sight.status.problems = ('startup.cfg:3: sip T1 timer: "x" is not 100-10000 ms',)
    learn(
        rig,
        up(rig.now),
        account(1, RegistrationState.REGISTERED),
        account(2, RegistrationState.REFUSED, "wrong password"),
        IncomingCall(7, 1, Party("Anna", "300")),
    )
    assert said(rig, "status") == [
        "Phone         0.1 handset, running for 2 h",
        "Clock         2026-11-27 12:00:00, not kept by a time server",
        "Link          up, primary proxy.example.org:5061, round trip 23 ms, last answer",
        "              4 s ago",
        "Accounts      1 of 2 registered",
        "              2 202 <202@example.org>: refused, wrong password, again in 33 min",
        "Calls         1",
        "              7: Anna <300> on account 1, rings here",
        "Last outage   none",
        'Problem       startup.cfg:3: sip T1 timer: "x" is not 100-10000 ms',
    ]


def test_status_says_who_keeps_the_clock(rig: Rig) -> None:
    rig.feed(TimeIs(NOON, 3600, is_synchronised=True))
    assert "Clock         2026-11-27 13:00:00, kept by a time server" in said(rig, "status")
    rig.feed(TimeIs(None))
    assert "Clock         not set" in said(rig, "status")


def test_link_says_everything_and_follows_until_a_key(rig: Rig) -> None:
    learn(rig, up(rig.now))
    text = rig.type("link\r")
    for part in ("State         up for 1 h", "Cipher        TLS_AES_256_GCM_SHA384", "42 days"):
        assert part in text
    assert "round trip 23 ms, last answer 4 s ago" in text.splitlines()[-1]
    assert rig.others[-1] == TestLinkNow()
    learn(rig, up(rig.now, 0.051))
    assert "round trip 51 ms" in rig.pass_time(1)
    tests = rig.others.count(TestLinkNow())
    rig.pass_time(20)
    assert rig.others.count(TestLinkNow()) == tests + 4
    learn(rig, waiting(rig.now))
    after = rig.pass_time(3)
    for left_s in (7, 6, 5):
        assert f"no link, try in {left_s} s, primary proxy.example.org:5061, connection" in after
    tests = rig.others.count(TestLinkNow())
    rig.pass_time(20)
    assert rig.others.count(TestLinkNow()) == tests, (
        "watching a link changes nothing of its retries"
    )
    assert rig.type("q") == "\r\nhandset> "
    assert rig.pass_time(10) == ""


def test_accounts_and_calls_are_said_as_they_stand(rig: Rig) -> None:
    assert said(rig, "accounts") == ["no account is configured (sip line1 user name)"]
    assert said(rig, "calls") == ["no calls"]
    learn(
        rig,
        account(1, RegistrationState.REGISTERED),
        IncomingCall(7, 1, Party("", "300")),
        CallAnswered(7),
        TieChanged(7, Tie.REFRESHING),
    )
    assert said(rig, "accounts") == ["1 201 <201@example.org>: registered"]
    assert said(rig, "calls") == ["7: <300> on account 1, talking, refreshing after a lost link"]
    learn(rig, CallEnded(7, EndCause.HUNG_UP_THERE))
    assert said(rig, "calls") == ["no calls"]


def outage(number: int) -> Outage:
    return Outage(
        OutageKind.OUTAGE,
        RESET,
        role=Role.PRIMARY,
        proxy="proxy.example.org:5061",
        began=NOON - 1000 * number,
        ended=NOON - 1000 * number + 12,
        duration_s=12.0,
        back_on=Role.BACKUP,
        calls=1,
        ended_by=EndedBy.SERVICE,
    )


def test_outages_are_said_with_the_newest_last(rig: Rig) -> None:
    assert said(rig, "outages") == ["no outage is known"]
    rig.status.take(OutageLog(tuple(outage(number) for number in range(1, 31))))
    lines = said(rig, "outages")
    assert len(lines) == 10
    assert lines[-1] == (
        "2026-11-27 11:43:20, 12 s, primary: connection reset by the proxy"
        " (proxy.example.org:5061); on backup, 1 call kept"
    )
    assert len(said(rig, "outages 30")) == 30


LEAVING: dict[str, Callable[[Rig], str]] = {
    "exit": lambda rig: rig.type("exit\r"),
    "ctrl-d": lambda rig: rig.type(b"\x04"),
    "time": lambda rig: rig.pass_time(600),
    "time in a live view": lambda rig: rig.type("link\r") and rig.pass_time(600),
}


@pytest.mark.parametrize("way", LEAVING)
def test_whoever_leaves_is_logged_out(rig: Rig, way: str) -> None:
    assert "Good bye." in LEAVING[way](rig)
    assert rig.others[-1] == Left()
    assert rig.type("status\r").endswith("Handset console\r\nPassword: ")
    assert rig.console.deadline() is not None


def test_who_types_is_there(rig: Rig) -> None:
    for _ in range(5):
        rig.pass_time(599)
        assert said(rig, "calls") == ["no calls"]
    assert rig.pass_time(599.9) == ""
    assert "Nobody there: logged out." in rig.pass_time(0.2)


def test_the_time_out_is_a_parameter_and_may_be_off(tmp_path: Path) -> None:
    rig = Rig.logged_in(tmp_path, "console timeout: 60\n")
    assert "logged out" in rig.pass_time(60)
    rig = Rig.logged_in(tmp_path, "console timeout: 0\n")
    assert rig.pass_time(1e6) == ""


def test_ctrl_c_gives_up_a_line_and_a_view(rig: Rig) -> None:
    assert rig.type(b"stat\x03") == "stat^C\r\nhandset> "
    rig.type("link\r")
    assert rig.type(b"\x03").endswith("handset> ")
    assert said(rig, "calls") == ["no calls"]


def test_a_trace_is_switched_heard_and_ends_with_who_wanted_it(rig: Rig) -> None:
    assert said(rig, "trace") == ["nothing is traced"]
    assert said(rig, "trace sip on") == []
    assert rig.others[-1] == SwitchTrace("sip", on=True)
    assert said(rig, "trace sip on") == ["sip is traced."]
    said(rig, "trace link on")
    said(rig, "trace link off")
    assert rig.others[-1] == SwitchTrace("link", on=False)
    assert said(rig, "trace") == ["sip"]
    rig.type("sta")
    heard = rig.feed(Heard("1 sends\nOPTIONS sip:x"))
    assert heard == f"\r{' ' * 12}\r1 sends\r\nOPTIONS sip:x\r\nhandset> sta"
    rig.type(b"\x15")
    rig.type("exit\r")
    assert rig.feed(Heard("2 sends")) == ""
    for line in ("trace", "trace all on", "trace sip maybe", "trace sip"):
        assert "handset> " not in rig.type(f"{line}\r"), "nobody is logged in"


@pytest.mark.parametrize("line", ["trace all on", "trace sip maybe", "trace sip"])
def test_a_trace_of_nothing_is_a_sentence(rig: Rig, line: str) -> None:
    assert said(rig, line) == ["trace sip, link or media, then on or off"]


def test_the_log_is_read_its_parts_have_levels_and_its_server_a_state(rig: Rig) -> None:
    rig.type("log 5\r")
    assert rig.done[-1] == Do(1, ReadLog(5))
    assert rig.feed(WorkDone(1, ("a", "b"))) == "a\r\nb\r\nhandset> "
    rig.type("log level link debug\r")
    assert rig.done[-1] == Do(2, SetLevel("link", "debug"))
    assert rig.feed(WorkDone(2, None)).startswith("link logs debug and worse")
    rig.type("log server\r")
    assert rig.done[-1] == Do(3, ReadLogServer())
    assert rig.feed(WorkDone(3, "no server is set")) == "no server is set\r\nhandset> "
    (wrong,) = said(rig, "log level agent debug")
    assert wrong.startswith("log level MODULE LEVEL: accounts, calls, ")
    assert "log level trace debug" in [f"log {phrase}" for phrase in COMMANDS["log"].phrases()]
    assert "log module trace" in parameter_names()


def test_a_token_is_made_and_shown_once_or_taken_away(rig: Rig) -> None:
    assert said(rig, "token") == ["no token is set"]
    rig.type("token new\r")
    assert rig.done[-1] == Do(1, ChangeToken(makes=True))
    made = rig.feed(WorkDone(1, TokenChanged(drawn(Random(1)))))
    assert re.match(r"[0-9a-f]{48}\r\nIt is shown this once", made)
    rig.type("token off\r")
    assert rig.done[-1] == Do(2, ChangeToken(makes=False))
    assert rig.feed(WorkDone(2, TokenChanged())).startswith("Nobody has access")
    rig.type("token new\r")
    refused = rig.feed(WorkDone(3, TokenChanged(problem="locked by startup.cfg:1")))
    assert refused.startswith("nothing is changed: locked by startup.cfg:1")
    assert said(rig, "token old") == ["token, token new or token off"]


def test_support_holds_everything_and_no_secret(tmp_path: Path) -> None:
    rig = Rig.logged_in(tmp_path, "sip password: never-to-be-shown\nsip proxy ip: p.example.org\n")
    rig.console.sight.about = (("Version", "0.1"),)
    learn(rig, up(rig.now), account(1, RegistrationState.REGISTERED))
    rig.status.take(OutageLog((outage(1),)))
    rig.type("support\r")
    (work,) = rig.done
    assert work == Do(1, ReadLog(500))
    bundle = rig.feed(WorkDone(1, ("a line of the log",)))
    assert bundle.startswith("----- support begins\r\n--- phone\r\nVersion       0.1\r\n")
    assert bundle.endswith("a line of the log\r\n----- support ends\r\nhandset> ")
    for part in ("201@example.org", "12 s, primary", "sip proxy ip: p.example.org", "Cipher"):
        assert part in bundle
    assert "sip password: ****" in bundle
    assert "never-to-be-shown" not in bundle
    assert "correct horse" not in bundle


def test_certificates_are_listed_by_who_reads_them(rig: Rig) -> None:
    rig.type("certificates\r")
    assert rig.done == [Do(1, ListCertificates())]
    assert (
        rig.feed(WorkDone(1, ("a: b", "    left  3 days")))
        == "a: b\r\n    left  3 days\r\nhandset> "
    )
    rig.type("certificates\r")
    assert rig.feed(WorkDone(2, ())).startswith("no certificate file is configured")


def test_a_certificate_is_asked_for_and_a_key_that_waits_is_not_lost(rig: Rig) -> None:
    rig.type("certificates request desk-7 desk-7.example.org 192.0.2.7\r")
    wanted = MakeRequest("desk-7", ("desk-7.example.org", "192.0.2.7"))
    assert rig.done == [Do(1, wanted)]
    pem = "-----BEGIN CERTIFICATE REQUEST-----\nabc\n-----END CERTIFICATE REQUEST-----\n"
    text = rig.feed(WorkDone(1, RequestMade(pem)))
    assert pem.strip().replace("\n", "\r\n") in text
    assert "certificates import own" in text
    rig.type("certificates request\r")
    assert rig.done[-1] == Do(2, MakeRequest("handset", ()))
    assert "Type replace" in rig.feed(WorkDone(2, RequestMade(is_there=True)))
    assert "Nothing is done." in rig.type("no\r")
    rig.type("certificates request\r")
    rig.feed(WorkDone(3, RequestMade(is_there=True)))
    rig.type("replace\r")
    assert rig.done[-1] == Do(4, MakeRequest("handset", (), replaces=True))
    assert "no room" in rig.feed(WorkDone(4, RequestMade(problem="waiting.key: no room")))


def test_files_are_fetched_at_once_and_each_is_said(rig: Rig) -> None:
    rig.type("provision\r")
    assert rig.done == [Do(1, FetchNow())]
    assert "startup.cfg: 120 bytes" in rig.feed(Heard("startup.cfg: 120 bytes"))
    changed = ("ringer volume: 6 -> 3 (fetched startup.cfg:1)",)
    status = ProvisionStatus("https://files.example.org", "up to date", "", changed, waits=True)
    text = rig.feed(WorkDone(1, status))
    for words in ("Server        https://files.example.org", "up to date", changed[0], "reboot"):
        assert words in text
    assert text.endswith("handset> ")
    assert said(rig, "provision now") == ['nothing goes behind it, and "now" does']
    rig.type("provision\r")
    assert "only begun" in rig.feed(WorkDone(2, None))


def test_an_update_is_asked_for_and_how_far_it_is_is_said(rig: Rig) -> None:
    rig.type("update\r")
    assert "update status" in rig.feed(WorkDone(1, ""))
    rig.type("update https://files.example.org/a.raucb\r")
    assert "handset> " in rig.feed(WorkDone(2, "an update goes on already"))
    rig.type("update status\r")
    asked = ("", "https://files.example.org/a.raucb")
    assert rig.done == [
        *(Do(n, BeginUpdate(uri)) for n, uri in enumerate(asked, 1)),
        Do(3, ReadUpdate()),
    ]
    text = rig.feed(WorkDone(3, UpdateStatus("installing", doing="Copying image", done=(60, 100))))
    for words in ("State         installing", "Done          60 %", "Now           Copying image"):
        assert words in text
    for wrong in ("tftp://files.example.org/a", "https://files.example.org/", "now"):
        assert said(rig, f"update {wrong}")[0].startswith("no update from there: ")


def test_what_was_typed_ahead_of_a_view_is_not_obeyed_after_ctrl_c(rig: Rig) -> None:
    rig.type("link\rset ringer volume 1\r")
    assert rig.type("\x03").endswith("handset> ")
    assert rig.done == []


def test_a_part_is_tried_until_ctrl_c(rig: Rig) -> None:
    assert "Ctrl-C ends it." in rig.type("test keypad\r")
    assert rig.done == [Do(1, TryPart(Part.KEYPAD))]
    assert "key 5" in rig.feed(Heard("key 5"))
    assert rig.type("\x03").endswith("handset> ")
    assert rig.others[-1] == StopWork(1)
    assert rig.feed(WorkDone(1, "over")) == "", "nobody waits for it any more"


def test_a_part_that_is_tried_goes_with_whoever_tried_it(rig: Rig) -> None:
    rig.type("test screen\r")
    assert "Nobody there" in rig.pass_time(601)
    assert StopWork(1) in rig.others


def test_a_part_is_not_taken_from_somebody_who_talks(rig: Rig) -> None:
    rig.status.calls[1] = CallView(1, 1, Party("", "202"), CallState.ANSWERED)
    for part in ("keypad", "screen", "audio"):
        (sentence,) = said(rig, f"test {part}")
        assert sentence == f"there is a call, whose person needs the {part}: try again later"
    assert said(rig, "test nonsense") == ["test keypad, screen, lamp or audio"]
    rig.type("test lamp\r")
    assert rig.done == [Do(1, TryPart(Part.LAMP))]
    assert "The phone has" in rig.feed(WorkDone(1, "The phone has its lamp back."))


def test_a_phone_without_such_a_part_says_so(rig: Rig) -> None:
    rig.type("test audio\r")
    assert "no such part" in rig.feed(WorkDone(1, None))


def test_what_is_not_tried_goes_on_after_ctrl_c(rig: Rig) -> None:
    rig.type("provision\r")
    rig.type("\x03")
    assert not [item for item in rig.others if isinstance(item, StopWork)]


def test_a_proxy_is_tried_out(rig: Rig) -> None:
    rig.type("ping\r")
    assert rig.done == [Do(1, Ping(Role.PRIMARY))]
    rows = (("Proxy", "primary p:5061"), ("TCP", "8.1 ms: 192.0.2.1:5061"))
    assert rig.feed(WorkDone(1, rows)).startswith(
        "Proxy         primary p:5061\r\nTCP           8.1 "
    )
    rig.type("ping backup\r")
    assert rig.done[-1] == Do(2, Ping(Role.BACKUP))
    assert rig.feed(WorkDone(2, ())).startswith("no such proxy is configured")
    assert said(rig, "ping 192.0.2.1") == ["ping primary or backup"]


PEM = "-----BEGIN PRIVATE KEY-----\nnever-to-be-shown\n-----END PRIVATE KEY-----\n"


def test_a_paste_is_kept_as_it_came_and_shown_nowhere(rig: Rig) -> None:
    shown = rig.type("certificates import key\r" + PEM.replace("\n", "\r") + ".\r")
    assert shown.endswith("a line with nothing but . ends it. It is not shown.\r\n")
    (work,) = rig.done
    assert isinstance(work.request, KeepPem)
    assert work.request.parameter == "sips private key"
    assert work.request.pem.text == PEM
    assert "never" not in repr(work)
    assert rig.feed(WorkDone(1, "It is kept.")) == "It is kept.\r\nhandset> "


def test_a_paste_that_never_ends_is_given_up(rig: Rig) -> None:
    rig.type("certificates import trusted\r")
    text = ""
    for _ in range(700):
        text += rig.type("x" * 1000 + "\r")
    assert "nothing is changed" in text
    assert rig.done == []
    assert said(rig, "certificates import all") == [
        "certificates import trusted, chain, own, key or revoked; certificates request [NAME]"
    ]
