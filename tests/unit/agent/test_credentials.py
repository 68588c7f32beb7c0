"""Nonces: counted, reused, refused, forgotten (F5, RFC 7616, RFC 8760)."""

from __future__ import annotations

import pytest

from firmware.agent.account import Account
from firmware.agent.credentials import (
    NONCES_MAX,
    STALE_ROUNDS_MAX,
    Credentials,
    Exchange,
    Use,
)
from firmware.agent.events import CallAnswered, CallEnded, Dial, EndCause, RegistrationState
from firmware.link.events import Proxy, Role
from firmware.sip.headers import Headers
from firmware.sip.message import Request, Response
from firmware.sip.uri import parse_uri
from firmware.transaction.events import SendAck
from tests.unit.agent.registrar import HASHES, Realm, answer, fields_of
from tests.unit.agent.rig import BACKUP, PRIMARY, Rig, account, of

ANN = Account(1, "201", "example.org", password="secret")


def request(method: str = "REGISTER", body: bytes = b"") -> Request:
    return Request(method, parse_uri("sip:example.org"), Headers.of(("CSeq", f"1 {method}")), body)


def challenge(status: int, *values: str) -> Response:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return Response(status, headers=Headers.of(*((name, value) for value in values)))


def book() -> Credentials:
    return Credentials(f"c{number}" for number in range(1_000_000))


@pytest.mark.parametrize("algorithm", [a + s for a in HASHES for s in ("", "-sess")])
@pytest.mark.parametrize("qop", ["auth", "auth-int", "", "auth,auth-int"])
def test_every_algorithm_and_quality_is_understood_by_a_server(algorithm: str, qop: str) -> None:
    realm = Realm(algorithm=algorithm, qop=qop)
    credentials, exchange = book(), Exchange(Use.REGISTER)
    response = challenge(401, realm.challenge())
    assert credentials.challenged(response, ANN, PRIMARY, exchange) == ""
    for _ in range(3):
        signed = credentials.sign(request(body=b"v=0"), ANN, PRIMARY, Use.REGISTER)
        assert realm.verdict(signed, "Authorization") == "good"


def test_the_topmost_supported_challenge_is_answered() -> None:
    credentials = book()
    response = challenge(
        401,
        'Digest realm="a", nonce="1", algorithm=SHA3-512, qop="auth"',
        'Basic realm="a"',
        'Digest realm="a", nonce="2", algorithm=SHA-256, qop="auth"',
        'Digest realm="a", nonce="3", algorithm=MD5, qop="auth"',
    )
    assert credentials.challenged(response, ANN, PRIMARY, Exchange(Use.REGISTER)) == ""
    signed = credentials.sign(request(), ANN, PRIMARY, Use.REGISTER)
    (value,) = signed.headers.all("Authorization")
    assert fields_of(value)["nonce"] == "2"
    assert fields_of(value)["algorithm"] == "SHA-256"


@pytest.mark.parametrize(
    "values",
    [(), ('Basic realm="a"',), ('Digest realm="a", nonce="1", algorithm=SHA3-512',), ("Digest",)],
)
def test_no_known_way_to_sign_in_is_said(values: tuple[str, ...]) -> None:
    exchange = Exchange(Use.REGISTER)
    refused = book().challenged(challenge(401, *values), ANN, PRIMARY, exchange)
    assert refused == "no known way to sign in"


def test_each_realm_of_a_challenge_is_answered() -> None:
    credentials = book()
    realms = [Realm(name) for name in ("a", "b")]
    response = challenge(407, *(realm.challenge() for realm in realms))
    assert credentials.challenged(response, ANN, PRIMARY, Exchange(Use.CALL)) == ""
    signed = credentials.sign(request("INVITE"), ANN, PRIMARY, Use.CALL)
    assert [realm.verdict(signed, "Proxy-Authorization") for realm in realms] == ["good", "good"]


def test_nonces_are_not_shown() -> None:
    credentials = book()
    response = challenge(401, 'Digest realm="a", nonce="hidden", qop="auth"')
    credentials.challenged(response, ANN, PRIMARY, Exchange(Use.REGISTER))
    assert "hidden" not in repr(credentials._nonces)


