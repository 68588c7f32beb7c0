"""Digest authentication (RFC 7616, RFC 8760; RFC 2617 and 2069 servers still exist).

`best` picks the topmost challenge that is supported (RFC 8760 2.4), `answer_challenge` writes the
value of Authorization or Proxy-Authorization.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import Parameters, quote

ALGORITHMS = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
"""Names of RFC 7616 to names of hashlib; each exists with `-sess` too."""

_DIGEST = re.compile(r"\s*Digest\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A Digest challenge; the nonce never shows in a repr (T4)."""

    realm: str
    nonce: str = field(repr=False)
    opaque: str | None = field(default=None, repr=False)
    algorithm: str = "MD5"
    algorithm_given: bool = False
    qop: tuple[str, ...] = ()
    stale: bool = False
    domain: str = ""

    @staticmethod
    def is_digest(text: str) -> bool:
        """Tell whether a challenge is of the Digest scheme."""
        return _DIGEST.match(text) is not None

    @classmethod
    def parse(cls, text: str) -> Challenge:
        """Read the value of WWW-Authenticate or Proxy-Authenticate."""
        scheme = _DIGEST.match(text)
        if scheme is None:
            raise RemoteProtocolError("not a Digest challenge")
        values = Parameters.parse(text[scheme.end() :], ",")
        realm, nonce = values.get("realm"), values.get("nonce")
        if realm is None or nonce is None:
            raise RemoteProtocolError("a challenge without realm or nonce")
        qop = tuple(part.strip().lower() for part in (values.get("qop") or "").split(","))
        return cls(
            realm,
            nonce,
            values.get("opaque"),
            values.get("algorithm") or "MD5",
            "algorithm" in values,
            tuple(part for part in qop if part),
            (values.get("stale") or "").lower() == "true",
            values.get("domain") or "",
        )

    @property
    def supported(self) -> bool:
        """Whether this phone can answer it."""
        return _hash_name(self.algorithm) is not None and (
            not self.qop or bool({"auth", "auth-int"} & set(self.qop))
        )


def _hash_name(algorithm: str) -> str | None:
    name = ALGORITHMS.get(algorithm.upper().removesuffix("-SESS"))
    return name if name in hashlib.algorithms_available else None


def best(challenges: Sequence[Challenge]) -> Challenge | None:
    """Return the topmost challenge that can be answered (RFC 8760 2.4)."""
    return next((challenge for challenge in challenges if challenge.supported), None)


def answer_challenge(
    challenge: Challenge,
    *,
    user: str,
    password: str,
    method: str,
    uri: str,
    body: bytes = b"",
    nc: int = 1,
    cnonce: str = "",
) -> str:
    """Return the value of (Proxy-)Authorization; `nc` counts the uses of this nonce from 1."""
    name = _hash_name(challenge.algorithm)
    if name is None:
        raise ValueError(f"the algorithm {challenge.algorithm} is not supported")

    def hashed(data: bytes) -> str:
        return hashlib.new(name, data, usedforsecurity=False).hexdigest()

    qop = next((wanted for wanted in ("auth", "auth-int") if wanted in challenge.qop), "")
    secret = hashed(f"{user}:{challenge.realm}:{password}".encode())
    if challenge.algorithm.upper().endswith("-SESS"):
        secret = hashed(f"{secret}:{challenge.nonce}:{cnonce}".encode())
    what = f"{method}:{uri}" + (f":{hashed(body)}" if qop == "auth-int" else "")
    middle = f"{nc:08x}:{cnonce}:{qop}:" if qop else ""
    response = hashed(f"{secret}:{challenge.nonce}:{middle}{hashed(what.encode())}".encode())
    return _write(challenge, user, uri, response, qop, nc, cnonce)


def _write(
    challenge: Challenge, user: str, uri: str, response: str, qop: str, nc: int, cnonce: str
) -> str:
    parts = [
        f"username={quote(user)}",
        f"realm={quote(challenge.realm)}",
        f"nonce={quote(challenge.nonce)}",
        f"uri={quote(uri)}",
        f'response="{response}"',
    ]
    if challenge.algorithm_given:
        parts.append(f"algorithm={challenge.algorithm}")
    if challenge.opaque is not None:
        parts.append(f"opaque={quote(challenge.opaque)}")
    if qop:
        parts += [f"qop={qop}", f"nc={nc:08x}"]
    if qop or challenge.algorithm.upper().endswith("-SESS"):
        parts.append(f"cnonce={quote(cnonce)}")
    return "Digest " + ", ".join(parts)


@dataclass(frozen=True, slots=True)
class AuthenticationInfo:
    """The Authentication-Info of a 2xx (RFC 7616 3.5): a nonce for the next request."""

    nextnonce: str = field(default="", repr=False)
    rspauth: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> AuthenticationInfo:
        """Read the header's value; what is not there is ""."""
        values = Parameters.parse(text, ",")
        return cls(values.get("nextnonce") or "", values.get("rspauth") or "")
