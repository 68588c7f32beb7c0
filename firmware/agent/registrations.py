"""All accounts' registrations together: the verdict on a proxy, and leaving it (D8, L8, F3).

`RegistrarFailing` is a registration's word that it was not served. When no account is registered
and none has its verdict still to come, the proxy is unfit; else that account waits alone. Its
Retry-After is told at once where nobody is registered: the link may end before the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.agent.account import UseAccounts
from firmware.agent.events import AccountStatus
from firmware.agent.line import Line
from firmware.agent.registration import Registration
from firmware.agent.registration_parts import Wanted
from firmware.agent.verdict import RegistrarFailing
from firmware.link.events import Failure, HoldProxy, ProxyUnfit, ReadyToLeave
from firmware.machine import earliest
from firmware.sip.message import Response
from firmware.transaction.events import RequestFailed, ServiceUp


class Registrations:
    """The registrations of every account, by its number."""

    def __init__(self, lines: list[Line]) -> None:
        self._all = {line.account.number: Registration(line) for line in lines}
        assert len(self._all) == len(lines), "two accounts with one number"
        self._failing: Failure | None = None
        self._unsettled: set[int] = set()  # Accounts whose verdict on this link is to come.
        self._leaving = False  # For another proxy: the accounts sign off here first (F3).
        self._told: dict[int, AccountStatus] = {}

    @property
    def registered(self) -> tuple[int, ...]:
        """The numbers of the accounts that are registered over this link."""
        return tuple(number for number, r in self._all.items() if r.is_registered)

    @property
    def staying(self) -> tuple[int, ...]:
        """Those of them that are not about to sign off."""
        return tuple(n for n in self.registered if not self._all[n].is_signing_off)

    @property
    def has_news(self) -> bool:
        """Tell whether there are accounts of which nothing was told yet."""
        return len(self._told) < len(self._all)

    def of(self, account: int) -> Registration | None:
        """Return an account's registration, None for a number that is not configured."""
        return self._all.get(account)

    def deadline(self) -> float | None:
        """Return when one of them has something to do."""
        return earliest(registration.deadline() for registration in self._all.values())

    def wake(self, now: float) -> list[object]:
        """Let each do what is due."""
        return [item for r in self._all.values() for item in r.wake(now)]

    def service_up(self, event: ServiceUp, calling: set[int], now: float) -> list[object]:
        """Register every account at once, those with a call first (L8)."""
        self._unsettled = set(self._all)
        order = sorted(self._all.items(), key=lambda item: item[0] not in calling)
        return [item for _, r in order for item in r.service_up(event.local, now)]

    def service_lost(self, failure: Failure) -> None:
        """There is no link any more."""
        self._failing, self._leaving = None, False
        for registration in self._all.values():
            registration.service_lost(failure)

    def unregister_all(self, now: float) -> list[object]:
        """The phone stops."""
        return [item for r in self._all.values() for item in r.unregister(now)]

    def use(self, event: UseAccounts, now: float) -> list[object]:
        """Take over other settings of the accounts that there are (L5)."""
        mine = ((self._all[a.number], a) for a in event.accounts if a.number in self._all)
        return [item for r, a in mine for item in r.use(Wanted(a, event.settings), now)]

    def subscribing_anew(self) -> list[Line]:
        """Return the accounts whose subscriptions are others now, each once."""
        changed = [r for r in self._all.values() if r.subscribes_anew]
        for registration in changed:
            registration.subscribes_anew = False
        return [registration.line for registration in changed]

    def leave(self, now: float, why: str) -> list[object]:
        """F3: sign off here, so that calls are not sent to where we no longer are."""
        self._leaving = True
        return [item for r in self._all.values() for item in r.leave(now, why)]

    def stay(self, now: float) -> list[object]:
        """F3: the link does not move after all."""
        self._leaving = False
        return [item for r in self._all.values() for item in r.stay(now)]

    def response(self, key: str, response: Response, now: float) -> list[object] | None:
        """Hear an answer; None where the request was none of ours."""
        for registration in self._all.values():
            if registration.owns(key):
                return registration.response(response, now)
        return None

    def failed(self, event: RequestFailed, now: float) -> list[object] | None:
        """Hear that no answer will come; None where the request was none of ours."""
        for registration in self._all.values():
            if registration.owns(event.key):
                return registration.failed(event.failure, now)
        return None

    def serves(self, line: Line) -> bool:
        """Tell whether requests of an account can go out: its registrar has had its say."""
        return line.is_up and not self._all[line.account.number].is_settling

    def newly_settled(self) -> Iterable[int]:
        """Return the accounts whose first verdict on this link has come, each once."""
        settled = [n for n in sorted(self._unsettled) if self.serves(self._all[n].line)]
        self._unsettled -= set(settled)
        return settled

    def note_failing(self, failing: RegistrarFailing) -> list[object]:
        """An account was not served."""
        self._failing = failing.failure
        if self.registered or not failing.retry_after_s:
            return []
        return [HoldProxy(failing.proxy, failing.retry_after_s)]

    def finish(self) -> list[object]:
        """Say that the link may be left (F3)."""
        if not self._leaving or any(r.is_signing_off for r in self._all.values()):
            return []
        self._leaving = False
        return [ReadyToLeave()]

    def news(self) -> list[object]:
        """Report every account whose status changed (S1)."""
        out: list[object] = []
        for number, registration in self._all.items():
            status = registration.status()
            if status != self._told.get(number):
                self._told[number] = status
                out.append(status)
        return out

    def judge_proxy(self) -> list[object]:
        """D8: unfit while no account is registered there, and none may still become so."""
        failing = self._failing
        if failing is None or any(r.is_settling for r in self._all.values()):
            return []
        self._failing = None
        if self.registered:
            return []
        return [ProxyUnfit(failing)]
