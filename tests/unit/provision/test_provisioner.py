"""The provisioner in simulated time: rounds, retries, last good copies, idle only, new starts."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from config.fetched import FetchedFile
from firmware.agent.events import ResyncAsked
from firmware.link.events import NetworkChanged
from firmware.phone.events import TimeIs
from firmware.provision.events import (
    Change,
    Fetch,
    FetchAsked,
    FetchFailed,
    FileAbsent,
    FileFetched,
    FileRefused,
    FilesKept,
    FilesNotKept,
    FileUnchanged,
    InUse,
    KeepFiles,
    Outcome,
    ProvisionStatus,
    RestartWanted,
    SettingsChanged,
    StartAnew,
)
from firmware.provision.provisioner import Provisioner
from firmware.provision.server import ProvisionSettings, Resync, Server
from firmware.provision.state import (
    ASKED_GAP_S,
    NOTHING_THERE,
    RESTART_GAP_S,
    RETRY_BASE_S,
    RETRY_CAP_S,
    START_SPREAD_S,
    State,
)

SERVER = Server("https", "files.test", 443, "phones")
OTHER = Server("tftp", "192.0.2.9", 69, doubt="it came over TFTP")
NAMES = (("startup.cfg", "aastra.cfg"), ("handset.cfg",), ("00085D123ABC.cfg",))
SETTINGS = ProvisionSettings(SERVER, NAMES)
NOON = 1_800_000_000.0 // 86_400 * 86_400 + 12 * 3600
LIVE, DEEP = Change("ring tone: a -> b"), Change("sip proxy ip: a -> b", needs_restart=True)


def file(name: str, data: bytes = b"a: 1\n", **more: object) -> FetchedFile:
    made = FetchedFile(name, data, SERVER.url(name), etag='"1"')
    return replace(made, **more)  # type: ignore[arg-type] # a test's own words


class Rig:
    """The machine, and a server in a few words."""

    def __init__(
        self, *copies: FetchedFile, settings: ProvisionSettings = SETTINGS, seed: int = 1
    ) -> None:
        self.now = 1000.0
        self.machine = Provisioner(settings, copies, Random(seed), self.now)
        self.out: list[object] = []
        self.status = ProvisionStatus()
        self.wake()

    def feed(self, *events: object) -> list[object]:
        said: list[object] = []
        for event in events:
            said += self._heard(self.machine.handle(event, self.now))  # type: ignore[arg-type]
        return said

    def wake(self) -> list[object]:
        said = self._heard(self.machine.wake(self.now))
        due = self.machine.deadline()
        assert due is None or due > self.now
        return said

    def _heard(self, said: list[object]) -> list[object]:
        for item in said:
            if isinstance(item, ProvisionStatus):
                self.status = item
        self.out += said
        return said

    def run(self, seconds: float) -> list[object]:
        """Let time pass, from one deadline to the next."""
        by, said = self.now + seconds, list[object]()
        while (due := self.machine.deadline()) is not None and due <= by:
            self.now = due
            said += self.wake()
        self.now = by
        return said

    @property
    def asked(self) -> Fetch:
        """The last file that was asked for."""
        return [item for item in self.out if isinstance(item, Fetch)][-1]

    def answer(self, outcome: type[Outcome], *words: object) -> list[object]:
        return self.feed(outcome(self.asked.number, *words))  # type: ignore[arg-type]

    def serve(self, **files: bytes) -> list[object]:
        """Answer a whole round: files by their names without `.cfg`, the others are absent."""
        said: list[object] = []
        while self.machine.state is State.FETCHING:
            name = self.asked.name
            data = files.get(name.removesuffix(".cfg"))
            arrived = [] if data is None else [file(name, data)]
            said = self.answer(FileFetched if arrived else FileAbsent, *arrived)
        return said


def kept(rig: Rig, *changes: Change, settings: ProvisionSettings = SETTINGS) -> list[object]:
    return rig.feed(FilesKept(changes, settings))


def test_all_files_are_asked_for_in_their_order_and_kept_together() -> None:
    rig = Rig()
    said = rig.serve(startup=b"x: 1\n", handset=b"y: 2\n")
    names = [item.name for item in rig.out if isinstance(item, Fetch)]
    assert names == ["startup.cfg", "handset.cfg", "00085D123ABC.cfg"]
    (keeping,) = [item for item in said if isinstance(item, KeepFiles)]
    assert [(one.name, one.data) for one in keeping.files] == [
        ("startup.cfg", b"x: 1\n"),
        ("handset.cfg", b"y: 2\n"),
    ]
    kept(rig, LIVE)
    assert rig.status.state == "up to date"
    assert rig.status.changed == (LIVE.text,)
    assert rig.status.why == "the phone started"
    assert rig.machine.deadline() is None


def test_how_far_a_round_is_can_be_told_until_it_is_over() -> None:
    rig = Rig()
    told = [rig.status.done]
    while rig.machine.state is State.FETCHING:
        if rig.asked.name == "startup.cfg":
            rig.answer(FileFetched, file("startup.cfg", b"x: 1\n"))
        else:
            rig.answer(FileAbsent)
        told.append(rig.status.done)
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)], "the last while the disk takes them"
    kept(rig)
    assert rig.status.done is None


def test_the_older_name_is_asked_for_where_the_newer_one_is_absent() -> None:
    rig = Rig(file("startup.cfg"))
    rig.run(START_SPREAD_S)
    said = rig.serve(aastra=b"z: 3\n")
    (keeping,) = [item for item in said if isinstance(item, KeepFiles)]
    assert [one.name for one in keeping.files] == ["aastra.cfg"]
    assert keeping.gone == ("startup.cfg",)


@pytest.mark.parametrize("seed", range(20))
def test_a_phone_with_its_files_does_not_ask_with_all_others_at_once(seed: int) -> None:
    rig = Rig(file("startup.cfg"), seed=seed)
    due = rig.machine.deadline()
    assert due is not None
    assert 0 < due - rig.now <= START_SPREAD_S
    assert not [item for item in rig.out if isinstance(item, Fetch)]


def test_the_same_file_is_not_kept_again() -> None:
    rig = Rig(file("startup.cfg"))
    rig.run(START_SPREAD_S)
    assert rig.asked.before == file("startup.cfg")
    rig.answer(FileUnchanged)
    rig.answer(FileAbsent)
    rig.answer(FileFetched, file("00085D123ABC.cfg"))
    kept(rig)
    rig.feed(ResyncAsked(restarts=False))
    said = rig.serve(startup=b"a: 1\n", **{"00085D123ABC": b"a: 1\n"})
    assert not [item for item in said if isinstance(item, KeepFiles)]
    assert rig.status.state == "up to date"


@pytest.mark.parametrize(
    "copy",
    [
        file("startup.cfg", source="https://elsewhere.test/startup.cfg"),
        file("startup.cfg", doubt="it came over HTTP"),
    ],
)
def test_a_copy_of_another_server_or_trust_is_no_reason_to_send_nothing(copy: FetchedFile) -> None:
    """An ETag says nothing elsewhere, and what is trusted has to come from where it is (T2)."""
    rig = Rig(copy)
    rig.run(START_SPREAD_S)
    assert rig.asked.before is None
    said = rig.serve(startup=copy.data)
    (keeping,) = [item for item in said if isinstance(item, KeepFiles)]
    assert keeping.files[0].doubt == ""


def test_a_file_that_is_gone_is_forgotten_only_where_others_are_there() -> None:
    rig = Rig(file("startup.cfg"), file("handset.cfg"))
    rig.run(START_SPREAD_S)
    said = rig.serve(startup=b"a: 1\n")
    assert KeepFiles((), ("handset.cfg",)) in said
    kept(rig, LIVE)
    rig.feed(ResyncAsked(restarts=False))
    said = rig.serve()
    assert not [item for item in said if isinstance(item, KeepFiles)]
    assert rig.status.state == NOTHING_THERE


def test_a_server_that_is_away_is_asked_less_and_less_often_for_ever() -> None:
    rig = Rig()
    waits = []
    for _ in range(30):
        rig.answer(FetchFailed, "connection refused by 192.0.2.1:443")
        assert rig.status.state == "connection refused by 192.0.2.1:443"
        due = rig.machine.deadline()
        assert due is not None
        waits.append(due - rig.now)
        rig.run(due - rig.now)
        assert rig.machine.state is State.FETCHING
    for failures, wait in enumerate(waits):
        most = min(RETRY_CAP_S, RETRY_BASE_S * 2**failures)
        assert most / 2 <= wait <= most
    assert len(set(waits)) == len(waits)  # By chance, so that a fleet spreads.
    rig.serve(startup=b"x: 1\n")
    kept(rig)
    rig.feed(ResyncAsked(restarts=False))
    rig.answer(FetchFailed, "no answer")
    due = rig.machine.deadline()
    assert due is not None
    assert due - rig.now <= RETRY_BASE_S  # All was well between: it begins anew.


def test_a_server_may_put_the_phone_off() -> None:
    rig = Rig()
    rig.answer(FetchFailed, "the server cannot serve now", 600.0)
    due = rig.machine.deadline()
    assert due == rig.now + 600


def test_half_a_round_changes_nothing() -> None:
    """A server that dies between two files: no mixture of two days is kept."""
    rig = Rig(file("startup.cfg"))
    rig.run(START_SPREAD_S)
    rig.answer(FileFetched, file("startup.cfg", b"new: 1\n"))
    said = rig.answer(FetchFailed, "no answer")
    assert not [item for item in said if isinstance(item, KeepFiles)]
    rig.run(RETRY_BASE_S)
    assert rig.asked.name == "startup.cfg"


def test_a_wrong_file_is_told_its_copy_stays_and_the_others_are_kept() -> None:
    rig = Rig(file("startup.cfg"))
    rig.run(START_SPREAD_S)
    fault = 'startup.cfg:3: sip digit timeout: "soon" is not 1-60 seconds'
    rig.answer(FileRefused, (fault,))
    rig.answer(FileFetched, file("handset.cfg", b"b: 2\n"))
    said = rig.answer(FileAbsent)
    (keeping,) = [item for item in said if isinstance(item, KeepFiles)]
    assert [one.name for one in keeping.files] == ["handset.cfg"]
    assert keeping.gone == ()
    kept(rig)
    assert rig.status.faults == (fault,)
    assert rig.status.state == "a file is wrong; the one before holds"
    rig.run(RETRY_CAP_S)  # It is looked at again, in case somebody has put it right.
    rig.serve(startup=b"a: 1\n", handset=b"b: 2\n")
    assert not rig.status.faults
    assert rig.machine.deadline() is None


def test_a_disk_that_refuses_is_told_and_tried_again() -> None:
    rig = Rig()
    rig.serve(startup=b"x: 1\n")
    rig.feed(FilesNotKept("fetched files cannot be kept: No space left on device"))
    assert rig.status.state == "fetched files cannot be kept: No space left on device"
    rig.run(RETRY_BASE_S)
    said = rig.serve(startup=b"x: 1\n")
    assert [item for item in said if isinstance(item, KeepFiles)]


def test_an_answer_to_a_round_that_was_given_up_is_not_heard() -> None:
    rig = Rig()
    old = rig.asked.number
    rig.feed(SettingsChanged(ProvisionSettings(OTHER, NAMES)))
    assert rig.asked.server == OTHER
    assert rig.feed(FileFetched(old, file("startup.cfg"))) == []
    assert rig.machine.state is State.FETCHING


# Only when nobody uses the phone.


def test_check_sync_waits_for_the_end_of_a_call() -> None:
    rig = Rig(file("startup.cfg"))
    rig.feed(InUse(is_used=True), ResyncAsked(restarts=False))
    rig.run(3600)
    assert rig.status.state == "waits until nobody uses the phone"
    assert not [item for item in rig.out if isinstance(item, Fetch)]
    rig.feed(InUse(is_used=False))
    assert rig.asked.name == "startup.cfg"
    assert rig.status.why == "check-sync"


def test_what_needs_a_new_start_waits_for_the_end_of_a_call() -> None:
    rig = Rig()
    rig.serve(startup=b"x: 1\n")
    rig.feed(InUse(is_used=True))
    kept(rig, LIVE, DEEP)
    assert rig.status.state == "starts anew when nobody uses the phone"
    assert StartAnew("a new configuration") not in rig.run(3600)
    assert StartAnew("a new configuration") in rig.feed(InUse(is_used=False))
    assert rig.machine.state is State.LEAVING
    assert rig.feed(ResyncAsked(restarts=True), InUse(is_used=True)) == []


def test_what_needs_none_causes_none() -> None:
    rig = Rig()
    rig.serve(startup=b"x: 1\n")
    kept(rig, LIVE)
    rig.run(86_400)
    assert not [item for item in rig.out if isinstance(item, StartAnew)]


@pytest.mark.parametrize("restarts", [False, True])
def test_reboot_starts_anew_whatever_has_changed_once_the_files_are_here(restarts: bool) -> None:
    rig = Rig(file("startup.cfg"))
    rig.feed(ResyncAsked(restarts=restarts))
    said = rig.serve(startup=b"a: 1\n")
    assert (StartAnew("check-sync") in said) is restarts


def test_reboot_of_a_phone_without_a_server_is_a_new_start() -> None:
    rig = Rig(settings=ProvisionSettings(None, NAMES))
    rig.feed(InUse(is_used=True))
    assert rig.feed(ResyncAsked(restarts=False)) == []
    rig.feed(ResyncAsked(restarts=True))
    assert StartAnew("check-sync") in rig.feed(InUse(is_used=False))


def test_files_that_are_asked_for_by_hand_are_fetched_whoever_uses_the_phone() -> None:
    rig = Rig(file("startup.cfg"))
    rig.feed(InUse(is_used=True))
    before = len(rig.out)
    rig.feed(FetchAsked())
    assert [item for item in rig.out[before:] if isinstance(item, Fetch)]
    assert rig.machine.is_asked
    rig.answer(FetchFailed, "files.test does not answer")
    assert not rig.machine.is_asked, "whoever asked hears of the failure, not of the next try"
    assert rig.status.state == "files.test does not answer"
    rig.feed(FetchAsked())
    rig.serve(startup=b"a: 2\n")
    assert rig.machine.is_asked, "not before the files are kept"
    kept(rig, LIVE)
    assert not rig.machine.is_asked
    assert rig.status.changed == (LIVE.text,)


def test_a_fetch_by_hand_follows_the_round_that_is_under_way() -> None:
    rig = Rig()
    rig.feed(FetchAsked())
    rig.serve(startup=b"a: 1\n")
    kept(rig)
    assert rig.machine.is_asked
    rig.serve(startup=b"a: 1\n")
    assert not rig.machine.is_asked


def test_a_phone_without_a_server_has_nothing_to_fetch() -> None:
    rig = Rig(settings=ProvisionSettings(None, NAMES))
    assert rig.feed(FetchAsked()) == []
    assert not rig.machine.is_asked
    assert rig.status.state == "no server is set"


def test_what_was_set_and_waits_for_a_start_has_one_when_nobody_uses_the_phone() -> None:
    rig = Rig(settings=ProvisionSettings(None, NAMES))
    rig.feed(InUse(is_used=True))
    assert StartAnew("a new configuration") not in rig.feed(RestartWanted())
    assert StartAnew("a new configuration") in rig.feed(InUse(is_used=False))


def test_nobody_keeps_the_phone_busy_by_check_sync() -> None:
    rig = Rig(file("startup.cfg"))
    rounds = 0
    for _ in range(600):
        rig.feed(ResyncAsked(restarts=False))
        rounds += rig.machine.state is State.FETCHING
        rig.serve(startup=b"a: 1\n")
        rig.run(1.0)
        rounds += rig.machine.state is State.FETCHING
        rig.serve(startup=b"a: 1\n")
    assert 5 <= rounds <= 600 / ASKED_GAP_S + 1


def test_files_that_are_different_each_time_do_not_keep_the_phone_restarting() -> None:
    rig = Rig(file("startup.cfg", fetched_at=int(NOON) - 30))
    rig.feed(TimeIs(NOON))
    rig.run(START_SPREAD_S)
    rig.serve(startup=b"new: 1\n")
    kept(rig, DEEP)
    assert not [item for item in rig.out if isinstance(item, StartAnew)]
    assert rig.status.state == "starts anew when nobody uses the phone"
    rig.run(RESTART_GAP_S)
    assert StartAnew("a new configuration") in rig.out


# At a time of day.


def resyncing(minute: int = 3 * 60, delay_s: float = 0.0, days: int = 0) -> Rig:
    settings = ProvisionSettings(SERVER, NAMES, Resync(minute, delay_s, days))
    rig = Rig(file("startup.cfg"), settings=settings)
    rig.run(START_SPREAD_S)
    rig.serve(startup=b"a: 1\n")
    rig.now = 5000.0
    return rig


def next_round_s(rig: Rig) -> float:
    """Return when the next round begins, in seconds from now."""
    began = rig.now
    rig.run((rig.machine.deadline() or 0.0) - rig.now)
    assert rig.machine.state is State.FETCHING
    assert rig.status.why == "auto resync"
    rig.serve(startup=b"a: 1\n")
    return rig.now - began


def test_configuration_is_fetched_anew_at_its_time_of_day_every_day() -> None:
    rig = resyncing()
    rig.feed(TimeIs(NOON, 3600))  # 13:00 here.
    assert next_round_s(rig) == pytest.approx(14 * 3600, abs=1)
    assert next_round_s(rig) == pytest.approx(24 * 3600, abs=1)


def test_days_may_lie_between() -> None:
    rig = resyncing(days=7)
    rig.feed(TimeIs(NOON))
    assert next_round_s(rig) == pytest.approx(6 * 86_400 + 15 * 3600, abs=1)
    assert next_round_s(rig) == pytest.approx(7 * 86_400, abs=1)


def test_days_are_counted_from_the_last_round_whoever_asked_for_it() -> None:
    rig = resyncing(days=7)
    rig.feed(TimeIs(NOON))
    rig.run(4 * 86_400.0)
    rig.feed(FetchAsked())
    rig.serve(startup=b"a: 1\n")
    assert next_round_s(rig) == pytest.approx(6 * 86_400 + 15 * 3600, abs=1)


def test_without_a_server_there_is_no_time_of_day_to_wait_for() -> None:
    rig = resyncing()
    rig.feed(TimeIs(NOON))
    rig.feed(SettingsChanged(ProvisionSettings(None, NAMES, Resync(3 * 60, 0.0, 0))))
    assert rig.machine.deadline() is None


def test_phones_come_at_different_moments() -> None:
    rig = resyncing(delay_s=900.0)
    rig.feed(TimeIs(NOON))
    waits = [next_round_s(rig) for _ in range(5)]
    assert 15 * 3600 <= waits[0] <= 15 * 3600 + 900
    assert len({round(wait) for wait in waits}) == 5


def test_a_clock_that_steps_over_the_time_neither_loses_a_round_nor_doubles_it() -> None:
    rig = resyncing()
    rig.feed(TimeIs(NOON))
    rig.run(14.9 * 3600)
    rig.feed(TimeIs(NOON + 15.2 * 3600))
    assert (rig.machine.state, rig.status.why) == (State.FETCHING, "auto resync")
    rig.serve(startup=b"a: 1\n")
    rig.feed(TimeIs(NOON + 14.9 * 3600))
    assert next_round_s(rig) == pytest.approx(24.1 * 3600, abs=1)


def test_a_phone_without_a_clock_knows_no_time_of_day() -> None:
    rig = resyncing()
    rig.feed(TimeIs(None))
    assert rig.machine.deadline() is None
    rig.feed(TimeIs(NOON))
    assert rig.machine.deadline() is not None


def test_a_resync_in_a_call_waits_for_its_end() -> None:
    rig = resyncing()
    rig.feed(TimeIs(NOON), InUse(is_used=True))
    rig.run(20 * 3600)
    assert rig.status.state == "waits until nobody uses the phone"
    rig.feed(InUse(is_used=False))
    assert rig.status.state == "fetching"


@pytest.mark.parametrize("event", [TimeIs(NOON), NetworkChanged()])
def test_a_clock_that_is_set_and_another_network_are_reasons_to_try_again(event: object) -> None:
    """I3: a certificate could not be judged before; D6."""
    rig = Rig()
    for _ in range(8):
        rig.answer(FetchFailed, "clock not set (1970-01-01)")
        if rig.machine.deadline():
            rig.run((rig.machine.deadline() or 0.0) - rig.now)
    rig.answer(FetchFailed, "clock not set (1970-01-01)")
    rig.feed(event)
    assert rig.machine.state is State.FETCHING


def test_without_a_server_nothing_is_fetched() -> None:
    rig = Rig(settings=ProvisionSettings(None, NAMES))
    rig.run(86_400)
    assert rig.out == [ProvisionStatus(state="no server is set")]
    rig.feed(SettingsChanged(SETTINGS))
    assert rig.machine.state is State.FETCHING
