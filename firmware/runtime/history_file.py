"""The history of calls on disk."""

from __future__ import annotations

from firmware.phone.history import CALLS_MAX
from firmware.phone.kept import TEXT_CHARACTERS_MAX, WHY_CHARACTERS_MAX, CallWay, PastCall
from firmware.runtime.kept_file import KeptFile, rounded, seconds_field, text_field

ACCOUNT_MAX = 9

FILE_BYTES_MAX = 512 * 1024
"""300 calls of the longest names in the longest letters have 270 KB; usual ones 50 KB."""


def call_fields(call: PastCall) -> dict[str, object]:
    """Return a call as a JSON object."""
    return {
        "way": call.way.value,
        "name": call.name,
        "number": call.number,
        "account": call.account,
        "began": rounded(call.began),
        "duration_s": rounded(call.duration_s),
        "why": call.why,
        "new": call.is_new,
    }


def call_of(fields: object) -> PastCall:
    """Return the call that an object stands for; ValueError where it stands for none."""
    if not isinstance(fields, dict):
        raise ValueError("an entry is an object")
    account, is_new = fields.get("account"), fields.get("new")
    if type(account) is not int or not 0 <= account <= ACCOUNT_MAX or type(is_new) is not bool:
        raise ValueError("no account, or no mark")
    return PastCall(
        CallWay(fields.get("way")),
        text_field(fields.get("name"), TEXT_CHARACTERS_MAX),
        text_field(fields.get("number"), TEXT_CHARACTERS_MAX),
        account,
        seconds_field(fields.get("began")),
        seconds_field(fields.get("duration_s")),
        text_field(fields.get("why"), WHY_CHARACTERS_MAX),
        is_new,
    )


HISTORY = KeptFile(
    "the history of calls",
    call_fields,
    call_of,
    name="history",
    list_name="calls",
    entries_max=CALLS_MAX * len(CallWay),
    bytes_max=FILE_BYTES_MAX,
)
