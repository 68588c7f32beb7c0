"""What the phone logs and where to: the journal, standard error, levels, its own events."""

from __future__ import annotations

import ast
import asyncio
import logging
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from config.store import Store
from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    EndCause,
    IncomingCall,
    Lamp,
    LampChanged,
    Party,
    RegistrationState,
)
from firmware.link.events import (
    Failure,
    FailureKind,
    LinkState,
    LinkStatus,
    Proxy,
    Role,
)
from firmware.phone.events import OutageEnded, Report
from firmware.phone.outage import EndedBy, Outage, OutageKind
from firmware.runtime import log_ring, logs
from firmware.runtime.event_log import EventLog
from firmware.runtime.journal import JournalHandler
from firmware.runtime.log_levels import LogLevels
from firmware.runtime.log_lines import ROOT, fields, line_of, shown
from firmware.runtime.logs import server_of
from firmware.runtime.resolver import Resolver
from firmware.runtime.tap import Ear
from firmware.runtime.trace import SipTrace
from firmware.syslog.line import MODULES, LogLine, Severity
from firmware.syslog.sender import LogServer, Way
from tests.lab.namespaces import ROOT as TREE

log = logging.getLogger("handset.network")
PROXY = Proxy(Role.PRIMARY, "proxy.lab.test", 5061)


class Lines(logging.Handler):
    """What was logged, as lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[LogLine] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(line_of(record))


@pytest.fixture
def logged() -> Iterator[Lines]:
    handler, root = Lines(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)
    for module in MODULES:
        logging.getLogger(f"{ROOT}.{module}").setLevel(logging.NOTSET)


def store(folder: Path, *lines: str) -> Store:
    (folder / "startup.cfg").write_text("".join(f"{line}\n" for line in lines))
    return Store(folder, None, "handset", "00085D123ABC")


def test_every_part_that_logs_is_known_by_name_and_no_other() -> None:
    found = set()
    for path in (TREE / "firmware").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.getLogger":
                found |= {
                    ast.literal_eval(arg) for arg in node.args if isinstance(arg, ast.Constant)
                }
    parts = {name.removeprefix("handset.") for name in found if name.startswith("handset.")}
    assert parts | {"console"} == set(MODULES)  # The console names its own (administration.py).


def test_a_line_has_the_fields_of_its_record_and_the_words_of_its_error(logged: Lines) -> None:
    log.warning("no route to %s", "x", extra=fields(address="x", port=5061, reason="", none=None))
    try:
        raise ValueError("odd")
    except ValueError:
        log.exception("it went wrong")
    first, second = logged.lines
    assert (first.severity, first.module, first.text) == (
        Severity.WARNING,
        "network",
        "no route to x",
    )
    assert first.fields == (("address", "x"), ("port", "5061"))
    assert second.text.startswith("it went wrong\nTraceback")
    assert second.text.endswith("ValueError: odd")
    assert shown(first).endswith(" handset.network WARNING no route to x")


def test_a_text_without_end_is_cut(logged: Lines) -> None:
    log.warning("x" * 1_000_000)
    assert len(logged.lines[0].text) < 5000


def test_the_ring_tells_each_line_whole_and_remembers_its_beginning(logged: Lines) -> None:
    heard: list[LogLine] = []
    ring = log_ring.LogRing()
    logging.getLogger().addHandler(ring)
    try:
        log.info("before")
        assert [line.text for line in log_ring.listen(heard.append)] == ["before"]
        log.info("INVITE\n%s", "v" * 400)
        log_ring.listen_no_more(heard.append)
        log.info("after")
        assert [line.text for line in heard] == [f"INVITE\n{'v' * 400}"]
        assert [text.split(" INFO ")[1] for text in log_ring.last_lines()] == [
            "before",
            "INVITE ...",
            "after",
        ]
    finally:
        logging.getLogger().removeHandler(ring)


def test_the_journal_gets_fields_and_what_it_had_no_room_for_is_told(logged: Lines) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "socket"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.bind(str(path))
            handler = JournalHandler(path)
            logging.getLogger().addHandler(handler)
            try:
                for number in range(10_000):
                    log.info("%d", number, extra=fields(number=number))
                journal.setblocking(False)
                kept = _datagrams(journal)
                log.info("and on")
                told, last = _datagrams(journal)
            finally:
                logging.getLogger().removeHandler(handler)
                handler.close()
    assert kept[0] == (
        b"MESSAGE=0\nPRIORITY=6\nSYSLOG_IDENTIFIER=handset\nHANDSET_MODULE=network\n"
        b"HANDSET_NUMBER=0\n"
    )
    lost = 10_000 - len(kept)
    assert lost > 0
    assert told.startswith(b"MESSAGE=%d lines were lost\nPRIORITY=4\n" % lost)
    assert last.startswith(b"MESSAGE=and on\n")


def _datagrams(journal: socket.socket) -> list[bytes]:
    out = []
    while True:
        try:
            out.append(journal.recv(65536))
        except BlockingIOError:
            return out


def test_a_journal_that_was_started_anew_is_found_again(logged: Lines) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "socket"
        first = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        first.bind(str(path))
        handler = JournalHandler(path)
        first.close()
        path.unlink()
        handler.emit(log.makeRecord("handset", logging.INFO, "", 0, "lost", (), None))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as second:
            second.bind(str(path))
            handler.emit(log.makeRecord("handset", logging.INFO, "", 0, "found", (), None))
            second.setblocking(False)
            told, found = _datagrams(second)
        handler.close()
    assert told.startswith(b"MESSAGE=1 line was lost\n")
    assert found.startswith(b"MESSAGE=found\n")


BEGIN = """
import logging, os, sys
from pathlib import Path
from firmware.runtime import journal
journal.SOCKET = Path(sys.argv[1])
journal.JournalHandler.__init__.__defaults__ = (journal.SOCKET,)
if sys.argv[2] == "as systemd":
    found = os.fstat(2)
    os.environ["JOURNAL_STREAM"] = f"{found.st_dev}:{found.st_ino}"
