"""Session descriptions: tolerant in reading, exact in writing, limited in size (RFC 8866)."""

from __future__ import annotations

import pytest

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.sdp import BYTES_MAX, DIRECTIONS, MEDIA_MAX, Media, SessionDescription
from tests.unit.sip.torture import load

OFFER = b"""v=0
o=alice 2890844526 2890844527 IN IP4 192.0.2.1
s=A call
i=title
u=https://example.org
c=IN IP4 192.0.2.2/127
b=AS:64
t=0 0
a=sendonly
m=audio 49170/2 RTP/SAVP 0 8 96 97
c=IN IP6 2001:db8::1
a=rtpmap:96 opus/48000/2
a=rtpmap:0 pcmu/8000
a=rtpmap:97
a=fmtp:96 useinbandfec=1
a=recvonly
a=inactive
m=video 0 RTP/AVP 31
""".replace(b"\n", b"\r\n")


def test_an_offer_is_read() -> None:
    offer = SessionDescription.parse(OFFER)
    assert (offer.user, offer.session_id, offer.version) == ("alice", 2890844526, 2890844527)
    assert (offer.origin_address, offer.address, offer.name) == ("192.0.2.1", "192.0.2.2", "A call")
    assert offer.attributes == (("sendonly", ""),)
    assert offer.others == ("i=title", "u=https://example.org", "b=AS:64", "t=0 0")
    audio, video = offer.media
    assert (audio.kind, audio.port, audio.protocol) == ("audio", 49170, "RTP/SAVP")
    assert (audio.connection, video.connection) == ("2001:db8::1", "")
    assert audio.formats == ("0", "8", "96", "97")
    assert audio.encodings == {"0": "PCMU/8000", "8": "PCMA/8000", "96": "OPUS/48000/2"}
    assert audio.attribute("fmtp") == "96 useinbandfec=1"
    assert audio.attribute("ptime") is None
    assert (audio.direction, video.direction) == ("recvonly", None)
    assert video.port == 0


def test_an_offer_is_written_in_the_order_of_the_rfc() -> None:
    written = bytes(SessionDescription.parse(OFFER))
    assert [line[:1] for line in written.decode().split("\r\n")] == [*"vosiucbtamcaaaaaam", ""]
    assert SessionDescription.parse(written) == SessionDescription.parse(OFFER)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_direction_is_an_attribute(direction: str) -> None:
    media = Media("audio", 1, "RTP/AVP", ("0",), attributes=(("x", "y"), (direction, "")))
    assert media.direction == direction


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b" \r\n", b"\n\n"])
def test_line_ends_are_read_as_they_come(line_end: bytes) -> None:
    data = OFFER.replace(b"\r\n", line_end)
    assert SessionDescription.parse(data) == SessionDescription.parse(OFFER)


def test_lines_that_may_be_missing_may_be_missing() -> None:
    least = SessionDescription.parse(b"v=0\r\n")
    assert (least.media, least.address) == ((), "")
    written = bytes(least)
    assert written == b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


def test_a_session_id_that_is_no_number_names_nothing() -> None:
    description = SessionDescription.parse(b"v=0\no=- x 99999999999999999999 IN IP4 h\n")
    assert (description.session_id, description.version) == (0, 0)


def test_the_offers_of_the_torture_messages_are_read() -> None:
    bodies = [torture.data.partition(b"\r\n\r\n")[2] for torture in load().values()]
    offers = [SessionDescription.parse(body) for body in bodies if body.startswith(b"v=0")]
    assert len(offers) > 10
    assert all(offer.media[0].port == 49217 for offer in offers)


@pytest.mark.parametrize(
    "line",
    [
        "audio",
        "m audio 1 RTP/AVP 0",
        "m=audio",
        "m=audio 1 RTP/AVP",
        "m=audio x RTP/AVP 0",
        "m=audio -1 RTP/AVP 0",
        "m=audio 65536 RTP/AVP 0",
        "m=audio /2 RTP/AVP 0",
        "c=IN IP4",
        "c=IN IP5 192.0.2.1",
        "c=OUT IP4 192.0.2.1",
        "c=",
        "o=- 1 1 IN IP4",
        "t=0\r0",
        "o=",
    ],
)
def test_a_line_that_cannot_be_read_is_refused(line: str) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        SessionDescription.parse(f"v=0\r\n{line}\r\n".encode())
    assert refused.value.status == 400


@pytest.mark.parametrize("data", [b"", b"\r\n", b"hello", b"v=1\r\n", b"\xff\xfe", b"s=-\r\nv=0"])
def test_what_is_no_description_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="not a session description"):
        SessionDescription.parse(data)


def test_a_description_at_its_limit_is_taken_and_one_above_is_refused() -> None:
    start = b"v=0\r\na="
    assert SessionDescription.parse(start + b"x" * (BYTES_MAX - len(start)))
    with pytest.raises(RemoteProtocolError) as refused:
        SessionDescription.parse(start + b"x" * (BYTES_MAX - len(start) + 1))
    assert refused.value.status == 488


def test_as_many_media_as_the_limit_are_taken_and_one_more_is_refused() -> None:
    line = b"m=audio 0 RTP/AVP 0\r\n"
    assert len(SessionDescription.parse(b"v=0\r\n" + line * MEDIA_MAX).media) == MEDIA_MAX
    with pytest.raises(RemoteProtocolError) as refused:
        SessionDescription.parse(b"v=0\r\n" + line * (MEDIA_MAX + 1))
    assert refused.value.status == 488


@pytest.mark.parametrize("text", ["a\r\nm=audio 1 RTP/AVP 0", "a\nb", "a\rb"])
def test_what_would_end_a_line_is_never_written(text: str) -> None:
    for description in (
        SessionDescription("192.0.2.1", name=text),
        SessionDescription(text),
        SessionDescription("192.0.2.1", attributes=(("x", text),)),
        SessionDescription("192.0.2.1", media=(Media(text, 1, "RTP/AVP", ("0",)),)),
    ):
        with pytest.raises(ValueError, match="line end"):
            bytes(description)
