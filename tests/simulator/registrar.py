"""The registrar of the far end: it challenges, binds, refuses, and watches the phone's manners.

What it asserts is what any registrar may expect: a nonce count that only grows, a digest that is
right (computed by another implementation than the phone's), a CSeq that only grows, a Contact
that is this end of the very connection that it comes over, and no flood.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from firmware.sip.message import Request, Response
from firmware.sip.uri import SipUri
from tests.lab.digest import parse_parameters
from tests.lab.digest import response as digest_response
from tests.simulator.connection import Connection
from tests.simulator.faults import Faults, Spell
from tests.simulator.site import Site

SECRET = "s3cr3t"
"""Part of every password, nonce and opaque: it must turn up nowhere but in digests on the wire."""

REALM = "example.org"
OTHER_REALM = "calls.example.org"

REJECTED_RETRY_S = 30.0
"""How long the phone waits after a refusal."""

REGISTERS_PER_MINUTE_MAX = 31
"""Ten in a row, then one in three seconds, and the one that was in time."""


@dataclass
class Nonce:
    """A nonce that was given out."""

    made_at: float
    user: str
    count: int = 0
    is_stale: bool = False


@dataclass
class Binding:
    """Where an account is reached."""

    contact: SipUri
    connection: int
    instance: str
    expires_at: float


@dataclass
class Login:
    """An account as the registrar knows it."""

    user: str
    password: str
    is_wrong: bool = False  # The phone has another password.
    bindings: list[Binding] = field(default_factory=list)
    cseqs: dict[str, int] = field(default_factory=dict)  # By Call-ID.
    asked_at: list[float] = field(default_factory=list)  # REGISTERs of the last minute.
    stale_at: float | None = None  # The last one had a nonce that was over, and no verdict.

    @property
    def at_another_registrar(self) -> Login:
        """The same account where locations are not shared; the phone's manners are the same."""
        return Login(self.user, self.password, self.is_wrong, asked_at=self.asked_at)


