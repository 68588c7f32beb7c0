"""A small registrar and proxy for tests: digest as RFC 7616 writes it, checked with `hashlib`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from firmware.sip.address import NameAddress
from firmware.sip.headers import Headers
from firmware.sip.message import Request, Response
from firmware.sip.uri import SipUri

HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


def hashed(algorithm: str, text: str) -> str:
    return hashlib.new(HASHES[algorithm.removesuffix("-sess")], text.encode()).hexdigest()


def fields_of(value: str) -> dict[str, str]:
    """Read the fields of a Digest header."""
    scheme, _, rest = value.partition(" ")
    assert scheme == "Digest"
    found = re.findall(r'([a-z]+)=(?:"([^"]*)"|([^,\s]+))', rest)
    return {name: quoted or bare for name, quoted, bare in found}


@dataclass
class Realm:
    """Who may do what, and which nonces are good: nc has to grow with each use."""

    name: str = "example.org"
    password: str = "secret"
    algorithm: str = "MD5"
    qop: str = "auth"
    uses_max: int = 1_000_000  # Per nonce.
    always_stale: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def challenge(self, *, stale: bool = False) -> str:
        nonce = f"nonce{next(self._numbers)}"
        self.counts[nonce] = 0
        parts = [f'Digest realm="{self.name}"', f'nonce="{nonce}"', f"algorithm={self.algorithm}"]
        parts += [f'qop="{self.qop}"'] if self.qop else []
        parts += ["stale=true"] if stale else []
        return ", ".join(parts)

    def verdict(self, request: Request, header: str) -> str:
        """Return "good", "stale", or "bad"."""
        for value in request.headers.all(header):
            fields = fields_of(value)
            if fields["realm"] != self.name:
                continue
            if self._expected(fields, request) != fields["response"]:
                return "bad"
            return self._count(fields)
        return "bad"

    def _count(self, fields: dict[str, str]) -> str:
        nonce, nc = fields["nonce"], int(fields.get("nc", "1"), 16)
        if self.always_stale or nonce not in self.counts:
            return "stale"
        assert nc > self.counts[nonce] or not self.qop, f"nc {nc} after {self.counts[nonce]}"
        self.counts[nonce] = nc
        return "good" if nc <= self.uses_max else "stale"

    def _expected(self, fields: dict[str, str], request: Request) -> str:
        def h(text: str) -> str:
            return hashed(self.algorithm, text)

        a1 = h(f"{fields['username']}:{self.name}:{self.password}")
        if self.algorithm.endswith("-sess"):
            a1 = h(f"{a1}:{fields['nonce']}:{fields['cnonce']}")
        assert fields["uri"] == str(request.uri)
        a2 = f"{request.method}:{fields['uri']}"
        if fields.get("qop") == "auth-int":
            a2 += f":{h(request.body.decode())}"
        if not self.qop:
            return h(f"{a1}:{fields['nonce']}:{h(a2)}")
        middle = f"{fields['nonce']}:{fields['nc']}:{fields['cnonce']}:{fields['qop']}"
        return h(f"{a1}:{middle}:{h(a2)}")


class Registrar:
    """Registers whoever proves to be it; a proxy of the same realm challenges INVITEs."""

    def __init__(self, realm: Realm | None = None) -> None:
        self.realm = realm or Realm()
        self.bindings: dict[str, list[NameAddress]] = {}
        self.replaces = True  # RFC 5626: instance and reg-id replace the old binding.
        self.shows_instance = True
        self.extra: tuple[tuple[str, str], ...] = ()  # In every 200.
        self.granted_s: int | None = None
        self.refusals: list[Response] = []  # Sent first, one per request: status and fields.
        self.requests: list[Request] = []
        self._cseqs: dict[str, int] = {}

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        last = self._cseqs.get(request.call_id, 0)
        assert request.cseq.number > last, "the CSeq has to grow"
        self._cseqs[request.call_id] = request.cseq.number
        if self.refusals:
            refusal = self.refusals.pop(0)
            return answer(request, refusal.status, *refusal.headers)
        if challenge := self.challenge(request, 401, "Authorization", "WWW-Authenticate"):
            return challenge
        return self._register(request)

    def challenge(self, request: Request, status: int, name: str, asks: str) -> Response | None:
        """Return None for good credentials."""
        verdict = self.realm.verdict(request, name)
        if verdict == "good":
            return None
        return answer(request, status, (asks, self.realm.challenge(stale=verdict == "stale")))

    def proxy_challenge(self, request: Request) -> Response | None:
        return self.challenge(request, 407, "Proxy-Authorization", "Proxy-Authenticate")

    def _register(self, request: Request) -> Response:
        held = self.bindings.setdefault(str(request.to.uri), [])
        for contact in request.contacts:
            held[:] = [old for old in held if not self._is_replaced(old, contact)]
            expires = int(contact.parameters.get("expires") or request.expires or 0)
            if expires:
                granted = expires if self.granted_s is None else self.granted_s
                parameters = contact.parameters.with_("expires", str(granted))
                held.append(replace(contact, parameters=parameters))
        contacts = [("Contact", str(self._shown(contact))) for contact in held]
        return answer(request, 200, *contacts, *self.extra)

    def _is_replaced(self, old: NameAddress, new: NameAddress) -> bool:
        assert isinstance(old.uri, SipUri)
        assert isinstance(new.uri, SipUri)
        if old.uri.equals(new.uri):
            return True
        keys = ("+sip.instance", "reg-id")
        has_flow = all(key in old.parameters and key in new.parameters for key in keys)
        same = all(old.parameters.get(key) == new.parameters.get(key) for key in keys)
        return self.replaces and has_flow and same

    def _shown(self, contact: NameAddress) -> NameAddress:
        if self.shows_instance:
            return contact
        bare = contact.parameters.without("+sip.instance").without("reg-id")
        return replace(contact, parameters=bare)


def answer(
    request: Request, status: int, *fields: tuple[str, str], tag: str = "registrar"
) -> Response:
    response = request.answer(status, to_tag=tag)
    headers = response.headers
    for name, value in fields:
        headers = headers.add(name, value)
    return replace(response, headers=headers)


def refusal(status: int, *fields: tuple[str, str]) -> Response:
    """Describe an answer for `Registrar.refusals`."""
    return Response(status, headers=Headers.of(*fields))
