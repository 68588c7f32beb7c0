"""Digest answers are those of the RFCs; of several challenges the topmost that we can is taken."""

from __future__ import annotations

import hashlib
from urllib.request import parse_http_list, parse_keqv_list

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.sip.auth import COUNT_MAX, AuthenticationInfo, Challenge, answer_challenge, best
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.headers import Headers
from firmware.sip.message import Response, parse_message
from tests.unit.sip import strategies as draw
from tests.unit.sip.wire import message

RFC_2617_NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c093"

OFFER = (
    "v=0",
    "o=bob 2890844526 2890844526 IN IP4 media.biloxi.com",
    "s=-",
    "c=IN IP4 media.biloxi.com",
    "t=0 0",
    "m=audio 49170 RTP/AVP 0",
    "a=rtpmap:0 PCMU/8000",
    "m=video 51372 RTP/AVP 31",
    "a=rtpmap:31 H261/90000",
    "m=video 53000 RTP/AVP 32",
    "a=rtpmap:32 MPV/90000",
    "",
)


def read(credentials: str) -> dict[str, str]:
    """Read credentials as the standard library does."""
    scheme, _, rest = credentials.partition(" ")
    assert scheme == "Digest"
    return parse_keqv_list(parse_http_list(rest))


def answer(challenge: Challenge, **given: object) -> dict[str, str]:
    """Answer as `given` says, else as the examples of RFC 2617 and 7616 do."""
    facts: dict[str, object] = {
        "user": "Mufasa",
        "password": "Circle Of Life",
        "method": "GET",
        "uri": "/dir/index.html",
        "body": b"",
        "nc": 1,
        "cnonce": "0a4f113b",
    }
    return read(answer_challenge(challenge, **(facts | given)))  # type: ignore[arg-type]


# The examples of the RFCs.


def test_rfc_2617_section_3_5() -> None:
    challenge = Challenge.parse(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        f'nonce="{RFC_2617_NONCE}", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    assert answer(challenge) == {
        "username": "Mufasa",
        "realm": "testrealm@host.com",
        "nonce": RFC_2617_NONCE,
        "uri": "/dir/index.html",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "0a4f113b",
        "response": "6629fae49393a05397450978507c4ef1",
        "opaque": "5ccc069c403ebaf9f0171e9517f40e41",
        "algorithm": "MD5",
    }


