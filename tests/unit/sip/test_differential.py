"""A second opinion: what we write the `sipmessage` package reads as we do, and the other way round.

Drawn is what both can say. `sipmessage` takes no host that is no name (`sip:p1`), no headers in a
URI, no comma and no quote in a quoted value, no folded line; in a list only one quoted name, and
no white space before a comma. It writes parameters with %-escapes.
"""

from __future__ import annotations

import string

import pytest
import sipmessage
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.sip.address import NameAddress, parse_list
from firmware.sip.auth import Challenge, answer_challenge
from firmware.sip.cseq import NUMBER_MAX, CSeq
from firmware.sip.fields import MediaType
from firmware.sip.grammar import Parameters, split_list, unescape
from firmware.sip.headers import Headers
from firmware.sip.message import Request, Response, parse_message
from firmware.sip.uri import SipUri, TelUri, parse_uri
from firmware.sip.via import Via
from tests.unit.sip import strategies as draw
from tests.unit.sip.torture import load

WORD = string.ascii_letters + string.digits

words = st.text(WORD, min_size=1, max_size=10)
hosts = st.one_of(
    st.from_regex(r"[a-zA-Z0-9]{1,8}(-[a-z0-9]{1,4})?\.[a-z]{2,6}", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.just("localhost"),
)
names = st.lists(
    st.text(st.characters(categories=["L", "N"]) | st.sampled_from(",;:@()<>'-!"), max_size=6)
).map(lambda parts: " ".join(" ".join(parts).split()))
tokens = st.text(draw.TOKEN.replace("%", ""), min_size=1, max_size=10)
parameters = draw.parameters(tokens)
uri_parameters = draw.parameters(
    st.text(draw.URI_VALUE, min_size=1, max_size=8),
)

sip_uris = st.builds(
    SipUri,
    scheme=st.sampled_from(["sip", "sips"]),
    host=hosts,
    user=st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
    password=st.none() | st.text(string.ascii_letters + "&=+$,", min_size=1, max_size=6),
    port=draw.ports,
    parameters=uri_parameters,
) | st.builds(SipUri, scheme=st.just("sips"), host=hosts, port=draw.ports)
tel_uris = st.builds(
    TelUri,
    number=st.from_regex(
        r"\+[0-9][0-9().\-]{0,10}|[0-9A-F*#][0-9A-F*#().\-]{0,10}", fullmatch=True
    ),
    parameters=uri_parameters,
)
uris = sip_uris | tel_uris
addresses = st.builds(NameAddress, uri=uris, display_name=names, parameters=parameters)
nameless = st.builds(NameAddress, uri=uris, parameters=parameters)
vias = st.builds(Via, hosts, draw.ports, st.sampled_from(["TLS", "TCP", "x-new"]), parameters)
cseqs = st.builds(CSeq, number=st.integers(0, NUMBER_MAX), method=draw.tokens)
media_types = st.builds(
    MediaType, type=words.map(str.lower), subtype=words.map(str.lower), parameters=parameters
)


def same_parameters(ours: Parameters, theirs: sipmessage.Parameters) -> None:
    """Compare what they say: it resolves escapes, we keep them."""
    mine = {unescape(name): value and unescape(value) for name, value in ours}
    assert mine == {name: value and unescape(value) for name, value in theirs.items()}


def same_uri(ours: object, theirs: sipmessage.URI) -> None:
    if isinstance(ours, TelUri):
        assert (theirs.scheme, theirs.user) == ("tel", ours.number)
    else:
        assert isinstance(ours, SipUri)
        assert (ours.scheme, ours.host, ours.user) == (
            theirs.scheme,
            theirs.host.strip("[]"),
            theirs.user,
        )
        assert (ours.password and unescape(ours.password), ours.port) == (
            theirs.password,
            theirs.port,
        )
    same_parameters(ours.parameters, theirs.parameters)


def same_address(ours: NameAddress, theirs: sipmessage.Address) -> None:
    same_uri(ours.uri, theirs.uri)
    assert ours.display_name == theirs.name
    same_parameters(ours.parameters, theirs.parameters)


def same_via(ours: Via, theirs: sipmessage.Via) -> None:
    assert (ours.transport, ours.host, ours.port) == (
        theirs.transport,
        theirs.host.strip("[]"),
        theirs.port,
    )
    same_parameters(ours.parameters, theirs.parameters)


@settings(max_examples=150, deadline=None)
@given(uris)
def test_a_uri_is_the_same_to_both(uri: SipUri | TelUri) -> None:
    theirs = sipmessage.URI.parse(str(uri))
    same_uri(uri, theirs)
    same_uri(parse_uri(str(theirs)), theirs)


@settings(max_examples=150, deadline=None)
@given(addresses)
def test_an_address_is_the_same_to_both(address: NameAddress) -> None:
    theirs = sipmessage.Address.parse(str(address))
    same_address(address, theirs)
    same_address(NameAddress.parse(str(theirs)), theirs)


@settings(max_examples=60, deadline=None)
@given(st.lists(nameless, min_size=1, max_size=4), st.sampled_from([",", ", ", ",\t "]))
def test_a_list_of_addresses_is_the_same_to_both(some: list[NameAddress], comma: str) -> None:
    theirs = sipmessage.Address.parse_many(comma.join(map(str, some)))
    ours = parse_list(", ".join(map(str, theirs)))
    for one, another, again in zip(some, theirs, ours, strict=True):
        same_address(one, another)
        same_address(again, another)


@settings(max_examples=150, deadline=None)
@given(vias)
def test_a_via_is_the_same_to_both(via: Via) -> None:
    theirs = sipmessage.Via.parse(str(via))
    same_via(via, theirs)
    same_via(Via.parse(str(theirs)), theirs)


@settings(max_examples=60, deadline=None)
@given(cseqs)
def test_a_cseq_is_the_same_to_both(cseq: CSeq) -> None:
    theirs = sipmessage.CSeq.parse(str(cseq))
    assert (theirs.sequence, theirs.method) == (cseq.number, cseq.method)
    assert CSeq.parse(str(theirs)) == cseq


@settings(max_examples=60, deadline=None)
@given(media_types)
def test_a_media_type_is_the_same_to_both(media_type: MediaType) -> None:
    theirs = sipmessage.MediaType.parse(str(media_type))
    assert theirs.mime_type == media_type.name
    same_parameters(media_type.parameters, theirs.parameters)
    again = MediaType.parse(str(theirs))
    assert again.name == media_type.name
    same_parameters(again.parameters, theirs.parameters)


def spaced(text: str) -> st.SearchStrategy[str]:
    """Draw a text with any white space at each underscore."""
    first, *others = text.split("_")
    gaps = st.lists(
        st.sampled_from(["", " ", "\t", "  "]), min_size=len(others), max_size=len(others)
    )
    return gaps.map(lambda g: first + "".join(a + b for a, b in zip(g, others, strict=True)))


@settings(max_examples=60, deadline=None)
@given(spaced("Name_<sip:u@example.org>_;_tag_=_1_;_flag_;_b=c") | spaced("_<sip:example.org>_"))
def test_white_space_in_an_address_means_nothing_to_both(text: str) -> None:
    same_address(NameAddress.parse(text), sipmessage.Address.parse(text))


@settings(max_examples=60, deadline=None)
@given(spaced("_SIP_/_2.0_/_TLS [2001:db8::1]:5061_;_branch_=_z9_;_rport_"))
def test_white_space_in_a_via_means_nothing_to_both(text: str) -> None:
    ours = Via.parse(text)
    assert (ours.protocol, ours.transport) == ("SIP/2.0", "TLS")
    same_via(ours, sipmessage.Via.parse(text))


# Authentication.

plain_words = st.text(WORD + " .@/+=:", max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Challenge,
        realm=plain_words,
        nonce=plain_words,
        opaque=st.none() | plain_words,
        algorithm=st.sampled_from(["MD5", "SHA-256"]),
        qop=st.sampled_from([(), ("auth",), ("auth-int",)]),
        stale=st.booleans(),
        domain=st.none() | plain_words,
    )
)
def test_a_challenge_and_its_answer_are_the_same_to_both(challenge: Challenge) -> None:
    theirs = sipmessage.AuthChallenge.parse(str(challenge))
    assert theirs.scheme == "Digest"
    assert Challenge.parse(str(theirs)) == challenge
    facts = theirs.parameters
    assert (facts["realm"], facts["nonce"]) == (challenge.realm, challenge.nonce)
    assert facts.get("opaque") == challenge.opaque
    text = answer_challenge(
        challenge, user="u", password="p", method="M", uri="sip:h", body=b"", nc=1, cnonce="c"
    )
    answered = sipmessage.AuthCredentials.parse(text).parameters
    assert answered is not None
    assert answered["uri"] == "sip:h"
    assert (answered["realm"], answered["nonce"]) == (challenge.realm, challenge.nonce)
    assert f'response="{answered["response"]}"' in text
    assert answered.get("qop") == (challenge.qop[0] if challenge.qop else None)


