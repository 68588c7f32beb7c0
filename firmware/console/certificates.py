"""Certificates at the console: listed, and taken in by paste.

A paste is read line by line and shown nowhere: it may be a private key (T4). It ends with the line
`.`, so that a chain of several certificates is one paste.
"""

from __future__ import annotations

from functools import partial

from config.checks import CERTIFICATE, CERTIFICATE_FILE_MAX, CHAIN, KEY, REVOKED, TRUSTED
from firmware.console.events import Say, Secret
from firmware.console.sight import Sight
from firmware.console.steps import CommandError, Question, Work
from firmware.console.vocabulary import PASTED
from firmware.frozen import frozen

PARAMETERS = dict(zip(PASTED, (TRUSTED, CHAIN, CERTIFICATE, KEY, REVOKED), strict=True))
"""Which parameter names the file of what is pasted."""

END = "."

PASTED_MAX = CERTIFICATE_FILE_MAX // 8
"""Characters of a paste: at 115200 baud it takes a minute."""


@frozen
class ListCertificates:
    """Return the certificates in words, as a tuple of lines."""


@frozen
class KeepPem:
    """Keep this as the file of that parameter; the result is a sentence."""

    parameter: str
    pem: Secret


def certificates(sight: Sight, words: str) -> list[object]:
    """List them, or take one in."""
    if not words:
        return [Work(ListCertificates(), _lines)]
    verb, _, what = words.lower().partition(" ")
    what = what.strip()
    if verb != "import" or what not in PARAMETERS:
        raise CommandError(f"certificates import {', '.join(PASTED[:-1])} or {PASTED[-1]}")
    name = PARAMETERS[what]
    if not sight.configuration.may_change(name):
        raise CommandError(f"{name} is set by the files and may not be changed here")
    return [
        Say(f"Paste it as PEM; a line with nothing but {END} ends it. It is not shown."),
        _next_line(name, ""),
    ]


def _lines(_: Sight, lines: object) -> list[object]:
    assert isinstance(lines, tuple)
    return [Say("\n".join(lines) if lines else "no certificate file is configured")]


def _next_line(name: str, pasted: str) -> Question:
    return Question("", partial(_take, name, pasted), hidden=True)


def _take(name: str, pasted: str, _: Sight, line: str) -> list[object]:
    if line.strip() == END:
        return [Work(KeepPem(name, Secret(pasted)), _kept)]
    if len(pasted) > PASTED_MAX:
        raise CommandError(f"it is longer than {PASTED_MAX} characters: nothing is changed")
    return [_next_line(name, f"{pasted}{line}\n")]


def _kept(_: Sight, result: object) -> list[object]:
    return [Say(str(result))]
