"""S3: what the outage log says of each way to lose service and to get it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest

from firmware.agent.agent import CALLS_MAX
from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    Dialling,
    EndCause,
    IncomingCall,
    Party,
    RegistrationState,
    RemoteRinging,
    Repeating,
    Tie,
    TieChanged,
)
from firmware.link.events import Failure, FailureKind, LinkState, LinkStatus, Proxy, Role
from firmware.phone.events import OutageEnded, OutageLog, OutagesKept, TimeIs
from firmware.phone.outage import (
    CAUSE_CHARACTERS_MAX,
    OUTAGES_MAX,
    PROXY_CHARACTERS_MAX,
    EndedBy,
    Outage,
    OutageKind,
)
from firmware.phone.outages import STARTS_S, OutageEvent, Outages, Stage

PRIMARY = Proxy(Role.PRIMARY, "proxy1.example.org", 5061)
BACKUP = Proxy(Role.BACKUP, "proxy2.example.org", 5061)
RESET = Failure(FailureKind.RESET, "connection reset by the proxy")
REFUSED = Failure(FailureKind.REFUSED, "connection refused by 192.0.2.1:5061")
NOT_SERVED = Failure(FailureKind.UNFIT, "the primary does not register us")
HOME = Failure(FailureKind.HOME, "back to the primary")
SETTINGS = Failure(FailureKind.SETTINGS, "the settings were changed")
FAR = Party("", "603")
NOON = 1_795_434_720.0


class Log:
    """A log on a bench: facts in, entries out."""

    def __init__(self, accounts: int = 1) -> None:
        self.now = 1000.0
        self.machine = Outages(accounts, self.now)
        self.ended: list[Outage] = []
        self.logs = 0

    @property
    def entries(self) -> tuple[Outage, ...]:
        return self.machine.entries

    @property
    def newest(self) -> Outage:
        return self.entries[0]

    @property
    def only(self) -> Outage:
        (entry,) = self.entries
        return entry

    def feed(self, *events: OutageEvent) -> Log:
        for event in events:
            for item in self.machine.handle(event, self.now):
                if isinstance(item, OutageEnded):
                    self.ended.append(item.outage)
                else:
                    assert isinstance(item, OutageLog)
                    assert item.outages == self.entries
                    self.logs += 1
        return self

    def later(self, seconds: float) -> Log:
        self.now += seconds
        return self

    # The link.

    def up(self, proxy: Proxy = PRIMARY, reason: Failure | None = None) -> Log:
        return self.feed(LinkStatus(LinkState.UP, proxy, reason, since=self.now))

    def down(self, reason: Failure = RESET, proxy: Proxy = PRIMARY) -> Log:
        return self.feed(LinkStatus(LinkState.WAITING, proxy, reason, since=self.now))

    # Accounts.

    def say(self, state: RegistrationState, *numbers: int, retry_at: float | None = None) -> Log:
        for n in numbers or (1,):
            self.feed(AccountStatus(n, f"Line {n}", f"20{n}@x", state, retry_at=retry_at))
        return self

    def registering(self, *numbers: int) -> Log:
        return self.say(RegistrationState.REGISTERING, *numbers)

    def registered(self, *numbers: int) -> Log:
        return self.say(RegistrationState.REGISTERED, *numbers)

    def waiting(self, *numbers: int) -> Log:
        return self.say(RegistrationState.WAITING, *numbers)

    def alone(self, *numbers: int) -> Log:
        return self.say(RegistrationState.WAITING, *numbers, retry_at=self.now + 120)

    def refused(self, *numbers: int) -> Log:
        return self.say(RegistrationState.REFUSED, *numbers, retry_at=self.now + 1800)

    def off(self, *numbers: int) -> Log:
        return self.say(RegistrationState.OFF, *numbers)

    # A phone that is well, and ways to and from it.

    @classmethod
    def served(cls, *numbers: int) -> Log:
        accounts = numbers or (1,)
        log = cls(len(accounts)).up()
        log.registering(*accounts).later(0.2).registered(*accounts)
        assert log.machine.stage is Stage.SERVED
        return log.later(100)

    def lost(self, *numbers: int, reason: Failure = RESET) -> Log:
        """As the link and then the agent say it."""
        return self.down(reason).waiting(*numbers)

    def back(self, *numbers: int, proxy: Proxy = PRIMARY, reason: Failure = RESET) -> Log:
        return self.up(proxy, reason).registering(*numbers).later(0.1).registered(*numbers)


# How it begins and ends.


def test_a_phone_that_is_served_has_an_empty_log() -> None:
    log = Log.served(1, 2)
    log.feed(LinkStatus(LinkState.UNPROVEN, PRIMARY)).up()
    assert log.entries == ()
    assert log.logs == 0


def test_a_lost_link_is_an_outage_until_the_account_is_registered_again() -> None:
    log = Log.served().feed(TimeIs(NOON)).lost()
    assert log.only == Outage(
        OutageKind.OUTAGE, RESET, Role.PRIMARY, str(PRIMARY), began=NOON, accounts=1
    )
    assert log.only.is_open
    log.later(3).up(reason=RESET).registering().later(0.25)
    assert log.only.is_open, "a link without a registration is no service"
    log.registered()
    assert log.only.ended_by is EndedBy.SERVICE
    assert log.only.duration_s == pytest.approx(3.25)
    assert log.only.began == NOON
    assert log.only.ended == pytest.approx(NOON + 3.25)
    assert log.only.back_on is Role.PRIMARY
    assert log.ended == [log.only]


def test_a_move_to_the_backup_is_a_short_outage_with_its_cause() -> None:
    log = Log.served().lost().later(0.2).back(proxy=BACKUP)
    assert log.only.kind is OutageKind.OUTAGE
    assert log.only.role is Role.PRIMARY
    assert log.only.failure == RESET
    assert log.only.back_on is Role.BACKUP
    assert log.only.duration_s == pytest.approx(0.3)


def test_what_is_met_on_the_way_back_belongs_to_the_same_outage() -> None:
    log = Log.served().lost().later(1).down(REFUSED).later(1)
    log.up(reason=REFUSED).registering().later(4)
    log.down(Failure(FailureKind.SILENT, "the proxy does not answer")).waiting().later(1)
    log.back(proxy=BACKUP)
    assert log.only.failure == RESET, "the cause is why service was lost"
    assert log.only.duration_s == pytest.approx(7.1)


def test_each_loss_is_an_entry_and_the_newest_comes_first() -> None:
    log = Log.served().lost().later(1).back().later(50)
    log.lost(reason=REFUSED).later(2).back()
    assert [entry.failure for entry in log.entries] == [REFUSED, RESET]
    assert len(log.ended) == 2


def test_a_silent_link_that_was_only_unproven_and_came_back_is_no_outage() -> None:
    log = Log.served().feed(LinkStatus(LinkState.UNPROVEN, PRIMARY, proof_at=900)).later(5).up()
    assert log.entries == ()


# Accounts.


def test_every_account_that_was_registered_has_to_come_back() -> None:
    log = Log.served(1, 2).lost(1, 2).later(1).up(reason=RESET).registering(1, 2)
    log.registered(1)
    assert log.only.is_open
    log.later(2).registered(2)
    assert log.only.duration_s == pytest.approx(3)
    assert log.only.accounts == 2


def test_an_account_that_is_refused_its_password_keeps_no_outage_open() -> None:
    log = Log.served(1, 2).lost(1, 2).up(reason=RESET).registering(1, 2).registered(1).refused(2)
    assert not log.only.is_open
    log = Log.served().lost().up(reason=RESET).registering().refused()
    assert not log.only.is_open, "not even as the only one (F4)"


def test_an_account_that_waits_alone_keeps_no_outage_open() -> None:
    log = Log.served(1, 2).lost(1, 2).up(reason=RESET).registering(1, 2).alone(2)
    assert log.only.is_open, "the other one has still to come"
    log.registered(1)
    assert not log.only.is_open


def test_accounts_that_all_wait_are_not_served() -> None:
    log = Log.served(1, 2).lost(1, 2).up(reason=RESET).registering(1, 2).alone(1, 2)
    assert log.only.is_open


def test_an_account_that_was_not_registered_is_not_waited_for() -> None:
    log = Log.served(1, 2).refused(2).later(5).lost(1, 2)
    log.up(reason=RESET).registering(1, 2).registered(1)
    assert log.only.accounts == 1
    assert not log.only.is_open


def test_an_outage_of_accounts_that_all_were_refused_is_one_of_the_link() -> None:
    log = Log(1).up().registering().refused().later(5).down().later(2).up(reason=RESET)
    assert log.only.accounts == 0
    assert log.only.duration_s == 2


def test_a_registrar_that_fails_the_only_account_ends_the_link_and_the_account_counts() -> None:
    """D8: the account says first that it waits; then the link is left for it."""
    log = Log.served().alone().down(Failure(FailureKind.UNFIT, "service unavailable"))
    assert log.only.accounts == 1
    log.up(BACKUP)
    assert log.only.is_open
    log.registering().registered()
    assert not log.only.is_open


def test_a_registration_that_fails_alone_is_no_outage_of_the_link() -> None:
    log = Log.served(1, 2).alone(2).later(100).registered(2)
    assert log.entries == ()


def test_a_phone_that_stops_has_no_outage() -> None:
    assert Log.served(1, 2).off(1, 2).entries == ()
    log = Log.served().lost().later(1).up(reason=RESET).registering().off()
    assert log.only.is_open, "it stopped during an outage: the next start closes it"


def test_a_phone_without_accounts_has_outages_of_its_link() -> None:
    log = Log(0).up().later(5).down().later(3).up(reason=RESET)
    assert log.only.duration_s == 3


def test_an_account_that_is_never_to_be_registered_is_not_waited_for() -> None:
    log = Log(2).down(REFUSED).later(1).up(reason=REFUSED).off(2).registering(1).registered(1)
    assert not log.only.is_open


# Since the start.


def test_service_that_was_never_there_is_an_outage_since_the_start() -> None:
    log = Log().feed(LinkStatus(LinkState.CONNECTING, PRIMARY)).later(4)
    assert log.entries == (), "a start is no outage until something fails"
    log.down(REFUSED)
    assert log.only.role is None
    assert log.only.proxy == ""
    assert log.only.failure == REFUSED
    log.later(6).up(reason=REFUSED)
    assert log.only.is_open
    log.registering().registered()
    assert log.only.duration_s == 10
    assert log.only.accounts == 1


@pytest.mark.parametrize(
    "kind",
    [FailureKind.UNREACHABLE, FailureKind.TIMEOUT, FailureKind.RESOLVE, FailureKind.CLOCK],
)
def test_a_network_that_comes_after_the_phone_is_no_outage(kind: FailureKind) -> None:
    """It was plugged in: it was off until now."""
    log = Log().down(Failure(kind, "no network yet")).later(0.9 * STARTS_S)
    log.down(Failure(kind, "no network yet")).up().registering().registered()
    assert (log.entries, log.logs) == ((), 0)
    log.later(5).lost(reason=Failure(kind, "no network any more"))
    assert log.only.is_open, "it was there"


def test_a_network_that_does_not_come_is_an_outage_since_the_start() -> None:
    nobody = Failure(FailureKind.UNREACHABLE, "no network route to 192.0.2.1:5061")
    log = Log().down(nobody).later(STARTS_S)
    assert log.entries == ()
    log.down(nobody)
    assert (log.only.failure, log.only.role) == (nobody, None)
    log.later(6).back(reason=nobody)
    assert log.only.duration_s == pytest.approx(STARTS_S + 6.1), "from the start on"


def test_a_proxy_that_is_not_there_at_the_start_is_an_outage_at_once() -> None:
    log = Log().down(Failure(FailureKind.RESOLVE, "DNS cannot be asked")).later(5).down(REFUSED)
    assert log.only.failure == REFUSED


def test_a_configuration_error_is_an_outage_since_the_start() -> None:
    problem = Failure(FailureKind.CONFIGURATION, "no proxy is configured")
    log = Log().feed(LinkStatus(LinkState.OFF, None, problem))
    assert log.only.failure == problem


def test_since_the_start_every_account_has_to_have_its_verdict() -> None:
    log = Log(2).down(REFUSED).up(reason=REFUSED).registering(1, 2).registered(1)
    assert log.only.is_open
    log.refused(2)
    assert not log.only.is_open


def test_a_link_that_had_registered_one_account_had_served() -> None:
    log = Log(2).up().registering(1, 2).registered(1).later(3).lost(1, 2)
    assert log.only.role is Role.PRIMARY
    assert log.only.accounts == 1


def test_a_link_that_is_lost_before_it_served_is_an_outage_since_the_start() -> None:
    log = Log().up().registering().later(2).lost(reason=NOT_SERVED).later(1).back(proxy=BACKUP)
    assert log.only.role is None
    assert log.only.failure == NOT_SERVED
    assert log.only.duration_s == pytest.approx(3.1)


# The way home.


def on_the_backup() -> Log:
    log = Log.served(1, 2).lost(1, 2).later(0.2).back(1, 2, proxy=BACKUP).later(300)
    log.ended.clear()
    return log


def test_a_move_home_is_an_entry_of_its_own_with_the_time_without_registration() -> None:
    log = on_the_backup()
    log.waiting(1).later(0.05).waiting(2).up(reason=HOME)
    log.registering(1, 2).later(0.1).registered(1).later(0.05).registered(2)
    assert len(log.entries) == 2
    assert log.newest.kind is OutageKind.HOME
    assert log.newest.role is Role.BACKUP
    assert log.newest.back_on is Role.PRIMARY
    assert log.newest.failure == HOME
    assert log.newest.accounts == 2
    assert log.newest.duration_s == pytest.approx(0.2), "from the first that signed off"
    assert log.ended == [log.newest]


def test_an_outage_by_other_settings_began_with_the_first_that_signed_off() -> None:
    log = on_the_backup().waiting(1).later(0.05).waiting(2).down(SETTINGS, BACKUP)
    log.later(0.1).back(1, 2)
    assert log.newest.failure == SETTINGS
    assert log.newest.duration_s == pytest.approx(0.25)


def test_a_move_home_when_nobody_could_sign_off_in_time() -> None:
    log = on_the_backup().up(reason=HOME)
    assert log.newest.is_open, "what was registered there is not registered here"
    log.waiting(1, 2).registering(1, 2).later(0.1).registered(1, 2)
    assert log.newest.duration_s == pytest.approx(0.1)


def test_a_home_that_does_not_serve_was_an_outage_of_the_primary() -> None:
    log = on_the_backup().waiting(1, 2).up(reason=HOME).registering(1, 2).later(4)
    log.down(NOT_SERVED).waiting(1, 2).later(0.2).back(1, 2, proxy=BACKUP)
    assert len(log.entries) == 2
    assert log.newest.kind is OutageKind.OUTAGE
    assert log.newest.failure == NOT_SERVED
    assert (log.newest.role, log.newest.back_on) == (Role.PRIMARY, Role.BACKUP)
    assert log.newest.duration_s == pytest.approx(4.3)


def test_a_way_home_that_ends_on_the_backup_is_no_move_home() -> None:
    """The candidate went while the accounts signed off: the link is looked for anew."""
    log = on_the_backup().waiting(1, 2).down(HOME, BACKUP).later(1).back(1, 2, proxy=BACKUP)
    assert log.newest.kind is OutageKind.OUTAGE
    assert (log.newest.role, log.newest.back_on) == (Role.BACKUP, Role.BACKUP)


def test_a_way_home_that_was_lost_and_still_came_home_is_a_move_home() -> None:
    log = on_the_backup().waiting(1, 2).down(HOME, BACKUP).later(1).back(1, 2, reason=HOME)
    assert log.newest.kind is OutageKind.HOME


def test_a_registration_that_was_away_long_before_does_not_lengthen_the_move_home() -> None:
    log = on_the_backup().alone(2).later(60).registered(2).later(60)
    log.up(reason=HOME).waiting(1, 2).later(0.1).registered(1, 2)
    assert log.newest.duration_s == pytest.approx(0.1)


def test_a_move_home_of_nobody_begins_and_ends_in_one_step() -> None:
    log = Log(0).up().down().up(BACKUP, RESET).later(300)
    log.ended.clear()
    log.up(reason=HOME)
    assert log.newest.kind is OutageKind.HOME
    assert log.newest.duration_s == 0
    assert log.ended == [log.newest]


def test_the_log_is_told_when_it_changes_and_not_else() -> None:
    log = Log.served().lost()
    assert log.logs == 1
    log.later(5).down(REFUSED).waiting().feed(Dialling(1, 1, FAR))
    assert log.logs == 1
    log.back()
    assert log.logs == 2
    log.up().registered().feed(CallAnswered(1))
    assert log.logs == 2


# Calls.


def test_calls_in_progress_are_counted_and_those_that_did_not_survive() -> None:
    log = Log.served().feed(
        Dialling(1, 1, FAR), CallAnswered(1), IncomingCall(2, 1, FAR), Dialling(3, 1, FAR)
    )
    log.feed(RemoteRinging(3)).down()
    log.feed(CallEnded(2, EndCause.LINK_LOST), CallEnded(3, EndCause.FAILED)).waiting()
    assert (log.only.calls, log.only.calls_lost) == (3, 2)
    log.later(1).back()
    assert (log.only.calls, log.only.calls_lost) == (3, 2)


def test_a_call_that_the_person_ends_was_not_lost() -> None:
    log = Log.served().feed(Dialling(1, 1, FAR), CallAnswered(1)).down()
    log.feed(CallEnded(1, EndCause.HUNG_UP_HERE)).waiting()
    assert (log.only.calls, log.only.calls_lost) == (1, 0)


def test_a_call_that_was_over_before_is_not_counted() -> None:
    log = Log.served().feed(Dialling(1, 1, FAR), CallEnded(1, EndCause.HUNG_UP_THERE)).down()
    assert log.only.calls == 0


def test_a_number_dialled_without_a_link_is_no_call_that_was_hit() -> None:
    log = Log.served().lost().feed(CallEnded(0, EndCause.FAILED, reason="not registered"))
    assert (log.only.calls, log.only.calls_lost) == (0, 0)


def test_a_call_is_counted_once_however_often_the_link_is_lost_again() -> None:
    log = Log.served().feed(Dialling(1, 1, FAR)).lost().up(reason=RESET)
    log.feed(IncomingCall(2, 1, FAR)).lost().up(reason=RESET).lost()
    assert log.only.calls == 2
    log.feed(CallEnded(2, EndCause.LINK_LOST))
    assert log.only.calls_lost == 1


def test_a_call_that_goes_again_and_is_not_answered_was_lost_by_the_outage() -> None:
    """F5: the new INVITE may fail when the outage is over for the accounts."""
    log = Log.served().feed(Dialling(1, 1, FAR), Dialling(2, 1, FAR), Dialling(3, 1, FAR)).lost()
    log.feed(Repeating(1), Repeating(2), Repeating(3)).back(proxy=BACKUP)
    assert (log.only.calls, log.only.calls_lost) == (3, 0)
    log.feed(CallAnswered(2), CallEnded(2, EndCause.FAILED))
    log.feed(CallEnded(3, EndCause.REFUSED))
    assert log.only.calls_lost == 0
    log.feed(CallEnded(1, EndCause.FAILED))
    assert log.only.calls_lost == 1
    assert len(log.ended) == 1, "it is not over a second time"


def test_a_call_that_could_not_be_tied_to_its_far_end_again_was_lost_by_the_outage() -> None:
    """F6: that shows when the outage is over for the accounts."""
    log = Log.served().feed(*(Dialling(call, 1, FAR) for call in (1, 2, 3))).lost()
    log.feed(*(TieChanged(call, Tie.REFRESHING) for call in (1, 2, 3))).back(proxy=BACKUP)
    log.feed(TieChanged(2, Tie.ANCHORED), TieChanged(1, Tie.REPLACING), TieChanged(1, Tie.GONE))
    log.feed(TieChanged(3, Tie.ADRIFT), CallEnded(3, EndCause.HUNG_UP_HERE))
    log.feed(CallEnded(2, EndCause.FAILED))
    assert log.only.calls_lost == 0
    log.feed(CallEnded(1, EndCause.FAILED))
    assert (log.only.calls, log.only.calls_lost) == (3, 1)


def test_a_call_that_rang_on_and_was_missed_was_lost_by_the_outage() -> None:
    log = Log.served().feed(IncomingCall(1, 1, FAR), IncomingCall(2, 1, FAR)).lost()
    log.feed(TieChanged(1, Tie.REFRESHING), TieChanged(2, Tie.REFRESHING)).later(1).back()
    log.feed(TieChanged(1, Tie.ANCHORED), CallEnded(1, EndCause.FAILED))
    assert (log.only.calls, log.only.calls_lost) == (2, 0)
    log.feed(CallEnded(2, EndCause.LINK_LOST))
    assert (log.only.calls, log.only.calls_lost) == (2, 1)


def test_a_call_that_goes_again_twice_is_lost_by_the_later_outage() -> None:
    log = Log.served().feed(Dialling(1, 1, FAR)).lost().feed(Repeating(1)).back(proxy=BACKUP)
    log.later(1).lost().feed(Repeating(1)).back()
    log.feed(CallEnded(1, EndCause.FAILED))
    assert [entry.calls_lost for entry in log.entries] == [1, 0]


def test_a_call_lost_after_the_outage_is_not_its_loss() -> None:
    log = Log.served().feed(Dialling(1, 1, FAR)).lost().back()
    log.feed(CallEnded(1, EndCause.FAILED))
    assert log.only.calls_lost == 0


# The clock.


def test_without_a_clock_the_length_is_known_and_the_time_comes_later() -> None:
    log = Log.served().feed(TimeIs(None)).lost().later(7).back().later(10)
    assert (log.only.began, log.only.ended) == (None, None)
    assert log.only.duration_s == pytest.approx(7.1)
    log.feed(TimeIs(NOON))
    assert log.only.began == pytest.approx(NOON - 17.1)
    assert log.only.ended == pytest.approx(NOON - 10)


def test_the_time_that_arrives_during_an_outage_dates_its_beginning() -> None:
    log = Log.served().lost().later(60).feed(TimeIs(NOON))
    assert log.only.began == NOON - 60


def test_a_clock_that_steps_corrects_this_run_and_never_a_length() -> None:
    log = Log.served().feed(TimeIs(NOON)).lost().later(5).feed(TimeIs(NOON - 86400)).later(5).back()
    assert log.only.duration_s == pytest.approx(10.1)
    assert log.only.began == NOON - 86405
    log.feed(TimeIs(None))
    assert log.only.began == NOON - 86405, "a time that is known is not forgotten"


# Over a restart.


def kept(**changes: object) -> Outage:
    entry = Outage(
        OutageKind.OUTAGE,
        RESET,
        Role.PRIMARY,
        str(PRIMARY),
        began=NOON - 500,
        ended=NOON - 400,
        duration_s=100.0,
        back_on=Role.BACKUP,
        ended_by=EndedBy.SERVICE,
    )
    return replace(entry, **changes)  # type: ignore[arg-type] # a test's own words


OPEN = kept(ended=None, duration_s=None, back_on=None, ended_by=None)


def test_what_was_kept_is_there_again() -> None:
    log = Log().feed(OutagesKept((kept(calls=2), kept())))
    assert log.entries == (kept(calls=2), kept())
    assert log.ended == []


def test_an_outage_that_was_open_was_ended_by_the_restart() -> None:
    log = Log().later(2).feed(TimeIs(NOON)).feed(OutagesKept((OPEN, kept())))
    assert log.newest.ended_by is EndedBy.RESTART
    assert log.newest.ended == NOON - 2, "when this run began"
    assert log.newest.duration_s == 498
    assert log.newest.back_on is None
    assert log.entries[1] == kept()


def test_its_length_is_unknown_while_the_clock_is_not_set() -> None:
    log = Log().feed(OutagesKept((OPEN,)))
    assert (log.only.ended, log.only.duration_s) == (None, None)
    assert not log.only.is_open
    log.later(30).feed(TimeIs(NOON))
    assert (log.only.ended, log.only.duration_s) == (NOON - 30, 470)


def test_a_clock_that_went_back_makes_no_negative_length() -> None:
    log = Log().feed(TimeIs(NOON - 9999)).feed(OutagesKept((OPEN,)))
    assert log.only.duration_s == 0


def test_entries_of_earlier_runs_keep_their_times() -> None:
    log = Log().feed(OutagesKept((kept(began=None, ended=None),))).feed(TimeIs(NOON))
    assert log.only == kept(began=None, ended=None)


def test_what_this_run_saw_before_is_newer_than_what_was_kept() -> None:
    log = Log().down(REFUSED).feed(OutagesKept((kept(),)))
    assert [entry.failure for entry in log.entries] == [REFUSED, RESET]
    assert log.newest.is_open


# Bounds.


def test_the_log_keeps_the_newest() -> None:
    log = Log.served()
    for number in range(OUTAGES_MAX + 5):
        log.lost(reason=Failure(FailureKind.RESET, str(number))).later(1).back()
    assert len(log.entries) == OUTAGES_MAX
    assert log.newest.failure.text == str(OUTAGES_MAX + 4)


def test_what_was_kept_never_pushes_this_run_out() -> None:
    log = Log.served().lost().feed(OutagesKept((kept(),) * OUTAGES_MAX))
    assert len(log.entries) == OUTAGES_MAX
    assert log.newest.is_open


def test_texts_are_bounded_and_printable() -> None:
    long = Failure(FailureKind.GARBAGE, "the proxy sent\x00\ud800 " + "x" * 5000)
    log = Log(0).up(replace(PRIMARY, host="h" * 5000)).down(long)
    assert len(log.only.failure.text) == CAUSE_CHARACTERS_MAX
    assert log.only.failure.text.startswith("the proxy sent?? xxx")
    assert len(log.only.proxy) == PROXY_CHARACTERS_MAX
    assert log.only.failure.text.isprintable()


# Whatever comes, in any order.


def anything(random: Random, now: float) -> OutageEvent:
    match random.randrange(7):
        case 0 | 1:
            state = random.choice(list(LinkState))
            reason = random.choice([RESET, REFUSED, HOME, NOT_SERVED])
            return LinkStatus(state, random.choice([PRIMARY, BACKUP]), reason, since=now)
        case 2:
            retry_at = random.choice([None, now + 9])
            number, standing = random.randint(1, 3), random.choice(list(RegistrationState))
            return AccountStatus(number, "", "", standing, retry_at=retry_at)
        case 3:
            call = random.randint(1, 20)
            dialled = random.random() < 0.5
            return Dialling(call, 1, FAR) if dialled else IncomingCall(call, 1, FAR)
        case 5:
            again: OutageEvent = TieChanged(random.randint(1, 20), random.choice(list(Tie)))
            return random.choice([Repeating(random.randint(1, 20)), again])
        case 4:
            return CallEnded(random.randint(0, 20), random.choice(list(EndCause)))
        case _:
            return TimeIs(random.choice([None, NOON, random.uniform(1.7e9, 1.9e9)]))


def check(entries: Iterable[Outage]) -> None:
    for number, entry in enumerate(entries):
        assert not entry.is_open or number == 0, "an open entry that is not the newest"
        assert entry.duration_s is None or entry.duration_s >= 0
        assert (entry.duration_s is None) or not entry.is_open
        assert 0 <= entry.calls_lost <= entry.calls
        assert entry.is_open or (entry.back_on is None) == (entry.ended_by is EndedBy.RESTART)
        if entry.began is not None and entry.ended is not None:
            assert entry.ended >= entry.began or entry.ended_by is EndedBy.RESTART


@pytest.mark.parametrize("seed", range(150))
def test_any_walk_leaves_a_sound_log(seed: int) -> None:
    random = Random(seed)
    log = Log(random.randint(0, 3))
    if random.random() < 0.5:
        log.feed(OutagesKept((OPEN,) + (kept(),) * random.choice([0, 3, OUTAGES_MAX])))
    ended = 0
    for _ in range(600):
        before = log.entries
        log.later(random.choice([0, 0, 0.1, 3, 500])).feed(anything(random, log.now))
        check(log.entries)
        assert len(log.entries) <= OUTAGES_MAX
        began = len(log.entries) - len(before)
        assert began in {0, 1} or len(before) == OUTAGES_MAX
        assert (log.machine.stage is Stage.OUT) == bool(log.entries and log.newest.is_open)
        if len(log.ended) > ended:
            ended += 1
            assert len(log.ended) == ended, "two ends in one step"
            assert log.newest == log.ended[-1]
        assert log.machine.deadline() is None
        assert all(entry.calls <= 600 for entry in log.entries)
    assert len(log.machine._calls) <= CALLS_MAX
    assert len(log.machine._hit) <= CALLS_MAX
    assert len(log.machine._again) <= CALLS_MAX
