"""The updater and the server of a fleet, in simulated time."""

from __future__ import annotations

from random import Random

from firmware.agent.events import ResyncAsked
from firmware.provision.events import InUse
from firmware.provision.fleet import Fleet
from firmware.provision.state import ASKED_GAP_S, START_SPREAD_S
from firmware.provision.update_events import (
    AskFleet,
    DoorInUse,
    FetchBundle,
    FleetAnswered,
    HoldInstallation,
    Installed,
    NotInstalled,
    Proceeds,
    RestartMachine,
    UpdateAsked,
    UpdateSettings,
    Where,
)
from firmware.provision.updater import Updater
from tests.unit.provision.test_updater import URI, A, Rig

FLEET = Fleet("hawkbit.test", 443, "DEFAULT", "00085D1A2B3C", "a secret")
ROLLED_OUT = UpdateSettings(fleet=FLEET)
ASK = AskFleet(FLEET)


def asked(settings: UpdateSettings = ROLLED_OUT) -> Rig:
    """Return a phone whose fleet's server has just been asked."""
    rig = Rig(settings)
    assert rig.run(FLEET.interval_s) == [ASK]
    return rig


def test_the_fleets_server_is_asked_again_and_again_and_nothing_new_is_no_update() -> None:
    rig = asked()
    rig.feed(FleetAnswered())
    assert (rig.status.state, rig.status.failed) == ("no update goes on", False)
    assert rig.status.fleet == "hawkbit.test:443: nothing new"
    rig.run((rig.machine.deadline() or 0.0) - rig.now)
    for _ in range(10):
        rig.feed(FleetAnswered("the server is not reached"))
        assert rig.run(FLEET.interval_s * 0.9 - 1) == []
        assert rig.run((rig.machine.deadline() or 0.0) - rig.now) == [ASK]
    assert rig.status.fleet == "hawkbit.test:443: the server is not reached"
    assert not rig.status.failed


def test_phones_that_begin_together_do_not_ask_together() -> None:
    machines = [Updater(ROLLED_OUT, A, None, Random(seed)) for seed in range(20)]
    for machine in machines:
        machine.wake(1000.0)
    firsts = [machine.deadline() or 0.0 for machine in machines]
    assert len(set(firsts)) == len(firsts)
    assert max(firsts) - min(firsts) > FLEET.interval_s / 2
    assert max(firsts) <= 1000.0 + FLEET.interval_s


def test_what_the_fleets_server_has_is_told_and_restarted_with() -> None:
    rig = asked()
    rig.feed(Proceeds(None, "fetching it"))
    assert (rig.status.state, rig.status.doing, rig.status.done) == (
        "installing",
        "fetching it",
        None,
    )
    assert (rig.status.uri, rig.status.why) == (
        "https://hawkbit.test:443",
        "rolled out to the fleet",
    )
    rig.feed(Proceeds((40, 100), "Copying image"))
    assert rig.status.done == (40, 100)
    assert rig.machine.refusal_of(URI) == "an update goes on already"
    assert rig.feed(Installed()) == [RestartMachine("another firmware is installed")]


def test_the_fleets_server_is_not_asked_while_somebody_uses_the_phone_or_a_door() -> None:
    rig = Rig(ROLLED_OUT)
    for busy, free in ((InUse(True), InUse(False)), (DoorInUse(True), DoorInUse(False))):
        rig.feed(busy)
        assert rig.run(3 * FLEET.interval_s) == []
        assert rig.feed(free) == [ASK]
        rig.feed(FleetAnswered())


def test_whoever_uses_the_phone_has_the_installation_wait_and_the_restart() -> None:
    rig = asked()
    assert rig.feed(InUse(True)) == [HoldInstallation(True)]
    rig.feed(Proceeds(None, "fetching it"))
    assert rig.status.state == "waits until nobody uses the phone"
    assert rig.feed(InUse(False), InUse(True)) == [HoldInstallation(False), HoldInstallation(True)]
    assert rig.feed(Installed()) == [HoldInstallation(False)]
    assert rig.feed(InUse(False)) == [RestartMachine("another firmware is installed")]


def test_what_the_fleets_server_has_and_rauc_refuses_is_a_failure_and_it_is_asked_again() -> None:
    rig = asked()
    rig.feed(Proceeds(None), NotInstalled("the update is refused: it is damaged"))
    assert (rig.status.state, rig.status.failed) == ("the update is refused: it is damaged", True)
    assert rig.run(2 * FLEET.interval_s) == [ASK]
    assert rig.status.failed


def test_by_hand_the_fleets_server_is_asked_where_no_other_place_is_known() -> None:
    rig = Rig(ROLLED_OUT)
    assert rig.machine.refusal_of("") == ""
    assert rig.feed(DoorInUse(True), UpdateAsked()) == [ASK]
    assert rig.machine.refusal_of(URI) == ""
    assert rig.feed(UpdateAsked(URI)) == []
    assert rig.feed(FleetAnswered()) == [FetchBundle(URI)]
    assert rig.status.uri == URI


def test_check_sync_has_the_fleets_server_asked_but_not_for_ever() -> None:
    rig = asked()
    rig.feed(FleetAnswered())
    rig.run(ASKED_GAP_S)
    assert rig.feed(ResyncAsked(restarts=False)) == [ASK]
    rig.feed(FleetAnswered())
    assert rig.feed(ResyncAsked(restarts=False)) == []
    assert rig.run(ASKED_GAP_S) == [ASK]


def test_check_sync_of_a_phone_without_a_fleet_is_for_others() -> None:
    rig = Rig()
    assert rig.feed(ResyncAsked(restarts=False)) == []
    assert rig.machine.deadline() is None


def test_a_server_without_a_token_is_not_asked_and_another_one_soon() -> None:
    rig = Rig(UpdateSettings(fleet=Fleet("hawkbit.test", 443, "DEFAULT", "x")))
    assert rig.run(10 * FLEET.interval_s) == []
    assert rig.status.fleet == (
        "hawkbit.test:443: hawkbit server is set, and neither hawkbit target token nor"
        " hawkbit gateway token"
    )
    rig.feed(ROLLED_OUT)
    assert rig.run(START_SPREAD_S) == [ASK]
    rig.feed(FleetAnswered(), UpdateSettings())
    assert (rig.status.fleet, rig.run(10 * FLEET.interval_s)) == ("", [])


def test_a_phone_without_slots_asks_no_fleets_server() -> None:
    rig = Rig(ROLLED_OUT, Where())
    assert (rig.run(10 * FLEET.interval_s), rig.status.fleet) == ([], "")
