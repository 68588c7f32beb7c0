"""Digest authentication: challenges read, answers computed (RFC 7616, RFC 8760, RFC 3261 22).

A response is `H(H(A1):nonce:nc:cnonce:qop:H(A2))`; without qop, as in RFC 2069, it is
`H(H(A1):nonce:H(A2))`. A server lists one challenge for each algorithm, the one it likes best
first, and the topmost that we can answer is taken (RFC 8760 2.4). A challenge that asks for
`userhash` is answered with the plain user name, which it has to accept (RFC 7616 3.4.4).

Nonces, opaque values and answers are secrets (T4): no repr shows them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import field

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import QUOTED, WHITE_SPACE, is_token, quote, shown, split_list, unquote

HASHES = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
"""The algorithms of RFC 8760 2.2 and their names in `hashlib`; an OpenSSL may lack some."""

SESSION = "-sess"

_DIGEST = re.compile(r"[ \t]*+digest(?:[ \t]++|\Z)", re.IGNORECASE)

COUNT_MAX = 0xFFFFFFFF
"""The nonce count has eight hexadecimal digits."""


@frozen
class Challenge:
    """One digest challenge of a 401 or 407."""

    realm: str
    nonce: str = field(repr=False)
    opaque: str | None = field(default=None, repr=False)
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ()
    stale: bool = False
    domain: str | None = None

    @classmethod
    def parse(cls, text: str) -> Challenge:
        """Read the value of WWW-Authenticate or Proxy-Authenticate."""
        found = _DIGEST.match(text)
        if found is None:
            raise RemoteProtocolError("not a digest challenge")
        parts = _read_parts(text[found.end() :])
        if "realm" not in parts or "nonce" not in parts:
            raise RemoteProtocolError("digest challenge without realm or nonce")
        algorithm, qop = parts.get("algorithm", "MD5"), split_list(parts.get("qop", ""))
        if not all(map(is_token, (algorithm, *qop))):
            raise RemoteProtocolError("bad algorithm or qop in a digest challenge")
        return cls(
            realm=parts["realm"],
            nonce=parts["nonce"],
            opaque=parts.get("opaque"),
            algorithm=algorithm,
            qop=tuple([option.lower() for option in qop]),
            stale=parts.get("stale", "").lower() == "true",
            domain=parts.get("domain"),
        )

    @staticmethod
    def is_digest(text: str) -> bool:
        """Tell whether a challenge is of the scheme that we know."""
        return _DIGEST.match(text) is not None

    @property
    def is_supported(self) -> bool:
        """Whether we can answer: a known algorithm, and no qop or one that we know."""
        known_qop = not self.qop or "auth" in self.qop or "auth-int" in self.qop
        name = HASHES.get(self.algorithm.lower().removesuffix(SESSION))
        return known_qop and name in hashlib.algorithms_available

    def __str__(self) -> str:
        parts = [f"realm={quote(self.realm)}", f"nonce={quote(self.nonce)}"]
        if self.opaque is not None:
            parts.append(f"opaque={quote(self.opaque)}")
        if self.domain is not None:
            parts.append(f"domain={quote(self.domain)}")
        parts.append(f"algorithm={self.algorithm}")
        if self.qop:
            parts.append(f'qop="{",".join(self.qop)}"')
        if self.stale:
            parts.append("stale=true")
        return "Digest " + ", ".join(parts)


@frozen
class AuthenticationInfo:
    """What a server adds to its 2xx (RFC 7616 3.5): the next nonce, proof that it knows us."""

    nextnonce: str | None = field(default=None, repr=False)
    rspauth: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> AuthenticationInfo:
        """Read the value of Authentication-Info or Proxy-Authentication-Info."""
        parts = _read_parts(text)
        return cls(parts.get("nextnonce"), parts.get("rspauth"))


def best(challenges: Iterable[Challenge]) -> Challenge | None:
    """Return the topmost challenge that we can answer (RFC 8760 2.4)."""
    return next((challenge for challenge in challenges if challenge.is_supported), None)


def answer_challenge(
    challenge: Challenge,
    *,
    user: str,
    password: str,
    method: str,
    uri: str,
    body: bytes,
    nc: int,
    cnonce: str,
) -> str:
    """Return the value of Authorization or Proxy-Authorization.

    `uri` is the Request-URI as written, `nc` counts the uses of this nonce from 1.
    """
    assert challenge.is_supported, "best() chooses what we can answer"
    assert 0 < nc <= COUNT_MAX, f"nonce count {nc}"
    hashed = _Hash(challenge.algorithm)
    secret = hashed(user, challenge.realm, password)
    if hashed.is_session:
        secret = hashed(secret, challenge.nonce, cnonce)
    parts = [
        f"username={quote(user)}",
        f"realm={quote(challenge.realm)}",
        f"nonce={quote(challenge.nonce)}",
        f"uri={quote(uri)}",
    ]
    qop = _choose_qop(challenge)
    what = hashed(method, uri, hashed.of(body)) if qop == "auth-int" else hashed(method, uri)
    if qop:
        count = f"{nc:08x}"
        response = hashed(secret, challenge.nonce, count, cnonce, qop, what)
        parts += (f'response="{response}"', f"qop={qop}", f"nc={count}")
    else:
        response = hashed(secret, challenge.nonce, what)
        parts.append(f'response="{response}"')
    if qop or hashed.is_session:
        parts.append(f"cnonce={quote(cnonce)}")
    parts.append(f"algorithm={challenge.algorithm}")
    if challenge.opaque is not None:
        parts.append(f"opaque={quote(challenge.opaque)}")
    return "Digest " + ", ".join(parts)


class _Hash:
    """One algorithm: the hexadecimal hash of its arguments joined by colons."""

    def __init__(self, algorithm: str) -> None:
        name = algorithm.lower()
        self.is_session = name.endswith(SESSION)
        self._name = HASHES[name.removesuffix(SESSION)]

    def __call__(self, *parts: str) -> str:
        return self.of(":".join(parts).encode())

    def of(self, data: bytes) -> str:
        """Return the hash of bytes."""
        return hashlib.new(self._name, data, usedforsecurity=False).hexdigest()


def _choose_qop(challenge: Challenge) -> str:
    """Prefer `auth`: a proxy may change a body, and the link is encrypted anyway."""
    return next((option for option in ("auth", "auth-int") if option in challenge.qop), "")


def _read_parts(text: str) -> dict[str, str]:
    """Read `name=value, name="value"`; values without their quotes, names in lower case."""
    parts: dict[str, str] = {}
    for element in split_list(text):
        name, equals, value = element.partition("=")
        name, value = name.strip(WHITE_SPACE).lower(), value.strip(WHITE_SPACE)
        if not equals or not is_token(name):
            raise RemoteProtocolError("bad digest parameter")
        if '"' in value and not QUOTED.fullmatch(value):
            raise RemoteProtocolError(f"bad value of digest parameter {shown(name)}")
        if parts.setdefault(name, unquote(value)) != unquote(value):
            raise RemoteProtocolError(f"digest parameter {shown(name)} stands twice")
    return parts
