"""Lines of the log as others read them: RFC 5424, its stream, the system's journal."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.syslog.journal import entry
from firmware.syslog.line import LogLine, Severity, printable, wanted
from firmware.syslog.message import DATAGRAM_BYTES_MAX, Origin, message, octets_counted
from tests.unit.syslog.collector import Parsed, frames

ORIGIN = Origin("desk-12", "001122AABBCC", 4711, "0.1")
LINE = LogLine(
    1764133814.25,
    Severity.WARNING,
    "link",
    "down, connection refused",
    (("state", "waiting"), ("proxy", "primary.example:5061")),
    is_synchronised=True,
)
TEXT = st.text(max_size=3000)


def test_a_line_is_a_message_of_rfc_5424() -> None:
    assert message(LINE, 7, ORIGIN, DATAGRAM_BYTES_MAX) == (
        b'<132>1 2025-11-26T05:10:14.250000Z desk-12 handset 4711 link [meta sequenceId="7"]'
        b'[timeQuality tzKnown="1" isSynced="1"][handset@32473 mac="001122AABBCC" version="0.1"'
        b' state="waiting" proxy="primary.example:5061"] down, connection refused'
    )


def test_a_time_that_nobody_knows_is_not_guessed() -> None:
    line = LogLine(None, Severity.INFORMATION, "clock", "not set")
    parsed = Parsed(message(line, 1, ORIGIN, DATAGRAM_BYTES_MAX))
    assert parsed.time == "-"
    assert parsed.structured["timeQuality"] == {"tzKnown": "0", "isSynced": "0"}


def test_a_text_beyond_ascii_is_marked_as_utf_8() -> None:
    line = LogLine(0.0, Severity.DEBUG, "trace", "Grüße")
    assert message(line, 1, ORIGIN, 1000).endswith(b" \xef\xbb\xbfGr\xc3\xbc\xc3\x9fe")


@given(text=TEXT, value=TEXT, host=st.text(max_size=300))
def test_whatever_is_logged_stays_within_its_place(text: str, value: str, host: str) -> None:
    line = LogLine(0.0, Severity.ERROR, "trace", text, (("said", value[:256]),))
    data = message(line, 1, Origin(host, "00", 1, "0"), 8192)
    parsed = Parsed(data)
    assert (parsed.facility, parsed.severity, parsed.module) == (16, 3, "trace")
    assert parsed.text == printable(text)
    assert parsed.structured["handset@32473"]["said"] == printable(value[:256]).replace("\n", " ")


@given(text=st.text(min_size=1500, max_size=3000))
def test_what_is_too_long_loses_its_end_and_no_half_character(text: str) -> None:
    data = message(LogLine(0.0, Severity.ERROR, "trace", text), 1, ORIGIN, DATAGRAM_BYTES_MAX)
    assert DATAGRAM_BYTES_MAX - 4 < len(data) <= DATAGRAM_BYTES_MAX
    assert printable(text).startswith(Parsed(data).text)


@given(values=st.lists(st.text(max_size=16).map(lambda text: text * 16), max_size=16), text=TEXT)
def test_fields_beyond_their_room_are_left_out_whole(values: list[str], text: str) -> None:
    named = tuple((f"f{number}", value) for number, value in enumerate(values))
    line = LogLine(0.0, Severity.ERROR, "accounts", text, named)
    parsed = Parsed(message(line, 1, ORIGIN, DATAGRAM_BYTES_MAX))
    own = parsed.structured["handset@32473"]
    kept = [(name, own[name]) for name, _ in named if name in own]
    assert kept == [(n, printable(value).replace("\n", " ")) for n, value in named[: len(kept)]]
    assert printable(text).startswith(parsed.text)


def test_the_fields_that_have_room_are_there_and_so_is_the_text() -> None:
    fields = (("address", "a" * 256), ("reason", "\u932f" * 256), ("state", "refused"))
    line = LogLine(0.0, Severity.ERROR, "accounts", "refused", fields)
    parsed = Parsed(message(line, 1, ORIGIN, DATAGRAM_BYTES_MAX))
    assert set(parsed.structured["handset@32473"]) == {"mac", "version", "address"}
    assert parsed.text == "refused"


@given(texts=st.lists(st.text(max_size=50)))
def test_a_stream_is_cut_where_it_was_joined(texts: list[str]) -> None:
    messages = [text.encode(errors="replace") for text in texts]
    assert frames(b"".join(map(octets_counted, messages))) == messages


def test_an_entry_of_the_journal_has_each_field_for_itself() -> None:
    assert entry(LINE) == (
        b"MESSAGE=down, connection refused\nPRIORITY=4\nSYSLOG_IDENTIFIER=handset\n"
        b"HANDSET_MODULE=link\nHANDSET_STATE=waiting\nHANDSET_PROXY=primary.example:5061\n"
    )


def test_a_text_of_lines_is_one_field_of_the_journal() -> None:
    text = "INVITE sip:a\nPRIORITY=0\n"
    data = entry(LogLine(0.0, Severity.DEBUG, "trace", text.replace("\n", "\r\n")))
    assert data.startswith(b"MESSAGE\n" + struct.pack("<Q", len(text)) + text.encode() + b"\n")
    assert data.partition(text.encode())[2].startswith(b"\nPRIORITY=7\n")


@pytest.mark.parametrize(
    ("bits", "severity"),
    [
        (0, None),
        (1, Severity.CRITICAL),
        (3, Severity.ERROR),
        (7, Severity.WARNING),
        (4, Severity.WARNING),
        (39, Severity.INFORMATION),
        (8, Severity.INFORMATION),
        (16, Severity.DEBUG),
        (65535, Severity.DEBUG),
    ],
)
def test_the_most_talkative_bit_decides(bits: int, severity: Severity | None) -> None:
    assert wanted(bits) is severity
