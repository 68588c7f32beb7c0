"""Certificates at the console: listed, taken in by paste, asked for.

A paste is read line by line and shown nowhere: it may be a private key (T4). It ends with the line
`.`, so that a chain of several certificates is one paste.
"""

from __future__ import annotations

from dataclasses import replace
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


@frozen
class MakeRequest:
    """Make a key and a request for a certificate; `RequestMade` is the result."""

    name: str
    names: tuple[str, ...]
    replaces: bool = False  # A key that waits for its certificate already.


@frozen
class RequestMade:
    """The request as PEM; else `problem` says why there is none."""

    pem: str = ""
    problem: str = ""
    is_there: bool = False  # A key waits for its certificate already.


def certificates(sight: Sight, words: str) -> list[object]:
    """List them, take one in, or ask for one."""
    if not words:
        return [Work(ListCertificates(), _lines)]
    verb, *what = words.split()
    match verb.lower(), what:
        case "request", names:
            return _request(sight, names)
        case "import", [one] if one.lower() in PARAMETERS:
            return _import(sight, PARAMETERS[one.lower()])
        case _:
            kinds = f"{', '.join(PASTED[:-1])} or {PASTED[-1]}"
            raise CommandError(f"certificates import {kinds}; certificates request [NAME]")


def _request(sight: Sight, words: list[str]) -> list[object]:
    mac = next((text for label, text in sight.about if label == "MAC"), "")
    name, *names = words or [mac.replace(":", "") or "handset"]
    wanted = MakeRequest(name, tuple(names))
    return [Work(wanted, partial(_requested, wanted))]


def _requested(wanted: MakeRequest, _: Sight, result: object) -> list[object]:
    assert isinstance(result, RequestMade)
    if result.is_there:
        asked = "A key waits for its certificate already. Type replace to make another: "
        return [Question(asked, partial(_replace, wanted))]
    if result.problem:
        raise CommandError(result.problem)
    told = "Have it signed, then certificates import own. The key stays here, and goes with it."
    return [Say(f"{result.pem.strip()}\n{told}")]


def _replace(wanted: MakeRequest, _: Sight, answer: str) -> list[object]:
    if answer.strip().lower() != "replace":
        return [Say("Nothing is done.")]
    again = replace(wanted, replaces=True)
    return [Work(again, partial(_requested, again))]


def _import(sight: Sight, name: str) -> list[object]:
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