# Messages.

subjects = st.text(st.characters(categories=["L", "N"]) | st.just(" "), max_size=20).map(str.strip)


def headers(
    hops: list[Via],
    ends: tuple[NameAddress, NameAddress],
    contacts: list[NameAddress],
    cseq: CSeq,
    subject: str,
) -> Headers:
    return Headers.of(
        *(("Via", via) for via in hops),
        ("From", ends[0]),
        ("To", ends[1]),
        ("Call-ID", "c1"),
        ("CSeq", cseq),
        *(("Contact", contact) for contact in contacts),
        ("Subject", subject),
    )


heads = st.builds(
    headers,
    st.lists(vias, min_size=1, max_size=3),
    st.tuples(addresses, addresses),
    st.lists(addresses, max_size=2),
    cseqs,
    subjects,
)
messages = st.builds(Request, draw.tokens, sip_uris, heads, draw.bodies) | st.builds(
    Response, st.integers(100, 699), st.sampled_from(["OK", "Not äöü (x)"]), heads, draw.bodies
)


def same_message(
    ours: Request | Response, theirs: sipmessage.Request | sipmessage.Response
) -> None:
    if isinstance(ours, Request):
        assert isinstance(theirs, sipmessage.Request)
        assert ours.method == theirs.method
        same_uri(ours.uri, theirs.uri)
    else:
        assert isinstance(theirs, sipmessage.Response)
        assert (ours.status, ours.reason) == (theirs.code, theirs.phrase)
    for via, their_via in zip(ours.vias, theirs.via, strict=True):
        same_via(via, their_via)
    for contact, their_contact in zip(ours.contacts, theirs.contact, strict=True):
        same_address(contact, their_contact)
    same_address(ours.from_, theirs.from_address)
    same_address(ours.to, theirs.to_address)
    assert (ours.call_id, ours.headers.get("Subject")) == (
        theirs.call_id,
        theirs.headers["Subject"],
    )
    assert (ours.cseq.number, ours.cseq.method) == (theirs.cseq.sequence, theirs.cseq.method)
    assert ours.body == theirs.body


