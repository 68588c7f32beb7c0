"""The answers of the API (`firmware/web/api.py`), for whoever shows the token.

No cookie counts here and no form: a browser that was led here by somebody else shows no token. What
it sets is kept and logged as what is set at the console (`administration.py`). A secret may be set,
and is never told (T4).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import unquote

from microdot import Request, Response

from config.admin_password import ADMIN_PASSWORD, length_problem
from config.configuration import Configuration
from config.layers import LOCAL
from config.parameters import find, parse, split_line, written
from config.problem import ConfigError
from firmware.console.parameters import ParameterKept
from firmware.console.token import PARAMETER, is_shown
from firmware.runtime.outage_json import outage_fields
from firmware.runtime.process_facts import process_facts
from firmware.runtime.sound_fields import plan_fields, sound_fields
from firmware.runtime.status import Fields, account_fields, call_fields, link_fields
from firmware.runtime.web_reception import Reception
from firmware.runtime.web_site import Site
from firmware.web.api import BODY_MAX, JSON, ROUTES, VALUE_MAX, openapi
from firmware.web.metrics import CONTENT_TYPE, Seen, metrics_text

Answer = Callable[..., Awaitable[Response]]

QUALITY = ("bars", "loss_here", "jitter_here_ms", "loss_there", "jitter_there_ms", "round_trip_ms")


class ApiError(Exception):
    """What was asked cannot be done; the text says why."""

    def __init__(self, status: int, reason: str, text: str) -> None:
        super().__init__(text)
        self.status, self.reason = status, reason


class Api:
    """All places of the table."""

    def __init__(self, reception: Reception) -> None:
        self._around, self._sight = reception.around, reception.sight
        self._administration = reception.administration
        self._answers: dict[str, Answer] = {
            "metrics": self._metrics,
            "openapi": self._openapi,
            "status": self._status,
            "link": self._link,
            "accounts": self._accounts,
            "calls": self._calls,
            "outages": self._outages,
            "parameters": self._parameters,
            "parameter": self._parameter,
            "set_parameter": self._set,
            "unset_parameter": self._unset,
        }

    def add_to(self, site: Site) -> None:
        """Add every route of the table."""
        for route in ROUTES:
            site.add(
                route.path,
                partial(self._answered, self._answers[route.operation]),
                guard=self._bearer,
                methods={route.method},
                body_max=BODY_MAX if route.body else 0,
            )

    def _bearer(self, request: Request) -> Response | None:
        """Let pass who shows the token."""
        record = str(self._around.configuration().value(PARAMETER))
        if is_shown(request.headers.get("Authorization", ""), record):
            return None
        text = "Show the token (Authorization: Bearer ...); token new at the console makes one."
        refusal = _json({"error": text}, 401, "Unauthorized")
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal

    async def _answered(self, answer: Answer, request: Request, **named: str) -> Response:
        try:
            return await answer(request, **named)
        except ApiError as error:
            return _json({"error": str(error)}, error.status, error.reason)

    # Reading.

    async def _metrics(self, _: Request) -> Response:
        logs = self._around.logs()
        entries = await self._administration.certificates()
        ends = tuple((one.parameter, one.ends.timestamp()) for one in entries if one.ends)
        facts = process_facts(self._around.began)
        counts = logs.counts if logs else {}
        text = metrics_text(Seen(self._sight(), facts, ends, counts))
        return Response(text, 200, {"Content-Type": CONTENT_TYPE})

    async def _openapi(self, _: Request) -> Response:
        return _json(openapi(self._about("Version")))

    async def _status(self, _: Request) -> Response:
        sight = self._sight()
        status = sight.status
        return _json(
            {
                "version": self._about("Version"),
                "model": self._about("Model"),
                "mac": self._about("MAC"),
                "running_s": round(sight.now - sight.began, 3),
                "unix_s": sight.unix_s,
                "clock_synchronised": sight.is_synchronised,
                "link": self._link_fields(),
                "accounts": self._account_fields(),
                "calls": self._call_fields(),
                "warnings": list(status.warnings),
                "problems": list(status.problems),
            }
        )

    async def _link(self, _: Request) -> Response:
        return _json(self._link_fields())

    async def _accounts(self, _: Request) -> Response:
        return _json(self._account_fields())

    async def _calls(self, _: Request) -> Response:
        return _json(self._call_fields())

    async def _outages(self, _: Request) -> Response:
        return _json([outage_fields(outage) for outage in self._around.status.outages])

    def _link_fields(self) -> Fields | None:
        sight = self._sight()
        return link_fields(sight.status.link, sight.now) if sight.status.link else None

    def _account_fields(self) -> list[Fields]:
        sight = self._sight()
        return [account_fields(one, sight.now) for _, one in sorted(sight.status.accounts.items())]

    def _call_fields(self) -> list[Fields]:
        status = self._around.status
        return [
            {**call_fields(call), **self._sound_fields(number)}
            for number, call in sorted(status.calls.items())
        ]

    def _sound_fields(self, call: int) -> Fields:
        status = self._around.status
        plan, measured = status.plans.get(call), status.qualities.get(call)
        said = sound_fields(measured) if measured else {}
        return {
            "sound": plan_fields(plan) if plan else None,
            "quality": {name: said[name] for name in QUALITY} if said else None,
        }

    def _about(self, label: str) -> str:
        return dict(self._around.about).get(label, "")

    # Parameters.

    async def _parameters(self, _: Request) -> Response:
        held = self._around.configuration()
        return _json([parameter_fields(held, *key) for key in sorted(held.entries)])

    async def _parameter(self, _: Request, name: str) -> Response:
        return _json(parameter_fields(self._around.configuration(), *_named(name)))

    async def _set(self, request: Request, name: str) -> Response:
        known, account = _named(name)
        text = _value_of(request)
        self._check_may_change(known, account)
        if known == ADMIN_PASSWORD and (problem := length_problem(text)):
            raise ApiError(400, "Bad Request", problem)
        try:
            parse(known, account, text)
        except ConfigError as error:
            raise ApiError(400, "Bad Request", str(error)) from None
        return _changed(await self._administration.set(known, text, account))

    async def _unset(self, _: Request, name: str) -> Response:
        known, account = _named(name)
        entry = self._around.configuration().entries.get((known, account))
        if entry is None or entry.origin != LOCAL:
            words = f"{written(known, account)} was not set on this phone"
            raise ApiError(409, "Conflict", words)
        return _changed(await self._administration.unset(known, account))

    def _check_may_change(self, name: str, account: int) -> None:
        held = self._around.configuration()
        if not held.may_change(name, account):
            origin = held.ruling(name, account).origin
            raise ApiError(409, "Conflict", f"{written(name, account)} is locked by {origin}")


def _changed(kept: ParameterKept) -> Response:
    if kept.configuration is None:
        raise ApiError(409, "Conflict", kept.problem)
    told = [{"text": one.text, "needs_restart": one.needs_restart} for one in kept.changed]
    return _json({"changed": told})


def parameter_fields(held: Configuration, name: str, account: int) -> Fields:
    """Return everything about a parameter but a secret's value."""
    parameter = find(name)
    assert parameter is not None, name
    return {
        "name": written(name, account),
        "value": None if parameter.secret else held.text(name, account),
        "is_set": bool(held.text(name, account)),
        "origin": held.origin(name, account),
        "may_change": held.may_change(name, account),
        "allowed": parameter.kind.allowed,
        "default": None if parameter.secret else parameter.default,
        "applied": parameter.applied,
        "secret": parameter.secret,
        "help": parameter.help,
    }


def _named(text: str) -> tuple[str, int]:
    """Return the parameter of that name, and its account."""
    name, account = split_line(unquote(text))
    parameter = find(name)
    if parameter is None or (account and not parameter.per_line):
        raise ApiError(404, "Not Found", "there is no such parameter")
    return name, account


def _value_of(request: Request) -> str:
    """Return the value that a body sets: {"value": "..."} and nothing else."""
    try:
        said = json.loads(request.body or b"")
    except (ValueError, RecursionError):
        raise ApiError(400, "Bad Request", "the body is not JSON") from None
    value = said.get("value") if isinstance(said, dict) else None
    if not isinstance(value, str) or set(said) != {"value"} or len(value) > VALUE_MAX:
        words = f'the body is {{"value": "..."}}, of at most {VALUE_MAX} characters'
        raise ApiError(400, "Bad Request", words)
    return value


def _json(content: object, status: int = 200, reason: str = "OK") -> Response:
    return Response(json.dumps(content), status, {"Content-Type": JSON}, reason=reason)
