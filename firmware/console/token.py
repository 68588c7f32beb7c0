"""The token of the API: drawn at the console, shown there once, kept as a hash.

It is drawn from 192 bits, so nobody guesses it, and its hash needs no salt and no time.
"""

from __future__ import annotations

import hashlib
from hmac import compare_digest
from random import Random

from firmware.console.events import Say, Secret
from firmware.console.sight import Sight
from firmware.console.steps import CommandError, Work
from firmware.frozen import frozen

PARAMETER = "api token"
BITS = 192
PREFIX = "sha256:"
SCHEME = "bearer "


def drawn(random: Random) -> Secret:
    """Return a new token."""
    return Secret(f"{random.getrandbits(BITS):0{BITS // 4}x}")


def record_of(token: str) -> str:
    """Return what is kept of it."""
    return PREFIX + hashlib.sha256(token.encode()).hexdigest()


def is_shown(header: str, record: str) -> bool:
    """Tell whether a request's Authorization shows the token of that record; "": there is none."""
    if not record or header[: len(SCHEME)].lower() != SCHEME:
        return False
    return compare_digest(record_of(header[len(SCHEME) :].strip()), record)


@frozen
class ChangeToken:
    """Keep another token, or none; `TokenChanged` is the result."""

    makes: bool


@frozen
class TokenChanged:
    """The new token, where one was made; else `problem` says why nothing was changed."""

    token: Secret | None = None
    problem: str = ""


def token(sight: Sight, words: str) -> list[object]:
    """Say whether there is a token, make one, or take it away."""
    if not words:
        return [
            Say("a token is set" if sight.configuration.value(PARAMETER) else "no token is set")
        ]
    if words not in {"new", "off"}:
        raise CommandError("token, token new or token off")
    return [Work(ChangeToken(words == "new"), _changed)]


def _changed(_: Sight, result: object) -> list[object]:
    assert isinstance(result, TokenChanged)
    if result.problem:
        raise CommandError(f"nothing is changed: {result.problem}")
    if result.token is None:
        return [Say("Nobody has access to the API any more.")]
    words = "It is shown this once; the phone keeps its hash. An older one counts no more."
    return [Say(f"{result.token.text}\n{words}")]
