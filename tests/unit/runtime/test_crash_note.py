"""How the phone ended before: the note that systemd's script leaves, how it is said and read."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from firmware.phone.events import Show, WarningsChanged
from firmware.phone.facts import WARNINGS
from firmware.phone.language import ENGLISH, Language
from firmware.phone.screen import PageScreen
from firmware.runtime.crash_note import BYTES_MAX, CrashNote
from firmware.runtime.languages import load
from tests.lab.namespaces import ROOT
from tests.unit.runtime.wire import run

SCRIPT = ROOT / "board" / "service" / "note-crash"
HUNG = "started again: the phone hung"


def end(folder: Path, **environment: str) -> None:
    """Let systemd find the phone ended."""
    words = ["env", "-i", f"PATH={os.environ['PATH']}"]
    words += [f"{name}={value}" for name, value in environment.items()]
    subprocess.run([*words, str(SCRIPT), str(folder)], check=True)


def told(folder: Path) -> list[object]:
    fed: list[object] = []
    CrashNote(folder, fed.append).start()
    return fed


@pytest.mark.parametrize(
    ("result", "status", "text"),
    [
        ("watchdog", "ABRT", HUNG),
        ("oom-kill", "KILL", "started again: no memory was left"),
        ("timeout", "TERM", "started again: it took too long"),
        ("exit-code", "70", "started again: an error of its own"),
        ("signal", "SEGV", "started again: ended by SIGSEGV"),
        ("core-dump", "BUS", "started again: ended by SIGBUS"),
        ("resources", "", "started again: it had failed"),
        ("no-data", "", "the card is damaged: settings are lost"),
    ],
)
def test_each_failure_is_said_in_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, result: str, status: str, text: str
) -> None:
    end(tmp_path, SERVICE_RESULT=result, EXIT_STATUS=status)
    assert told(tmp_path) == [WarningsChanged((text,))]
    assert caplog.messages == [text]


def test_whoever_is_stopped_leaves_no_note(tmp_path: Path) -> None:
    end(tmp_path, SERVICE_RESULT="success", EXIT_STATUS="0")
    end(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_last_failure_counts_and_only_the_phone_may_read_of_it(tmp_path: Path) -> None:
    end(tmp_path, SERVICE_RESULT="exit-code", EXIT_STATUS="70")
    end(tmp_path, SERVICE_RESULT="watchdog", EXIT_STATUS="ABRT")
    (note,) = tmp_path.iterdir()
    assert note.stat().st_mode & 0o777 == 0o600
    assert told(tmp_path) == [WarningsChanged((HUNG,))]


def test_the_log_has_what_systemd_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    end(tmp_path, SERVICE_RESULT="watchdog", EXIT_STATUS="ABRT")
    told(tmp_path)
    (record,) = caplog.records
    fields = vars(record)["fields"]
    assert (fields["result"], fields["status"]) == ("watchdog", "ABRT")
    assert int(fields["at"]) > 1_700_000_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00result=watch\x00dog",
        b"result=watchdog; rm -rf /\n",
        b"result=" + b"x" * 10_000_000,
        b"status=SEGV\nresult=signal with a very long reason that nobody has written\n",
    ],
)
def test_a_note_that_cannot_be_understood_says_that_something_had_failed(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "crash").write_bytes(content)
    assert told(tmp_path) == [WarningsChanged(("started again: it had failed",))]


def test_of_a_long_note_the_beginning_is_read(tmp_path: Path) -> None:
    (tmp_path / "crash").write_bytes(b"result=watchdog\n" + b"x" * BYTES_MAX)
    assert told(tmp_path) == [WarningsChanged((HUNG,))]


def test_a_note_that_may_not_be_read_is_said_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "crash").mkdir()
    assert told(tmp_path) == [WarningsChanged(("started again: it had failed",))]
    assert caplog.messages[0] == "the note of a failure cannot be read: Is a directory"


@pytest.mark.parametrize("language", [ENGLISH, load("de")], ids=["en", "de"])
def test_whoever_has_looked_at_it_on_the_screen_has_read_it(
    tmp_path: Path, language: Language
) -> None:
    def page(title: str, *texts: str) -> Show:
        rows = tuple((language.say("Warning"), language.say(text)) for text in texts)
        return Show(PageScreen(language.say(title), rows), language)

    async def scene() -> None:
        end(tmp_path, SERVICE_RESULT="watchdog", EXIT_STATUS="ABRT")
        fed: list[object] = []
        note = CrashNote(tmp_path, fed.append)
        note.start()
        for other in (
            page("Link", "up"),
            page(WARNINGS, "no display"),  # The second page has it.
            page("Network", HUNG),
        ):
            note.take(other)
        await asyncio.sleep(0)
        assert (tmp_path / "crash").exists()
        note.take(page(WARNINGS, "no display", HUNG))
        note.take("a lamp")
        note.take(page(WARNINGS, HUNG, "no lamp"))
        await asyncio.sleep(0)
        assert fed == [WarningsChanged((HUNG,))], "it is still being read"
        note.take(page(WARNINGS, "no display"))
        note.take(page(WARNINGS, HUNG))
        note.take(page("Link", "up"))
        await asyncio.sleep(0)
        assert fed == [WarningsChanged((HUNG,)), WarningsChanged(())]
        assert list(tmp_path.iterdir()) == []

    run(scene())
