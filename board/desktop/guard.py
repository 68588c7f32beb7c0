"""Who may talk to the virtual handset (T3): this machine's person, and no page of anybody else.

Any web page that is open in a browser here can send requests to 127.0.0.1. Three checks keep it
out, and each has its own attack:

- *Host* must be the loopback address that we listen on. A foreign name that is made to point at
  127.0.0.1 (DNS rebinding) carries its own name there.
- *Origin* must be our own page: always on a WebSocket, which browsers open across sites without
  asking, and wherever else it is sent.
- *A token* of 192 bits, compared in constant time, is the first word on the WebSocket. It stands in
  the fragment of the printed address: a browser sends that to no server, and in no Referer. The
  page keeps it in the storage of its origin, and not in a cookie: a cookie goes to every port of
  the host, so to whatever else listens on 127.0.0.1.

The page's files are the same for everybody and say nothing; what the phone shows and obeys is on
the WebSocket alone.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping

HOST = "127.0.0.1"
TOKEN_BYTES = 24
"""More than anybody guesses over a socket, and still short enough for one line of a terminal."""


class Guard:
    """The checks for a page on one port."""

    def __init__(self, port: int, token: str = "") -> None:
        self._token = token or secrets.token_urlsafe(TOKEN_BYTES)
        suffix = "" if port == 80 else f":{port}"  # Browsers leave out http's own port.
        self._hosts = (f"{HOST}{suffix}", f"localhost{suffix}")

    @property
    def address(self) -> str:
        """The address of the page with its token: for the terminal that the phone runs in."""
        return f"http://{self._hosts[0]}/#{self._token}"

    def refusal(self, headers: Mapping[str, str]) -> str:
        """Say why a request may not pass; "" where it may."""
        host, origin = headers.get("Host", ""), headers.get("Origin")
        if host not in self._hosts:
            return "This page is only at the address that the phone printed."
        if origin is not None and origin != f"http://{host}":
            return "Another page may not talk to the phone."
        if origin is None and "Upgrade" in headers:
            return "A WebSocket has to say which page opened it."
        return ""

    def admits(self, token: object) -> bool:
        """Tell whether this is the token."""
        given = token if isinstance(token, str) else ""
        return hmac.compare_digest(given.encode(errors="replace"), self._token.encode())

    @property
    def headers(self) -> dict[str, str]:
        """What every answer says to the browser: nothing from elsewhere, and nobody frames us."""
        sockets = " ".join(f"ws://{host}" for host in self._hosts)
        return {
            "Content-Security-Policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                f"connect-src 'self' {sockets}; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'; require-trusted-types-for 'script'"
            ),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(self), geolocation=()",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cache-Control": "no-store",
        }