def test_nonces_are_bounded() -> None:
    credentials = book()
    for number in range(2 * NONCES_MAX):
        proxy = Proxy(Role.PRIMARY, f"proxy{number}")
        response = challenge(401, Realm().challenge())
        credentials.challenged(response, ANN, proxy, Exchange(Use.REGISTER))
    assert len(credentials) == NONCES_MAX


def test_another_proxy_does_not_get_the_nonce() -> None:
    credentials = book()
    credentials.challenged(
        challenge(401, Realm().challenge()), ANN, PRIMARY, Exchange(Use.REGISTER)
    )
    assert "Authorization" not in credentials.sign(request(), ANN, BACKUP, Use.REGISTER).headers


def test_another_account_does_not_get_the_nonce() -> None:
    credentials = book()
    credentials.challenged(
        challenge(401, Realm().challenge()), ANN, PRIMARY, Exchange(Use.REGISTER)
    )
    other = account(2)
    assert "Authorization" not in credentials.sign(request(), other, PRIMARY, Use.REGISTER).headers


def test_nothing_of_ours_reaches_the_far_end_unasked() -> None:
    credentials = book()
    credentials.challenged(
        challenge(401, Realm().challenge()), ANN, PRIMARY, Exchange(Use.REGISTER)
    )
    signed = credentials.sign(request("BYE"), ANN, PRIMARY, Use.DIALOG)
    assert "Authorization" not in signed.headers
    assert "Proxy-Authorization" not in signed.headers


@pytest.mark.parametrize("next_header", ["Authentication-Info", "Proxy-Authentication-Info"])
def test_the_next_nonce_is_taken_over(next_header: str) -> None:
    status = 401 if next_header == "Authentication-Info" else 407
    name = "Authorization" if status == 401 else "Proxy-Authorization"
    credentials, realm = book(), Realm()
    exchange = Exchange(Use.CALL)
    credentials.challenged(challenge(status, realm.challenge()), ANN, PRIMARY, exchange)
    credentials.sign(request("INVITE"), ANN, PRIMARY, Use.CALL)
    good = Response(200, headers=Headers.of((next_header, 'nextnonce="fresh"')))
    credentials.accepted(good, ANN, PRIMARY, Use.CALL)
    (value,) = credentials.sign(request("INVITE"), ANN, PRIMARY, Use.CALL).headers.all(name)
    assert (fields_of(value)["nonce"], fields_of(value)["nc"]) == ("fresh", "00000001")


@pytest.mark.parametrize("text", ["garbage", 'nextnonce=""', 'rspauth="x"'])
def test_an_authentication_info_without_a_next_nonce_changes_nothing(text: str) -> None:
    credentials, realm = book(), Realm()
    credentials.challenged(challenge(401, realm.challenge()), ANN, PRIMARY, Exchange(Use.REGISTER))
    good = Response(200, headers=Headers.of(("Authentication-Info", text)))
    credentials.accepted(good, ANN, PRIMARY, Use.REGISTER)
    signed = credentials.sign(request(), ANN, PRIMARY, Use.REGISTER)
    assert realm.verdict(signed, "Authorization") == "good"


# Round trips.


def test_a_refresh_after_a_reconnect_costs_one_round_trip() -> None:
    rig = Rig().registered()
    for trip in range(3, 8):
        rig.down()
        rig.up()
        assert rig.register() == 1
        assert f"nc={trip - 1:08x}" in (
            rig.registrar.requests[-1].headers.get("Authorization") or ""
        )


def test_a_refused_old_nonce_counts_as_stale_once() -> None:
    rig = Rig().registered()
    rig.registrar.realm.counts.clear()
    rig.down()
    rig.up()
    sent = rig.one("REGISTER")
    # No stale=true: the server just challenges anew.
    challenged = rig.registrar.realm.challenge()
    rig.reply(sent, answer(sent.request, 401, ("WWW-Authenticate", challenged)))
    assert rig.register() == 1
    assert rig.accounts() == (1,)


