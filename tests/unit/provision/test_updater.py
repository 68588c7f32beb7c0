"""The updater in simulated time: when it begins, what waits for whom, what is said of a failure."""

from __future__ import annotations

from random import Random

import pytest

from firmware.agent.events import ResyncAsked
from firmware.phone.events import TimeIs
from firmware.provision.events import InUse
from firmware.provision.server import Resync
from firmware.provision.update_events import (
    NOT_THIS_WAY,
    BundleFetched,
    BundleNotFetched,
    BundleUnchanged,
    DoorInUse,
    FetchBundle,
    HoldInstallation,
    InstallBundle,
    Installed,
    NotInstalled,
    Proceeds,
    RestartMachine,
    Tried,
    UpdateAsked,
    UpdateSettings,
    UpdateStatus,
    Where,
)
from firmware.provision.update_state import State
from firmware.provision.updater import RETRIES_MAX, RETRY_S, UNDONE, UpdateEvent, Updater

URI = "https://files.test/handset.raucb"
A, B = Where("A", "a start"), Where("B", "another start")
BY_HAND = UpdateSettings(URI)
NIGHTLY = UpdateSettings(URI, resync=Resync(3 * 60, 0.0, 0))
NOON = 1_800_000_000.0 // 86_400 * 86_400 + 12 * 3600
FIFTEEN_HOURS_S = 15 * 3600.0


class Rig:
    """The machine; what it wants done, without its status."""

    def __init__(
        self,
        settings: UpdateSettings = BY_HAND,
        here: Where = A,
        tried: Tried | None = None,
        undone: str = "",
        *,
        installs: bool = False,
    ) -> None:
        self.now = 1000.0
        self.machine = Updater(settings, here, tried, Random(1), undone, installs=installs)
        self.status = UpdateStatus()
        begun = self._heard(self.machine.wake(self.now))
        self.restarted = any(isinstance(item, RestartMachine) for item in begun)

    def feed(self, *events: UpdateEvent) -> list[object]:
        return [
            item for event in events for item in self._heard(self.machine.handle(event, self.now))
        ]

    def _heard(self, said: list[object]) -> list[object]:
        for item in said:
            if isinstance(item, UpdateStatus):
                self.status = item
        due = self.machine.deadline()
        while due is not None and due <= self.now:
            said = [*said, *self.machine.wake(self.now)]
            due = self.machine.deadline()
        return [item for item in said if not isinstance(item, UpdateStatus)]

    def run(self, seconds: float) -> list[object]:
        """Let time pass, from one deadline to the next."""
        by, said = self.now + seconds, list[object]()
        while (due := self.machine.deadline()) is not None and due <= by:
            self.now = due
            said += self._heard(self.machine.wake(self.now))
        self.now = by
        return said


SPREAD = UpdateSettings(URI, resync=Resync(3 * 60, 900.0, 0))


def test_other_settings_do_not_put_tonights_update_off() -> None:
    rig = Rig(SPREAD)
    rig.feed(TimeIs(NOON))
    assert rig.run(FIFTEEN_HOURS_S) == [], "three o'clock: the moment that was drawn is later"
    rig.feed(SPREAD)
    assert rig.run(900.0) == [FetchBundle(URI)]


@pytest.mark.parametrize(
    "settings", [UpdateSettings(URI), UpdateSettings("", resync=NIGHTLY.resync)]
)
def test_what_is_not_wanted_any_more_is_not_fetched(settings: UpdateSettings) -> None:
    rig = Rig(NIGHTLY)
    rig.feed(InUse(True), ResyncAsked(restarts=False))
    assert rig.feed(settings, InUse(False)) == []
    assert rig.run(FIFTEEN_HOURS_S) == []


def test_an_update_that_is_asked_for_is_fetched_installed_and_restarted_with() -> None:
    rig = Rig()
    assert rig.feed(UpdateAsked()) == [FetchBundle(URI)]
    assert (rig.status.state, rig.status.uri) == ("fetching", URI)
    rig.feed(Proceeds((40, 100)))
    assert rig.status.done == (40, 100)
    assert rig.feed(BundleFetched()) == [InstallBundle()]
    rig.feed(Proceeds((60, 100), "Copying image"))
    assert (rig.status.state, rig.status.done) == ("installing", (60, 100))
    assert rig.status.doing == "Copying image"
    assert rig.feed(Installed()) == [RestartMachine("another firmware is installed")]
    assert rig.status.state == "starts anew when nobody uses the phone"
    assert rig.status.done is None


