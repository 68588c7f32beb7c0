"""Where the provisioner stands, what it plans, and how long it waits."""

from __future__ import annotations

from enum import Enum

from firmware.frozen import frozen

START_SPREAD_S = 20.0
"""A fleet that gets its power back does not ask all at once, where it has its files already."""

RETRY_BASE_S = 5.0
RETRY_CAP_S = 900.0
RETRY_AFTER_MAX_S = 86_400.0
"""A server may put the phone off for a day, not for ever."""

ASKED_GAP_S = 60.0
"""Between two rounds that somebody else causes: nobody keeps the phone busy by NOTIFY."""

RESTART_GAP_S = 300.0
"""A server whose files are different each time does not keep the phone restarting."""

NOTHING_THERE = "the server has no configuration for this phone"

NEW_CONFIGURATION = "a new configuration"

AT_START, AT_TIME, BY_NOTIFY, BY_SETTING, BY_HAND, BY_FLEET = (
    "the phone started",
    "auto resync",
    "check-sync",
    "the server is another one",
    "asked for at the phone",
    "rolled out to the fleet",
)


class State(Enum):
    """Where the provisioner stands."""

    OFF = "off"
    RESTING = "resting"
    FETCHING = "fetching"
    KEEPING = "keeping"
    LEAVING = "leaving"


LEGAL: dict[State, set[State]] = {
    State.OFF: {State.RESTING, State.LEAVING},
    State.RESTING: {State.OFF, State.FETCHING, State.LEAVING},
    State.FETCHING: {State.OFF, State.RESTING, State.KEEPING},
    State.KEEPING: {State.OFF, State.RESTING},
    State.LEAVING: set(),
}


@frozen
class Planned:
    """A round that is to come; `when_free`: not while somebody uses the phone."""

    at: float
    why: str
    when_free: bool = False
