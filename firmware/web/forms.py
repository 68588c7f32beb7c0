"""What a form sent: fields, and files that were chosen (RFC 7578).

The body is in memory and bounded before it comes here. It is read here and not by microdot, whose
reader of several parts waits for ever for the end of one that has none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import parse_qsl

from firmware.frozen import frozen

ENCODED = "application/x-www-form-urlencoded"
PARTED = "multipart/form-data"

FIELDS_MAX = 500
"""The largest page of parameters has some 150."""

BOUNDARY = re.compile(r'boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?')
DISPOSITION = re.compile(
    rb'content-disposition: form-data; name="([^"\r\n]*)"(; filename="([^"\r\n]*)")?',
    re.IGNORECASE,
)


class FormError(ValueError):
    """What was sent is no form."""


@frozen
class Form:
    """Fields by name (of several with one name the last), and files by the name of their field.

    Either may be a secret.
    """

    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def text(self, name: str) -> str:
        """Return a field, "" where there is none."""
        return self.fields.get(name, "")


def read_form(content_type: str, body: bytes) -> Form:
    """Return the form; raise FormError where it is none."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == ENCODED:
        return Form(_encoded(body))
    boundary = BOUNDARY.search(content_type)
    if kind == PARTED and boundary is not None:
        return _parted(body, boundary[1].encode())
    raise FormError("this is not what a form sends")


def _encoded(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:  # No UTF-8, or too many of them.
        raise FormError("this is not what a form sends") from None


def _parted(body: bytes, boundary: bytes) -> Form:
    begins, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if begins or not parts or parts[-1].strip() != b"--" or len(parts) > FIELDS_MAX:
        raise FormError("the form is not whole")
    fields, files = dict[str, str](), dict[str, bytes]()
    for part in parts[:-1]:
        head, end, content = part.partition(b"\r\n\r\n")
        found = DISPOSITION.search(head)
        if not end or found is None:
            raise FormError("the form is not whole")
        name = found[1].decode(errors="replace")
        if found[2] is None:
            fields[name] = content.decode(errors="replace")
        elif content:
            files[name] = content
    return Form(fields, files)