def test_one_may_come_from_elsewhere_and_its_password_is_not_shown() -> None:
    rig = Rig()
    other = "http://me:secret@192.0.2.1/other.raucb"
    assert rig.feed(UpdateAsked(other)) == [FetchBundle(other)]
    assert rig.status.uri == "http://****@192.0.2.1/other.raucb"


def test_it_begins_when_nobody_uses_the_phone() -> None:
    rig = Rig()
    rig.feed(InUse(True))
    assert rig.feed(UpdateAsked()) == []
    assert rig.status.state == "waits until nobody uses the phone"
    assert rig.run(3600.0) == []
    assert rig.feed(InUse(False)) == [FetchBundle(URI)]


def test_a_call_that_begins_meanwhile_is_waited_for_before_it_is_installed() -> None:
    rig = Rig()
    rig.feed(UpdateAsked(), InUse(True))
    assert rig.feed(BundleFetched()) == []
    assert rig.status.state == "waits until nobody uses the phone"
    assert rig.feed(InUse(False)) == [InstallBundle()]


def test_a_call_that_begins_during_the_installation_is_waited_for_before_the_restart() -> None:
    rig = Rig()
    rig.feed(UpdateAsked(), BundleFetched())
    assert rig.feed(InUse(True)) == [HoldInstallation(True)]
    assert rig.feed(Installed()) == [HoldInstallation(False)]
    assert rig.status.state == "starts anew when nobody uses the phone"
    assert rig.feed(InUse(False)) == [RestartMachine("another firmware is installed")]


def test_who_asked_at_a_door_is_not_waited_for_but_who_did_not_ask_is() -> None:
    rig = Rig(NIGHTLY)
    rig.feed(TimeIs(NOON), DoorInUse(True))
    assert rig.run(FIFTEEN_HOURS_S) == [], "somebody works at the page at three o'clock"
    assert rig.feed(DoorInUse(False)) == [FetchBundle(URI)]
    asked = Rig()
    asked.feed(DoorInUse(True))
    assert asked.feed(UpdateAsked()) == [FetchBundle(URI)]
    assert asked.feed(BundleFetched(), Installed())[-1] == RestartMachine(
        "another firmware is installed"
    )


def test_there_is_one_at_a_time() -> None:
    rig = Rig()
    assert rig.machine.refusal_of("") == ""
    rig.feed(UpdateAsked())
    assert rig.machine.refusal_of("") == "an update goes on already"
    assert rig.feed(UpdateAsked("https://files.test/other.raucb")) == []
    rig.feed(InUse(True), BundleFetched())
    assert rig.machine.refusal_of("") == "an update goes on already"
    rig.feed(InUse(False), InUse(True), Installed())
    assert rig.machine.refusal_of("").startswith("an update is installed already")


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([BundleNotFetched("no connection to 192.0.2.1")], "no connection to 192.0.2.1"),
        ([BundleFetched(), NotInstalled("the update is refused")], "the update is refused"),
    ],
)
def test_a_failure_is_said_and_another_may_be_asked_for(
    events: list[UpdateEvent], said: str
) -> None:
    rig = Rig()
    rig.feed(UpdateAsked(), *events)
    assert (rig.status.state, rig.status.failed) == (said, True)
    assert rig.run(7 * 86_400.0) == [], "nobody tries it again for a person"
    assert rig.feed(UpdateAsked()) == [FetchBundle(URI)]
    assert not rig.status.failed


def test_without_a_place_it_is_said_what_is_missing() -> None:
    rig = Rig(UpdateSettings())
    assert rig.machine.refusal_of("") == "no upgrade uri is set, and no firmware server"
    assert rig.machine.refusal_of(URI) == ""
    assert rig.feed(UpdateAsked()) == []
    wrong = Rig(UpdateSettings(problem="tftp://x/y: an update comes over HTTPS or HTTP"))
    assert wrong.machine.refusal_of("") == "tftp://x/y: an update comes over HTTPS or HTTP"


def test_at_its_time_and_by_check_sync_it_is_looked_for_where_that_is_set() -> None:
    rig = Rig(NIGHTLY)
    rig.feed(TimeIs(NOON))
    assert rig.run(FIFTEEN_HOURS_S - 1) == []
    assert rig.run(2.0) == [FetchBundle(URI)]
    assert rig.status.why == "auto resync"
    rig.feed(BundleUnchanged())
    assert rig.status.state == "up to date"
    assert rig.run(86_400.0) == [FetchBundle(URI)], "the next night too"
    rig.feed(BundleUnchanged())
    assert rig.feed(ResyncAsked(restarts=False)) == [FetchBundle(URI)]
    by_hand = Rig(BY_HAND)
    by_hand.feed(TimeIs(NOON))
    assert by_hand.feed(ResyncAsked(restarts=True)) == []
    assert by_hand.run(2 * 86_400.0) == []


