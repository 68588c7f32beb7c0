"""Where the person and the phone stand, and which changes there can be."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """What the person is doing."""

    IDLE = "idle"
    DIALLING = "dialling"
    CALLING = "calling"
    RINGING = "ringing"
    ANSWERING = "answering"
    TALKING = "talking"
    ENDED = "ended"


LEGAL = {
    State.IDLE: {State.DIALLING, State.CALLING, State.RINGING},
    State.DIALLING: {State.CALLING, State.IDLE, State.RINGING, State.TALKING},
    State.CALLING: {State.TALKING, State.ENDED, State.IDLE, State.DIALLING},
    State.RINGING: {State.ANSWERING, State.ENDED, State.IDLE, State.DIALLING},
    State.ANSWERING: {State.TALKING, State.ENDED, State.IDLE, State.DIALLING},
    State.TALKING: {
        State.TALKING,
        State.ANSWERING,
        State.CALLING,
        State.DIALLING,
        State.RINGING,
        State.ENDED,
        State.IDLE,
    },
    State.ENDED: {
        State.IDLE,
        State.DIALLING,
        State.CALLING,
        State.RINGING,
        State.TALKING,
    },
}
