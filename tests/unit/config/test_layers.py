"""The layers as an administrator sees them: files in a folder, settings on the phone."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from config.local_file import save_local
from config.store import ConfigError, Configuration, Severity, Store

MODEL, MAC = "handset", "08000f123abc"
PROXY = "sip proxy ip"


@dataclass
class Folder:
    """A folder of server files and a state folder; `read` is what the phone would read."""

    root: Path
    local: list[tuple[str, int, str]] = field(default_factory=list)

    def store(self, **files: str) -> Store:
        names = {"startup": "startup", "aastra": "aastra", "model": MODEL, "mac": MAC.upper()}
        directory = self.root / "config"
        directory.mkdir(exist_ok=True)
        for name, text in files.items():
            (directory / f"{names[name]}.cfg").write_text(text)
        if self.local:
            save_local(self.root / "state", self.local)
        return Store(directory, self.root / "state", MODEL, MAC)

    def read(self, **files: str) -> Configuration:
        return self.store(**files).read()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


# Server files, local value -> value, origin, locked.
TABLE: list[tuple[dict[str, str], str | None, tuple[str, str, bool]]] = [
    ({}, None, ("", "default", False)),
    ({"startup": "P: a"}, None, ("a", "startup.cfg:1", False)),
    ({"aastra": "P: a"}, None, ("a", "aastra.cfg:1", False)),
    ({"startup": "P: a", "aastra": "P: b"}, None, ("a", "startup.cfg:1", False)),
    ({"startup": "P: a\nP: b"}, None, ("b", "startup.cfg:2", False)),
    ({"startup": "P: a", "model": "P: b"}, None, ("b", "handset.cfg:1", False)),
    ({"model": "P: b", "mac": "P: c"}, None, ("c", "08000F123ABC.cfg:1", False)),
    ({"startup": "P: a", "model": "P: b", "mac": "P: c"}, "d", ("d", "local", False)),
    ({}, "d", ("d", "local", False)),
    # Locks.
    ({"startup": "!P: a"}, None, ("a", "startup.cfg:1", True)),
    ({"startup": "!P: a"}, "d", ("a", "startup.cfg:1", True)),
    ({"startup": "!P: a", "mac": "P: c"}, "d", ("d", "local", False)),
    ({"startup": "!P: a", "mac": "P: c"}, None, ("c", "08000F123ABC.cfg:1", False)),
    ({"startup": "!P: a\nP: b"}, "d", ("d", "local", False)),
    ({"startup": "P: a", "mac": "!P: c"}, "d", ("c", "08000F123ABC.cfg:1", True)),
    # Force.
    ({"startup": "^P: a"}, "d", ("a", "startup.cfg:1", False)),
    ({"startup": "^P: a", "mac": "P: c"}, "d", ("d", "local", False)),
    ({"startup": "P: a", "mac": "^P: c"}, "d", ("c", "08000F123ABC.cfg:1", False)),
    ({"startup": "!^P: a"}, "d", ("a", "startup.cfg:1", True)),
    # A bad value is as if it were not there, with its marks.
    ({"startup": "P: a", "mac": "P: b b"}, None, ("a", "startup.cfg:1", False)),
    ({"startup": "!P: a", "mac": "P: b b"}, "d", ("a", "startup.cfg:1", True)),
    ({"startup": "P: a", "mac": "^P: b b"}, "d", ("d", "local", False)),
    ({"startup": "P: b b"}, None, ("", "default", False)),
]


@pytest.mark.parametrize(("files", "local", "wanted"), TABLE)
def test_who_wins(
    folder: Folder, files: dict[str, str], local: str | None, wanted: tuple[str, str, bool]
) -> None:
    folder.local = [(PROXY, 0, local)] if local else []
    texts = {name: text.replace("P", PROXY) for name, text in files.items()}
    configuration = folder.read(**texts)
    value, origin, locked = wanted
    assert configuration.value(PROXY) == value
    assert configuration.origin(PROXY) == origin
    assert configuration.locked(PROXY) is locked


def test_the_older_name_is_not_read_beside_the_newer(folder: Folder) -> None:
    (problem,) = folder.read(startup="", aastra="sip proxy ip: a").problems
    assert str(problem) == "aastra.cfg: not read, because startup.cfg is there too"
    assert problem.severity is Severity.NOTE


def test_a_bad_value_is_reported_and_the_last_good_one_kept(folder: Folder) -> None:
    name = "sip persistent tls keep alive"
    configuration = folder.read(startup=f"{name}: 20", mac=f"\n{name}: soon")
    assert configuration.value(name) == 20
    assert [str(problem) for problem in configuration.problems] == [
        f'08000F123ABC.cfg:2: {name}: "soon" is not 0 or 5-3600 seconds'
    ]


def test_a_line_overrides_value_by_value(folder: Folder) -> None:
    configuration = folder.read(
        startup="sip user name: 200\nsip password: all\nsip line2 user name: 202\n",
        mac="sip line2 display name: Lift\nsip line3 user name:\n",
    )
    assert configuration.value("sip user name", 2) == "202"
    assert configuration.value("sip password", 2) == "all"
    assert configuration.origin("sip password", 2) == "startup.cfg:2"
    assert configuration.value("sip display name", 2) == "Lift"
    assert configuration.value("sip display name", 1) == ""
    assert configuration.origin("sip display name", 1) == "default"
    assert configuration.value("sip user name", 3) == "200"  # Empty leaves it to the phone's.


@pytest.mark.parametrize(
    ("text", "accounts"),
    [
        ("", ()),
        ("sip user name: 200", (1,)),
        ("sip line1 user name: 201", (1,)),
        ("sip line3 user name: 203\nsip line9 user name: 209", (3, 9)),
        ("sip user name: 200\nsip line2 user name: 202", (1, 2)),
        ("sip line1 user name: 201\nsip line1 user name:", ()),
        ("sip line2 password: x", ()),
        ("sip line10 user name: 210", ()),
    ],
)
def test_which_accounts_there_are(folder: Folder, text: str, accounts: tuple[int, ...]) -> None:
    assert folder.read(startup=text).accounts() == accounts


def test_a_lock_for_all_lines_is_not_opened_on_one(folder: Folder) -> None:
    folder.local = [("sip srtp mode", 1, "0"), ("sip vmail", 2, "9")]
    store = folder.store(startup="!sip srtp mode: 2\n!sip vmail: 1\nsip line2 vmail: 2\n")
    configuration = store.read()
    assert configuration.value("sip srtp mode", 1) == 2
    assert configuration.locked("sip srtp mode", 1)
    assert configuration.value("sip vmail", 2) == "9"
    with pytest.raises(ConfigError, match=r"^sip line1 srtp mode: locked by startup\.cfg:1$"):
        store.set_local("sip srtp mode", 0, 1)


def test_unknown_parameters_are_kept_and_are_no_problem(folder: Folder) -> None:
    configuration = folder.read(
        startup="top softkey1 type: blf\nsip line1 xml password: hunter2\n",
        mac="top softkey1 type: dnd",
    )
    assert [(s.written, s.place) for s in configuration.unknown] == [
        ("top softkey1 type", "08000F123ABC.cfg:1"),
        ("sip line1 xml password", "startup.cfg:2"),
    ]
    assert configuration.problems == ()
    assert "hunter2" not in repr(configuration)


def test_values_have_the_type_of_their_parameter(folder: Folder) -> None:
    value = folder.read(startup="SIP OUTBOUND SUPPORT: 0\nsip t1 timer: 600").value
    assert value("sip outbound support") is False
    assert value("sip T1 timer") == 600
    assert value("sip proxy port") == 0
    assert value("sip proxy ip") == ""
    assert value("softkey3 type") == "none"


def test_secrets_are_masked_for_readers(folder: Folder) -> None:
    configuration = folder.read(
        startup="sip password: hunter2\nsip line1 password: hunter3\nsip user name: 200\n"
        "upgrade uri: https://me:hunter4@host/path\nadmin password: hunter5\x07\n"
    )
    assert configuration.text("sip password") == "****"
    assert configuration.text("sip password", 1) == "****"
    assert configuration.text("sips private key password") == ""
    assert configuration.text("sip user name") == "200"
    assert configuration.text("sips persistent tls") == "1"
    assert configuration.text("upgrade uri") == "https://****@host/path"
    assert configuration.value("sip password", 1) == "hunter3"
    everything = (configuration, *configuration.entries.values(), *configuration.problems)
    assert not any("hunter" in f"{thing}{thing!r}" for thing in everything)
    assert [str(p) for p in configuration.problems] == [
        'startup.cfg:5: admin password: "****" holds a control character'
    ]


def test_asking_for_what_is_not_in_the_table_is_our_mistake(folder: Folder) -> None:
    with pytest.raises(AssertionError, match="sip proxxy ip"):
        folder.read().value("sip proxxy ip")
