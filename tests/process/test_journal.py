"""The log of a phone that systemd starts: a real journal, in a mount namespace of its own."""

from __future__ import annotations

import json
import sys
import time

from tests.lab.namespaces import ROOT
from tests.lab.processes import Program
from tests.process.handset import PASSWORD, WAIT_S, Place

BEGIN = """\
set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/journal /run/log/journal
/lib/systemd/systemd-journald &
journal=$!
until [ -S /run/systemd/journal/stdout ]; do sleep 0.02; done
tail --follow /dev/null | systemd-cat --identifier=stream sh -c "$SERVICE" sh "$@" &
phone=$!
follow() { journalctl --directory=/run/log/journal --output=json --follow --lines=all; }
until follow 2>/dev/null & watch=$!; sleep 0.3; kill -0 $watch; do :; done
read stop
kill $phone $watch
wait $phone || true
kill $journal
"""
"""The journal, a phone as a service has it, and all entries as JSON until a line comes."""

SERVICE = 'JOURNAL_STREAM=$(stat --dereference --format=%d:%i /proc/self/fd/2) exec "$@"'
"""As systemd itself names the stream (systemd.exec(5)); `systemd-cat` of Debian 12 does not."""


TOLD = "alice@lab.test: registered"


def entries(program: Program, identifier: str) -> list[dict[str, str]]:
    """Return what the journal has of somebody."""
    said = [json.loads(line.text) for line in list(program.lines) if line.text.startswith("{")]
    return [entry for entry in said if entry.get("SYSLOG_IDENTIFIER") == identifier]


def test_the_journal_has_each_line_once_with_its_fields(place: Place) -> None:
    place.configure({"log module trace": "65535"})
    phone = [sys.executable, "-m", "firmware", "--board", "script"]
    phone += ["--config", str(place.config), "--state", str(place.state)]
    program = Program(
        ["env", f"SERVICE={SERVICE}", "unshare", "-m", "sh", "-c", BEGIN, "sh", *phone],
        directory=ROOT,
    )
    try:
        by = time.monotonic() + WAIT_S
        while not any(entry["MESSAGE"] == TOLD for entry in entries(program, "handset")):
            assert time.monotonic() < by, program.tail
            time.sleep(0.05)
        own = entries(program, "handset")
        (told,) = [entry for entry in own if entry["MESSAGE"] == TOLD]
        assert (told["PRIORITY"], told["_TRANSPORT"]) == ("6", "journal")
        assert (told["HANDSET_MODULE"], told["HANDSET_STATE"]) == ("accounts", "registered")
        assert any(str(e["MESSAGE"]).startswith("1 sends\nREGISTER sip:lab.test") for e in own)
        streamed = [entry["MESSAGE"] for entry in entries(program, "stream")]
        assert any("registered" in text for text in streamed), "what the board says"
        assert not any("handset.accounts" in text for text in streamed)
        assert PASSWORD not in program.text
        program.say("stop\n")
    finally:
        program.stop()
