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
    State.OFF: set[State](),
    State.WAITING: {State.CONNECTING},
    State.CONNECTING: {State.UP, State.WAITING},
    State.UP: {State.WAITING, State.UP},  # UP to UP: home, in one step (F3).
}