else:
    os.environ["JOURNAL_STREAM"] = sys.argv[2]
from firmware.runtime.start import begin_log
begin_log(logging.INFO)
logging.getLogger("handset.network").info("hello")
"""


@pytest.mark.parametrize(
    ("stream", "is_journal"), [("as systemd", True), ("8:1", False), ("", False)]
)
def test_the_log_goes_to_the_journal_where_standard_error_does(
    stream: str, is_journal: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "socket"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.bind(str(path))
            journal.setblocking(False)
            done = subprocess.run(
                [sys.executable, "-c", BEGIN, str(path), stream],
                cwd=TREE,
                capture_output=True,
                text=True,
                check=True,
            )
            got = _datagrams(journal)
    assert [b"MESSAGE=hello\n" in one for one in got] == [True] * is_journal
    assert ("handset.network INFO hello" in done.stderr) is not is_journal


@pytest.mark.parametrize(
    ("lines", "server"),
    [
        ((), None),
        (("log server ip: 192.0.2.1",), LogServer("192.0.2.1", 514, Way.UDP)),
        (
            ("log server ip: logs.lab.test", "log server transport: tls"),
            LogServer("logs.lab.test", 6514, Way.TLS),
        ),
        (
            ("log server ip: ::1", "log server transport: TLS", "log server port: 514"),
            LogServer("::1", 514, Way.TLS),
        ),
    ],
)
def test_the_server_is_that_of_the_parameters(
    tmp_path: Path, lines: tuple[str, ...], server: LogServer | None
) -> None:
    assert server_of(store(tmp_path, *lines).read()) == server


def test_levels_follow_the_parameters_and_the_console_lasts_until_they_change(
    tmp_path: Path, logged: Lines
) -> None:
    ears: list[Ear] = []
    levels = LogLevels(ears)
    files = store(tmp_path, "log module network: 4", "log module linemgr: 65535")
    levels.renew(files.read())
    log.info("a")
    log.warning("b")
    levels.set("network", logging.DEBUG)
    levels.renew(files.read())
    log.debug("c")
    store(tmp_path, "log module network: 0")
    levels.renew(files.read())
    log.critical("d")
    store(tmp_path)
    levels.renew(files.read())
    log.info("e")
    log.debug("f")
    assert [line.text for line in logged.lines] == ["b", "c", "e"]


def test_a_trace_is_on_while_its_part_is_at_its_most_talkative(
    tmp_path: Path, logged: Lines
) -> None:
    ears: list[Ear] = []
    levels = LogLevels(ears)
    files = store(tmp_path, "log module trace: 65535")
    levels.renew(files.read())
    levels.renew(files.read())
    assert [type(ear) for ear in ears] == [SipTrace]
    store(tmp_path, "log module trace: 39")
    levels.renew(files.read())
    assert ears == []


def told(logged: Lines) -> list[tuple[str, str, Severity]]:
    return [(line.module, line.text, line.severity) for line in logged.lines]


def test_the_link_and_the_accounts_are_logged_when_they_change(logged: Lines) -> None:
    events = EventLog()
    refused = Failure(FailureKind.REFUSED, "connection refused")
    for status in (
        LinkStatus(LinkState.CONNECTING, PROXY),
        LinkStatus(LinkState.UP, PROXY, round_trip_s=0.1),
        LinkStatus(LinkState.UP, PROXY, round_trip_s=0.2, reason=refused),
        LinkStatus(LinkState.WAITING, PROXY, refused, attempts=3),
        AccountStatus(1, "Alice", "alice@lab.test", RegistrationState.REGISTERED),
        AccountStatus(1, "Alice", "alice@lab.test", RegistrationState.REGISTERED, renew_at=9.0),
        AccountStatus(1, "Alice", "alice@lab.test", RegistrationState.REFUSED, "wrong password"),
    ):
        events.take(Report(status))
    assert told(logged) == [
        ("link", "connecting, proxy.lab.test:5061", Severity.INFORMATION),
        ("link", "up, proxy.lab.test:5061", Severity.INFORMATION),
        ("link", "down, proxy.lab.test:5061, connection refused", Severity.WARNING),
        ("accounts", "alice@lab.test: registered", Severity.INFORMATION),
        ("accounts", "alice@lab.test: refused, wrong password", Severity.WARNING),
    ]
    assert dict(logged.lines[2].fields)["reason"] == "connection refused"
    assert dict(logged.lines[2].fields)["attempts"] == "3"


def test_calls_are_logged_without_whoever_is_at_the_far_end(logged: Lines) -> None:
    events = EventLog()
    for fact in (
        IncomingCall(4, 1, Party("Bob Builder", "5551234")),
        CallAnswered(4),
        CallEnded(4, EndCause.REFUSED, 486, "busy"),
        CallEnded(5, EndCause.FORWARDED, 302, "5551234"),
    ):
        events.take(Report(fact))
    assert [line.text for line in logged.lines] == [
        "call 4: comes in",
        "call 4: answered",
        "call 4: ended, refused, busy",
        "call 5: ended, sent on",
    ]
    assert "5551234" not in repr(logged.lines)
    assert "Bob" not in repr(logged.lines)


def test_why_a_lamp_is_not_told_is_logged_and_what_it_shows_is_not(logged: Lines) -> None:
    events = EventLog()
    detail = "dialog-info: unclosed token in line 1"
    for fact in (
        LampChanged(1, "202", Lamp.BUSY),
        LampChanged(1, "202", Lamp.UNKNOWN),
        LampChanged(1, "202", Lamp.UNKNOWN, "tells what cannot be read", detail),
        LampChanged(2, "203", Lamp.UNKNOWN, "not allowed (403)"),
    ):
        events.take(Report(fact))
    assert told(logged) == [
        ("lamps", f"the lamp of 202: {detail}", Severity.WARNING),
        ("lamps", "the lamp of 203: not allowed (403)", Severity.WARNING),
    ]


def test_an_outage_is_logged_when_it_is_over(logged: Lines) -> None:
    failure = Failure(FailureKind.RESET, "connection reset by the proxy")
    outage = Outage(
        OutageKind.OUTAGE,
        failure,
        Role.PRIMARY,
        "proxy.lab.test:5061",
        duration_s=12.5,
        ended_by=EndedBy.SERVICE,
    )
    EventLog().take(OutageEnded(outage))
    assert told(logged) == [
        ("outages", "12 s, primary: connection reset by the proxy", Severity.WARNING),
    ]
    assert dict(logged.lines[0].fields)["seconds"] == "12.5"


def test_lines_that_come_faster_than_they_are_taken_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "ARRIVED_MAX", 10)
    (tmp_path / "startup.cfg").write_text("log server ip: 127.0.0.1\nlog server port: 9\n")
    ring = log_ring.LogRing()
    logging.getLogger().addHandler(ring)

    async def lost() -> int:
        made = logs.Logs(Store(tmp_path).read(), tmp_path, Resolver(Random(1)), [], ("00", "0.1"))
        made.start()
        await asyncio.sleep(0.01)
        before = made.counts["lost"]
        for number in range(17):
            log.warning("line %d", number)
        await asyncio.sleep(0.01)
        found = made.counts["lost"] - before
        await made.stop()
        return found

    try:
        assert asyncio.run(lost()) == 7
    finally:
        logging.getLogger().removeHandler(ring)
