"""Digest credentials: the nonces that are known, and which request carries which (RFC 7616, 8760).

Theory of operation
-------------------
A challenge leaves a *nonce* behind, kept per (proxy, account, realm, header). Later requests use
it unasked with the next nonce count, so a refresh and a challenged call cost one round trip. nc is
counted where the request is written, so its order on the wire is the order of counting (F5).

What a nonce is used for depends on what was challenged with it:

    REGISTER   the nonces of challenges to REGISTER
    CALL       those of challenges to requests outside a dialog. A realm that has not challenged
               such a request yet is guessed: the registrar's nonce goes out as Proxy-Authorization,
               since a proxy of that realm is mostly the same machine.
    DIALOG     those of challenges inside a dialog, and no guess: such requests reach the far end,
               which needs no digest of ours.

An *exchange* is one request with all the challenges it meets:

    - a challenge to a request that carried no nonce of this exchange is answered; so a refused
      nonce from earlier counts as stale once, whether the server says so or not;
    - `stale=true` to a nonce of this exchange is answered `STALE_ROUNDS_MAX` times;
    - any other challenge to a nonce of this exchange means that the password is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from firmware.agent.account import Account
from firmware.agent.reading import or_none
from firmware.frozen import frozen
from firmware.link.events import Proxy
from firmware.sip.auth import AuthenticationInfo, Challenge, answer_challenge, best
from firmware.sip.message import Request, Response

NONCES_MAX = 64
"""Nine accounts at two proxies, a registrar's and a proxy's realm each, and some to spare."""

REALMS_MAX = 4
"""Realms that one response may challenge with, and nonces that one request carries."""

STALE_ROUNDS_MAX = 3
"""A server that finds each nonce stale that it has just made is broken."""

CHALLENGES_MAX = 6
"""Per exchange, whatever the reasons: a registrar, two proxies and their stale nonces."""

NOT_OURS = "wrong password"
UNSUPPORTED = "no known way to sign in"
ENDLESS = "signing in never ends"


class Use(Enum):
    """What kind of request a nonce serves for."""

    REGISTER = "register"
    CALL = "call"
    DIALOG = "dialog"


class Header(Enum):
    """Which header answers: to the far end or registrar (401), or to a proxy (407)."""

    SERVER = "Authorization"
    PROXY = "Proxy-Authorization"


@frozen
class Key:
    """Where a nonce is known (F5); another proxy has nonces of its own."""

    proxy: Proxy
    account: int
    realm: str
    header: Header


@dataclass(slots=True)
class Nonce:
    """A challenge that may be answered again and again."""

    challenge: Challenge = field(repr=False)
    cnonce: str = field(repr=False)  # One per nonce: a -sess algorithm is bound to it.
    uses: set[Use]
    count: int = 0


@dataclass(slots=True)
class Exchange:
    """One request and the challenges it met."""

    use: Use
    challenges: int = 0
    stale_rounds: int = 0
    fresh: set[Key] = field(default_factory=set)  # Whose nonce was issued in this exchange.


class Credentials:
    """The nonces of all accounts at all proxies."""

    def __init__(self, ids: Iterator[str]) -> None:
        self._ids = ids
        self._nonces: dict[Key, Nonce] = {}

    def __len__(self) -> int:
        return len(self._nonces)

    def sign(self, request: Request, account: Account, proxy: Proxy, use: Use) -> Request:
        """Return the request with every credential that will be asked of it, as far as known."""
        headers = request.headers.without(Header.SERVER.value).without(Header.PROXY.value)
        for header, nonce in self._for(account, proxy, use)[:REALMS_MAX]:
            nonce.count += 1
            answer = answer_challenge(
                nonce.challenge,
                user=account.credentials_name,
                password=account.password,
                method=request.method,
                uri=str(request.uri),
                body=request.body,
                nc=nonce.count,
                cnonce=nonce.cnonce,
            )
            headers = headers.add(header.value, answer)
        return replace(request, headers=headers)

    def challenged(
        self, response: Response, account: Account, proxy: Proxy, exchange: Exchange
    ) -> str:
        """Learn from a 401 or 407; return "" to sign anew, or in words why there is no use."""
        header = Header.SERVER if response.status == 401 else Header.PROXY
        chosen = _best_of_each_realm(response)
        exchange.challenges += 1
        if not chosen:
            return UNSUPPORTED
        if exchange.challenges > CHALLENGES_MAX:
            return ENDLESS
        for challenge in chosen:
            key = Key(proxy, account.number, challenge.realm, header)
            refusal = _refusal(key, challenge, exchange)
            if refusal:
                self._forget(account, proxy, challenge.realm)
                return refusal
            exchange.fresh.add(key)
            self._learn(key, challenge, exchange.use)
        return ""

    def accepted(self, response: Response, account: Account, proxy: Proxy, use: Use) -> None:
        """Take over the next nonce that a server announces (RFC 7616 3.5)."""
        for header, name in (
            (Header.SERVER, "Authentication-Info"),
            (Header.PROXY, "Proxy-Authentication-Info"),
        ):
            text = response.headers.get(name)
            used = [n for h, n in self._for(account, proxy, use) if h is header]
            if text is not None and len(used) == 1:
                self._renew(used[0], text)

    def _for(self, account: Account, proxy: Proxy, use: Use) -> list[tuple[Header, Nonce]]:
        """Find the nonces for a request, those learned last first."""
        mine = [
            (key, nonce)
            for key, nonce in reversed(self._nonces.items())
            if key.proxy == proxy and key.account == account.number
        ]
        found = [(key.header, nonce) for key, nonce in mine if use in nonce.uses]
        if use is not Use.CALL:
            return found
        asked = {key.realm for key, nonce in mine if use in nonce.uses}
        guesses = [
            (Header.PROXY, nonce)
            for key, nonce in mine
            if key.realm not in asked and Use.REGISTER in nonce.uses
        ]
        return found + guesses

    def _learn(self, key: Key, challenge: Challenge, use: Use) -> None:
        known = self._nonces.pop(key, None)
        uses = known.uses | {use} if known else {use}
        self._nonces[key] = Nonce(challenge, next(self._ids), uses)
        while len(self._nonces) > NONCES_MAX:
            self._nonces.pop(next(iter(self._nonces)))

    def _renew(self, nonce: Nonce, text: str) -> None:
        info = or_none(lambda: AuthenticationInfo.parse(text))
        if info and info.nextnonce:
            nonce.challenge = replace(nonce.challenge, nonce=info.nextnonce)
            nonce.cnonce, nonce.count = next(self._ids), 0

    def _forget(self, account: Account, proxy: Proxy, realm: str) -> None:
        self._nonces = {
            key: nonce
            for key, nonce in self._nonces.items()
            if (key.proxy, key.account, key.realm) != (proxy, account.number, realm)
        }


def _best_of_each_realm(response: Response) -> list[Challenge]:
    name = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
    challenges = [found for text in response.headers.all(name) if (found := _read(text))]
    realms = list(dict.fromkeys(challenge.realm for challenge in challenges))[:REALMS_MAX]
    chosen = (best(c for c in challenges if c.realm == realm) for realm in realms)
    return [challenge for challenge in chosen if challenge is not None]


def _read(text: str) -> Challenge | None:
    """Read a challenge; another scheme, or a broken one, may stand beside one that we can use."""
    return or_none(lambda: Challenge.parse(text))


def _refusal(key: Key, challenge: Challenge, exchange: Exchange) -> str:
    """Tell why a challenge is not worth an answer, or return ""."""
    if key not in exchange.fresh:
        return ""
    if not challenge.stale:
        return NOT_OURS
    exchange.stale_rounds += 1
    return ENDLESS if exchange.stale_rounds > STALE_ROUNDS_MAX else ""
