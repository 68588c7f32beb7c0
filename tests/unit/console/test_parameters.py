"""Parameters at the console: show, set, unset; locks, ranges, secrets, what counts when."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.parameters import find, split_line
from config.store import Store
from firmware.console.events import Do, Restart, WorkDone
from firmware.console.parameters import WAITS, ParameterKept, SetParameter, UnsetParameter
from firmware.console.vocabulary import holds_secret, parameter_names
from firmware.provision.changes import changes
from tests.unit.console.rig import PASSWORD, Rig

FILES = """\
sip proxy ip: proxy.example.org
sip line1 user name: 201
sip line1 password: never-to-be-shown
!sip session timer: 300
^call waiting: 0
"""


class Desk(Rig):
    """A console whose settings are kept by a store, as the phone's worker has it done."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(folder, f"admin password: {PASSWORD}\n{FILES}")
        self._store = Store(folder, folder / "state")
        self.type("\r")
        self.type(f"{PASSWORD}\r")

    def ask(self, line: str) -> list[str]:
        """Type a command; return what it says, work outside included."""
        done = len(self.done)
        said = self.type(f"{line}\r")
        for work in self.done[done:]:
            said += self._carry(self.console.handle(self.finish(work), self.now))
        assert said.endswith("\r\nhandset> "), said
        return said.split("\r\n")[1:-1]

    def finish(self, work: Do) -> WorkDone:
        before = self._store.read()
        match work.request:
            case SetParameter(name, account, text):
                self._store.set_local(name, text.text, account)
            case UnsetParameter(name, account):
                self._store.unset_local(name, account)
            case _:
                raise AssertionError(work)
        after = self._store.read()
        return WorkDone(work.number, ParameterKept(after, changed=changes(before, after)))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_everything_of_one_parameter_is_shown(desk: Desk) -> None:
    said = "\n".join(desk.ask("show sip persistent tls keep alive"))
    assert said.startswith(
        "sip persistent tls keep alive\nValue         30\nFrom          default\n"
    )
    for part in ("May be set    yes", "Values        0 or 5-3600 seconds", "Default       30"):
        assert part in said
    assert "Meaning       " in said
    assert desk.ask("show sip proxy ip")[1:3] == [
        "Value         proxy.example.org",
        "From          startup.cfg:2",
    ]
    assert desk.ask("show sip line1 user name")[1] == "Value         201"


def test_locks_are_said_by_their_origin(desk: Desk) -> None:
    assert "May be set    no, locked by startup.cfg:5" in desk.ask("show sip session timer")
    assert "May be set    no, forced by the files" in desk.ask("show call waiting")
    for name, why in (("sip session timer", "locked by startup.cfg:5"), ("call waiting", "forced")):
        (sentence,) = desk.ask(f"set {name} 0")
        assert sentence.startswith(f"{name}: may not be set, no, {why}")
    assert desk.done == []


def test_what_is_set_is_listed_and_so_is_what_begins_alike(desk: Desk) -> None:
    assert desk.ask("show") == [
        "admin password: **** (startup.cfg:1)",
        "call waiting: 0 (startup.cfg:6)",
        "sip line1 password: **** (startup.cfg:4)",
        "sip proxy ip: proxy.example.org (startup.cfg:2)",
        "sip session timer: 300 (startup.cfg:5)",
        "sip line1 user name: 201 (startup.cfg:3)",
    ]
    begun = desk.ask("show sip backup proxy")
    assert begun == ["sip backup proxy ip:  (default)", "sip backup proxy port: 0 (default)"]
    assert desk.ask("show nonsense") == ['no parameter begins with "nonsense"']


def test_a_value_is_set_and_taken_back(desk: Desk) -> None:
    assert desk.ask("set ringer volume 3") == [
        "ringer volume: 6 -> 3 (local)",
        "It counts from now on.",
    ]
    assert desk.ask("show ringer volume")[1:3] == ["Value         3", "From          local"]
    assert desk.ask("unset ringer volume") == [
        "ringer volume: 3 -> 6 (default)",
        "It counts from now on.",
    ]
    assert desk.ask("set sip line2 user name: 202") == [
        "sip line2 user name: empty -> 202 (local)",
        WAITS,
    ]
    assert desk.ask('set sip backup proxy ip = "2001:db8::1"')[0].endswith("2001:db8::1 (local)")
    assert desk.ask('set sip backup proxy ip ""')[0].endswith("-> empty (local)")
    assert desk.ask("set ringer volume 6") == ["It is as it was."]


