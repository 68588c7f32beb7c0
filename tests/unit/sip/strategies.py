"""What hypothesis draws: every value of the SIP layer, as its types allow it."""

from __future__ import annotations

import string
from ipaddress import IPv4Address, IPv6Address

from hypothesis import strategies as st

from firmware.sip.address import NameAddress
from firmware.sip.auth import Challenge
from firmware.sip.cseq import NUMBER_MAX, CSeq
from firmware.sip.fields import MediaType, Reason
from firmware.sip.grammar import Parameters, quote
from firmware.sip.headers import Headers
from firmware.sip.message import Request, Response
from firmware.sip.sdp import Media, SessionDescription
from firmware.sip.uri import OtherUri, SipUri, TelUri
from firmware.sip.via import Via

TOKEN = string.ascii_letters + string.digits + "-.!%*_+`'~"
URI_VALUE = string.ascii_letters + string.digits + "-_.!~*'()[]/:&+$"

tokens = st.text(TOKEN, min_size=1, max_size=12)
names = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=10)
line_text = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=20)
quoted = line_text.map(quote)
ports = st.none() | st.integers(0, 65535)
numbers = st.integers(0, 2**31)

hosts = st.one_of(
    st.from_regex(
        r"[a-zA-Z0-9]([a-zA-Z0-9_-]{0,8}[a-zA-Z0-9])?(\.[a-z]{1,6}){0,2}", fullmatch=True
    ),
    st.integers(0, 2**32 - 1).map(lambda n: str(IPv4Address(n))),
    st.integers(0, 2**128 - 1).map(lambda n: str(IPv6Address(n))),
)


def parameters(values: st.SearchStrategy[str]) -> st.SearchStrategy[Parameters]:
    """Draw parameters whose names differ in more than case."""
    pairs = st.lists(
        st.tuples(names, st.none() | values), max_size=4, unique_by=lambda pair: pair[0].lower()
    )
    return pairs.map(lambda items: Parameters(tuple(items)))


header_parameters = parameters(tokens | quoted)
uri_parameters = parameters(st.text(URI_VALUE, min_size=1, max_size=8))

sip_uris = st.builds(
    SipUri,
    scheme=st.sampled_from(["sip", "sips"]),
    host=hosts,
    user=st.none() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
    port=ports,
    parameters=uri_parameters,
    headers=st.lists(st.tuples(names, st.text(TOKEN.replace("%", ""), max_size=6)), max_size=2).map(
        tuple
    ),
)
with_passwords = st.builds(
    lambda uri, user, password: SipUri(uri.scheme, uri.host, user, password, uri.port),
    sip_uris,
    st.text(string.ascii_letters, min_size=1, max_size=6),
    st.text(string.ascii_letters + "&=+$,", max_size=6),
)
tel_uris = st.builds(
    TelUri,
    number=st.from_regex(r"\+?[0-9A-F*#().\-]{1,15}", fullmatch=True),
    parameters=uri_parameters,
)
other_uris = st.builds(
    OtherUri,
    scheme=st.sampled_from(["http", "urn", "isbn", "im", "soap.beep"]),
    rest=st.text(URI_VALUE + "?=;@", min_size=1, max_size=20),
)
uris = sip_uris | with_passwords | tel_uris | other_uris

addresses = st.builds(NameAddress, uri=uris, display_name=line_text, parameters=header_parameters)
vias = st.builds(
    Via,
    host=hosts,
    port=ports,
    transport=st.sampled_from(["TLS", "TCP", "UDP", "WSS", "x-new"]),
    parameters=header_parameters,
    protocol=st.sampled_from(["SIP/2.0", "SIP/7.0"]),
)
cseqs = st.builds(CSeq, number=st.integers(0, NUMBER_MAX), method=tokens)
media_types = st.builds(
    MediaType, type=names.map(str.lower), subtype=names.map(str.lower), parameters=header_parameters
)
reasons = st.builds(Reason, protocol=tokens, parameters=header_parameters)
challenges = st.builds(
    Challenge,
    realm=line_text,
    nonce=line_text,
    opaque=st.none() | line_text,
    algorithm=tokens,
    qop=st.lists(tokens.map(str.lower), max_size=3).map(tuple),
    stale=st.booleans(),
    domain=st.none() | line_text,
)

sdp_words = st.text(string.ascii_letters + string.digits + "/-", min_size=1, max_size=10)
sdp_lines = st.lists(st.sampled_from(["b=AS:64", "b=TIAS:64000", "k=clear:x"]), max_size=2)
attributes = st.lists(
    st.tuples(sdp_words, st.text(string.ascii_letters + string.digits + ":/", max_size=12)),
    max_size=4,
).map(tuple)
addresses_or_none = st.sampled_from(["", "192.0.2.1", "2001:db8::1", "media.example.org"])
media = st.builds(
    Media,
    kind=sdp_words,
    port=st.integers(0, 65535),
    protocol=sdp_words,
    formats=st.lists(sdp_words, min_size=1, max_size=4).map(tuple),
    connection=addresses_or_none,
    attributes=attributes,
    others=sdp_lines.map(lambda lines: ("i=title", *lines)),
)
descriptions = st.builds(
    SessionDescription,
    address=addresses_or_none,
    session_id=st.integers(0, 2**64 - 1),
    version=st.integers(0, 2**64 - 1),
    origin_address=st.just("192.0.2.7"),
    name=sdp_words,
    media=st.lists(media, max_size=3).map(tuple),
    attributes=attributes,
    others=sdp_lines.map(lambda lines: ("i=title", *lines, "t=0 0")),
    user=sdp_words,
)

plain_fields = st.lists(
    st.tuples(
        st.sampled_from(["Subject", "X-Other", "User-Agent", "Date", "Organization"]),
        st.text(
            st.characters(codec="utf-8", min_codepoint=32, exclude_characters="\x7f"), max_size=30
        ).map(lambda text: text.strip(" \t")),
    ),
    max_size=3,
)


def _heads(
    via: Via, from_: NameAddress, to: NameAddress, cseq: CSeq, others: list[tuple[str, str]]
) -> Headers:
    return Headers.of(
        ("Via", via),
        ("From", from_.with_tag("f")),
        ("To", to),
        ("Call-ID", "a84b4c76e66710@pc33"),
        ("CSeq", cseq),
        *others,
    )


bodies = st.binary(max_size=200)
requests = st.builds(
    lambda method, uri, via, from_, to, number, others, body: Request(
        method, uri, _heads(via, from_, to, CSeq(number, method), others), body
    ),
    tokens.filter(lambda method: not method.upper().startswith("SIP")),
    sip_uris.map(
        lambda uri: SipUri(uri.scheme, uri.host, uri.user, None, uri.port, uri.parameters)
    ),
    vias,
    addresses,
    addresses,
    st.integers(0, NUMBER_MAX),
    plain_fields,
    bodies,
)
responses = st.builds(
    lambda status, reason, via, from_, to, cseq, others, body: Response(
        status, reason, _heads(via, from_, to, cseq, others), body
    ),
    st.integers(100, 699),
    st.text(string.ascii_letters + " äß", max_size=20),
    vias,
    addresses,
    addresses,
    cseqs,
    plain_fields,
    bodies,
)
messages = requests | responses