class Registrar:
    """Answers REGISTER, and checks credentials for calls as well."""

    def __init__(self, random: Random, site: Site, logins: list[Login]) -> None:
        self.nature = site.nature
        self.logins = {login.user: login for login in logins}
        self.seen = {"registered": 0, "challenged": 0, "stale": 0, "refused": 0, "failed": 0}
        self._site = site
        self._random = random
        self._nonces: dict[str, Nonce] = {}
        self._refused_at: dict[str, list[float]] = {}  # Wrong passwords on this connection.
        self._left_by: dict[str, int] = {}  # The CSeq of the last one that signs off, by user.
        self._served: dict[str, int] = {}  # The CSeq that was served last, by Call-ID.
        self._has_refused: set[str] = set()  # Accounts that the phone has not told so yet.
        self._patient_until: dict[str, float] = {}  # The phone has heard a refusal and waits.

    @property
    def faults(self) -> Faults:
        """What goes wrong just now."""
        return self._site.faults

    def answer(self, request: Request, attempt: int, now: float) -> Response:
        """Answer a REGISTER that came over the connection of that attempt."""
        login = self.logins[request.to.uri.user or ""]  # type: ignore[union-attr] # the phone writes SIP URIs
        if request.cseq.number < self._served.get(request.call_id, 0):
            return _plain(request, 500)  # A later one was served before it (10.3, step 7).
        self._served[request.call_id] = request.cseq.number
        refusal = (
            self._unavailable(request, login)
            or self.challenge(request, login, now, 401, REALM)
            or self._refusal(request)
        )
        if refusal is not None:
            self._has_refused.add(login.user)
        return refusal or self._bind(request, login, attempt, now)

    def arrived(self, request: Request, connection: Connection, now: float) -> None:
        """Assert what any registrar may expect, in the order of arrival."""
        self._count_nonces(request)
        if request.method != "REGISTER":
            return
        login = self.logins[request.to.uri.user or ""]  # type: ignore[union-attr] # the phone writes SIP URIs
        cseq = request.cseq.number
        patient_until = self._patient_until.get(login.user, 0.0)
        assert now >= patient_until, "a refused account does not wait (F4)"
        assert cseq > login.cseqs.get(request.call_id, 0), "REGISTER's CSeq does not grow"
        login.cseqs[request.call_id] = cseq
        if not request.expires:  # What is answered after this may cross it (F3).
            self._left_by[login.user] = cseq
            self._refused_at.pop(login.user, None)
        contact = _own_contact(request)
        local = connection.local
        assert (contact.host, contact.port) == (local.host, local.port), "Contact of an old link"
        self._is_in_time(login, connection, now)
        if request.expires:  # Who signs off need not wait for the right to (F3).
            login.asked_at[:] = [at for at in login.asked_at if at > now - 60] + [now]
        assert len(login.asked_at) <= REGISTERS_PER_MINUTE_MAX, "a flood of REGISTERs"

    def _is_in_time(self, login: Login, connection: Connection, now: float) -> None:
        """A binding is renewed before it is over, where nothing was in the way."""
        worst = self._site.worst
        odd = worst.spells or worst.slow_s or worst.unanswered or worst.refused
        if odd or connection.path is not None or connection.excused_at:
            return
        over = [b for b in login.bindings if b.connection == connection.attempt]
        assert all(b.expires_at > now for b in over), "renewed when it was over"

    def _count_nonces(self, request: Request) -> None:
        """A nonce count grows in the order of arrival, whatever becomes of the request."""
        for name in ("Authorization", "Proxy-Authorization"):
            for text in request.headers.all(name):
                given = parse_parameters(text)
                nonce = self._nonces.get(given["nonce"])
                user = request.from_.uri.user  # type: ignore[union-attr] # the phone writes SIP URIs
                assert nonce is None or nonce.user == user, "a nonce of another account (F5)"
                if "nc" in given and nonce is not None and request.method != "ACK":
                    count = int(given["nc"], 16)
                    assert count > nonce.count, f"nonce count {count} after {nonce.count}"
                    nonce.count = count

    def _unavailable(self, request: Request, login: Login) -> Response | None:
        spell = self._site.spell
        if spell is Spell.UNAVAILABLE:
            return _failing(request, self._random.choice([500, 503, 504]), 0)
        if spell is Spell.UNAVAILABLE_UNTIL:
            return _failing(request, 503, self._random.choice([1, 5, 40]))
        if self.faults.fails_account and login is list(self.logins.values())[-1]:
            self.seen["failed"] += 1
            return _failing(request, 500, 0)
        return None

    def _refusal(self, request: Request) -> Response | None:
        nature = self.nature
        if nature.refuses_outbound and "outbound" in request.supported:
            return _plain(request, 439)
        asked_s = request.expires or 0
        if 0 < asked_s < nature.min_expires_s:
            return _plain(request, 423, ("Min-Expires", nature.min_expires_s))
        if self._random.random() < self.faults.refused:
            self.seen["refused"] += 1
            status = self._random.choice([403, 404, 480, 500, 503, 606])
            if status in {500, 503}:
                return _failing(request, status, self._random.choice([0, 1, 5, 40]))
            return _plain(request, status)
        return None

    # Digest.

    def challenge(
        self, request: Request, login: Login, now: float, status: int, realm: str
    ) -> Response | None:
        """Check the credentials: None where they are good, else the challenge to send."""
        name = "Authorization" if status == 401 else "Proxy-Authorization"
        for text in request.headers.all(name):
            given = parse_parameters(text)
            if given.get("realm") == realm:
                return self._check(request, login, now, given, status, realm)
        self.seen["challenged"] += 1
        return self._challenging(request, login, now, status, realm, stale=False)

    def _check(
        self,
        request: Request,
        login: Login,
        now: float,
        given: dict[str, str],
        status: int,
        realm: str,
    ) -> Response | None:
        nonce = self._nonces.get(given["nonce"])
        assert nonce is not None, "a nonce that was never given out"
        assert given["uri"] == str(request.uri), "digest for another Request-URI"
        expected = digest_response(given, login.password, request.method, request.body)
        if given["response"] != expected:
            assert login.is_wrong, f"wrong digest: {given.get('algorithm')} {given.get('qop')}"
            is_register = request.method == "REGISTER"  # An emergency call goes all the same.
            if is_register and request.cseq.number > self._left_by.get(login.user, 0):
                self._is_patient(login, now)
            return self._challenging(request, login, now, status, realm, stale=False)
        assert not login.is_wrong
        if now - nonce.made_at > self.nature.nonce_s or nonce.is_stale:
            self.seen["stale"] += 1
            stale = self.nature.says_stale
            if request.method == "REGISTER":
                login.stale_at = now
            return self._challenging(request, login, now, status, realm, stale=stale)
        return None

    def _is_patient(self, login: Login, now: float) -> None:
        """F4: a wrong password is tried again only after the long wait, if the phone heard so."""
        before = self._refused_at.get(login.user, [])
        refused_at = [at for at in before if at > now - REJECTED_RETRY_S] + [now]
        self._refused_at[login.user] = refused_at
        # With a nonce that was known, and with a fresh one.
        assert len(refused_at) <= 2, "a wrong password is tried again too soon (F4)"

    def _challenging(
        self,
        request: Request,
        login: Login,
        now: float,
        status: int,
        realm: str,
        *,
        stale: bool,
    ) -> Response:
        name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        nonce = self._new_nonce(login, now)
        qop = f', qop="{self.nature.qop}"' if self.nature.qop else ""
        end = ", stale=true" if stale else ""
        challenges = [
            f'Digest realm="{realm}", nonce="{nonce}", opaque="{SECRET}", algorithm={one}{qop}{end}'
            for one in self.nature.algorithms
        ]
        return _plain(request, status, *((name, challenge) for challenge in challenges))

    def _new_nonce(self, login: Login, now: float) -> str:
        nonce = f"{SECRET}{self._random.getrandbits(64):016x}"
        self._nonces[nonce] = Nonce(now, login.user)
        return nonce

    # Bindings.

    def _bind(self, request: Request, login: Login, attempt: int, now: float) -> Response:
        login.stale_at = None
        own = _own_contact(request)
        expires = request.contacts[0].parameters.get("expires") or str(request.expires or 3600)
        granted_s = min(int(expires), max(self.nature.grants_s, self.nature.min_expires_s))
        instance = request.contacts[0].parameters.get("+sip.instance") or ""
        gone = [contact.uri for contact in request.contacts[1:]]
        login.bindings = [
            binding
            for binding in login.bindings
            if binding.expires_at > now
            and binding.contact not in gone
            and binding.contact != own
            and not (self.nature.outbound and binding.instance == instance)
        ]
        if granted_s:
            self.seen["registered"] += 1
            login.bindings.append(Binding(own, attempt, instance, now + granted_s))
        return self._accept(request, login, now)

    def _accept(self, request: Request, login: Login, now: float) -> Response:
        fields: list[tuple[str, object]] = []
        for binding in login.bindings:
            left_s = int(binding.expires_at - now)
            text = f"<{binding.contact}>;expires={left_s}"
            if self.nature.outbound:
                text += f";+sip.instance={binding.instance};reg-id=1"
            if self.nature.gruu and "gruu" in request.supported:
                text += f';pub-gruu="sip:{login.user}@{REALM};gr=phone"'
            fields.append(("Contact", text))
        for number in range(self.nature.other_contacts):
            uri = f"sip:desk{number}@203.0.113.{number + 1}:5061;transport=tls"
            fields.append(
                ("Contact", f'<{uri}>;expires=999;+sip.instance="<urn:uuid:other{number}>"')
            )
        self._random.shuffle(fields)
        if self.nature.flow_timer_s is not None:
            fields.append(("Flow-Timer", self.nature.flow_timer_s))
        if self.nature.service_route:
            fields.append(("Service-Route", f"<sip:edge.{REALM};transport=tls;lr>"))
        if self.nature.next_nonce:
            fields.append(("Authentication-Info", f'nextnonce="{self._new_nonce(login, now)}"'))
        return _plain(request, 200, *fields)

    def refusal_heard(self, user: str, now: float) -> None:
        """The phone says that this account was refused: it waits, on this link and the next."""
        if user in self._has_refused:  # Else it is told again on another link.
            self._has_refused.discard(user)
            self._patient_until[user] = now + REJECTED_RETRY_S

    def has_another_name(self) -> None:
        """The phone knows this proxy by another name: what it was refused there counts no more."""
        self._patient_until.clear()
        self._has_refused.clear()

    def forget_refusals(self) -> None:
        """Begin to count wrong passwords anew."""
        self._refused_at.clear()

    def lost(self, attempt: int, now: float) -> None:
        """A flow is gone: with RFC 5626 its bindings go with it."""
        self.forget_refusals()  # The answer may not have arrived.
        self._left_by.clear()
        if self.nature.outbound:
            for login in self.logins.values():
                login.bindings = [b for b in login.bindings if b.connection != attempt]


def _own_contact(request: Request) -> SipUri:
    uri = request.contacts[0].uri
    assert isinstance(uri, SipUri)
    return uri


def _failing(request: Request, status: int, hold_s: int) -> Response:
    """Answer that the registrar does not serve (D8)."""
    return _plain(request, status, *((("Retry-After", hold_s),) if hold_s else ()))


def _plain(request: Request, status: int, *fields: tuple[str, object]) -> Response:
    response = request.answer(status, to_tag="registrar")
    headers = response.headers
    for name, value in fields:
        headers = headers.add(name, str(value))
    return Response(status, response.reason, headers)
