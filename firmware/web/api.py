"""The API as one table: where, what for, what goes in and what comes out.

The answers are in `runtime/web_api.py`, the description that programs read (OpenAPI 3.1) and the
guide's list are made from the table. Whoever asks shows a token: `token new` at the console makes
one, shows it once, and keeps its hash (`console/token.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.agent.events import RegistrationState, Tie
from firmware.link.events import FailureKind, LinkState, Role
from firmware.phone.outage import EndedBy, OutageKind
from firmware.phone.status import CallState
from firmware.web.metrics import CONTENT_TYPE
from firmware.web.schema import COUNT, NUMBER, TEXT, YES_NO, Schema, listing, maybe, one_of, record

JSON = "application/json"
VERSION = "3.1.0"
BODY_MAX = 4096
"""Bytes: a parameter's longest value, each character escaped."""

NAME_MAX, VALUE_MAX = 200, 1024

ROLES = maybe(one_of(role.value for role in Role))

FAILURES = maybe(one_of(kind.value for kind in FailureKind))

LINK = record(
    state=one_of(state.value for state in LinkState),
    since_s=maybe(NUMBER),
    proxy=maybe(TEXT),
    role=ROLES,
    reason=TEXT,
    reason_kind=FAILURES,
    home_failure=TEXT,
    home_failure_kind=FAILURES,
    attempts=COUNT,
    retry_in_s=maybe(NUMBER),
    proof_age_s=maybe(NUMBER),
    round_trip_ms=maybe(NUMBER),
    keep_alive_s=NUMBER,
    answers_pings=maybe(YES_NO),
    per_call=YES_NO,
    tls=maybe(
        record(
            local=TEXT,
            version=TEXT,
            cipher=TEXT,
            resumed=YES_NO,
            certificate_ends=maybe(NUMBER),
        )
    ),
)

ACCOUNT = record(
    account=COUNT,
    name=TEXT,
    address=TEXT,
    state=one_of(state.value for state in RegistrationState),
    reason=TEXT,
    retry_in_s=maybe(NUMBER),
    renew_in_s=maybe(NUMBER),
)

CALL = record(
    call=COUNT,
    account=COUNT,
    name=TEXT,
    number=TEXT,
    state=one_of(state.value for state in CallState),
    tie=one_of(tie.value for tie in Tie),
    sound=maybe(
        record(
            codec=TEXT,
            ptime_ms=NUMBER,
            direction=TEXT,
            encrypted=YES_NO,
            suite=maybe(TEXT),
            remote=TEXT,
            port=COUNT,
        )
    ),
    quality=maybe(
        record(
            bars=COUNT,
            loss_here=NUMBER,
            jitter_here_ms=NUMBER,
            loss_there=NUMBER,
            jitter_there_ms=NUMBER,
            round_trip_ms=maybe(NUMBER),
        )
    ),
)

OUTAGE = record(
    kind=one_of(kind.value for kind in OutageKind),
    began=maybe(NUMBER),
    ended=maybe(NUMBER),
    duration_s=maybe(NUMBER),
    role=ROLES,
    proxy=maybe(TEXT),
    cause=TEXT,
    cause_kind=one_of(kind.value for kind in FailureKind),
    back_on=ROLES,
    calls=COUNT,
    calls_lost=COUNT,
    accounts=COUNT,
    ended_by=maybe(one_of(ended.value for ended in EndedBy)),
)

STATUS = record(
    version=TEXT,
    model=TEXT,
    mac=TEXT,
    running_s=NUMBER,
    unix_s=maybe(NUMBER),
    clock_synchronised=YES_NO,
    link=maybe(LINK),
    accounts=listing(ACCOUNT),
    calls=listing(CALL),
    warnings=listing(TEXT),
    problems=listing(TEXT),
)

PARAMETER = record(
    name=TEXT,
    value=maybe(TEXT),  # None: a secret, which is never told.
    is_set=YES_NO,
    origin=TEXT,
    may_change=YES_NO,
    allowed=TEXT,
    default=maybe(TEXT),
    applied=TEXT,
    secret=YES_NO,
    help=TEXT,
)

