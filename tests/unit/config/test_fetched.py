"""The last good copies of a server's files, and what an untrusted one may not set (T2)."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from config.disk import draft_of
from config.fetched import (
    FOLDER,
    DamagedCopyError,
    FetchedFile,
    faults,
    read_copy,
    save_copy,
    wipe_copies,
)
from config.guarded import is_guarded
from config.parameters import PARAMETERS, Group, canonical
from config.problem import ConfigError
from config.store import Store
from tests.unit.config.disk import Disk, PowerCutError, put_in, put_in_refusing

COPY = FetchedFile("startup.cfg", b"sip proxy ip: a\n", "https://x/startup.cfg", "", '"7"', 1234)


def store(root: Path, startup: str = "") -> Store:
    (root / "startup.cfg").write_text(startup)
    return Store(root, root / "state", "handset", "00085D123ABC")


@pytest.mark.parametrize(
    "data", [b"", b"a: 1", b"a: 1\n", b"\r\n# fetched: x\n", bytes(range(256))]
)
def test_a_copy_reads_back_as_it_was(tmp_path: Path, data: bytes) -> None:
    copy = FetchedFile("startup.cfg", data, "tftp://x/startup.cfg", "it came over TFTP", "", 9)
    save_copy(tmp_path, COPY)
    save_copy(tmp_path, copy)
    assert read_copy(tmp_path, "startup.cfg") == copy
    assert (tmp_path / FOLDER / "startup.cfg").stat().st_mode & 0o777 == 0o600


def test_a_damaged_copy_is_never_used(tmp_path: Path) -> None:
    """Every byte counts, also those that say whom it came from: trust cannot be written in."""
    save_copy(tmp_path, FetchedFile("startup.cfg", b"sip vmail: 1\n", doubt="it came over TFTP"))
    path = tmp_path / FOLDER / "startup.cfg"
    whole = path.read_bytes()
    harmed = [whole[:at] for at in range(len(whole) - 1)]
    harmed += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    for data in harmed:
        path.write_bytes(data)
        with pytest.raises(DamagedCopyError):
            read_copy(tmp_path, "startup.cfg")
    path.write_bytes(whole.replace(b"it came over TFTP", b""))
    with pytest.raises(DamagedCopyError):
        read_copy(tmp_path, "startup.cfg")


def test_what_was_fetched_lies_on_the_files_here_and_under_what_a_person_set(
    tmp_path: Path,
) -> None:
    made = store(tmp_path, "sip vmail: here\nsip display name: here\nring tone: Chime\n")
    made.keep_copies([FetchedFile("00085D123ABC.cfg", b"sip display name: mine\n")], ())
    made.keep_copies([FetchedFile("startup.cfg", b"sip display name: all\nring tone: Deep\n")], ())
    made.set_local("ring tone", "Rising")
    configuration = made.read()
    assert configuration.value("sip vmail") == "here"
    assert configuration.value("sip display name") == "mine"
    assert configuration.origin("sip display name") == "fetched 00085D123ABC.cfg:1"
    assert configuration.value("ring tone") == "Rising"
    made.keep_copies((), ["00085D123ABC.cfg"])
    assert made.read().value("sip display name") == "all"


def test_a_damaged_copy_costs_its_values_and_says_so(tmp_path: Path) -> None:
    made = store(tmp_path, "sip vmail: here\n")
    made.keep_copies([FetchedFile("startup.cfg", b"sip vmail: there\n")], ())
    path = tmp_path / "state" / FOLDER / "startup.cfg"
    path.write_bytes(path.read_bytes()[:-9])
    configuration = made.read()
    assert configuration.value("sip vmail") == "here"
    (problem,) = configuration.problems
    assert str(problem) == "fetched startup.cfg: the copy is damaged; it is fetched again"


def test_a_fetched_file_alone_is_a_configuration(tmp_path: Path) -> None:
    made = Store(tmp_path, tmp_path / "state", "handset", "00085D123ABC")
    assert [str(problem) for problem in made.read().problems] == [
        f"{tmp_path}: no configuration file here (startup.cfg)"
    ]
    made.keep_copies([COPY], ())
    assert made.read().problems == ()


def test_a_factory_reset_takes_every_copy_and_draft(tmp_path: Path) -> None:
    save_copy(tmp_path, COPY)
    draft = draft_of(tmp_path / FOLDER / "x.cfg")
    draft.write_text("half")
    wipe_copies(tmp_path)
    assert list((tmp_path / FOLDER).iterdir()) == []
    wipe_copies(tmp_path / "nothing here")


# T2.


@pytest.mark.parametrize("doubt", ["it came over TFTP", "it came over HTTP"])
def test_an_untrusted_file_sets_how_a_phone_sounds_and_not_whom_it_trusts(
    tmp_path: Path, doubt: str
) -> None:
    made = store(tmp_path, "sip proxy ip: good\nsip password: good\nsip line2 proxy ip: good2\n")
    evil = (
        b"SIP  Proxy IP: evil\nsip line2 proxy ip: evil\nsip password: evil\n"
        b"!sips trusted certificates: evil.pem\n^sips private key: evil.key\nhttps server: evil\n"
        b"sip digit timeout: 7\nunheard of: 1\n"
    )
    made.keep_copies([FetchedFile("startup.cfg", evil, doubt=doubt)], ())
    configuration = made.read()
    assert configuration.value("sip proxy ip") == "good"
    assert configuration.value("sip proxy ip", 2) == "good2"
    assert configuration.value("sip password") == "good"
    assert configuration.value("sips trusted certificates") == ""
    assert not configuration.locked("sips trusted certificates")
    assert configuration.value("https server") == ""
    assert configuration.value("sip digit timeout") == 7
    told = [str(problem) for problem in configuration.problems]
    assert told[0] == (
        f"fetched startup.cfg:1: sip proxy ip: not taken from this file: {doubt}, unsigned"
    )
    assert len(told) == 6
    assert not [text for text in told if "evil" in text]


def test_every_secret_proxy_and_server_is_guarded_and_what_is_harmless_is_not() -> None:
    guarded = {p.name for p in PARAMETERS if is_guarded(canonical(p.name))}
    assert {p.name for p in PARAMETERS if p.secret} <= guarded
    proxies = {p.name for p in PARAMETERS if p.group is Group.PROXIES and "proxy" in p.name}
    assert proxies <= guarded
    assert {p.name for p in PARAMETERS if "certificates" in p.name} <= guarded
    assert {p.name for p in PARAMETERS if "server" in p.name and "firmware" in p.name} <= guarded
    assert {p.name for p in PARAMETERS if p.name.startswith("log server")} <= guarded
    for harmless in ("ring tone", "sip dial plan", "sip digit timeout", "sip line1 vmail"):
        assert not is_guarded(harmless)


# What a file has to be like before it takes the place of its copy.


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"sip vmail: 1\nsip digit timeout: soon\n", 'a.cfg:2: sip digit timeout: "soon" is not'),
        (b"sip line3 transport protocol: 4\n", "a.cfg:1: sip line3 transport protocol: is set"),
        (b"admin password: \x00\n", 'a.cfg:1: admin password: "****" holds a control character'),
        (b"<html>\n", "a.cfg:1: no colon"),
        (b'a: "open\n', "a.cfg:1: the value's quotation mark is never closed"),
        (b"\xff\xfea\0", "a.cfg: the file is UTF-16"),
        (b"#\n" * 20_000, "a.cfg: more than 10000 lines; the rest is not read"),
        (b" \n", "a.cfg: is empty"),
    ],
)
def test_a_file_with_a_fault_is_named_by_file_line_and_parameter(data: bytes, words: str) -> None:
    (fault, *_) = faults(FetchedFile("a.cfg", data), FetchedFile("a.cfg", b"sip vmail: 1\n"))
    assert str(fault).startswith(words)


def test_a_file_for_other_phones_as_well_has_no_fault() -> None:
    data = b"# of all\n!sip vmail: 1\nlldp: 1\ntopsoftkey7 type: xml\n"
    assert faults(FetchedFile("a.cfg", data), None) == ()
    assert faults(FetchedFile("a.cfg", b""), None) == ()


@pytest.mark.parametrize("kept", [0.0, 0.5, 1.0])
def test_power_cut_at_every_step_of_keeping_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: float
) -> None:
    """The one before or the one after, whole; a draft that is left harms nobody."""
    old, new = (FetchedFile("startup.cfg", data, etag=data.decode()) for data in (b"a", b"b" * 99))
    cut_at, cuts = 0, 0
    while True:
        state = tmp_path / f"state{cut_at}"
        save_copy(state, old)
        with monkeypatch.context() as patch:
            put_in(patch, Disk(cut_at, kept).module())
            try:
                save_copy(state, new)
                break
            except PowerCutError:
                cuts += 1
        assert read_copy(state, "startup.cfg") in (old, new), cut_at
        save_copy(state, new)
        assert read_copy(state, "startup.cfg") == new
        cut_at += 1
    assert cuts > 8


def test_a_full_disk_keeps_the_copy_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = store(tmp_path)
    made.keep_copies([COPY], ())
    put_in_refusing(monkeypatch, "write", errno.ENOSPC)
    with pytest.raises(ConfigError, match=r"fetched files cannot be kept: No space left on device"):
        made.keep_copies([FetchedFile("startup.cfg", b"new: 1\n")], ())
    assert made.copies() == (COPY,)