@settings(max_examples=100, deadline=None)
@given(messages)
def test_a_message_is_the_same_to_both(ours: Request | Response) -> None:
    theirs = sipmessage.Message.parse(bytes(ours))
    same_message(ours, theirs)
    same_message(parse_message(bytes(theirs)), theirs)


@pytest.mark.parametrize("name", ["lwsdisp", "dblreq", "transports", "zeromf", "cparam02", "sdp01"])
def test_a_torture_message_is_the_same_to_both(name: str) -> None:
    data = load()[name].data.split(b"\r\n\r\n")[0] + b"\r\nSubject: s\r\n\r\n"
    data = data.replace(b"\r\n        ", b" ")
    lines = [line for line in data.split(b"\r\n") if line[:2].lower() not in {b"l:", b"co"}]
    data = b"\r\n".join(lines)
    same_message(parse_message(data), sipmessage.Message.parse(data))


@given(st.lists(words, max_size=5))
def test_a_list_of_tokens_is_the_same_to_both(tags: list[str]) -> None:
    theirs = sipmessage.Request("OPTIONS", sipmessage.URI.parse("sip:a@example.org"))
    theirs.supported = tags
    text = theirs.headers.get("Supported") or ""
    assert split_list(text) == tuple(tags) == tuple(theirs.supported)
