"""The first screen stands before registration begins, and says what is so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.lab.authority import Authority
from tests.lab.namespaces import ROOT
from tests.process import first_screen

STARTUP = """\
sip proxy ip: 127.0.0.1
sip proxy port: 9
sips trusted certificates: ca.pem
sip line1 user name: 201
sip line2 user name: 202
sip line2 screen name: Workshop
screen language: German
"""

REGISTRATION = {
    "firmware.stack",
    "firmware.runtime.application",
    "firmware.runtime.transport",
    "firmware.runtime.resolver",
    "firmware.runtime.tls",
    "cryptography",
}

LATER = {
    "firmware.runtime.doors",
    "firmware.runtime.keepers",
    "firmware.runtime.logs",
    "firmware.runtime.provisioning",
}


def test_the_first_screen_is_shown_before_anything_of_a_registration_is_loaded(
    tmp_path: Path,
) -> None:
    (tmp_path / "startup.cfg").write_text(STARTUP)
    (tmp_path / "ca.pem").write_bytes(Authority("A proxy's").certificate_pem)
    words = [sys.executable, "-m", first_screen.__name__, str(tmp_path), str(tmp_path / "state")]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert "firmware.phone.render" in told["loaded"]
    assert not REGISTRATION & set(told["loaded"])
    assert told["connected"] == 0
    assert told["connected_in_the_end"] > 0, "the link was tried"
    assert not LATER & set(told["loaded_at_connect"]), "and before all that can wait"
    first, *others = told["shown"]
    assert first == ["--:-- ", "201: ", "Workshop: ", "startet", "[Menü] [Netz]"]
    assert {words[-1] for words in others} <= {"[Menü] [Netz]", "[Wählen] [Löschen]"}, "no English"
    assert others[-1][1] == first_screen.KEY, "a key that was pressed meanwhile is not lost"
