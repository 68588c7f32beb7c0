"""What accounts do with calls, on disk."""

from __future__ import annotations

from firmware.phone.directory import plain_number
from firmware.phone.kept import RING_S, AccountServices
from firmware.runtime.kept_file import KeptFile, text_field

ACCOUNTS_MAX = 9
NUMBER_CHARACTERS_MAX = 64
RING_S_MAX = 120

FILE_BYTES_MAX = 16 * 1024
"""Nine accounts with three long numbers each have 3 KB."""


def services_fields(own: AccountServices) -> dict[str, object]:
    """Return an account's services as a JSON object."""
    return {
        "account": own.account,
        "no_disturbance": own.no_disturbance,
        "always": own.always,
        "busy": own.busy,
        "no_answer": own.no_answer,
        "ring_s": own.ring_s,
    }


def services_of(fields: object) -> AccountServices:
    """Return the services that an object stands for; ValueError where it stands for none."""
    if not isinstance(fields, dict):
        raise ValueError("an entry is an object")
    account, is_quiet = fields.get("account"), fields.get("no_disturbance")
    ring_s = fields.get("ring_s", RING_S)
    if type(account) is not int or not 1 <= account <= ACCOUNTS_MAX or type(is_quiet) is not bool:
        raise ValueError("no account, or no mark")
    if type(ring_s) is not int or not 1 <= ring_s <= RING_S_MAX:
        raise ValueError("ring_s is a number of seconds")
    always, busy, late = (_number(fields.get(name)) for name in ("always", "busy", "no_answer"))
    return AccountServices(account, is_quiet, always, busy, late, ring_s)


def _number(value: object) -> str:
    text = text_field(value, NUMBER_CHARACTERS_MAX)
    return plain_number(text) if text else ""


SERVICES = KeptFile(
    "the services of accounts",
    services_fields,
    services_of,
    name="services",
    list_name="services",
    entries_max=ACCOUNTS_MAX,
    bytes_max=FILE_BYTES_MAX,
)
