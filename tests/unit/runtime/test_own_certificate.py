"""From a request to mutual TLS, with OpenSSL's own program as authority and as proxy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.__main__ import main
from config.request import KeyType
from config.store import Store
from firmware.link.events import Connected, Received, Write
from firmware.runtime.from_configuration import tls_files
from tests.lab.authority import Authority, Identity
from tests.unit.runtime.openssl import openssl_server
from tests.unit.runtime.wire import NAME, listening_ear, run

PARAMETERS = f"""\
sip proxy ip: {NAME}
sip user name: 200
sips trusted certificates: authority.pem
"""
INSTALLED = """\
sips private key: phone.key
sips local certificate: phone.pem
"""


def config(*words: object) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["config", *map(str, words)])
        return main()


def sign(folder: Path) -> None:
    """Let OpenSSL sign the request, with the extensions that it asks for."""
    words = ["openssl", "x509", "-req", "-in", "phone.csr", "-CA", "authority.pem"]
    words += ["-CAkey", "authority.key", "-copy_extensions", "copyall", "-days", "90"]
    subprocess.run([*words, "-out", "phone.pem"], cwd=folder, check=True, capture_output=True)


DEMANDS = ("-CAfile", "authority.pem", "-Verify", "1", "-verify_return_error", "-rev")
"""A certificate of the authority; and it talks backwards."""


@pytest.mark.parametrize("key_type", KeyType)
def test_a_request_becomes_a_certificate_that_a_proxy_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key_type: KeyType
) -> None:
    authority = Authority("Signing authority")
    Identity(authority.certificate, authority._key).write(tmp_path, "authority")
    authority.issue(NAME).write(tmp_path, "proxy")
    (tmp_path / "startup.cfg").write_text(PARAMETERS)
    words = ("--name", "desk", "--san", "phone.example", "--key-type", key_type.value)
    assert config("certificate", "request", tmp_path, *words) == 0
    sign(tmp_path)
    (tmp_path / "startup.cfg").write_text(PARAMETERS + INSTALLED)
    assert config("check", tmp_path) == 0
    assert config("certificate", "show", tmp_path) == 0
    printed = capsys.readouterr().out
    assert "    names     phone.example\n" in printed
    assert "    fits      belongs to the certificate\n" in printed
    assert "PRIVATE" not in printed

    async def scene() -> None:
        files = tls_files(Store(tmp_path).read(), tmp_path)
        server = openssl_server(tmp_path, *DEMANDS)
        async with server as (_, address), listening_ear(files) as ear:
            attempt = ear.dial(address, NAME)
            await ear.hear(Connected)
            ear.transport.do(Write(attempt, b"let me in\n"))
            assert (await ear.hear(Received)).data == b"ni em tel\n"

    run(scene())
