"""Where the link stands, and which changes there can be."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """Where the link stands."""

    OFF = "off"
    WAITING = "waiting"
    CONNECTING = "connecting"
    UP = "up"


LEGAL = {
    State.OFF: {State.OFF, State.WAITING},  # Other settings (L5): another problem, or none.
    State.WAITING: {State.CONNECTING, State.OFF},
    State.CONNECTING: {State.UP, State.WAITING, State.OFF},
    State.UP: {State.WAITING, State.UP, State.OFF},  # UP to UP: home, in one step (F3).
}
