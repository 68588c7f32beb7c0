"""The fuzz targets of a call's sound: packets of any bytes, offers and answers of any lines.

What is wrong is a `MediaError` or a `RemoteProtocolError` with a sentence, never another exception;
what was read is written and reads back as itself; what is agreed keeps the promise of the mode; a
packet that was changed on its way is never taken for the far end's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import numpy as np

from firmware.media import negotiation
from firmware.media.call_voice import CallVoice
from firmware.media.errors import MalformedPacketError, SdesError
from firmware.media.events import PacketReceived, SendPacket
from firmware.media.formats import CODECS, DEFAULT_CHOICES, G722, OPUS, PCMA, PCMU
from firmware.media.negotiation import MediaWishes, NoAgreementError, SrtpMode
from firmware.media.plan import Direction, Format, MediaPlan
from firmware.media.rtcp import SourceDescription, compound, parse_compound
from firmware.media.rtp import RtpPacket
from firmware.media.sdes import Crypto, MasterKey, Suite, read_cryptos
from firmware.media.srtp import SrtpError, SrtpReceiver, SrtpSender
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.sdp import SessionDescription
from tests.unit.media.ends import PLAIN, STRANGER, THERE

HOST = "192.0.2.99"

WISHES = tuple(MediaWishes(3000, DEFAULT_CHOICES, mode) for mode in SrtpMode)

HEARD = replace(
    PLAIN,
    receives=(Format(0, PCMU), Format(8, PCMA), Format(9, G722), Format(107, OPUS)),
    events_in=((101, 8000), (102, 48000)),
)

DATAGRAMS_MAX = 64
"""More in one input show nothing new, and each costs a frame of sound."""


SENTENCE_MAX = 80


def _check_sentence(error: ValueError) -> None:
    assert str(error).isprintable()
    assert len(str(error)) <= SENTENCE_MAX


def _check_status(status: int) -> None:
    assert status in {400, 488}


def rtp(data: bytes) -> None:
    """Check one RTP packet: it is read, written and read again, and its source is the same."""
    try:
        packet = RtpPacket.parse(data)
    except MalformedPacketError as error:
        _check_sentence(error)
        return
    assert len(bytes(packet)) == len(data)
    assert RtpPacket.parse(bytes(packet)) == packet
    assert len(packet.payload) + packet.padding <= len(data) - 12


def rtcp(data: bytes) -> None:
    """Check one compound: what is known of it is written and read again."""
    try:
        packets = parse_compound(data)
    except MalformedPacketError as error:
        _check_sentence(error)
        return
    if packets and len(compound(packets)) <= len(data):
        assert parse_compound(compound(packets)) == packets
    # What is written of a chunk is longer than what was read only by what was left out there.
    assert len(packets) <= len(data) // 4 + 1
    assert all(len(each.name) < 256 for each in packets if isinstance(each, SourceDescription))


def sound(data: bytes) -> None:
    """Feed datagrams to a call's whole sound, and listen: no samples but whole frames come out.

    Each begins with its length, who sends it to which port, and how long after the one before.
    """
    voice = CallVoice(HEARD, 8000, Random(1), 0.0)
    now = 0.0
    for datagram, is_far, on_rtcp_port, wait_s in _datagrams(data):
        now += wait_s
        source = THERE if is_far else STRANGER
        voice.received(PacketReceived(datagram, source, on_rtcp_port), now)
        if (due := voice.deadline()) is not None and due <= now:
            voice.wake(now)
            after = voice.deadline()
            assert after is None or after > now
        heard = voice.hear(160, now)
        assert len(heard) == 160
        for packet in voice.speak(np.zeros(160, np.int16), now):
            assert not isinstance(packet, SendPacket) or len(packet.data) <= 1500


def _datagrams(data: bytes) -> Iterator[tuple[bytes, bool, bool, float]]:
    for _ in range(DATAGRAMS_MAX):
        if len(data) < 3:
            return
        length, how, wait = data[0], data[1], data[2]
        yield data[3 : 3 + length], not how & 1, bool(how & 2), wait / 255
        data = data[3 + length :]


def srtp(data: bytes) -> None:
    """Change a packet of the far end's on its way: it is refused, and what follows is heard.

    The first byte says the suite, whether there is an MKI, and RTP or RTCP; what follows is laid
    over the packet, or put in its place.
    """
    how, change = int.from_bytes(data[:1]), data[1:]
    suite = tuple(Suite)[how & 3]
    key = MasterKey.make(suite, Random(7).randbytes)
    sender, receiver = SrtpSender(key), SrtpReceiver(replace(key, mki=b"m" * (how >> 2 & 1)))
    protect = sender.protect_rtcp if how & 8 else sender.protect
    unprotect = receiver.unprotect_rtcp if how & 8 else receiver.unprotect
    packet = _report() if how & 8 else bytes(RtpPacket(0, 1, 160, 5, b"sound" * 20))
    secret = protect(packet)
    changed = _laid_over(secret, change) if how & 16 else change
    try:
        heard = unprotect(changed)
    except (SrtpError, MalformedPacketError) as error:
        _check_sentence(error)
        return
    assert changed == secret
    assert heard == packet


def _report() -> bytes:
    return compound([SourceDescription(5, b"somebody@example.org")])


def _laid_over(secret: bytes, change: bytes) -> bytes:
    padded = change[: len(secret)].ljust(len(secret), b"\0")
    return bytes(a ^ b for a, b in zip(secret, padded, strict=True)) + change[len(secret) :]


def sdes(data: bytes) -> None:
    """Check lines of keys, one a line: each is read or refused in words, and none is shown."""
    lines = data.decode("utf-8", "replace").split("\n")
    for line in lines:
        try:
            crypto = Crypto.parse(line)
        except SdesError as error:
            _check_sentence(error)
            continue
        again = Crypto.parse(crypto.to_sdp())
        assert (again.tag, again.key.material) == (crypto.tag, crypto.key.material)
        assert crypto.key.material.hex() not in repr(crypto)
        assert repr(crypto.key.material) not in repr(crypto)
    tags = [crypto.tag for crypto in read_cryptos(lines)]
    assert len(tags) == len(set(tags))


def sdp(data: bytes) -> None:
    """Take a description as an offer and as the answer to ours, in every mode."""
    try:
        theirs = SessionDescription.parse(data)
    except RemoteProtocolError as refusal:
        _check_sentence(refusal)
        _check_status(refusal.status)
        return
    for wishes in WISHES:
        _offered(theirs, wishes)
        _answered(theirs, wishes)


def _offered(theirs: SessionDescription, wishes: MediaWishes) -> None:
    secret, current = Random(1).randbytes, None
    for direction in (Direction.SENDRECV, Direction.SENDONLY):
        try:
            ours = negotiation.answer(theirs, wishes, HOST, direction, current, secret)
            current = negotiation.agree(ours, theirs, wishes, we_answered=True)
        except NoAgreementError as error:
            _check_sentence(error)
            return
        assert len(ours.media) == len(theirs.media)
        assert sum(media.port > 0 for media in ours.media) == 1
        assert SessionDescription.parse(bytes(ours)).media == ours.media
        _check_plan(current, wishes)


def _answered(theirs: SessionDescription, wishes: MediaWishes) -> None:
    cryptos = negotiation.make_cryptos(Random(1).randbytes)
    ours = negotiation.offer(wishes, HOST, cryptos, Direction.SENDRECV)
    try:
        plan = negotiation.agree(ours, theirs, wishes, we_answered=False)
    except NoAgreementError as error:
        _check_sentence(error)
        return
    _check_plan(plan, wishes)


def _check_plan(plan: MediaPlan, wishes: MediaWishes) -> None:
    """Check that a plan can be carried out, and is as secret as the mode says."""
    assert (plan.key_in is None) == (plan.key_out is None)
    assert plan.is_encrypted or wishes.srtp is not SrtpMode.ONLY
    assert not (plan.is_encrypted and wishes.srtp is SrtpMode.OFF)
    assert 0 < plan.remote.port <= 65535
    assert 0 < plan.remote_rtcp.port <= 65535
    assert plan.sends.codec in CODECS
    assert plan.ptime_ms in plan.sends.codec.ptimes_ms
    numbers = [each.payload_type for each in plan.receives]
    assert len(set(numbers)) == len(numbers)
    CallVoice(plan, 48000, Random(1), 0.0)
