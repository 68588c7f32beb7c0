"""The server that DHCP names: the file of its client's hook, and the hook itself under a shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from config.store import Store
from firmware.provision.dhcp import dhcp_server
from firmware.provision.server import BY_DHCP, Server, provision_settings
from tests.lab.namespaces import ROOT

TFTP = Server("tftp", "192.0.2.1", 69, "", BY_DHCP)
HTTPS = Server("https", "files.test", 8443, "/phones", BY_DHCP)
HTTPS_LINE = "160 https://files.test:8443/phones"


def option_43(url: str, before: bytes = b"") -> str:
    data = before + bytes((2, len(url))) + url.encode() + b"\x09\x01x"
    return f"43 {data.hex(':')}"


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("66 192.0.2.1", TFTP),
        ("66   192.0.2.1  \n", TFTP),
        (HTTPS_LINE, HTTPS),
        (f"66 192.0.2.1\n159 http://a.test\n{HTTPS_LINE}\n", HTTPS),
        ("66 192.0.2.1\n159 http://a.test\n", Server("http", "a.test", 80, "", BY_DHCP)),
        (f"{option_43('tftp://192.0.2.1', bytes((5, 2, 0, 0)))}\n{HTTPS_LINE}", TFTP),
        (f"43 zz\n{HTTPS_LINE}", HTTPS),
        (f"43 02:ff:68\n{HTTPS_LINE}", Server("tftp", "h", 69, "", BY_DHCP)),
        (f"{option_43('')}\n{HTTPS_LINE}", HTTPS),
        ("66 tftp://[2001:db8::1]:6969/p", Server("tftp", "2001:db8::1", 6969, "/p", BY_DHCP)),
        ("", None),
        ("66", None),
        ("67 boot.img", None),
        ("66 ftp://a.test", None),
        ("66 https://user:secret@a.test", None),
        ("66 https://a.test:99999", None),
        ("66 https://[::1", None),
        ("66 a b", None),
        ("66 \x1b[31m", None),
        (f"66 https://a.test/{'x' * 2000}", None),
    ],
)
def test_what_dhcp_says(text: str, server: Server | None) -> None:
    assert dhcp_server(text) == server


@pytest.mark.parametrize(
    ("only", "server"), [("0", HTTPS), ("66", TFTP), ("160", HTTPS), ("43", None), ("-1", None)]
)
def test_an_administrator_says_which_option_counts(only: str, server: Server | None) -> None:
    assert dhcp_server(f"66 192.0.2.1\n{HTTPS_LINE}", only) == server


def test_a_server_that_is_set_counts_before_one_that_dhcp_names(tmp_path: Path) -> None:
    (tmp_path / "startup.cfg").write_text("")
    settings = provision_settings(Store(tmp_path).read(), (), TFTP)
    assert settings.server == TFTP
    (tmp_path / "startup.cfg").write_text("https server: mine.test\n")
    settings = provision_settings(Store(tmp_path).read(), (), TFTP)
    assert settings.server == Server("https", "mine.test", 443)


@pytest.mark.parametrize(
    ("words", "server"),
    [
        ({"new_tftp_server_name": "192.0.2.1"}, TFTP),
        (
            {"new_tftp_server_name": "x", "new_provisioning": "https://files.test:8443/phones"},
            HTTPS,
        ),
        ({"new_provisioning_159": "tftp://192.0.2.1"}, TFTP),
        ({"new_vendor_encapsulated_options": option_43("192.0.2.1")[3:]}, TFTP),
        ({}, None),
    ],
)
def test_the_hook_writes_what_the_phone_reads(
    tmp_path: Path, words: dict[str, str], server: Server | None
) -> None:
    file = tmp_path / "run" / "dhcp"
    lease = {"new_ip_address": "192.0.2.50", "PATH": "/usr/bin:/bin", "HANDSET_DHCP": str(file)}
    hook = ["sh", "-eu", str(ROOT / "board" / "dhcp-hook")]
    subprocess.run(hook, env={**lease, **words}, check=True)
    assert dhcp_server(file.read_text()) == server
    subprocess.run(hook, env={"PATH": "/bin", "HANDSET_DHCP": str(file)}, check=True)
    assert dhcp_server(file.read_text()) == server  # The lease ended: nothing new was said.
