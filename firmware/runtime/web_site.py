"""The web page's routes: what is answered where, and who may ask.

Every route has a guard, which sees the head of a request and returns the refusal, or None where it
may pass; `web_reception.py` has those of the page. A body is read only for whoever has passed, but
for one as short as a log-in's, so that strangers cost no memory. Where there is no route, the
guard of all pages decides first: a stranger does not learn what there is.

Another module adds routes of its own:

    site.add("/metrics", metrics, guard=bearer)
    site.add("/api/parameters/<name>", change, guard=bearer, methods={"PUT"}, body_max=4096)

The answer is a coroutine that takes microdot's Request (and the values of the path) and returns its
Response. `HEADERS` say to the browser what goes for every answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from functools import partial

from microdot import Request, Response
from microdot.microdot import URLPattern

from drivers.http_listener import Body, Taker

Guard = Callable[[Request], Response | None]
Answer = Callable[..., Awaitable[Response]]

READING = frozenset({"GET"})
"""HEAD goes with it."""

STRANGERS_BODY_MAX = 4096
"""Bytes of a body from whoever has not passed its guard: a form with a password or two."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    # With "no-referrer" browsers send no Origin with a form, and the guard wants to see it.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
"""Nothing from elsewhere, nothing in the page itself, nobody frames us, nothing is kept.

No Strict-Transport-Security: browsers heed none from a certificate that nobody signed."""


async def _no_body(_: Request) -> Response:
    """Answer whoever sends nothing where a body is taken."""
    return Response("A file is taken here.", 411, reason="Length Required")


async def _with_headers(taker: Taker, request: Request, body: Body) -> Response:
    response = await taker(request, body)
    response.headers.update(HEADERS)
    return response


@dataclass(frozen=True, slots=True)
class Route:
    """One place of the site."""

    pattern: URLPattern
    methods: frozenset[str]
    answer: Answer
    guard: Guard
    body_max: int
    taker: Taker | None = None


class Site:
    """All places; an application for `drivers/http_listener.py`."""

    def __init__(self, guard_of_nothing: Guard) -> None:
        self._routes: list[Route] = []
        self._guard_of_nothing = guard_of_nothing

    def add(
        self,
        path: str,
        answer: Answer,
        *,
        guard: Guard,
        methods: Collection[str] = READING,
        body_max: int = 0,
    ) -> None:
        """Answer requests to a path; `<name>` in it stands for any one word."""
        self._routes.append(Route(URLPattern(path), frozenset(methods), answer, guard, body_max))

    def add_taker(self, path: str, taker: Taker, *, guard: Guard) -> None:
        """Have a body that is posted to a path taken as it comes, of whoever has passed."""
        pattern, methods = URLPattern(path), frozenset({"POST"})
        self._routes.append(Route(pattern, methods, _no_body, guard, 0, taker))

    def taker(self, request: Request) -> Taker | None:
        """Return who takes a body as it comes, None where it is for nobody."""
        route = self._route(request)
        if route is None or route.taker is None or route.guard(request) is not None:
            return None
        return partial(_with_headers, route.taker)

    def room(self, request: Request) -> int:
        """Return how long a body may be."""
        route = self._route(request)
        if route is None:
            return STRANGERS_BODY_MAX  # It is told what is wrong, and not that it is too long.
        if route.body_max > STRANGERS_BODY_MAX and route.guard(request) is not None:
            return STRANGERS_BODY_MAX
        return route.body_max

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        response = await self._respond(request)
        if response is not Response.already_handled:
            response.headers.update(HEADERS)
            response.is_head = request.method == "HEAD"
        return response

    async def _respond(self, request: Request) -> Response:
        route = self._route(request)
        if route is None:
            return self._nothing(request)
        refusal = route.guard(request)
        if refusal is not None:
            return refusal
        return await route.answer(request, **(route.pattern.match(request.path) or {}))

    def _nothing(self, request: Request) -> Response:
        here = [route for route in self._routes if route.pattern.match(request.path) is not None]
        guard = here[0].guard if here else self._guard_of_nothing
        refusal = guard(request)
        if refusal is not None:
            return refusal
        if not here:
            return Response("There is nothing here.", 404, reason="Not Found")
        allowed = sorted({method for route in here for method in route.methods})
        headers = {"Allow": ", ".join(allowed)}
        return Response("That cannot be done here.", 405, headers, reason="Method Not Allowed")

    def _route(self, request: Request) -> Route | None:
        method = "GET" if request.method == "HEAD" else request.method
        for route in self._routes:
            if method in route.methods and route.pattern.match(request.path) is not None:
                return route
        return None
