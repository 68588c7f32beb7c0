"""The API of a running phone: a token made at the console, and schemathesis, which tries it out."""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from firmware.web.api import ROUTES
from tests.process.console import ADMIN, DeskPhone, Terminal
from tests.process.handset import Place, until
from tests.process.whole_run import WEB
from tests.unit.web.test_metrics import read

TOKEN = re.compile(r"\b[0-9a-f]{48}\b")
SECONDS = 240


def metrics(address: str, token: str) -> tuple[int, str]:
    place = urlsplit(address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = HTTPSConnection(place.netloc, context=context, timeout=20)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_a_token_opens_the_api_and_what_is_sent_there_keeps_to_its_description(
    place: Place, tmp_path: Path
) -> None:
    place.configure({"admin password": ADMIN})
    with DeskPhone(place, more=("--web-port", "0")) as phone:
        until(lambda: WEB.search(phone.program.text) is not None)
        found = WEB.search(phone.program.text)
        assert found
        address = found[1].rstrip("/")
        terminal = Terminal(phone.console, dumb=True)
        terminal.log_in()
        assert "no token is set" in terminal.ask("token")
        token = TOKEN.search(terminal.ask("token new"))
        assert token
        assert token[0] not in (place.state / "local.cfg").read_text()
        until(lambda: "1 of 1 registered" in terminal.ask("status"))
        status, text = metrics(address, token[0])
        assert status == 200
        numbers = read(text)
        assert numbers["handset_links_total", ()] == 1
        assert (
            numbers["handset_account_registered", (("account", "1"), ("address", "alice@lab.test"))]
            == 1
        )
        tried = tried_out(address, token[0], tmp_path)
        assert tried.returncode == 0, tried.stdout[-5000:]
        # Of the table all but the description itself.
        assert f"Tested: {len(ROUTES) - 1}" in tried.stdout, tried.stdout[-2000:]
        terminal.ask("token off")
        assert metrics(address, token[0])[0] == 401
        terminal.drop()
        assert phone.program.running
        assert "Traceback" not in phone.errors
        assert token[0] not in phone.errors


def tried_out(address: str, token: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let schemathesis send what the description allows and what it does not."""
    words = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/api/openapi.json"]
    words += ["--tls-verify", "false", "--header", f"Authorization: Bearer {token}"]
    words += ["--phases", "coverage", "--checks", "all", "--seed", "7", "--no-color"]
    # What a value may be says the parameter: no schema of one path knows it.
    words += ["--exclude-checks", "positive_data_acceptance"]
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
    )