def test_a_clock_that_steps_over_the_time_neither_loses_an_update_nor_doubles_it() -> None:
    rig = Rig(NIGHTLY)
    rig.feed(TimeIs(NOON))
    assert rig.run(FIFTEEN_HOURS_S - 60.0) == []
    assert rig.feed(TimeIs(NOON + FIFTEEN_HOURS_S + 60.0)) == [FetchBundle(URI)]
    rig.feed(BundleUnchanged())
    assert rig.feed(TimeIs(NOON + FIFTEEN_HOURS_S - 60.0)) == []
    assert rig.run(3600.0) == []
    assert rig.run(86_400.0) == [FetchBundle(URI)]


def test_a_server_that_is_away_is_asked_again_so_often_and_not_before_it_said() -> None:
    rig = Rig(NIGHTLY)
    rig.feed(ResyncAsked(restarts=False), BundleNotFetched("away", retry_after_s=5000.0))
    assert rig.run(4999.0) == []
    assert rig.run(2501.0) == [FetchBundle(URI)]
    for _ in range(RETRIES_MAX - 1):
        rig.feed(BundleNotFetched("away"))
        assert rig.run(1.5 * RETRY_S) == [FetchBundle(URI)]
    rig.feed(BundleNotFetched("away"))
    assert rig.run(10 * RETRY_S) == []


def test_what_was_installed_before_is_not_wanted_again_but_by_hand() -> None:
    tried = Tried('"1"', A)
    rig = Rig(NIGHTLY, B, tried)
    assert rig.feed(ResyncAsked(restarts=False)) == [FetchBundle(URI, '"1"')]
    assert Rig(BY_HAND, B, tried).feed(UpdateAsked()) == [FetchBundle(URI)]


def test_a_phone_that_is_back_in_its_old_slot_says_so() -> None:
    assert Rig(here=B, tried=Tried("x", A)).status.state == "no update goes on"
    back = Rig(here=Where("A", "a later start"), tried=Tried("x", A))
    assert (back.status.state, back.status.failed) == (UNDONE, True)


def test_where_it_is_known_why_it_is_back_it_says_that() -> None:
    said = "the update is undone: no registration within 10 minutes"
    by_ssh = Rig(undone=said)
    assert (by_ssh.status.state, by_ssh.status.failed) == (said, True)
    back = Rig(here=Where("A", "a later start"), tried=Tried("x", A), undone=said)
    assert back.status.state == said
    assert back.feed(UpdateAsked()) == [FetchBundle(URI)]
    assert not back.status.failed


def test_a_phone_that_has_started_anew_during_an_installation_waits_for_its_end() -> None:
    rig = Rig(NIGHTLY, installs=True)
    assert rig.status.state == "installing"
    assert rig.machine.refusal_of(URI) == "an update goes on already"
    rig.feed(InUse(True))
    assert rig.feed(Installed()) == [HoldInstallation(False)]
    assert rig.feed(InUse(False)) == [RestartMachine("another firmware is installed")]
    refused = Rig(installs=True)
    refused.feed(NotInstalled("the update is refused"))
    assert (refused.status.state, refused.status.failed) == ("the update is refused", True)


def test_nobody_but_who_asks_for_it_gets_an_older_one() -> None:
    rig = Rig(NIGHTLY)
    rig.feed(ResyncAsked(restarts=False))
    assert rig.feed(BundleFetched()) == [InstallBundle(only_newer=True)]
    by_hand = Rig(NIGHTLY)
    by_hand.feed(UpdateAsked())
    assert by_hand.feed(BundleFetched()) == [InstallBundle(only_newer=False)]


def test_a_phone_that_has_started_anew_since_still_restarts_the_machine() -> None:
    rig = Rig(tried=Tried("x", A))
    assert rig.restarted, "nobody uses it"
    assert rig.status.state == "starts anew when nobody uses the phone"


def test_a_phone_without_slots_says_so_and_does_nothing() -> None:
    rig = Rig(NIGHTLY, Where())
    assert rig.machine.refusal_of(URI) == rig.status.state == NOT_THIS_WAY
    rig.feed(TimeIs(NOON))
    assert rig.feed(UpdateAsked(), ResyncAsked(restarts=False)) == []
    assert rig.run(2 * 86_400.0) == []
    assert rig.machine.state is State.OFF
