"""Digest authentication (RFC 7616, RFC 8760) of the lab's own: a second opinion on the phone's.

`response` is the formula; `Doorkeeper` is the side that challenges and checks.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass

HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}

NONCES_MAX = 1000
"""Nonces remembered; the oldest are forgotten and then count as stale."""


def parse_parameters(text: str) -> dict[str, str]:
    """Return the parameters of a challenge or of credentials, names in lower case."""
    pairs = re.findall(r'([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', text)
    return {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in pairs}


def response(given: dict[str, str], password: str, method: str, body: bytes = b"") -> str:
    """Return the response that belongs to these credentials; nothing where they make no sense."""
    algorithm = given.get("algorithm", "MD5").upper()
    name = HASHES.get(algorithm.removesuffix("-SESS"))
    if name is None:
        return ""

    def digest(*parts: str) -> str:
        return hashlib.new(name, ":".join(parts).encode()).hexdigest()

    nonce, cnonce = given.get("nonce", ""), given.get("cnonce", "")
    first = digest(given.get("username", ""), given.get("realm", ""), password)
    if algorithm.endswith("-SESS"):
        first = digest(first, nonce, cnonce)
    qop = given.get("qop", "")
    what = [method, given.get("uri", "")]
    if qop == "auth-int":
        what.append(hashlib.new(name, body).hexdigest())
    if not qop:
        return digest(first, nonce, digest(*what))
    return digest(first, nonce, given.get("nc", ""), cnonce, qop, digest(*what))


def answer(challenge: str, user: str, password: str, method: str, uri: str, nc: int) -> str:
    """Answer a challenge; the value of an Authorization header field."""
    asked = parse_parameters(challenge)
    fields = {"username": user, "realm": asked["realm"], "nonce": asked["nonce"], "uri": uri}
    fields |= {name: asked[name] for name in ("opaque", "algorithm") if name in asked}
    if "qop" in asked:
        fields |= {"qop": "auth", "nc": f"{nc:08x}", "cnonce": secrets.token_hex(8)}
    fields["response"] = response(fields, password, method)
    bare = {"algorithm", "qop", "nc"}
    return "Digest " + ", ".join(
        f"{name}={value}" if name in bare else f'{name}="{value}"' for name, value in fields.items()
    )


@dataclass
class Nonce:
    """A nonce that was given out: when, and the highest count seen with it."""

    made_at: float
    count: int = 0


class Doorkeeper:
    """Challenges, and checks credentials; a nonce ages, and its count may only grow."""

    def __init__(
        self,
        realm: str,
        users: dict[str, str],
        algorithms: tuple[str, ...] = ("SHA-256", "MD5"),
        nonce_s: float = 300.0,
    ) -> None:
        self.realm, self.algorithms, self.nonce_s = realm, algorithms, nonce_s
        self.users = users
        self._nonces: OrderedDict[str, Nonce] = OrderedDict()

    def challenges(self, now: float, stale: bool = False) -> list[str]:
        """Return one challenge for each algorithm, the preferred first."""
        nonce = secrets.token_hex(16)
        self._nonces[nonce] = Nonce(now)
        if len(self._nonces) > NONCES_MAX:
            self._nonces.popitem(last=False)
        end = ", stale=true" if stale else ""
        return [
            f'Digest realm="{self.realm}", nonce="{nonce}", algorithm={name}, qop="auth"{end}'
            for name in self.algorithms
        ]

    def check(
        self, credentials: list[str], method: str, body: bytes, now: float
    ) -> tuple[str, bool]:
        """Return the user that the credentials prove, or nothing and whether they were stale."""
        for text in credentials:
            given = parse_parameters(text)
            if given.get("realm") == self.realm:
                return self._check_one(given, method, body, now)
        return "", False

    def _check_one(
        self, given: dict[str, str], method: str, body: bytes, now: float
    ) -> tuple[str, bool]:
        user = given.get("username", "")
        password = self.users.get(user)
        offered = given.get("algorithm", "MD5").upper().removesuffix("-SESS")
        if password is None or offered not in self.algorithms:
            return "", False
        if not secrets.compare_digest(
            response(given, password, method, body), given.get("response", "")
        ):
            return "", False
        nonce = self._nonces.get(given.get("nonce", ""))
        count = int(given.get("nc", "1"), 16)
        if nonce is None or now - nonce.made_at > self.nonce_s or count <= nonce.count:
            return "", True
        nonce.count = count
        return user, False
