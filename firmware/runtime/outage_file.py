"""The outage log on disk (S3)."""

from __future__ import annotations

from firmware.phone.outage import OUTAGES_MAX
from firmware.runtime.kept_file import KeptFile
from firmware.runtime.outage_json import outage_fields, outage_of

FILE_BYTES_MAX = 512 * 1024
"""A full log of the longest entries in the longest letters has 420 KB; a usual one 60 KB."""

OUTAGE_LOG = KeptFile(
    "the outage log",
    outage_fields,
    outage_of,
    name="outages",
    list_name="outages",
    entries_max=OUTAGES_MAX,
    bytes_max=FILE_BYTES_MAX,
)
