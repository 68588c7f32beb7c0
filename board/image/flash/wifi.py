"""The settings of one Wi-Fi network, as wpa_supplicant reads them, with its key and no passphrase.

The name stands there as hex, so that no character of it means anything else.
"""

from __future__ import annotations

import hashlib
import re

from board.image.flash.error import FlashError

SSID_BYTES_MAX = 32
PASSPHRASE = re.compile(r"[ -~]{8,63}")
KEY = re.compile(r"[0-9A-Fa-f]{64}")
COUNTRY = re.compile(r"[A-Z]{2}")
ROUNDS = 4096
"""Of PBKDF2, by IEEE 802.11i."""

WRITTEN = """\
ctrl_interface=DIR=/run/wpa_supplicant
update_config=0
{country}network={{
	ssid={ssid}
	psk={key}
}}
"""


def wifi_settings(ssid: str, passphrase: str, country: str) -> str:
    """Return the file for a network; FlashError where its name or its passphrase cannot be one."""
    name = ssid.encode()
    if not 1 <= len(name) <= SSID_BYTES_MAX:
        raise FlashError(f"A Wi-Fi network's name has 1 to {SSID_BYTES_MAX} bytes.")
    if country and not COUNTRY.fullmatch(country):
        raise FlashError("--country takes two capital letters, as in DE.")
    if KEY.fullmatch(passphrase):
        key = passphrase.lower()
    elif PASSPHRASE.fullmatch(passphrase):
        key = hashlib.pbkdf2_hmac("sha1", passphrase.encode(), name, ROUNDS, 32).hex()
    else:
        raise FlashError("A Wi-Fi passphrase has 8 to 63 characters of ASCII (or is a key in hex).")
    line = f"country={country}\n" if country else ""
    return WRITTEN.format(country=line, ssid=name.hex(), key=key)