@pytest.mark.parametrize(
    ("line", "when"),
    [
        ("set sip persistent tls keep alive 45", "It counts from now on."),
        ("set sip proxy ip other.example.org", "It counts from now on."),
        ("set sip line1 user name 300", "It counts from now on."),
        ("set https server files.example.org", "It counts from now on."),
        ("set sips persistent tls 0", WAITS),
        ("set sip dial plan xxx", WAITS),
        ('set sip line1 user name ""', WAITS),
    ],
)
def test_what_counts_at_once_and_what_waits_is_said(desk: Desk, line: str, when: str) -> None:
    assert desk.ask(line)[-1] == when


def test_a_parameter_says_when_it_is_applied(desk: Desk) -> None:
    assert "Applied       at once" in desk.ask("show sip proxy ip")
    assert "Applied       when idle" in desk.ask("show sips persistent tls")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("set sip persistent tls keep alive soon", '"soon" is not 0 or 5-3600 seconds'),
        (
            "set sip proxy ip",
            'sip proxy ip wants a value, "" for none: an IP address or a host name',
        ),
        ("set sip line1 transport protocol 4", "is set for the whole phone, not for one line"),
        ("set frobnicate 1", 'there is no parameter "frobnicate 1"'),
        ("set", 'there is no parameter ""'),
        ("unset sip proxy ip", "was not set on this phone: it is from startup.cfg:2"),
        ("unset tone set", "was not set on this phone: it is default"),
        ("unset sip proxy ip now", 'nothing goes behind sip proxy ip, and "now" does'),
    ],
)
def test_what_cannot_be_done_is_a_sentence(desk: Desk, line: str, sentence: str) -> None:
    said = " ".join(desk.ask(line))
    assert sentence in said
    assert desk.done == []


def test_a_secret_is_asked_for_twice_and_never_shown(desk: Desk) -> None:
    said = desk.type("set sip line1 password\r")
    assert said.endswith("New value of sip line1 password: ")
    said = desk.type("hunter2-hunter2\r")
    assert said == "\r\nOnce more: "
    assert "nothing is changed" in desk.type("hunter3-hunter3\r")
    assert desk.done == []
    desk.type("set sip line1 password\rhunter2-hunter2\r")
    said = desk.type("hunter2-hunter2\r")
    said += desk._carry(desk.console.handle(desk.finish(desk.done[-1]), desk.now))
    assert "sip line1 password: **** (local)" in said
    assert "hunter2" not in said
    assert "hunter2" not in repr(desk.done)
    assert "never-to-be-shown" not in "".join(desk.ask("show sip line1 password"))


def test_a_secret_in_a_line_is_refused_and_not_remembered(desk: Desk) -> None:
    line = "set sip line1 password hunter2"
    assert desk.ask(line) == [
        "a secret is not typed into a line: type set sip line1 password, and wait"
    ]
    assert desk.done == []
    assert holds_secret(line)
    assert holds_secret("SET  sip password: hunter2")
    assert not holds_secret("set sip proxy ip proxy.example.org")
    assert not holds_secret("show sip password")


def test_a_new_administrators_password_is_long_enough(desk: Desk) -> None:
    desk.type("set admin password\r")
    assert "it has to have 8 to 128 characters" in desk.type("short\r")
    assert desk.done == []


def test_every_name_that_is_completed_is_a_parameter() -> None:
    names = parameter_names()
    assert len(names) == len(set(names))
    for name in names:
        assert find(split_line(name)[0]) is not None, name


def test_names_are_completed_word_by_word(desk: Desk) -> None:
    assert desk.type("show sip bac\t").endswith("show sip backup ")
    assert "outbound  proxy  registrar" in desk.type("\t")
    assert desk.type("\x15set sip line3 scr\tna\t").endswith("set sip line3 screen name ")


@pytest.mark.parametrize(
    ("line", "word", "restart"),
    [("reboot", "yes", Restart(wipes=False)), ("factory-reset", "reset", Restart(wipes=True))],
)
def test_a_restart_is_confirmed(desk: Desk, line: str, word: str, restart: Restart) -> None:
    for answer in ("", "no", "y", "\x03"):
        desk.type(f"{line}\r")
        desk.type(f"{answer}\r")
    assert restart not in desk.others
    desk.type(f"{line}\r")
    desk.type(f"{word}\r")
    assert desk.others[-1] == restart


def test_what_is_given_up_is_not_heard_of_later(desk: Desk) -> None:
    desk.type("set ringer volume 3\r")
    assert desk.type(b"\x03") == "handset> "
    (work,) = desk.done
    assert (
        desk._carry(
            desk.console.handle(WorkDone(work.number, ParameterKept(problem="x")), desk.now)
        )
        == ""
    )
    desk.type("set ringer volume 4\r")
    assert desk._carry(desk.console.handle(WorkDone(work.number, None), desk.now)) == ""
