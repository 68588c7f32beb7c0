"""A real HTTPS server (Debian's Apache): the first round brings all, the next one only ETags."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.authority import Identity
from tests.lab.ports import Ports
from tests.lab.processes import Program
from tests.process.handset import HOST, PASSWORD, Place, until
from tests.process.test_provisioning import MAC, account, phone_of, resync

MODULES = ("mpm_event", "ssl", "authz_core")

CONFIGURATION = """\
{modules}
ServerName {host}
Listen {host}:{port} https
PidFile {folder}/pid
Mutex file:{folder}
ErrorLog {folder}/errors
CustomLog {folder}/asked "%U %s"
User www-data
SSLEngine on
SSLProtocol TLSv1.2 TLSv1.3
SSLCertificateFile {folder}/server.pem
SSLCertificateKeyFile {folder}/server.key
DocumentRoot {folder}/files
<Directory {folder}/files>
    Require all granted
</Directory>
"""


@dataclass
class Apache:
    """The server: what lies in its folder, and what it was asked for."""

    folder: Path
    port: int

    def serves(self, path: str, data: bytes) -> None:
        file = self.folder / "files" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def configure(self, identity: Identity) -> Path:
        identity.write(self.folder, "server")
        modules = "\n".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES
        )
        path = self.folder / "apache2.conf"
        text = CONFIGURATION.format(modules=modules, host=HOST, port=self.port, folder=self.folder)
        path.write_text(text)
        return path

    def statuses(self, path: str) -> list[str]:
        return re.findall(rf"(?m)^{re.escape(path)} (\d+)$", (self.folder / "asked").read_text())


@pytest.fixture
def apache(place: Place) -> Iterator[Apache]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)  # It gives its rights up before it reads a file.
        made = Apache(folder, stack.enter_context(Ports()).first)
        made.serves("phones/startup.cfg", account(place))
        made.serves(f"phones/{MAC}.cfg", b"sip line1 screen name: Reception\n")
        words = ["apache2", "-D", "FOREGROUND", "-d", str(folder), "-f"]
        program = Program([*words, str(made.configure(place.authority.issue(HOST)))])
        stack.callback(program.stop)
        until((folder / "pid").exists)
        yield made


def test_a_phone_is_set_up_from_apache_and_asks_it_by_etags(place: Place, apache: Apache) -> None:
    (place.config / "startup.cfg").write_text(
        f"https server: {HOST}\nhttps port: {apache.port}\nhttps path: phones\n"
        "https user certificates: trusted.pem\n"
    )
    with phone_of(place) as phone:
        phone.wait_for("registered", lambda event: event["name"] == "Reception")
        assert apache.statuses("/phones/startup.cfg") == ["200"]
        resync(place)
        until(lambda: apache.statuses(f"/phones/{MAC}.cfg") == ["200", "304"])
        assert apache.statuses("/phones/startup.cfg") == ["200", "304"]
        until(lambda: phone.errors.endswith("up to date\n"))
        assert phone.status()["warnings"] == []
        assert phone.stop() == 0
    assert PASSWORD not in phone.errors
    assert "Traceback" not in phone.errors
