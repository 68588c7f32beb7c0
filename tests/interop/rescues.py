"""What becomes of a call whose primary proxy is lost, by the state in which that finds it (F5, F6).

A scene brings a room into its state (`prepare`), does what goes down with the primary (`act`), and
looks at what follows (`check`): at both ends, at the sound that passed, at the screen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.interop.conftest import wait_until
from tests.interop.ends import (
    INCOMING,
    OUTGOING,
    TALKING,
    BaresipEnd,
    End,
    HandsetEnd,
    ring,
    set_up,
    wait_for_calls,
)
from tests.interop.house import Far, Room
from tests.interop.phone import Event

PTIME_S = 0.02
SAMPLES = 160
"""Of a packet: G.711, 20 ms."""

MOST = 0.6
"""Of the frames, on a machine that is so busy that a card's clock loses some."""

NOISE_S = 0.25
"""What a busy machine may hold up a packet."""

BEFORE_S = 0.5
AFTER_S = 0.5

DIFFER = "the keys differ"
KEPT, GONE = "call kept", "the far end is gone"

FLOWS_S = 20.0
"""Until twenty phones have loaded their codecs on a busy machine."""

SAID_S = 4.0
"""The screen says that nobody is there, for about five seconds, before the call is closed."""

FREED_S = 15.0
"""Until a proxy has given up an INVITE whose caller is lost."""


@dataclass(frozen=True)
class Scene:
    """A state of a call, and what has to come of it."""

    name: str
    prepare: Callable[[Room], None]
    act: Callable[[Room], None]
    check: Callable[[Room], None]
    fars: tuple[Far, ...] = tuple(Far)
    early_media: bool = False


def nothing(room: Room) -> None:
    """Be as the loss finds it."""


def near_calls(room: Room) -> None:
    set_up(room.near, room.far)
    wait_until(lambda: is_heard_both_ways(room), FLOWS_S)


def far_calls(room: Room) -> None:
    set_up(room.far, room.near)
    wait_until(lambda: is_heard_both_ways(room), FLOWS_S)


def is_heard_both_ways(room: Room) -> bool:
    """Whether sound flows: a phone that loads its codecs for its first call begins later."""
    now = time.time()
    streams = room.house.tap.streams(room.media_port, now - BEFORE_S, now)
    return all(len(stream.packets) >= MOST * BEFORE_S / PTIME_S for stream in streams)


def near_rings(room: Room) -> None:
    ring(room.far, room.near)


def far_rings(room: Room) -> None:
    ring(room.near, room.far)


def near_holds(room: Room) -> None:
    near_calls(room)
    hold(room, on=True)


def near_dials(room: Room) -> None:
    room.near.dial(room.far.uri)


def near_hangs_up(room: Room) -> None:
    room.near.hang_up()


def far_hangs_up(room: Room) -> None:
    room.far.hang_up()


def hold(room: Room, *, on: bool) -> None:
    """Hold the call, or take it back."""
    at = time.time()
    room.phone.send("hold", on=on)
    room.phone.wait_for("hold", room.house.patience_s, at)
    room.phone.wait_for("media", room.house.patience_s, at)


# What is looked at.


def kept(room: Room) -> None:
    """The link died and the call did not: its sound, its screen and both lists say so."""
    rescued_at = room.wait_rescued()
    lost_at = float(room.wait_for("link", is_down)["t"])
    assert lost_at < rescued_at
    wait_for_calls(room.near, TALKING)
    wait_for_calls(room.far, TALKING)
    time.sleep(AFTER_S)
    shown = room.screens()
    assert any(KEPT in text for text in shown), shown
    assert KEPT not in shown[-1], shown
    if isinstance(room.far, HandsetEnd):  # With whatever keys: they are those of the far end.
        assert "encrypted" in shown[-1], shown
        assert not any(DIFFER in text for text in shown), shown
    assert not room.events("ended")


def heard_throughout(room: Room) -> None:
    """Not a packet is missing, either way, from before the loss until after the rescue."""
    kept(room)
    since, until = room.struck_at - BEFORE_S, time.time() - 2 * NOISE_S
    for stream in room.house.tap.streams(room.media_port, since, until):
        assert stream.longest_gap_s < PTIME_S + NOISE_S, stream.longest_gap_s
        assert not stream.breaks(SAMPLES), stream.breaks(SAMPLES)[:3]
        assert len(stream.packets) >= MOST * (until - since) / PTIME_S


