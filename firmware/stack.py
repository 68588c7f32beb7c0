"""The machines put together. The routing table below is the architecture.

Every type has exactly one taker; a type without one leaves the stack for the outside world. An
output is carried to its taker at once, and the whole settles in a bounded number of steps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Any

import firmware.agent.events as agent
import firmware.link.events as link
import firmware.media.events as media
import firmware.phone.events as phone
import firmware.transaction.events as transaction
from firmware.agent.account import Account, AgentSettings, UseAccounts
from firmware.agent.agent import Agent
from firmware.frozen import frozen
from firmware.link.link import Link
from firmware.link.settings import LinkSettings, UseSettings
from firmware.machine import Machine, earliest
from firmware.phone import kept, lock
from firmware.phone.phone import Phone
from firmware.phone.settings import PhoneSettings
from firmware.transaction.layer import Transactions

STEPS_MAX = 10_000
"""One event never causes more steps: a read of 64 KiB holds at most a few hundred messages."""

ROUTES: dict[type, str] = {
    # From the person and down.
    phone.KeyPressed: "phone",
    phone.KeyHeld: "phone",
    phone.HookLifted: "phone",
    phone.HookReplaced: "phone",
    phone.DialTarget: "phone",
    phone.AnswerCall: "phone",
    phone.EndCall: "phone",
    phone.HoldCall: "phone",
    phone.TimeIs: "phone",
    phone.OutagesKept: "phone",
    phone.OutageLogTrouble: "phone",
    phone.WarningsChanged: "phone",
    phone.ProblemsAre: "phone",
    phone.LanguageIs: "phone",
    phone.SettingsAre: "phone",
    phone.FactsTold: "phone",
    kept.CallsKept: "phone",
    kept.ContactsKept: "phone",
    kept.ContactsImported: "phone",
    kept.ContactEdited: "phone",
    kept.ServicesKept: "phone",
    kept.KeepingTrouble: "phone",
    lock.PinChecked: "phone",
    phone.SoundHealth: "phone",
    agent.Dial: "agent",
    agent.Answer: "agent",
    agent.Reject: "agent",
    agent.Forward: "agent",
    agent.HangUp: "agent",
    agent.SendDigit: "agent",
    agent.Hold: "agent",
    agent.Resume: "agent",
    agent.FarEndSounds: "agent",
    agent.UnregisterAll: "agent",
    UseAccounts: "agent",
    transaction.SendRequest: "transactions",
    transaction.CancelRequest: "transactions",
    transaction.CancelLost: "transactions",
    transaction.SendAck: "transactions",
    transaction.SendResponse: "transactions",
    link.SendMessage: "link",
    link.TestLink: "link",
    link.AskProxy: "link",
    link.ServiceConfirmed: "link",
    link.ProxyUnfit: "link",
    link.HoldProxy: "link",
    link.CallsInProgress: "link",
    link.ReadyToLeave: "link",
    UseSettings: "link",
    # From the wire and up.
    link.Resolved: "link",
    link.TcpConnected: "link",
    link.Connected: "link",
    link.Received: "link",
    link.Lost: "link",
    link.DeliveryChecked: "link",
    link.Accepted: "link",
    link.NetworkChanged: "link",
    link.LinkUp: "transactions",
    link.LinkDown: "transactions",
    link.MessageReceived: "transactions",
    link.LeaveSoon: "agent",
    link.StayHere: "agent",
    transaction.ResponseReceived: "agent",
    transaction.RequestFailed: "agent",
    transaction.RequestReceived: "agent",
    transaction.AckReceived: "agent",
    transaction.CancelReceived: "agent",
    transaction.ServiceUp: "agent",
    transaction.ServiceLost: "agent",
    link.LinkStatus: "phone",
    agent.AccountStatus: "phone",
    agent.Dialling: "phone",
    agent.RemoteRinging: "phone",
    agent.Repeating: "phone",
    agent.Delayed: "phone",
    agent.Inviting: "phone",
    agent.IncomingCall: "phone",
    agent.CallAnswered: "phone",
    agent.CallEnded: "phone",
    agent.DigitFailed: "phone",
    agent.FarChanged: "phone",
    agent.DigitReceived: "phone",
    agent.HoldChanged: "phone",
    agent.MessagesWaiting: "phone",
    agent.MailboxRefused: "phone",
    agent.LampChanged: "phone",
    agent.TieChanged: "phone",
    agent.MediaChanged: "phone",
    agent.MediaEnded: "phone",
    media.SoundReport: "phone",
    media.SoundFault: "phone",
}


@frozen
class StackSettings:
    """The settings of all layers."""

    link: LinkSettings
    accounts: tuple[Account, ...]
    agent: AgentSettings
    phone: PhoneSettings
    t1_s: float = 0.5


class Stack:
    """A whole phone without a world: one machine made of four."""

    def __init__(
        self, settings: StackSettings, ids: Iterator[str], random: Random, now: float
    ) -> None:
        self.phone = Phone(settings.phone, len(settings.accounts), now)
        self.agent = Agent(settings.accounts, settings.agent, ids, random)
        self.transactions = Transactions(ids, t1_s=settings.t1_s)
        self.link = Link(settings.link, ids, random, now)
        # The events of a machine are its own union; the table above keeps them apart.
        self._machines: dict[str, Machine[Any]] = {
            "phone": self.phone,
            "agent": self.agent,
            "transactions": self.transactions,
            "link": self.link,
        }
        self._now = now

    def deadline(self) -> float | None:
        return earliest(machine.deadline() for machine in self._machines.values())

    def handle(self, event: object, now: float) -> list[object]:
        assert type(event) in ROUTES, f"nobody takes {event!r}"
        return self._settle(deque([event]), now)

    def wake(self, now: float) -> list[object]:
        out: list[object] = []
        for machine in self._machines.values():
            due = machine.deadline()
            if due is not None and due <= now:
                out += self._settle(deque(machine.wake(now)), now)
        due = self.deadline()
        assert due is None or due > now, "a machine woke without moving its deadline"
        return out

    def _settle(self, work: deque[object], now: float) -> list[object]:
        """Carry every output to its taker until only the outside world has something to do."""
        assert now >= self._now, "time went backwards"
        self._now = now
        out: list[object] = []
        for _ in range(STEPS_MAX):
            if not work:
                return out
            item = work.popleft()
            taker = ROUTES.get(type(item))
            if taker is None:
                out.append(item)
            else:
                work.extend(self._machines[taker].handle(item, now))
        raise AssertionError("the stack does not settle")
