"""`python -m config`, its generated pages, and the samples."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import config
from config.__main__ import main
from config.cfg_file import parse_file
from config.checks import check_settings
from config.parameters import PARAMETERS
from config.reference import reference, startup
from config.store import Store

FOLDER = Path(config.__file__).parent
SAMPLES = sorted((FOLDER / "samples").glob("*.cfg"))


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["config", *map(str, words)])
    return main()


@pytest.mark.parametrize(("page", "file"), [(reference, "REFERENCE.md"), (startup, "startup.cfg")])
def test_the_shipped_page_is_what_the_table_says(page: object, file: str) -> None:
    assert callable(page)
    assert (FOLDER / file).read_text() == page(), "run `make generated`"


def test_the_reference_names_every_parameter() -> None:
    text = reference()
    for parameter in PARAMETERS:
        row = re.escape(f"| `{parameter.name}`{'' if parameter.built else ' †'} | ")
        assert len(re.findall(f"^{row}", text, re.MULTILINE)) == 1, parameter.name


WITHOUT_READER = {
    "sip transport protocol": "has one value only",
    "sip whitelist": "steers nothing while the link is the only door",
}


GUARD = FOLDER / "guarded.py"
"""Names what no stranger may set, whether anybody reads it or not."""

CHAPTERS = FOLDER.parent / "firmware" / "web" / "chapters.py"
"""Names what stands on which web page, in the same way."""


def test_a_parameter_has_a_dagger_where_nobody_reads_it_and_only_there() -> None:
    folders = (FOLDER, FOLDER.parent / "firmware")
    files = [
        path for folder in folders for path in folder.rglob("*.py") if path not in {GUARD, CHAPTERS}
    ]
    text = "\n".join(path.read_text() for path in files if not path.name.startswith("table_"))
    for parameter in PARAMETERS:
        host = parameter.name.removesuffix(" port")
        by_scheme = re.sub("^(https|http|tftp) ", "{scheme} ", parameter.name)
        numbered = re.sub(r"N\b", "{number}", parameter.name)
        names = {parameter.name, host, f"{host} ip", by_scheme, numbered}
        is_read = any(f'"{name}"' in text for name in names)
        assert parameter.built == (is_read or parameter.name in WITHOUT_READER), parameter.name


def test_the_references_tables_have_six_columns_everywhere() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}


def test_startup_cfg_sets_nothing_and_uncommented_is_the_default(tmp_path: Path) -> None:
    text = startup()
    assert parse_file(text.encode(), "startup.cfg") == ((), ())
    opened = re.sub(r"^#(?=[a-z])", "", text, flags=re.MULTILINE)
    (tmp_path / "startup.cfg").write_text(opened)
    configuration = Store(tmp_path).read()
    assert configuration.problems == ()
    words = {statement.name for statement in configuration.unknown}
    assert words == {"log module <name>"}  # No name of a parameter.
    for parameter in PARAMETERS:
        if "<" not in parameter.name:
            assert configuration.value(parameter.name) == parameter.default_value
            assert configuration.origin(parameter.name).startswith("startup.cfg:")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_good_as_it_stands(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "startup.cfg").write_bytes(sample.read_bytes())
    configuration = Store(tmp_path).read()
    assert configuration.problems == ()
    assert configuration.unknown == ()
    assert check_settings(configuration) == ()
    assert configuration.accounts()


def test_there_are_samples() -> None:
    assert len(SAMPLES) >= 3


GOOD = """\
sip proxy ip: pbx
sip user name: 200
sips trusted certificates: ca.pem
top softkey1 type: blf      # Of another model.
sip mode: 0
"""


def test_check_prints_notes_and_is_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "startup.cfg").write_text(GOOD)
    monkeypatch.setattr("config.__main__.check", lambda *_: ())  # Its files are tested elsewhere.
    assert run(monkeypatch, "check", tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == [
        "note: startup.cfg:4: top softkey1 type: unknown to this phone",
        "note: startup.cfg:5: sip mode: known by name, without effect yet",
        "0 errors, 2 notes",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sip proxy port: x", 'startup.cfg:6: sip proxy port: "x" is not 0-65535'),
        ("sips trusted certificates:", "persistent TLS needs trusted certificates"),
        ("", "startup.cfg:3: sips trusted certificates: ca.pem: No such file or directory"),
        ("sip password secret", "startup.cfg:6: no colon"),
    ],
)
def test_check_fails_for_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    (tmp_path / "startup.cfg").write_text(GOOD + line)
    with pytest.MonkeyPatch.context() as patch:
        assert run(patch, "check", tmp_path) == 1
    printed = capsys.readouterr().out
    assert f"\n{said}" in f"\n{printed}"
    assert "secret" not in printed


def test_check_reads_the_files_of_one_phone_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    (tmp_path / "startup.cfg").write_text("sip proxy ip: pbx\n")
    Store(tmp_path, state).set_local("sip mode", 1)
    before = (state / "local.cfg").read_bytes()
    (tmp_path / "6867i.cfg").write_text("sip proxy port: x\n")
    (tmp_path / "08000F123ABC.cfg").write_text("^sip mode: 9\n^sip mode: 3\n")
    words = ("--model", "6867i", "--mac", "08:00:0f:12:3a:bc", "--state", state)
    assert run(monkeypatch, "check", tmp_path, *words) == 1
    printed = capsys.readouterr().out
    assert '6867i.cfg:1: sip proxy port: "x" is not 0-65535' in printed
    assert '08000F123ABC.cfg:1: sip mode: "9" is not' in printed
    assert (state / "local.cfg").read_bytes() == before


def test_check_with_a_wrong_address_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "check", tmp_path, "--mac", "12") == 1
    assert "'12' is not a hardware address" in capsys.readouterr().out


def test_the_command_runs() -> None:
    words = [sys.executable, "-m", "config", "reference"]
    done = subprocess.run(words, cwd=FOLDER.parent, capture_output=True, check=True, timeout=30)
    assert done.stdout.decode() == reference()


def test_reading_loads_nothing_heavy() -> None:
    """The phone registers in under half a second: cryptography alone would take a fifth of it."""
    code = "import sys, config.store, config.checks; print(*sys.modules)"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=FOLDER.parent, capture_output=True, check=True, timeout=30)
    heavy = {"cryptography", "ssl", "asyncio", "socket", "argparse", "textwrap", "PIL", "dns"}
    assert heavy & set(done.stdout.decode().split()) == set()
