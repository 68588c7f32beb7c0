"""SIP messages for Wireshark: what tshark reads of the file, and what nobody reads in it (T4)."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from firmware.link.events import (
    Address,
    Close,
    Connect,
    Connected,
    Failure,
    FailureKind,
    Lost,
    Received,
    ServerName,
    TlsFacts,
    Write,
)
from firmware.phone.events import TimeIs
from firmware.runtime import web_trace
from firmware.runtime.web_trace import Recording
from firmware.web.pcap import Packet, capture
from tests.unit.web.rig import NOON, PASSWORD, page

REGISTER = (
    b"REGISTER sip:lab.test SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.7:5061;branch=z9hG4bK1\r\n"
    b"From: <sip:alice@lab.test>;tag=1\r\nTo: <sip:alice@lab.test>\r\nCall-ID: one\r\n"
    b'CSeq: 1 REGISTER\r\nAuthorization: Digest username="alice", realm="lab",'
    b' nonce="5ecret-nonce", uri="sip:lab.test", response="5ecret-digest"\r\n'
    b"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
OK = REGISTER.replace(b"REGISTER sip:lab.test SIP/2.0", b"SIP/2.0 200 OK", 1)
PHONE, PROXY = Address("192.0.2.7", 40000), Address("192.0.2.1", 5061)
SIX, PROXY_SIX = Address("2001:db8::7", 40000), Address("2001:db8::1", 5061)
FACTS = TlsFacts(PHONE, "TLSv1.3", "AES", resumed=False, certificate_ends=0.0)


def tshark(path: Path, *fields: str) -> list[list[str]]:
    """Return fields of each packet, as Wireshark's own program reads them."""
    words = [word for field in fields for word in ("-e", field)]
    found = subprocess.run(
        ["tshark", "-r", str(path), "-T", "fields", *words],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return [line.split("\t") for line in found.stdout.splitlines()]


def recorded(*events: object) -> Recording:
    recording = Recording(lambda: TimeIs(NOON))
    for event in events:
        if isinstance(event, Close | Connect | Write):
            recording.sent(event)
        else:
            recording.heard(event)
    return recording


def test_tshark_shows_the_messages_and_between_whom_they_went(tmp_path: Path) -> None:
    recording = recorded(
        Connect(1, ServerName("lab.test"), PROXY),
        Connected(1, FACTS),
        Write(1, REGISTER),
        Write(1, b"\r\n\r\n"),
        Received(1, b"\r\n"),
        Received(1, OK[:100]),
        Received(1, OK[100:]),
    )
    path = tmp_path / "sip.pcap"
    path.write_bytes(capture([*recording.packets, Packet(NOON + 1, SIX, PROXY_SIX, "")]))
    shown = tshark(
        path,
        "sip.Method",
        "sip.Status-Code",
        "exported_pdu.ipv4_src",
        "exported_pdu.src_port",
        "exported_pdu.ipv4_dst",
        "exported_pdu.dst_port",
        "exported_pdu.ipv6_src",
    )
    assert shown == [
        ["REGISTER", "", "192.0.2.7", "40000", "192.0.2.1", "5061", ""],
        ["", "200", "192.0.2.1", "5061", "192.0.2.7", "40000", ""],
        ["", "", "", "40000", "", "5061", "2001:db8::7"],
    ]
    assert [one[0] for one in tshark(path, "sip.Call-ID")][:2] == ["one", "one"]
    assert float(tshark(path, "frame.time_epoch")[0][0]) == NOON


def test_no_secret_is_in_the_file() -> None:
    data = capture(recorded(Write(1, REGISTER), Received(1, OK)).packets)
    assert data.count(b"5ecret") == 0
    assert data.count(b"CSeq: 1 REGISTER") == 2


def test_an_end_that_is_not_known_is_left_out(tmp_path: Path) -> None:
    recording = recorded(
        Write(1, REGISTER), Lost(1, Failure(FailureKind.RESET, "reset")), Connected(2, FACTS),
        Write(2, REGISTER),
    )  # fmt: skip
    path = tmp_path / "sip.pcap"
    path.write_bytes(capture(recording.packets))
    assert tshark(path, "sip.Method", "exported_pdu.src_port") == [["REGISTER", ""]] * 2


@pytest.mark.parametrize("end", [Close(1), Lost(1, Failure(FailureKind.RESET, "reset"))])
def test_of_a_connection_that_has_ended_nothing_is_remembered(end: object) -> None:
    recording = recorded(
        Connect(1, ServerName("lab.test"), PROXY), Write(1, REGISTER), end, Write(1, REGISTER)
    )
    assert [packet.target for packet in recording.packets] == [PROXY, None]


def test_a_recording_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_trace, "PACKETS_MAX", 3)
    recording = recorded(*(Write(number, REGISTER) for number in range(5)))
    assert len(recording.packets) == 3
    monkeypatch.setattr(web_trace, "CHARACTERS_MAX", 2 * len(REGISTER))
    recording.sent(Write(9, REGISTER))
    assert len(recording.packets) <= 2


def test_it_records_from_button_to_button_and_not_beyond_the_last_log_in(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, f"admin password: {PASSWORD}\n") as browser:
            ears = browser.phone.ears
            await browser.log_in()
            assert "Not recording, 0 messages." in (await browser.get("/trace")).text
            await browser.post("/trace/begin")
            (ear,) = ears
            ear.sent(Write(1, REGISTER))
            await asyncio.sleep(0)
            assert "Recording, 1 messages." in (await browser.get("/trace")).text
            await browser.post("/trace/end")
            assert ears == []
            saved = await browser.get("/trace/sip.pcap")
            assert b"REGISTER sip:lab.test" in saved.body
            await browser.post("/trace/begin")
            assert len(ears) == 1
            await browser.post("/logout")
            assert ears == [], "nobody listens for nobody"
            await browser.log_in()
            assert "Not recording, 0 messages." in (await browser.get("/trace")).text

    asyncio.run(scene())
