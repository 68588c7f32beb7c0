"""What happened, for the reader of a failing seed; secrets are left out (T4)."""

from __future__ import annotations

from firmware.link.events import (
    Connected,
    LinkStatus,
    MessageReceived,
    Received,
    SendMessage,
    Write,
)
from firmware.phone.events import OutageLog, Report, Show

HEADERS = (
    *(b"call-id:", b"cseq:", b"retry-after:", b"expires:"),
    *(b"from:", b"to:", b"rseq:", b"rack:", b"session-expires:", b"require:", b"content-length:"),
)


class Trace:
    """A list of (time, direction, what); it becomes text only when somebody reads it."""

    def __init__(self) -> None:
        self._all: list[tuple[float, str, object]] = []

    def add(self, now: float, direction: str, what: object) -> None:
        """Remember something: `>` to the phone, `<` from it, `!` in the world."""
        self._all.append((now, direction, what))

    def lines(self, last: int | None = None) -> list[str]:
        """Write it out."""
        chosen = self._all if last is None else self._all[-last:]
        return [f"{now:10.3f} {way} {describe(what)}" for now, way, what in chosen]


def describe(what: object) -> str:
    """Write one thing in a line."""
    match what:
        case Write(attempt, data) | Received(attempt, data):
            return f"{type(what).__name__}({attempt}) {len(data)} bytes {_gist(data)}"
        case SendMessage(message) | MessageReceived(message):
            return f"{type(what).__name__} {_gist(bytes(message))}"
        case Show():
            return "Show"
        case OutageLog(outages):
            return f"OutageLog of {len(outages)}: {outages[0]}"
        case Connected(attempt):
            return f"Connected({attempt})"
        case Report(LinkStatus() as status):
            reason = status.reason.text if status.reason else ""
            return f"Report link {status.state.value} retry_at={status.retry_at} {reason}"
        case _:
            return repr(what)


def _gist(data: bytes) -> str:
    """The start lines and the headers that tell messages apart; never credentials."""
    if not data.strip(b"\r\n"):
        return repr(data)
    lines = data.split(b"\r\n")
    wanted = [
        line
        for line in lines
        if line.lower().startswith(HEADERS) or b"SIP/2.0" in line[-8:] + line[:8]
    ]
    return " | ".join(line.decode("utf-8", "replace") for line in wanted)
