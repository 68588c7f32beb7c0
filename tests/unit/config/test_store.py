"""Setting parameters on the phone: what may be set, how it is kept, what a bad folder does."""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.local_file import NAME, NEWER, save_local
from config.store import ConfigError, Store

PROXY = "sip proxy ip"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make(tmp_path, "")


def make(root: Path, startup: str) -> Store:
    (root / "startup.cfg").write_text(startup)
    return Store(root, root / "state", "handset", "08:00:0f:12:3a:bc")


def test_a_setting_is_kept_over_a_restart(store: Store, tmp_path: Path) -> None:
    store.set_local("SIP Proxy  IP", "pbx")
    store.set_local("sip password", 'a "b" #c', 2)
    store.set_local("sip outbound support", False)
    store.set_local("sip proxy port", 5061)
    configuration = make(tmp_path, "").read()
    assert configuration.value(PROXY) == "pbx"
    assert configuration.origin(PROXY) == "local"
    assert configuration.value("sip password", 2) == 'a "b" #c'
    assert configuration.value("sip outbound support") is False
    assert configuration.value("sip proxy port") == 5061
    assert configuration.problems == ()


def test_settings_of_several_threads_are_all_kept(store: Store) -> None:
    numbers = range(1, 10)
    with ThreadPoolExecutor(len(numbers)) as pool:
        list(pool.map(lambda n: store.set_local("sip user name", f"20{n}", n), numbers))
    configuration = store.read()
    assert [configuration.value("sip user name", n) for n in numbers] == [f"20{n}" for n in numbers]


def test_a_setting_can_be_taken_back(tmp_path: Path) -> None:
    store = make(tmp_path, "sip proxy ip: a\n")
    store.set_local(PROXY, "b")
    store.set_local(PROXY, "c")
    store.unset_local("SIP proxy ip")
    store.unset_local(PROXY)
    assert store.read().value(PROXY) == "a"


@pytest.mark.parametrize(
    ("name", "value", "account", "why"),
    [
        ("sip proxxy ip", "a", 0, "sip proxxy ip: there is no such parameter"),
        ("sip proxxy ip", "a", 3, "sip line3 proxxy ip: there is no such parameter"),
        ("sip persistent tls keep alive", "4", 0, "sip persistent tls keep alive: .* 5-3600"),
        ("sip persistent tls keep alive", "5", 2, "sip line2 persistent .* the one link"),
        ("sip display name", "a\nb", 0, "holds a control character"),
        ("sip vmail", "9", 0, "sip vmail: locked by startup.cfg:1"),
        ("sip mode", "1", 0, "sip mode: forced by startup.cfg:2"),
    ],
)
def test_what_may_not_be_set(tmp_path: Path, name: str, value: str, account: int, why: str) -> None:
    store = make(tmp_path, "!sip vmail: 1\n^sip mode: 0\n")
    with pytest.raises(ConfigError, match=why):
        store.set_local(name, value, account)
    assert not (tmp_path / "state").exists()


def written_by_a_newer_phone(state: Path) -> bytes:
    """Put the file of a phone with another format in place of the one that is there."""
    body = (state / NAME).read_bytes().rpartition(b"# checksum: ")[0]
    newer = body.replace(b"# format: 1\n", b"# format: 2\n").replace(b": a\n", b" = a\n")
    assert newer.count(b"# format: 2\n") == 1
    data = newer + b"# checksum: " + hashlib.sha256(newer).hexdigest().encode() + b"\n"
    (state / NAME).write_bytes(data)
    return data


def test_a_file_of_a_newer_format_is_said_kept_and_not_read(store: Store, tmp_path: Path) -> None:
    store.set_local(PROXY, "a")
    newer = written_by_a_newer_phone(tmp_path / "state")
    read = store.read()
    assert [problem.text for problem in read.problems] == [
        "written by a newer version of the phone; no setting made on this phone is used"
    ]
    assert read.value(PROXY) == ""
    store.set_local(PROXY, "b")
    assert store.read().value(PROXY) == "b"
    assert (tmp_path / "state" / NEWER).read_bytes() == newer


def test_what_was_saved_before_a_newer_format_is_used(store: Store, tmp_path: Path) -> None:
    store.set_local(PROXY, "b")
    store.set_local(PROXY, "a")
    written_by_a_newer_phone(tmp_path / "state")
    read = store.read()
    assert read.value(PROXY) == "b"
    assert [problem.text for problem in read.problems] == [
        "written by a newer version of the phone; the settings saved before are used"
    ]


def test_a_file_from_before_formats_were_written_is_read(store: Store, tmp_path: Path) -> None:
    store.set_local(PROXY, "a")
    path = tmp_path / "state" / NAME
    body = path.read_bytes().rpartition(b"# checksum: ")[0].replace(b"# format: 1\n", b"")
    path.write_bytes(body + b"# checksum: " + hashlib.sha256(body).hexdigest().encode() + b"\n")
    read = store.read()
    assert (read.value(PROXY), read.problems) == ("a", ())