def test_a_nonce_that_serves_once_costs_two_round_trips_each_time() -> None:
    rig = Rig()
    rig.registrar.realm.uses_max = 1
    rig.up()
    assert rig.register() == 2
    rig.down()
    rig.up()
    assert rig.register() == 2
    assert rig.accounts() == (1,)


def test_a_server_that_finds_every_nonce_stale_is_given_up() -> None:
    rig = Rig()
    rig.registrar.realm.always_stale = True
    rig.up()
    assert rig.register() == STALE_ROUNDS_MAX + 2
    assert rig.statuses()[-1].state is RegistrationState.REFUSED
    assert rig.statuses()[-1].reason == "signing in never ends"


def test_a_changed_password_is_found_wrong_with_a_fresh_nonce() -> None:
    rig = Rig().registered()
    rig.registrar.realm.password = "changed"
    rig.down()
    rig.up()
    assert rig.register() == 2
    assert rig.statuses()[-1].reason == "wrong password"


def test_realms_without_end_are_given_up() -> None:
    rig = Rig()
    rig.up()
    for number in range(20):
        if not (sent := rig.take("REGISTER")):
            assert number == 7
            break
        realm = Realm(f"realm{number}")
        fields = ("WWW-Authenticate", realm.challenge())
        rig.reply(sent[0], answer(sent[0].request, 401, fields))
    assert rig.statuses()[-1].reason == "signing in never ends"


def test_the_first_challenged_call_costs_one_round_trip() -> None:
    rig = Rig().registered()
    rig.feed(Dial(1, "100"))
    invite = rig.one("INVITE")
    assert rig.registrar.proxy_challenge(invite.request) is None
    assert "Authorization" not in invite.request.headers
    rig.reply(invite, rig.accept(invite.request))
    assert of(CallAnswered, rig.out)


def test_a_proxy_of_its_own_nonces_costs_a_round_trip_once() -> None:
    rig = Rig().registered()
    proxy = Realm()
    for call in range(3):
        rig.feed(Dial(1, "100"))
        trips = 0
        while sent := rig.take("INVITE"):
            trips += 1
            verdict = proxy.verdict(sent[0].request, "Proxy-Authorization")
            if verdict != "good":
                fields = ("Proxy-Authenticate", proxy.challenge())
                rig.reply(sent[0], answer(sent[0].request, 407, fields))
            else:
                rig.reply(sent[0], rig.accept(sent[0].request))
        assert trips == (1 if call else 2)
    # The registrar's own nonce goes on as if nothing had been.
    rig.wait(3585)
    assert rig.register() == 1


def test_a_far_end_that_challenges_gets_authorization_from_then_on() -> None:
    rig = Rig().registered()
    server = Realm()
    for call in range(2):
        rig.feed(Dial(1, "100"))
        sent = rig.one("INVITE")
        if not call:
            fields = ("WWW-Authenticate", server.challenge())
            rig.reply(sent, answer(sent.request, 401, fields))
            sent = rig.one("INVITE")
        assert server.verdict(sent.request, "Authorization") == "good"
        assert "Proxy-Authorization" not in sent.request.headers
        rig.reply(sent, rig.accept(sent.request))


def test_a_call_with_a_wrong_password_ends_in_words() -> None:
    rig = Rig().registered()
    proxy = Realm("elsewhere", password="other")
    rig.feed(Dial(1, "100"))
    for _ in range(2):
        sent = rig.one("INVITE")
        fields = ("Proxy-Authenticate", proxy.challenge())
        rig.reply(sent, answer(sent.request, 407, fields))
    assert rig.ended() == CallEnded(1, EndCause.REFUSED, 407, "wrong password")
    assert not rig.open


def test_the_ack_of_a_challenged_call_carries_the_credentials_of_its_invite() -> None:
    rig = Rig().registered()
    rig.feed(Dial(1, "100"))
    sent = rig.one("INVITE")
    rig.reply(sent, rig.accept(sent.request))
    (ack,) = of(SendAck, rig.out)
    assert ack.request.headers.get("Proxy-Authorization") == sent.request.headers.get(
        "Proxy-Authorization"
    )
    assert ack.request.headers.get("Proxy-Authorization")
