"""Every list on disk: whole or not at all, bounded, wiped; a writer that is killed."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from firmware.phone.contact_fields import contact_fields
from firmware.phone.directory import CONTACTS_MAX, NUMBERS_MAX, checked
from firmware.phone.history import CALLS_MAX
from firmware.phone.kept import (
    TEXT_CHARACTERS_MAX,
    WHY_CHARACTERS_MAX,
    CallWay,
    Contact,
    ContactNumber,
    NumberKind,
    PastCall,
)
from firmware.phone.outage import Outage
from firmware.runtime.directory_file import DIRECTORY
from firmware.runtime.history_file import HISTORY, call_fields
from firmware.runtime.kept_file import Kept, KeptFile, checksum
from firmware.runtime.outage_file import OUTAGE_LOG
from firmware.runtime.outage_json import outage_fields
from tests.unit.config.disk import Disk, PowerCutError, put_in, put_in_refusing
from tests.unit.runtime.outages import entry as outage
from tests.unit.runtime.outages import log_of

CALL = PastCall(CallWay.MISSED, "Bert", "603", 1, 1.8e9, None, "caller gave up", is_new=True)
BERT = Contact("Bert", (ContactNumber(NumberKind.WORK, "603"),))

LISTS: list[tuple[KeptFile[Any], Any, Any]] = [
    (HISTORY, CALL, call_fields(CALL)),
    (DIRECTORY, BERT, contact_fields(BERT)),
    (OUTAGE_LOG, outage(), outage_fields(outage())),
]
each_list = pytest.mark.parametrize(
    ("file", "entry", "fields"), LISTS, ids=["history", "contacts", "outages"]
)


def several(entry: Any, count: int) -> tuple[Any, ...]:
    """Return different entries, in the order that a file has them."""
    if isinstance(entry, Contact):
        return tuple(Contact(f"Bert {number:04}", entry.numbers) for number in range(count))
    if isinstance(entry, Outage):
        return log_of(count)
    return tuple(PastCall(CallWay.DIALLED, "", str(number), 1) for number in range(count))


def whole_file(file: KeptFile[Any], entries: object) -> bytes:
    whole = {"format": file.form, "version": 1, "checksum": checksum(entries)}  # type: ignore[arg-type] # what a file may hold
    return json.dumps(whole | {file.list_name: entries}).encode()


@each_list
def test_what_is_saved_is_read_again(
    tmp_path: Path, file: KeptFile[Any], entry: Any, fields: Any
) -> None:
    assert file.read(tmp_path) == Kept()
    for entries in ((entry,), (), several(entry, 100)):
        file.save(tmp_path, entries)
        assert file.read(tmp_path) == Kept(entries)
    assert (tmp_path / file.name).stat().st_mode & 0o777 == 0o600


def test_the_longest_lists_fit(tmp_path: Path) -> None:
    long = "😀" * TEXT_CHARACTERS_MAX
    call = PastCall(CallWay.MISSED, long, long, 9, 1.8e9, 1e5, "😀" * WHY_CHARACTERS_MAX)
    HISTORY.save(tmp_path, (call,) * (CALLS_MAX * 3))
    assert len(HISTORY.read(tmp_path).entries) == CALLS_MAX * 3
    numbers = [
        ContactNumber(NumberKind.OTHER, f"{number}@" + "😀" * (TEXT_CHARACTERS_MAX - 2))
        for number in range(NUMBERS_MAX)
    ]
    contact = checked(long, numbers)
    DIRECTORY.save(tmp_path, (contact,) * CONTACTS_MAX)
    assert len(DIRECTORY.read(tmp_path).entries) == CONTACTS_MAX


@each_list
def test_the_power_goes_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: KeptFile[Any], entry: Any, fields: Any
) -> None:
    for cut_at in range(40):
        state = tmp_path / f"state{cut_at}"
        file.save(state, (entry,))
        disk = Disk(cut_at, kept=0.5)
        with monkeypatch.context() as patch:
            put_in(patch, disk.module())
            try:
                file.save(state, several(entry, 2))
            except PowerCutError:
                found = file.read(state)
                assert found.problem == "", cut_at
                assert found.entries in {(entry,), several(entry, 2)}
                continue
        assert cut_at > 8
        return
    raise AssertionError("no end of steps")


KILLER = """
import itertools, os, random, signal, sys, time
from pathlib import Path
from tests.unit.runtime.test_kept_files import DIRECTORY, HISTORY, BERT, CALL, several
folder, lots, torn, longest = Path(sys.argv[1]), random.Random(5), 0, 0
for _ in range(60):
    writer = os.fork()
    if not writer:
        for number in itertools.count(1):
            HISTORY.save(folder, several(CALL, number))
            DIRECTORY.save(folder, several(BERT, number))
    time.sleep(lots.uniform(0.002, 0.06))
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    torn += (folder / HISTORY.draft).exists() or (folder / DIRECTORY.draft).exists()
    calls, contacts = HISTORY.read(folder), DIRECTORY.read(folder)
    assert (calls.problem, contacts.problem) == ("", "")
    assert calls.entries == several(CALL, len(calls.entries))
    assert contacts.entries == several(BERT, len(contacts.entries))
    longest = max(longest, len(calls.entries))
