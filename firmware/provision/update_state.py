"""Where the updater stands, and where it may go from there."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """Where the updater stands."""

    OFF = "off"
    RESTING = "resting"
    ASKING = "asking"
    FETCHING = "fetching"
    WAITING = "waiting"
    INSTALLING = "installing"
    INSTALLED = "installed"
    LEAVING = "leaving"


LEGAL: dict[State, set[State]] = {
    State.OFF: set(),
    State.RESTING: {State.FETCHING, State.ASKING},
    State.ASKING: {State.RESTING, State.INSTALLED},
    State.FETCHING: {State.RESTING, State.WAITING},
    State.WAITING: {State.INSTALLING},
    State.INSTALLING: {State.RESTING, State.INSTALLED},
    State.INSTALLED: {State.LEAVING},
    State.LEAVING: set(),
}