def test_rfc_2069_without_qop() -> None:
    """Its section 2.4 with the response that its erratum 749 corrects."""
    challenge = Challenge.parse(f'Digest realm="testrealm@host.com", nonce="{RFC_2617_NONCE}"')
    answered = answer(challenge, password="CircleOfLife")
    assert answered["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert not {"qop", "nc", "cnonce", "opaque"} & answered.keys()


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_section_3_9_1(algorithm: str, response: str) -> None:
    challenge = Challenge.parse(
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    answered = answer(
        challenge,
        password="Circle of Life",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert (answered["response"], answered["algorithm"]) == (response, algorithm)


def test_rfc_7616_section_3_9_2() -> None:
    """With the response that erratum 4897 corrects, and the plain user name of 3.4.4."""
    challenge = Challenge.parse(
        'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
        'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
        'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true'
    )
    answered = answer(
        challenge,
        user="Jäsøn Doe",
        password="Secret, or not?",
        uri="/doe.json",
        cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    )
    assert answered["username"] == "Jäsøn Doe"
    assert "userhash" not in answered
    expected = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    assert answered["response"] == expected


@pytest.mark.parametrize(
    ("algorithm", "qop", "response"),
    [
        ("MD5", (), "bf57e4e0d0bffc0fbaedce64d59add5e"),
        ("MD5", ("auth",), "89eb0059246c02b2f6ee02c7961d5ea3"),
        ("MD5", ("auth-int",), "bdbeebb2da6adb6bca02599c2239e192"),
        ("MD5-sess", ("auth",), "e4e4ea61d186d07a92c9e1f6919902e9"),
        ("MD5-sess", ("auth-int",), "91984da2d8663716e91554859c22ca70"),
    ],
)
def test_the_examples_of_draft_smith_sipping_auth_examples(
    algorithm: str, qop: tuple[str, ...], response: str
) -> None:
    challenge = Challenge("biloxi.com", RFC_2617_NONCE, algorithm=algorithm, qop=qop)
    answered = answer(
        challenge,
        user="bob",
        password="zanzibar",
        method="INVITE",
        uri="sip:bob@biloxi.com",
        body="\r\n".join(OFFER).encode(),
    )
    assert answered["response"] == response
    assert answered.get("qop") == (qop[0] if qop else None)


def test_what_is_a_token_stands_without_quotes_and_all_else_with() -> None:
    """RFC 7616 3.4: servers are known that take it no other way."""
    challenge = Challenge("r", "n", opaque="o", qop=("auth",))
    text = answer_challenge(
        challenge, user="u", password="p", method="M", uri="sip:h", body=b"", nc=1, cnonce="c"
    )
    parts = set(text.removeprefix("Digest ").split(", "))
    quoted = {part for part in parts if part.endswith('"')}
    assert parts - quoted == {"qop=auth", "nc=00000001", "algorithm=MD5"}
    assert {part.partition("=")[0] for part in quoted} == {
        *("username", "realm", "nonce", "uri", "response", "cnonce", "opaque"),
    }


def test_a_session_without_qop_tells_its_cnonce() -> None:
    """Without it the server could not know the session's key."""
    challenge = Challenge("biloxi.com", RFC_2617_NONCE, algorithm="MD5-sess")
    answered = answer(challenge, user="bob", password="zanzibar", uri="sip:bob@biloxi.com")
    assert (answered["cnonce"], "nc" in answered) == ("0a4f113b", False)


def expected_response(algorithm: str, fields: dict[str, str], password: str, body: bytes) -> str:
    """Compute as RFC 7616 3.4 says, from what stands in the credentials."""
    name = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}

    def hashed(text: str | bytes) -> str:
        data = text if isinstance(text, bytes) else text.encode()
        return hashlib.new(name[algorithm.removesuffix("-sess")], data).hexdigest()

    secret = hashed(f"{fields['username']}:{fields['realm']}:{password}")
    if algorithm.endswith("-sess"):
        secret = hashed(f"{secret}:{fields['nonce']}:{fields['cnonce']}")
    what = f"INVITE:{fields['uri']}"
    if fields.get("qop") == "auth-int":
        what += f":{hashed(body)}"
    if "qop" not in fields:
        return hashed(f"{secret}:{fields['nonce']}:{hashed(what)}")
    middle = ":".join(fields[key] for key in ("nonce", "nc", "cnonce", "qop"))
    return hashed(f"{secret}:{middle}:{hashed(what)}")


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["MD5", "SHA-256", "SHA-512-256"]),
    st.sampled_from(["", "-sess"]),
    st.sampled_from([(), ("auth",), ("auth-int",), ("auth", "auth-int"), ("x", "auth-int")]),
    st.tuples(draw.line_text, draw.line_text, draw.line_text, draw.line_text),
    st.integers(1, COUNT_MAX),
    st.binary(max_size=20),
)
def test_whatever_the_words_the_server_computes_the_same(
    hash_name: str,
    session: str,
    qop: tuple[str, ...],
    words: tuple[str, str, str, str],
    nc: int,
    body: bytes,
) -> None:
    user, realm, nonce, password = words
    algorithm = hash_name + session
    challenge = Challenge(realm, nonce, algorithm=algorithm, qop=qop)
    answered = answer(
        challenge, user=user, password=password, method="INVITE", uri="sip:b@h", body=body, nc=nc
    )
    assert (answered["username"], answered["realm"], answered["nonce"]) == (user, realm, nonce)
    assert answered["algorithm"] == algorithm
    assert "qop" not in answered or answered["nc"] == f"{nc:08x}"
    assert answered["response"] == expected_response(algorithm, answered, password, body)


# Which challenge is answered (RFC 8760 2.4).


def challenged(*values: str, name: str = "WWW-Authenticate") -> Response:
    lines = [f"{name}: {value}" for value in values]
    response = parse_message(message("SIP/2.0 401 Unauthorized", *lines))
    assert isinstance(response, Response)
    return response


def digest(algorithm: str = "", *more: str) -> str:
    parts = ['realm="r"', 'nonce="n"', *more]
    return "Digest " + ", ".join([*parts, f"algorithm={algorithm}"] if algorithm else parts)


