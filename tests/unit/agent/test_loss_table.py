"""The table of ARCHITECTURE.md: what a call does when its link dies, each cell a test (F5, F6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.agent.events import (
    Answer,
    CallEnded,
    EndCause,
    Hold,
    IncomingCall,
    MediaEnded,
    Tie,
    TieChanged,
)
from firmware.agent.events import HangUp as Hang
from firmware.link.events import Failure, Proxy
from firmware.transaction.events import CancelLost, SendResponse
from tests.unit.agent.calling import Calling
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import BACKUP, LOCAL, PRIMARY, RESET, Rig, invite, of
from tests.unit.agent.talking import AUDIO, HELD, Talking

HEADING = "## A call, and the loss of its link"
MOMENTS: dict[str, Proxy | None] = {
    "next link: the same proxy": PRIMARY,
    "next link: the other proxy": BACKUP,
    "no link comes": None,
}


def dialling() -> Rig:
    rig = Calling()
    rig.open.append(rig.invite)
    return rig


def ringing_there(body: str = "") -> Rig:
    rig = dialling()
    assert isinstance(rig, Calling)
    ringing = answer(rig.invite.request, 180, ("Contact", "<sip:far@198.51.100.7>"), tag="far")
    if body:
        headers = ringing.headers.add("Content-Type", "application/sdp")
        ringing = replace(ringing, headers=headers, body=body.encode())
    rig.reply(rig.invite, ringing)
    return rig


class RingingHere(Rig):
    """An agent whose call rings, or has just been answered; who is there when the link is lost."""

    def __init__(self, *, lifts: bool = False, comes_again: bool = False) -> None:
        super().__init__()
        self.lifts, self._comes_again, self._is_taken_over = lifts, False, False
        self.missed_after_s = self._lost_at = 0.0
        self.registered()
        self.key = self.receive(invite(AUDIO))
        self._comes_again = comes_again

    def down(self, failure: Failure = RESET) -> list[object]:
        self._lost_at = self.now
        return super().down(failure) + (self.feed(Answer(1)) if self.lifts else [])

    def register(self, limit: int = 20) -> int:
        trips = super().register(limit)
        if self._comes_again:
            self.key, self._is_taken_over = self.receive(invite(AUDIO, Call_ID="again")), True
        return trips

    def words(self) -> str:
        """Say what has come of the call: what was said to its caller, or that it goes on."""
        said = [f"{one.status}{' again' * (one.status == 180)}" for one in self.answers(self.key)]
        if self._is_taken_over:
            assert not of(IncomingCall, self.out), "there is one ringing"
            assert self.answers("in1")[-1].status == 487
            return f"{self.answers(self.key)[0].status} to the new one"
        if said and not self.missed_after_s:
            return ", ".join(said)
        goes_on = "waits for its caller" if self.lifts else "rings on"
        if not self.missed_after_s:
            return goes_on
        return f"{goes_on}, missed after {self.missed_after_s:.0f} s"

    def _keep(self, out: list[object]) -> list[object]:
        if of(CallEnded, out):
            self.missed_after_s = self.now - self._lost_at
        return super()._keep(out)


def answered() -> Rig:
    rig = Rig().registered()
    rig.receive(invite(AUDIO))
    rig.feed(Answer(1))
    return rig


class AnsweredHere(Rig):
    """An agent whose 2xx nobody has heard: its caller comes again over the next link."""

    def __init__(self) -> None:
        super().__init__()
        self.key = ""
        self.registered()
        self.receive(invite(AUDIO))
        self.feed(Answer(1))

    def register(self, limit: int = 20) -> int:
        trips = super().register(limit)
        if self.calls():
            self.key = self.receive(invite(AUDIO, Call_ID="again"))
        return trips

    def words(self) -> str:
        """Say what has come of the call."""
        assert not of(IncomingCall, self.out), "nobody rings where somebody has lifted"
        assert not of(MediaEnded, self.out), "its sound never stops"
        said = [one.status for one in self.answers(self.key)]
        return f"{', '.join(map(str, said))} to the new one" if said else "kept"


def held() -> Rig:
    rig = Talking()
    rig.feed(Hold(1))
    rig.grants(rig.asked(), HELD)
    return rig


def holding() -> Rig:
    rig = Talking()
    rig.feed(Hold(1))
    return rig


def replacing() -> Rig:
    rig = Talking()
    rig.down()
    rig.up(PRIMARY)
    rig.register()
    rig.denies(rig.asked(), 481)
    return rig


def cancelling() -> Rig:
    rig = dialling()
    rig.feed(Hang(1))
    return rig


def hanging_up() -> Rig:
    rig = Talking()
    rig.feed(Hang(1))
    return rig


STATES: dict[str, Callable[[], Rig]] = {
    "dialling": dialling,
    "ringing there": ringing_there,
    "early media": lambda: ringing_there(AUDIO),
    "ringing here": RingingHere,
    "ringing here, answered then": lambda: RingingHere(lifts=True),
    "ringing here, the caller comes again": lambda: RingingHere(comes_again=True),
    "answered here, no ACK yet": answered,
    "answered here, no ACK yet, the caller comes again": AnsweredHere,
    "talking": Talking,
    "talking, called": lambda: Talking(placed=False),
    "held": held,
    "about to hold": holding,
    "INVITE with Replaces out": replacing,
    "hung up before the answer": cancelling,
    "hung up, BYE out": hanging_up,
}


def document() -> dict[tuple[str, str], str]:
    """Read the table: what happens, by state and moment."""
    text = (Path(__file__).parents[3] / "ARCHITECTURE.md").read_text()
    lines = text[text.index(HEADING) :].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| | next link"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    moments = rows[0][1:]
    pairs = [(row[0], zip(moments, row[1:], strict=True)) for row in rows[2:]]
    return {(state, moment): text for state, cells in pairs for moment, text in cells}


CELLS = document()


def test_the_table_has_a_cell_for_each_state_and_moment() -> None:
    assert set(CELLS) == {(state, moment) for state in STATES for moment in MOMENTS}


@pytest.mark.parametrize(("state", "moment"), CELLS)
def test_what_the_table_says_is_done(state: str, moment: str) -> None:
    rig, proxy = STATES[state](), MOMENTS[moment]
    rig.out.clear()
    rig.down()
    if proxy is not None:
        rig.up(proxy, replace(LOCAL, port=41000))
        rig.register()
    else:
        rig.wait(400)
    said = rig.words() if isinstance(rig, RingingHere | AnsweredHere) else happened(rig)
    assert said == CELLS[state, moment]


def happened(rig: Rig) -> str:
    """Say in the table's words what came of it."""
    ended = [end for end in of(CallEnded, rig.out) if end.cause is EndCause.LINK_LOST]
    words = [f"{said.response.status} again" for said in of(SendResponse, rig.out)]
    words += ["CANCEL of the old INVITE"] if of(CancelLost, rig.out) else []
    for sent in rig.open:
        request = sent.request
        if request.method == "INVITE" and request.to.tag is None:
            words.append("another INVITE")
        elif request.method == "INVITE":
            hold = b"a=sendonly" in request.body
            words.append("re-INVITE, on hold" if hold else "re-INVITE")
        elif request.method == "BYE":
            words.append("BYE")
    if rig.calls() and TieChanged(1, Tie.REFRESHING) in rig.out:
        assert not of(MediaEnded, rig.out), "its sound never stops"
        words = words or ["kept"]
    if not rig.calls() and len(rig.agent._farewells):
        words = words or ["the BYE is owed"]
    return ", ".join(["ends: link lost"] * bool(ended) + words) or "nothing"
