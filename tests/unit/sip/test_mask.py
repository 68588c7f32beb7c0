"""No secret passes the mask, whatever the layout; what is none stays readable (T4)."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.sip.auth import Challenge, answer_challenge
from firmware.sip.grammar import quote
from firmware.sip.headers import Headers
from firmware.sip.mask import (
    SECRET_FIELDS,
    STARS,
    masked,
    masked_body,
    masked_bytes,
    masked_uri,
    masked_value,
)
from firmware.sip.message import Request, Response
from firmware.sip.uri import SipUri
from tests.unit.sip import strategies as draw
from tests.unit.sip.wire import OK, OPTIONS, message

SECRET = "Zq7Zq7Zq7Zq7"
"""Long and odd enough to stand nowhere else."""

SECRET_PARAMETERS = ("nonce", "response", "cnonce", "opaque", "nextnonce", "rspauth", "x-token")

REGISTER = "REGISTER sip:example.org SIP/2.0"


def any_case(text: str) -> st.SearchStrategy[str]:
    return st.lists(st.booleans(), min_size=len(text), max_size=len(text)).map(
        lambda ups: "".join(c.upper() if up else c.lower() for c, up in zip(text, ups, strict=True))
    )


white_space = st.sampled_from(["", " ", "\t", "  ", "\r\n ", " \r\n\t "])
secret_fields = st.sampled_from(sorted(SECRET_FIELDS)).flatmap(any_case)
secret_values = st.builds(
    lambda before, after: before + SECRET + after,
    st.text(string.printable.replace("\r", "").replace("\n", ""), max_size=6),
    st.text(string.printable.replace("\r", "").replace("\n", ""), max_size=6),
).map(quote) | st.text(string.ascii_letters + string.digits + "/+=-", max_size=6).map(
    lambda text: SECRET + text
)
secret_parameters = st.builds(
    lambda name, before, after, value: f"{name}{before}={after}{value}",
    st.sampled_from(SECRET_PARAMETERS).flatmap(any_case),
    white_space,
    white_space,
    secret_values,
)
plain_parameters = st.sampled_from(
    ['realm="a, b"', 'username="u\\"v"', "algorithm=MD5", "qop=auth", "nc=00000001", "stale=true"]
)
commas = st.builds(lambda a, b: f"{a},{b}", white_space, white_space)


@settings(max_examples=300, deadline=None)
@given(
    secret_fields,
    white_space.filter(lambda text: "\n" not in text),
    white_space,
    any_case("Digest") | st.just("Bearer"),
    st.lists(secret_parameters | plain_parameters, min_size=1, max_size=5),
    commas,
)
def test_no_secret_of_the_digest_passes_in_any_layout(
    name: str, before: str, after: str, scheme: str, parameters: list[str], comma: str
) -> None:
    line = f"{name}{before}:{after}{scheme} {comma.join(parameters)}"
    assert SECRET not in masked_bytes(message(REGISTER, line))


@pytest.mark.parametrize(
    "value",
    [
        f"Basic {SECRET}==",
        f"Bearer {SECRET}",
        f'Digest realm="r", {SECRET}',
        f'Digest realm="r" nonce="{SECRET}"',
        f"Digest realm=r,nonce={SECRET}",
        f"Digest realm=r,nonce='{SECRET}'",
        f'Digest realm="r", nonce="open {SECRET}',
        f'Digest realm="r", nonce="a\\"{SECRET}"',
        f'Digest realm="r", nonce=a"{SECRET}"',
        f'Digest realm="r", nonce="a" {SECRET}',
        f'Digest realm="r", nonce = {SECRET} ; opaque={SECRET}',
        f'Digest username1="{SECRET}"',
        f"Digest nonce*=UTF-8''{SECRET}",
        f'Digest nonce_2="{SECRET}", x.y="{SECRET}"',
        f'Digest nonce="{SECRET}",, ,opaque="{SECRET}"',
        SECRET,
    ],
)
def test_no_secret_passes_in_credentials_of_any_shape(value: str) -> None:
    """A peer writes what it likes; a trace is made of what it wrote."""
    for name in SECRET_FIELDS:
        assert SECRET not in masked_value(name, value)
        assert SECRET not in masked_bytes(message(REGISTER, f"{name}: {value}"))


def test_what_is_no_secret_of_the_digest_stays() -> None:
    value = 'Digest username="u", realm="a, b", nonce="x", uri="sip:h", nc=00000001, qop=auth'
    shown = masked_value("Authorization", value + ', response="y", algorithm=MD5')
    assert shown == value.replace('"x"', STARS) + f", response={STARS}, algorithm=MD5"
    assert masked_value("WWW-Authenticate", "Basic  x") == f"Basic {STARS}"
    assert masked_value("Authentication-Info", 'qop=auth,nextnonce="x"') == (
        f"qop=auth, nextnonce={STARS}"
    )


@settings(max_examples=60, deadline=None)
@given(draw.line_text, st.sampled_from([(), ("auth",), ("auth-int",)]), st.booleans())
def test_what_this_phone_writes_is_masked(words: str, qop: tuple[str, ...], session: bool) -> None:
    challenge = Challenge(
        "r", f"{SECRET}{words}", f"{words}{SECRET}", "MD5-sess" if session else "MD5", qop
    )
    credentials = answer_challenge(
        challenge, user="u", password="p", method="M", uri="sip:h", body=b"", nc=1, cnonce=SECRET
    )
    response = credentials.partition('response="')[2][:32]
    fields = Headers.of(("WWW-Authenticate", challenge), ("Authorization", credentials))
    shown = masked(Response(401, "", fields)) + repr(fields)
    assert SECRET not in shown
    assert response not in shown
    assert 'username="u"' in shown


# Passwords in URIs.


@settings(max_examples=100, deadline=None)
@given(
    draw.with_passwords,
    st.text(string.ascii_letters + "&=+$,-_.!~*'()%", max_size=8),
    st.sampled_from(["To", "t", "Contact", "m", "Route", "P-Asserted-Identity", "X-Other"]),
)
def test_no_password_of_a_uri_passes(uri: SipUri, words: str, name: str) -> None:
    uri = SipUri(uri.scheme.upper(), uri.host, uri.user, f"{words}{SECRET}{words}", uri.port)
    shown = [
        masked_uri(str(uri)),
        masked_bytes(message(REGISTER, f'{name}: "Name" <{uri}>;x=y')),
        masked_bytes(message(REGISTER, f"{name}:\r\n {uri}")),
        masked_bytes(message(f"OPTIONS {uri} SIP/2.0")),
        masked_bytes(message(REGISTER, f'Authorization: Digest uri="{uri}", realm=r')),
        masked_bytes(message(REGISTER, f"Authorization: Digest uri={uri}")),
        masked_bytes(message(REGISTER, f"Alert-Info: <https://u:{SECRET}@h/ring.wav>")),
    ]
    assert SECRET not in "".join(shown)


@settings(max_examples=100, deadline=None)
@given(st.text(string.ascii_letters + "?;/&=+$,*", max_size=5), st.sampled_from(["sip", "SIPS"]))
def test_a_password_passes_under_no_odd_user(user: str, scheme: str) -> None:
    assert SECRET not in masked_uri(f"{scheme}:{user}:{SECRET}@h")


@pytest.mark.parametrize("length", [1, 199, 200, 201, 1000, 15000])
def test_a_password_is_hidden_however_long_it_or_its_user_is(length: int) -> None:
    assert SECRET not in masked_uri(f"<sip:{'u' * length}:{SECRET}@h>")
    assert SECRET not in masked_uri(f"<sip:u:{'p' * length}{SECRET}@h>")


@pytest.mark.parametrize(
    "text", ["<sip:alice@example.org:5061>", "sip:example.org:5061;transport=tls", "tel:+49123"]
)
def test_what_is_no_password_stays(text: str) -> None:
    assert masked_uri(text) == text


# Keys in bodies.


KEYS = [
    f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET}",
    f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET}|2^20|1:4",
    f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET};inline:{SECRET}|2^20",
    f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET}|2^20 FEC_KEY=inline:{SECRET}",
    f"A=CRYPTO:1 aes INLINE:{SECRET}",
    f"a=crypto:1 aes  inline: {SECRET}",
    f"a=crypto:1 other:{SECRET}",
    f"a=key-mgmt:mikey {SECRET}",
    f"a=key-mgmt: mikey {SECRET}",
    f"a=Key-Mgmt:mikey\t{SECRET}",
    f"k=clear:{SECRET}",
    f"k=base64:{SECRET}",
    f"k=uri:https://h/{SECRET}",
    f"a=ice-pwd:{SECRET}",
]


@pytest.mark.parametrize("line", KEYS)
@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_no_key_of_a_session_description_passes(line: str, line_end: str) -> None:
    body = line_end.join(["v=0", "m=audio 4000 RTP/SAVP 0", line, "a=sendrecv", ""])
    shown = masked_body(body)
    assert SECRET not in shown
    assert "m=audio 4000 RTP/SAVP 0" in shown
    assert "a=sendrecv" in shown
    multipart = f"--x{line_end}Content-Type: application/sdp{line_end * 2}{body}--x--"
    for text in (body, multipart):
        assert SECRET not in masked_bytes(message(REGISTER, body=text.encode()))


def test_what_is_no_key_stays() -> None:
    body = "v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc|2^20\r\na=rtpmap:0 PCMU/8000\r\n"
    shown = masked_body(body)
    assert "AES_CM_128_HMAC_SHA1_80" in shown
    assert "a=rtpmap:0 PCMU/8000" in shown


# Whole messages.


@pytest.mark.parametrize(
    "data",
    [
        OPTIONS,
        OK,
        message(REGISTER, 'Contact: "K: ä" <sip:a@[2001:db8::1]:5061;transport=tls>;q=0.5'),
        message(REGISTER, "Subject: folded\r\n  to k=v and nonce=x", "Via: SIP/2.0/TLS h:5061"),
        message(REGISTER, body=b"v=0\r\nm=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"),
    ],
)
def test_a_message_without_secrets_is_shown_as_it_is(data: bytes) -> None:
    assert masked_bytes(data) == data.decode()


@settings(max_examples=60, deadline=None)
@given(draw.messages)
def test_every_line_of_a_message_is_shown(text: Request | Response) -> None:
    assert masked(text).count("\r\n\r\n") == bytes(text).count(b"\r\n\r\n")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_anything_can_be_shown(data: bytes) -> None:
    assert isinstance(masked_bytes(data), str)


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n\n"])
def test_a_line_that_ends_oddly_hides_nothing_behind_it(line_end: str) -> None:
    """What is shown may be what was refused."""
    lines = [
        "SIP/2.0 401 No",
        f'WWW-Authenticate: Digest nonce="{SECRET}"',
        "",
        f"k=clear:{SECRET}",
    ]
    assert SECRET not in masked_bytes(line_end.join(lines).encode())


def test_a_message_that_is_cut_off_shows_no_part_of_a_secret() -> None:
    secrets = f'Authorization: Digest nonce="{SECRET}", response={SECRET}, opaque="{SECRET}"'
    data = message(REGISTER, secrets, body=f"a=crypto:1 A inline:{SECRET}\r\n".encode())
    for end in range(len(data)):
        assert SECRET[:3] not in masked_bytes(data[:end])


def test_a_message_that_is_quoted_in_a_body_is_masked() -> None:
    body = message(REGISTER, f'Authorization: Digest nonce="{SECRET}"', f"To: <sip:u:{SECRET}@h>")
    assert SECRET not in masked_bytes(message("NOTIFY sip:b@h SIP/2.0", body=body))


@pytest.mark.parametrize("text", ["inline:" * 3000, "sip:" * 5000, 'a="' * 7000, "sip:a:" * 3000])
def test_masking_takes_time_in_proportion(text: str) -> None:
    """It would not end today if it were exponential, nor in seconds if it were cubic."""
    assert masked_bytes(message(REGISTER, f"Authorization: {text}", body=text.encode()))
    assert masked_bytes(message(REGISTER, f"To: {text}"))