@pytest.mark.parametrize(
    ("values", "chosen"),
    [
        ([digest("SHA-256"), digest("MD5")], "SHA-256"),
        ([digest("MD5"), digest("SHA-256")], "MD5"),
        ([digest("SHA-999"), digest("SHA-256"), digest("MD5")], "SHA-256"),
        ([digest("AKAv1-MD5"), digest("md5")], "md5"),
        ([digest("SHA-256", 'qop="auth-conf"'), digest("MD5")], "MD5"),
        ([digest("SHA-256", 'qop="auth-conf,auth-int"'), digest("MD5")], "SHA-256"),
        ([digest("sha-256-SESS"), digest("MD5")], "sha-256-SESS"),
        ([digest()], "MD5"),
        (["Bearer realm=x", "Basic x", digest("MD5")], "MD5"),
        ([digest("SHA-999")], None),
        (["Bearer realm=x"], None),
        ([], None),
    ],
)
@pytest.mark.parametrize("name", ["WWW-Authenticate", "Proxy-Authenticate"])
def test_the_topmost_challenge_that_we_can_answer_is_taken(
    name: str, values: list[str], chosen: str | None
) -> None:
    response = challenged(*values, name=name)
    read_as = {
        "WWW-Authenticate": response.www_challenges,
        "Proxy-Authenticate": response.proxy_challenges,
    }
    taken = best(read_as.pop(name))
    assert (taken.algorithm if taken else None) == chosen
    assert read_as.popitem()[1] == ()


def test_challenges_of_several_realms_are_all_there() -> None:
    response = challenged('Digest realm="a",nonce="1"', 'digest  nonce="2" , realm = "b, c"')
    assert [challenge.realm for challenge in response.www_challenges] == ["a", "b, c"]


@pytest.mark.parametrize("text", ["true", "TRUE", '"true"', "True"])
def test_a_nonce_is_stale(text: str) -> None:
    assert Challenge.parse(digest("", f"stale={text}")).stale


@pytest.mark.parametrize("text", ["stale=false", "stale=1", 'stale=""', "other=true"])
def test_a_nonce_is_not_stale(text: str) -> None:
    assert not Challenge.parse(digest("", text)).stale


@pytest.mark.parametrize(
    ("text", "qop"),
    [
        ('qop="auth"', ("auth",)),
        ("qop=auth", ("auth",)),
        ('qop="auth,auth-int"', ("auth", "auth-int")),
        ('qop=" Auth-Int ,, AUTH "', ("auth-int", "auth")),
        ('qop=""', ()),
    ],
)
def test_the_qualities_of_protection_are_a_list(text: str, qop: tuple[str, ...]) -> None:
    challenge = Challenge.parse(digest("", text))
    assert challenge.qop == qop
    assert answer(challenge).get("qop") == ("auth" if qop else None)


@pytest.mark.parametrize(
    "text",
    [
        'Digest realm="r"',
        'Digest nonce="n"',
        "Digest",
        "Digest ",
        'Basic realm="r", nonce="n"',
        'Digested realm="r", nonce="n"',
        'Digest realm="r, nonce="n"',
        'Digest realm="r", nonce="n',
        'Digest realm="r", nonce="n", realm="other"',
        'Digest realm="r", nonce="n", Digest realm="s", nonce="m"',
        'Digest realm="r", nonce="n", stray',
        'Digest realm="r", nonce=n"x"',
        'Digest realm="r", nonce="n", algorithm="MD5,x"',
        'Digest realm="r", nonce="n", qop="a\\"b"',
    ],
)
def test_what_is_no_digest_challenge_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        Challenge.parse(text)


def test_what_a_challenge_says_besides_is_ignored() -> None:
    plain = Challenge("r", "n")
    assert Challenge.parse(digest("", "charset=UTF-8", "userhash=true", "x-new=1")) == plain
    assert Challenge.parse(digest("", 'realm="r"')) == plain, "twice the same is harmless"


def test_what_a_server_adds_to_its_2xx_is_read() -> None:
    text = 'qop=auth, rspauth="6629fae4", cnonce="0a4f113b", nc=00000001, nextnonce="next, one"'
    assert AuthenticationInfo.parse(text) == AuthenticationInfo("next, one", "6629fae4")
    assert AuthenticationInfo.parse("") == AuthenticationInfo()
    with pytest.raises(RemoteProtocolError):
        AuthenticationInfo.parse('nextnonce="open')


def test_no_secret_of_the_digest_is_shown_in_a_repr() -> None:
    """T4: a value may end in a log."""
    secret = "s3cr3t"
    challenge = Challenge("r", secret, opaque=secret)
    credentials = answer_challenge(
        challenge, user="u", password="p", method="M", uri="sip:h", body=b"", nc=1, cnonce=secret
    )
    values = [
        challenge,
        AuthenticationInfo(secret, secret),
        Headers.of(("WWW-Authenticate", challenge), ("Authorization", credentials)),
        challenged(str(challenge)),
    ]
    assert secret not in repr(values)
