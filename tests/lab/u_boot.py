"""U-Boot's part of a start from a card of this phone, without U-Boot: its variables and its script.

Its shell is much like any other, so the script of the card is run by one, with U-Boot's commands as
functions. U-Boot itself runs it on an emulated Raspberry Pi: tests/on_device/raspberry_pi.py.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from tests.lab.namespaces import ROOT
from tests.lab.processes import said_by

ENVIRONMENT_BYTES = 0x4000
"""As board/image/files/etc/fw_env.config has it."""

COMMANDS = """
setenv() { name=$1; shift; eval "$name=\\$*"; }
setexpr() { eval "$1=$(($2 $3 $4))"; }
saveenv() { echo "saved $BOOT_A_LEFT $BOOT_B_LEFT"; }
load() { [ "$2" != "0:$BROKEN" ] && filesize=1000; }
booti() { echo "boots $part"; exit; }
reset() { echo "resets"; exit; }
"""


def started(variables: Mapping[str, str], broken: str = "") -> list[str]:
    """Return what a start saves and boots; `broken` is a partition without a kernel."""
    script = COMMANDS + (ROOT / "board" / "image" / "boot.cmd").read_text()
    status, said = said_by("sh", "-c", script, **variables, BROKEN=broken)
    assert status == 0, said
    return [line for line in said.splitlines() if not line.startswith("handset:")]


def written(variables: Mapping[str, str]) -> bytes:
    """Return the file of these variables."""
    text = "".join(f"{name}={value}\0" for name, value in variables.items()).encode()
    data = text.ljust(ENVIRONMENT_BYTES - 4, b"\0")
    return zlib.crc32(data).to_bytes(4, "little") + data


def read(file: bytes) -> dict[str, str]:
    """Return the variables of a file, which is whole."""
    assert zlib.crc32(file[4:]).to_bytes(4, "little") == file[:4]
    pairs = (pair.partition("=") for pair in file[4:].decode().split("\0"))
    return {name: value for name, _, value in pairs if name}
