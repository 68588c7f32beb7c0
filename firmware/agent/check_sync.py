"""NOTIFY check-sync: the proxy wants the phone to fetch its configuration anew.

No RFC has it; desk phones have understood it for twenty years. `Event: check-sync` asks for the
files, `;reboot=true` for a new start as well. It is taken over the link only, like every request,
so it comes from the proxy whose certificate was verified (T1).
"""

from __future__ import annotations

from firmware.agent.answering import answer
from firmware.agent.events import ResyncAsked
from firmware.agent.line import Line
from firmware.sip.grammar import Parameters
from firmware.sip.message import Request
from firmware.transaction.events import SendResponse

EVENT = "check-sync"


def asks_for_resync(notify: Request) -> bool:
    """Tell whether a NOTIFY outside a dialog is one."""
    return (notify.headers.get("Event") or "").partition(";")[0].strip().lower() == EVENT


def resync_asked(key: str, notify: Request, line: Line, tag: str) -> list[object]:
    """Say that it was heard; what follows is for the world outside."""
    _, semicolon, rest = (notify.headers.get("Event") or "").partition(";")
    parameters = Parameters.parse(f"{semicolon}{rest}".strip())
    restarts = (parameters.get("reboot") or "").strip().lower() == "true"
    return [SendResponse(key, answer(notify, 200, line.user_agent, tag=tag)), ResyncAsked(restarts)]