def test_only_the_phone_may_read_its_settings(store: Store, tmp_path: Path) -> None:
    previous_mask = os.umask(0)
    try:
        store.set_local("sip password", "hunter2")
        store.set_local("sip password", "hunter3")
    finally:
        os.umask(previous_mask)
    files = sorted((tmp_path / "state").iterdir())
    assert [file.name for file in files] == ["local.cfg", "local.cfg.previous"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_forced_value_throws_the_local_one_away_for_good(tmp_path: Path) -> None:
    store = make(tmp_path, "sip proxy ip: a\n")
    store.set_local(PROXY, "local")
    store.set_local("sip vmail", "9")
    assert make(tmp_path, "^sip proxy ip: b\n").read().value(PROXY) == "b"
    later = make(tmp_path, "sip proxy ip: c\n").read()
    assert later.value(PROXY) == "c"
    assert later.value("sip vmail") == "9"


def test_a_store_that_only_reads_changes_nothing(tmp_path: Path) -> None:
    make(tmp_path, "").set_local(PROXY, "local")
    (tmp_path / "startup.cfg").write_text("^sip proxy ip: b\n")
    reader = Store(tmp_path, tmp_path / "state", writes=False)
    assert reader.read().value(PROXY) == "b"
    assert reader.read().problems == ()
    with pytest.raises(ConfigError, match="no state folder"):
        reader.set_local("sip vmail", "9")
    assert make(tmp_path, "").read().value(PROXY) == "local"


def test_settings_of_a_newer_version_are_not_lost(store: Store, tmp_path: Path) -> None:
    save_local(tmp_path / "state", [("sip holograms", 2, "on"), ("sip mode", 0, "99")])
    store.set_local(PROXY, "pbx")
    text = (tmp_path / "state" / "local.cfg").read_text()
    assert 'sip line2 holograms: "on"\n' in text
    assert 'sip mode: "99"\n' in text
    configuration = store.read()
    assert configuration.unknown == ()
    assert [str(p) for p in configuration.problems] == [
        'local.cfg:3: sip mode: "99" is not 0 (generic), 1 (BroadSoft SCA), 2 (reserved) or 3 (BLA)'
    ]


@pytest.mark.parametrize("mac", ["08000f123abc", "08:00:0F:12:3A:BC", "08-00-0f-12-3a-bc"])
def test_the_hardware_address_may_be_written_in_many_ways(tmp_path: Path, mac: str) -> None:
    (tmp_path / "08000F123ABC.cfg").write_text("sip proxy ip: pbx\n")
    configuration = Store(tmp_path, mac=mac).read()
    assert configuration.value(PROXY) == "pbx"
    assert configuration.problems == ()


@pytest.mark.parametrize(("model", "mac"), [("", "12"), ("", "x" * 12), ("../passwd", "")])
def test_names_that_are_no_files_names_are_refused(tmp_path: Path, model: str, mac: str) -> None:
    with pytest.raises(ConfigError, match="is not a"):
        Store(tmp_path, model=model, mac=mac)


def test_an_empty_folder_says_what_is_missing(tmp_path: Path) -> None:
    (problem,) = Store(tmp_path).read().problems
    assert str(problem) == f"{tmp_path}: no configuration file here (startup.cfg)"


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    (problem,) = Store(tmp_path / "none").read().problems
    assert "no configuration file here" in str(problem)


def test_a_pipe_or_folder_in_a_files_place_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "startup.cfg")
    (tmp_path / "handset.cfg").mkdir()
    problems = Store(tmp_path, model="handset").read().problems
    assert [str(problem) for problem in problems] == [
        "startup.cfg: cannot be read: Not a regular file",
        "handset.cfg: cannot be read: Is a directory",
    ]


def test_a_state_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    store = make(tmp_path, "sip proxy ip: a\n")
    configuration = store.read()
    assert configuration.value(PROXY) == "a"
    (problem,) = configuration.problems
    assert str(problem) == (
        f"{tmp_path}/state/local.cfg: cannot be read: Not a directory;"
        " no setting made on this phone is used"
    )
    with pytest.raises(ConfigError, match=f"^{tmp_path}/state/local.cfg: .* Not a directory"):
        store.set_local(PROXY, "b")


def test_settings_that_cannot_be_read_are_not_overwritten(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.set_local(PROXY, "a")
    kept = (tmp_path / "state" / "local.cfg").read_bytes()

    def refuse(path: Path, _size: int) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("config.local_file.read_bounded", refuse)
        assert "cannot be read: Permission denied" in str(store.read().problems[0])
        with pytest.raises(ConfigError, match=r"local\.cfg: cannot be read: Permission"):
            store.set_local("sip vmail", "9")
    assert (tmp_path / "state" / "local.cfg").read_bytes() == kept
    assert store.read().value(PROXY) == "a"
