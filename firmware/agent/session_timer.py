"""The session timer of a call: a call whose far end has died silently does not stand for ever.

Theory of operation (RFC 4028)
------------------------------
- `Session-Expires` in an INVITE or UPDATE and in its 2xx agree on an interval and on who refreshes.
  This phone asks for `sip session timer` seconds where that is not 0, and takes what others ask.
- Who refreshes does so at half the interval (10). Who does not ends the call when nothing has come
  by the interval less min(32 s, a third).
- An interval below `INTERVAL_S_MIN` is refused with 422; a 422 to ours raises what we ask for.
- A far end that does not know the timer is refreshed from here, where it is asked for at all (7.2).
- While there is no link nothing can be refreshed and nothing can come: the clock stands still, and
  begins anew over the next link.
"""

from __future__ import annotations

import re

from firmware.agent.reading import or_none
from firmware.machine import earliest, is_due
from firmware.sip.message import Request, Response

TAG = "timer"

INTERVAL_S_MIN = 90
"""RFC 4028 5: no session interval is shorter."""

INTERVAL_S_MAX = 2**31 - 1
MARGIN_S_MAX = 32.0

RAISES_MAX = 4
"""Proxies on the way that each want a longer interval."""

EXPIRES = re.compile(r"([0-9]{1,10})[ \t]*(?:;(.*))?", re.DOTALL)

Fields = tuple[tuple[str, object], ...]


class SessionTimer:
    """One call's timer; times in seconds."""

    def __init__(self, wanted_s: int) -> None:
        self._wanted_s = wanted_s
        self._minimum_s = INTERVAL_S_MIN
        self._raises = 0
        self._interval_s = 0  # What is agreed; 0: no timer.
        self._is_ours = False  # We refresh.
        self._refresh_at: float | None = None
        self._end_at: float | None = None

    def deadline(self) -> float | None:
        """Return when to refresh or to end the call."""
        return earliest((self._refresh_at, self._end_at))

    def refresh_is_due(self, now: float) -> bool:
        """Tell, once, that it is time to refresh."""
        due = is_due(self._refresh_at, now)
        if due:
            self._refresh_at = None
        return due

    def has_expired(self, now: float) -> bool:
        """Tell whether the far end has to be taken for dead."""
        return is_due(self._end_at, now)

    # Requests of ours.

    def fields(self) -> Fields:
        """Return what a request of ours says: what is agreed, or what is wanted."""
        interval_s = self._asked_s
        if not interval_s:
            return ()
        who = ("uac" if self._is_ours else "uas") if self._interval_s else ""
        refresher = f";refresher={who}" if who else ""
        minimum: Fields = (("Min-SE", self._minimum_s),) if self._raises else ()
        return (("Session-Expires", f"{interval_s}{refresher}"), *minimum)

    @property
    def _asked_s(self) -> int:
        """What our requests ask for: what is agreed or wanted, and no less than a 422 has said."""
        interval_s = self._interval_s or self._wanted_s
        return max(interval_s, self._minimum_s) if interval_s else 0

    def raises(self, response: Response) -> bool:
        """Learn from a 422; tell whether it is worth asking again (7.3)."""
        minimum_s = _number(response.headers.get("Min-SE"))
        self._raises += 1
        if minimum_s is None or minimum_s <= self._minimum_s or self._raises > RAISES_MAX:
            return False
        self._minimum_s = minimum_s
        return True

    def granted(self, response: Response, now: float) -> None:
        """Hear the 2xx to a request of ours: it decides (7.2)."""
        interval_s, who = _expires(response)
        if interval_s:
            self._run(interval_s, ours=who != "uas", now=now)
        else:
            self._run(self._asked_s, ours=True, now=now)

    # Requests of theirs.

    def too_small(self, request: Request) -> Fields | None:
        """Return what a 422 says to an interval that is too short (9); None for a good one."""
        interval_s, _ = _expires(request)
        if not interval_s or interval_s >= INTERVAL_S_MIN or not _knows(request):
            return None
        return (("Min-SE", INTERVAL_S_MIN),)

    def grant(self, request: Request, now: float) -> Fields:
        """Return what our 2xx says to a request of theirs, and go by that (9)."""
        asked_s, who = _expires(request)
        wanted_s = max(self._wanted_s, _number(request.headers.get("Min-SE")) or 0)
        lowered_s = min(asked_s, wanted_s) if asked_s and self._wanted_s else asked_s
        interval_s = lowered_s or (wanted_s if self._wanted_s else 0)
        if not interval_s:
            self._run(0, ours=False, now=now)
            return ()
        theirs = _knows(request) and (who == "uac" or (bool(asked_s) and not who))
        self._run(max(interval_s, INTERVAL_S_MIN), ours=not theirs, now=now)
        said = f"{self._interval_s};refresher={'uac' if theirs else 'uas'}"
        required: Fields = (("Require", TAG),) if theirs else ()
        return (("Session-Expires", said), *required)

    # The link, and the end.

    def pause(self) -> None:
        """The link is down: nobody can refresh."""
        self._refresh_at = self._end_at = None

    def resume(self, now: float) -> None:
        """There is a link again; whoever refreshes has a whole interval to do so."""
        self._run(self._interval_s, ours=self._is_ours, now=now)
        if self._refresh_at is not None:
            self._refresh_at = now

    def _run(self, interval_s: int, *, ours: bool, now: float) -> None:
        self._interval_s, self._is_ours = interval_s, ours
        self._refresh_at = self._end_at = None
        if interval_s:
            self._end_at = now + interval_s - min(MARGIN_S_MAX, interval_s / 3)
            self._refresh_at = now + interval_s / 2 if ours else None


def updates(message: Request | Response) -> bool:
    """Tell whether a peer takes UPDATE (RFC 3311): it refreshes without an offer."""
    return "UPDATE" in (or_none(lambda: message.allow) or ())


def _knows(request: Request) -> bool:
    return TAG in (or_none(lambda: request.supported) or ()) or TAG in request.require


def _expires(message: Request | Response) -> tuple[int, str]:
    """Return the interval, 0 for none or nonsense, and who refreshes, "" where nobody is named."""
    found = EXPIRES.fullmatch((message.headers.get("Session-Expires") or "").strip())
    interval_s = int(found[1]) if found else 0
    if found is None or not 0 < interval_s <= INTERVAL_S_MAX:
        return 0, ""
    parameters = (found[2] or "").lower().replace(" ", "").split(";")
    return interval_s, next((who for who in ("uac", "uas") if f"refresher={who}" in parameters), "")


def _number(text: str | None) -> int | None:
    """Return a Min-SE; it may have parameters that nobody knows."""
    found = EXPIRES.fullmatch((text or "").strip())
    return int(found[1]) if found and int(found[1]) <= INTERVAL_S_MAX else None