print(torn, longest)
"""


def test_a_writer_that_is_killed_leaves_whole_lists(tmp_path: Path) -> None:
    """Killed at 60 moments while it does nothing but write: each list is a whole one."""
    words = [sys.executable, "-c", KILLER, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    torn, longest = map(int, done.stdout.split())
    assert torn > 5, "some were killed in the midst of a write"
    assert longest > 1


@each_list
def test_a_torn_file_is_put_aside_and_said(
    tmp_path: Path, file: KeptFile[Any], entry: Any, fields: Any
) -> None:
    file.save(tmp_path, (entry,))
    whole = (tmp_path / file.name).read_bytes()
    for length in range(0, len(whole) - 1, 5):
        (tmp_path / file.name).write_bytes(whole[:length])
        said = f"{file.title} is damaged; it is kept as {file.aside}"
        assert file.read(tmp_path) == Kept(problem=said)
        assert (tmp_path / file.aside).read_bytes() == whole[:length]
        assert file.read(tmp_path) == Kept(), "said once"


BAD_FIELDS: list[tuple[KeptFile[Any], Any]] = [
    (HISTORY, {}),
    (HISTORY, 3),
    (HISTORY, call_fields(CALL) | {"way": "lost"}),
    (HISTORY, call_fields(CALL) | {"account": 10}),
    (HISTORY, call_fields(CALL) | {"account": True}),
    (HISTORY, call_fields(CALL) | {"new": 1}),
    (HISTORY, call_fields(CALL) | {"name": "a\nb"}),
    (HISTORY, call_fields(CALL) | {"number": "1" * 65}),
    (HISTORY, call_fields(CALL) | {"began": "today"}),
    (HISTORY, call_fields(CALL) | {"duration_s": -1}),
    (DIRECTORY, []),
    (DIRECTORY, {"name": "Bert"}),
    (DIRECTORY, contact_fields(BERT) | {"name": ""}),
    (DIRECTORY, contact_fields(BERT) | {"name": " Bert"}),
    (DIRECTORY, contact_fields(BERT) | {"numbers": []}),
    (DIRECTORY, contact_fields(BERT) | {"numbers": [{"kind": "work", "number": "6 03"}]}),
    (DIRECTORY, contact_fields(BERT) | {"numbers": [{"kind": "boat", "number": "603"}]}),
    (DIRECTORY, contact_fields(BERT) | {"numbers": [{"kind": [], "number": "603"}]}),
    (DIRECTORY, contact_fields(BERT) | {"numbers": ["603"]}),
]


@pytest.mark.parametrize(("file", "fields"), BAD_FIELDS)
def test_an_entry_that_is_none_is_noticed(tmp_path: Path, file: KeptFile[Any], fields: Any) -> None:
    (tmp_path / file.name).write_bytes(whole_file(file, [fields]))
    assert "is damaged" in file.read(tmp_path).problem
    file.save(tmp_path, ())
    assert file.read(tmp_path) == Kept()


@each_list
@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_refuses_keeps_the_old_list(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: KeptFile[Any],
    entry: Any,
    fields: Any,
    call: str,
    number: int,
) -> None:
    file.save(tmp_path, (entry,))
    with monkeypatch.context() as patch:
        put_in_refusing(patch, call, number)
        with pytest.raises(OSError, match=os.strerror(number)):
            file.save(tmp_path, ())
    assert file.read(tmp_path) == Kept((entry,))
    assert not (tmp_path / file.draft).exists()