def near_ends(room: Room) -> None:
    heard_throughout(room)
    room.near.hang_up()
    over(room)


def far_ends(room: Room) -> None:
    heard_throughout(room)
    room.far.hang_up()
    over(room)
    told_the_truth(room)


def held_on(room: Room) -> None:
    """The call is still held; it can be taken back."""
    kept(room)
    assert "on hold" in room.screens()[-1].lower()
    hold(room, on=False)
    time.sleep(AFTER_S)
    sent, came = room.house.tap.streams(room.media_port, time.time() - AFTER_S / 2, time.time())
    assert sent.packets
    assert came.packets
    room.far.hang_up()
    over(room)
    told_the_truth(room)


def bye_lost(room: Room) -> None:
    over(room)
    told_the_truth(room)


def answered_there(room: Room) -> None:
    """What was dialled rings at the far end again, is answered there, and is talked in."""
    repeated_at = room.wait_for("repeating")["at"]
    room.phone.wait_for_any(("ringing", "media"), room.house.patience_s, repeated_at)
    wait_for_calls(room.far, INCOMING, timeout_s=FREED_S)
    talked_in(room, room.far)
    room.near.hang_up()
    over(room)


def answered_here(room: Room) -> None:
    """It rings on here, until its caller is back; then it is answered, and talked in."""
    room.wait_for("tie", lambda event: event["tie"] == "refreshing")
    if isinstance(room.far, BaresipEnd):
        calls_again(room)
    room.wait_for("tie", is_anchored)
    wait_for_calls(room.near, INCOMING)
    wait_for_calls(room.far, OUTGOING)
    assert any(KEPT in text for text in room.screens()), room.screens()
    talked_in(room, room.near)
    assert not room.events("incoming"), "there is one ringing"
    assert not room.events("ended")
    room.far.hang_up()
    over(room)


def calls_again(room: Room) -> None:
    """A caller who has lost nothing has a proxy yet, which gives up in time, unless the handset is
    back where its call came from."""
    room.wait_for("registered")
    by = time.time() + room.house.patience_s
    while room.far.calls() and not any(is_anchored(event) for event in room.events("tie")):
        assert time.time() < by, room.far.log()
        time.sleep(0.05)
    if not room.far.calls():
        room.far.dial(room.near.uri)


def talked_in(room: Room, callee: End) -> None:
    """A call that rings is answered, and both ends have it."""
    callee.answer()
    wait_for_calls(room.near, TALKING)
    wait_for_calls(room.far, TALKING)


def over(room: Room) -> None:
    """Both ends' own lists are empty."""
    wait_for_calls(room.near, timeout_s=room.house.patience_s)
    wait_for_calls(room.far, timeout_s=room.house.patience_s)


def told_the_truth(room: Room) -> None:
    """Whoever never heard a BYE has said on the screen that nobody is there, and then ended."""
    ended = room.wait_for("ended")
    if ended["cause"] == "failed":
        assert ended["reason"] == GONE, ended
        said = [event["at"] for event in room.events("screen") if GONE in event["text"]]
        assert ended["at"] - said[0] > SAID_S, said


def is_anchored(event: Event) -> bool:
    """Whether a call is tied to its far end anew."""
    return bool(event["tie"] == "anchored")


def is_down(event: Event) -> bool:
    """Whether the link is down."""
    return bool(event["state"] != "up")


SCENES = (
    Scene("dialling", nothing, near_dials, answered_there),
    Scene("ringing out", far_rings, nothing, answered_there),
    Scene("early media", far_rings, nothing, answered_there, (Far.BARESIP,), early_media=True),
    Scene("ringing in", near_rings, nothing, answered_here),
    Scene("talking, placed", near_calls, nothing, near_ends),
    Scene("talking, called", far_calls, nothing, far_ends),
    Scene("held", near_holds, nothing, held_on),
    Scene("hanging up", near_calls, near_hangs_up, over),
    Scene("far end hanging up", near_calls, far_hangs_up, bye_lost),
)