CHANGE = record(changed=listing(record(text=TEXT, needs_restart=YES_NO)))

ERROR = record(error=TEXT)

VALUE = record(value={"type": "string", "maxLength": VALUE_MAX})


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """A row: `operation` names its answer."""

    method: str
    path: str
    operation: str
    summary: str
    answer: Schema | None  # None: text of its own kind.
    kind: str = JSON
    body: Schema | None = None
    refusals: tuple[int, ...] = ()

    @property
    def has_name(self) -> bool:
        """Tell whether a parameter's name stands in the path."""
        return "<name>" in self.path


PARAMETER_PATH = "/api/parameters/<name>"

ROUTES = (
    ApiRoute("GET", "/metrics", "metrics", "Metrics, as OpenMetrics text.", None, CONTENT_TYPE),
    ApiRoute("GET", "/api/openapi.json", "openapi", "This description.", {"type": "object"}),
    ApiRoute("GET", "/api/status", "status", "Everything at a glance.", STATUS),
    ApiRoute(
        "GET", "/api/link", "link", "The link to the proxy; null while it starts.", maybe(LINK)
    ),
    ApiRoute("GET", "/api/accounts", "accounts", "The accounts.", listing(ACCOUNT)),
    ApiRoute("GET", "/api/calls", "calls", "The calls, and how they sound.", listing(CALL)),
    ApiRoute(
        "GET", "/api/outages", "outages", "The outage log, the newest first.", listing(OUTAGE)
    ),
    ApiRoute(
        "GET",
        "/api/parameters",
        "parameters",
        "Every parameter that is set, secrets without their values.",
        listing(PARAMETER),
    ),
    ApiRoute("GET", PARAMETER_PATH, "parameter", "One parameter.", PARAMETER, refusals=(404,)),
    ApiRoute(
        "PUT",
        PARAMETER_PATH,
        "set_parameter",
        "Set a parameter on this phone; a secret too.",
        CHANGE,
        body=VALUE,
        refusals=(400, 404, 409, 413),
    ),
    ApiRoute(
        "DELETE",
        PARAMETER_PATH,
        "unset_parameter",
        "Forget what was set on this phone.",
        CHANGE,
        refusals=(404, 409),
    ),
)
"""Every place of the API."""

REFUSED = {
    400: "It is not what the parameter allows, or no such body.",
    401: "No token, or not the one that was made last.",
    404: "There is no such parameter.",
    409: "The files lock it, or it was not set on this phone, or the disk is full.",
    413: "The body is too long.",
}


def openapi(version: str) -> dict[str, object]:
    """Return the description of the API."""
    paths: dict[str, dict[str, object]] = {}
    for route in ROUTES:
        paths.setdefault(route.path.replace("<name>", "{name}"), {})[route.method.lower()] = (
            _operation(route)
        )
    return {
        "openapi": VERSION,
        "info": {
            "title": "Handset",
            "version": version,
            "description": "One phone: how it is, and its parameters.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _operation(route: ApiRoute) -> dict[str, object]:
    content = {route.kind: {"schema": route.answer or TEXT}}
    refusals = {
        str(status): {
            "description": REFUSED[status],
            "content": {JSON: {"schema": ERROR}},
        }
        for status in (401, *route.refusals)
    }
    described: dict[str, object] = {
        "operationId": route.operation,
        "summary": route.summary,
        "responses": {"200": {"description": route.summary, "content": content}, **refusals},
    }
    if route.has_name:
        described["parameters"] = [
            {
                "name": "name",
                "in": "path",
                "required": True,
                "description": "As a file writes it, a space as %20: sip%20line1%20user%20name.",
                "schema": {"type": "string", "minLength": 1, "maxLength": NAME_MAX},
                "example": "ringer volume",
            }
        ]
    if route.body:
        described["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": route.body}},
        }
    return described


def api_list() -> str:
    """Return the table for a guide, as Markdown."""
    rows = (f"| `{route.method} {route.path}` | {route.summary} |" for route in ROUTES)
    return "\n".join(["| what | for |", "|---|---|", *rows])
