"""How fast messages are read and written, beside the `sipmessage` library on the same bytes.

Reading is what a phone does with each message: parse it and look at the header fields that every
layer needs. Writing is the way back to bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import sipmessage

from firmware.sip.message import Request, Response, parse_message

INVITE = (
    b"INVITE sip:201@10.77.0.1:40112;transport=tls SIP/2.0\r\n"
    b"Record-Route: <sip:10.77.0.2:5061;transport=tls;lr;ftag=4b73338e51d76abb>\r\n"
    b"Via: SIP/2.0/TLS 10.77.0.2:5061;branch=z9hG4bK6639.10c767066542cbf13315879d47896c9c.0\r\n"
    b"Via: SIP/2.0/TLS 10.77.0.9:46367;received=10.77.0.9;branch=z9hG4bK8375f95e;rport=47078\r\n"
    b"Contact: <sip:202@10.77.0.9:46367;transport=tls;alias=10.77.0.9~47078~3>\r\n"
    b"Max-Forwards: 69\r\n"
    b"To: <sip:201@lab.test>\r\n"
    b'From: "Desk 202" <sip:202@lab.test>;tag=4b73338e51d76abb\r\n'
    b"Call-ID: 41c918ad071b0fb7\r\n"
    b"CSeq: 18763 INVITE\r\n"
    b"User-Agent: desk\r\n"
    b"Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,SUBSCRIBE,INFO,MESSAGE,REFER\r\n"
    b"Supported: gruu,path,outbound\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 127\r\n"
    b"\r\n"
    b"v=0\r\no=- 3949405119 1289831910 IN IP4 10.77.0.9\r\ns=-\r\nc=IN IP4 10.77.0.9\r\nt=0 0\r\n"
    b"m=audio 6384 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)

ROUND_S = 0.3
ROUNDS = 7


def rate(work: Callable[[], object]) -> float:
    """Return how often a second something can be done: the median of some rounds."""
    return median(_one_round(work) for _ in range(ROUNDS))


def _one_round(work: Callable[[], object]) -> float:
    done, begun = 0, time.perf_counter()
    while (took_s := time.perf_counter() - begun) < ROUND_S:
        for _ in range(20):
            work()
        done += 20
    return done / took_s


def read_ours(data: bytes) -> tuple[object, ...]:
    """Parse, and read what every layer reads."""
    message = parse_message(data)
    return (
        message.via,
        message.from_,
        message.to,
        message.call_id,
        message.cseq,
        message.contacts,
    )


def read_theirs(data: bytes) -> tuple[object, ...]:
    """The same with `sipmessage`."""
    message = sipmessage.Message.parse(data)
    return (
        message.via[0],
        message.from_address,
        message.to_address,
        message.call_id,
        message.cseq,
        message.contact,
    )


def rates() -> list[tuple[str, float, float]]:
    """Return rows of name, our rate and theirs, in messages a second."""
    ours: Request | Response = parse_message(INVITE)
    theirs = sipmessage.Message.parse(INVITE)
    return [
        (
            "messages parsed a second",
            rate(lambda: read_ours(INVITE)),
            rate(lambda: read_theirs(INVITE)),
        ),
        ("messages written a second", rate(lambda: bytes(ours)), rate(lambda: bytes(theirs))),
    ]
