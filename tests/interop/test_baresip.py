"""The phone and baresip call each other through Kamailio: signalling, both ways, each end first."""

from __future__ import annotations

import time

import pytest

from tests.interop.accounts import DOMAIN
from tests.interop.baresip import Baresip
from tests.interop.conftest import Scene


def dial(scene: Scene, baresip: Baresip) -> float:
    """Call baresip; return when it was dialled, once it rings at both ends."""
    at = time.time()
    scene.phone.send("dial", uri=baresip.uri)
    baresip.wait_for("CALL_INCOMING", at)
    scene.phone.wait_for("ringing", since=at)
    return at


def be_called(scene: Scene, baresip: Baresip) -> float:
    """Have baresip call; return when, once it rings at both ends."""
    at = time.time()
    baresip.dial(f"sip:{scene.phone.users[0]}@{DOMAIN}")
    scene.phone.wait_for("incoming", since=at)
    baresip.wait_for("CALL_RINGING", at)
    return at


@pytest.mark.parametrize("ends_here", [True, False], ids=["we hang up", "baresip hangs up"])
def test_the_phone_calls_baresip(scene: Scene, baresip: Baresip, ends_here: bool) -> None:
    at = dial(scene, baresip)
    baresip.answer()
    scene.phone.wait_for("answered", since=at)
    baresip.wait_for("CALL_ESTABLISHED", at)
    end(scene, baresip, at, ends_here)


@pytest.mark.parametrize("ends_here", [True, False], ids=["we hang up", "baresip hangs up"])
def test_baresip_calls_the_phone(scene: Scene, baresip: Baresip, ends_here: bool) -> None:
    at = be_called(scene, baresip)
    scene.phone.send("answer")
    baresip.wait_for("CALL_ESTABLISHED", at)
    scene.phone.wait_for("answered", since=at)
    end(scene, baresip, at, ends_here)


def end(scene: Scene, baresip: Baresip, at: float, ends_here: bool) -> None:
    time.sleep(0.5)
    assert not scene.phone.events("ended", at)
    if ends_here:
        scene.phone.send("hangup")
    else:
        baresip.hang_up()
    baresip.wait_for("CALL_CLOSED", at)
    scene.phone.wait_for("ended", since=at)
    assert len(scene.relay.flows) == 1


def test_the_phone_gives_up_before_baresip_answers(scene: Scene, baresip: Baresip) -> None:
    at = dial(scene, baresip)
    scene.phone.send("hangup")
    baresip.wait_for("CALL_CLOSED", at)
    scene.phone.wait_for("ended", since=at)


def test_baresip_gives_up_before_the_phone_answers(scene: Scene, baresip: Baresip) -> None:
    at = be_called(scene, baresip)
    baresip.hang_up()
    baresip.wait_for("CALL_CLOSED", at)
    scene.phone.wait_for("ended", since=at)


def test_baresip_rejects(scene: Scene, baresip: Baresip) -> None:
    at = dial(scene, baresip)
    baresip.hang_up()
    assert scene.phone.wait_for("ended", since=at)["status"] == 486


def test_the_phone_rejects(scene: Scene, baresip: Baresip) -> None:
    at = be_called(scene, baresip)
    scene.phone.send("hangup")
    assert "486" in baresip.wait_for("CALL_CLOSED", at)["param"]


def test_a_call_outlives_a_reset_and_can_be_ended(scene: Scene, baresip: Baresip) -> None:
    """The link is lost in a call: the call is kept, and its BYE goes over the new link (F5)."""
    at = dial(scene, baresip)
    baresip.answer()
    scene.phone.wait_for("answered", since=at)
    baresip.wait_for("CALL_ESTABLISHED", at)
    reset_at = time.time()
    scene.relay.reset()
    scene.kamailio.wait_registered(scene.phone.users, reset_at, 2.0)
    assert not scene.phone.events("ended", reset_at)
    scene.phone.send("hangup")
    baresip.wait_for("CALL_CLOSED", reset_at)
    scene.phone.wait_for("ended", since=reset_at)
