"""Who is logged in at the web page: the console's password, a count of wrong ones of its own (T3).

Theory of operation
-------------------
    nobody --the password--> logged in --log-out, idle, too long, another password--> nobody
    no password yet --somebody asks--> code on the screen --the code, a new password--> logged in

A session is a name that nobody can guess, made anew at each log-in, so that one that was planted in
a browser before is worth nothing. With it goes a second such word, which stands in every form: a
page of somebody else that sends a form here does not know it. Sessions are in memory alone; whoever
restarts the phone logs in again.

One password is checked at a time: a hash takes 16 MB and its time, so nobody makes the phone count
a hundred at once. What wrong ones cost is in `phone/lockout.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hmac import compare_digest
from random import Random

from firmware.console.events import Secret, ShowCode
from firmware.console.login import CODE_DIGITS
from firmware.frozen import frozen
from firmware.machine import is_due
from firmware.phone.lockout import Lockout

IDLE_S = 900.0
"""Who asks for nothing for so long is logged out; a page that renews itself asks for nothing."""

LASTS_S = 12 * 3600.0
"""Nobody stays for longer."""

CODE_S = 180.0
"""To read a code from the screen and to choose a password."""

SESSIONS_MAX = 8
"""The one that was used longest ago makes room."""

TOKEN_BITS = 192
"""More than anybody guesses."""

BUSY = "Somebody else logs in at this moment. Try again."


@frozen
class Notice:
    """What came of what somebody did; `is_bad`: it was not done."""

    text: str
    is_bad: bool = False


@dataclass(slots=True)
class Session:
    """Somebody who is logged in."""

    name: str = field(repr=False)
    form_word: str = field(repr=False)  # Stands in every form.
    began: float = 0.0
    seen_at: float = 0.0
    notice: Notice | None = None  # For the next page.

    def take_notice(self) -> Notice | None:
        """Return what the next page says first."""
        notice, self.notice = self.notice, None
        return notice

    def is_over(self, now: float) -> bool:
        """Tell whether nobody was there for too long."""
        return now >= min(self.seen_at + IDLE_S, self.began + LASTS_S)

    def sent(self, form_word: str) -> bool:
        """Tell whether a form came from a page of this session."""
        return compare_digest(form_word.encode(errors="replace"), self.form_word.encode())


class Gate:
    """The page's door."""

    def __init__(self, random: Random, lockout: Lockout) -> None:
        self._random, self._lockout = random, lockout
        self._sessions: dict[str, Session] = {}
        self._code = ""
        self._code_until: float | None = None
        self._is_checking = False

    def deadline(self) -> float | None:
        return self._code_until

    def wake(self, now: float) -> list[object]:
        return self._hide() if is_due(self._code_until, now) else []

    def is_in_use(self, now: float) -> bool:
        """Tell whether somebody is logged in, or about to."""
        self._forget(now)
        return bool(self._sessions or self._code or self._is_checking)

    # Sessions.

    def session(self, name: str, now: float) -> Session | None:
        """Return the session of that name, if somebody has it."""
        self._forget(now)
        return self._sessions.get(name)

    def begin(self, now: float) -> Session:
        """Somebody has logged in."""
        self._forget(now)
        while len(self._sessions) >= SESSIONS_MAX:
            oldest = min(self._sessions.values(), key=lambda one: one.seen_at)
            del self._sessions[oldest.name]
        session = Session(self._word(), self._word(), now, now)
        self._sessions[session.name] = session
        return session

    def end(self, session: Session) -> None:
        """Somebody logs out."""
        self._sessions.pop(session.name, None)

    def end_all(self) -> None:
        """Another password counts: who knew the old one has to know the new one."""
        self._sessions.clear()

    def _forget(self, now: float) -> None:
        over = [one.name for one in self._sessions.values() if one.is_over(now)]
        for name in over:
            del self._sessions[name]

    def _word(self) -> str:
        return f"{self._random.getrandbits(TOKEN_BITS):0{TOKEN_BITS // 4}x}"

    # Passwords and the code.

    def begin_check(self, now: float) -> str:
        """Begin to check a password or a code; return why that may not be, or ""."""
        if self._lockout.wait_s(now):
            return self._lockout.words(now)
        if self._is_checking:
            return BUSY
        self._is_checking = True
        return ""

    def end_check(self, now: float, *, is_right: bool) -> str:
        """Hear what came of it; return what to say to who was wrong."""
        self._is_checking = False
        if is_right:
            self._lockout.forgive()
            return ""
        self._lockout.note_wrong(now)
        return self._lockout.words(now) if self._lockout.wait_s(now) else "That is wrong."

    def wait_s(self, now: float) -> int:
        """Return for how long nobody is heard."""
        return self._lockout.wait_s(now)

    @property
    def shows_code(self) -> bool:
        """Tell whether a code is on the screen."""
        return bool(self._code)

    def show_code(self, now: float) -> list[object]:
        """Show a code on the phone's screen; whoever asks again reads the same one."""
        if not self._code:
            self._code = "".join(str(self._random.randrange(10)) for _ in range(CODE_DIGITS))
        self._code_until = now + CODE_S
        return [ShowCode(Secret(self._code))]

    def is_code(self, text: str) -> bool:
        """Tell whether it is the one on the screen."""
        given = "".join(text.split()).encode(errors="replace")
        return bool(self._code) and compare_digest(given, self._code.encode())

    def _hide(self) -> list[object]:
        self._code, self._code_until = "", None
        return [ShowCode(Secret(""))]

    def hide_code(self) -> list[object]:
        """Take the code away: it was used, or guessed at."""
        return self._hide() if self._code else []
