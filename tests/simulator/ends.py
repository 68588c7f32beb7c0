"""The calm phase has to end well: registered, idle, nothing owed (L7, L8, F4, F5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.agent.events import RegistrationState
from firmware.link.events import LinkState
from tests.simulator.moves import HOME_BY_S
from tests.simulator.site import Site

if TYPE_CHECKING:
    from tests.simulator.simulator import Simulator

ROUND_TRIPS = 4
"""Challenge, 423, 439, and the REGISTER that is accepted."""

STEADY_S = 60.0
"""Two periods of the slowest keep-alive: a link that flaps does not reach it."""

PINGS_MIN = 3
"""The first ping may have crossed the phone's, and the last one may be on its way."""


def what_is_wrong(simulator: Simulator) -> str:
    """Look at both ends; return what is not well yet, or nothing."""
    try:
        _phone_is_well(simulator)
        _link_is_steady(simulator)
        _bindings_are_clean(simulator)
        _nothing_is_owed(simulator)
    except AssertionError as error:
        return str(error)
    return ""


def _phone_is_well(simulator: Simulator) -> None:
    checks, stack = simulator.checks, simulator.stack
    assert checks.status is not None
    shown = {LinkState.UP} if simulator.keep_alive_s else {LinkState.UP, LinkState.UNPROVEN}
    assert checks.status.state in shown, f"no link after the calm: {checks.status}"
    for login, number in zip(simulator.plan.logins[0], checks.accounts, strict=True):
        status = checks.accounts[number]
        if login.is_wrong:
            assert status.state is not RegistrationState.REGISTERED, "registered with no password"
            if status.state is RegistrationState.REFUSED:
                assert status.reason == "wrong password", f"refused: {status.reason}"
        else:
            well = status.state is RegistrationState.REGISTERED or _waits_alone(simulator, number)
            assert well, f"not registered: {status}"
    assert not stack.agent.calls, f"calls that nobody has: {stack.agent.calls}"
    assert not checks.is_ringing, "rings for nobody"


def _waits_alone(simulator: Simulator, account: int) -> bool:
    """D8: a proxy that has stopped to serve is kept while another account is registered there."""
    connection = simulator.wire.connections[simulator.stack.link.attempt or 0]
    others = set(simulator.stack.agent.registered_accounts) - {account}
    waits = simulator.checks.accounts[account].state is not RegistrationState.REGISTERED
    return waits and bool(others) and not connection.site.serves


def _link_is_steady(simulator: Simulator) -> None:
    """A proxy that serves is not left again and again; where the primary serves, it is that one."""
    attempt = simulator.stack.link.attempt
    assert attempt is not None, "no link"
    connection = simulator.wire.connections[attempt]
    home = simulator.sites[0]
    # Where every account is refused, no proxy ever shows that it serves.
    refused = all(login.is_wrong for login in simulator.plan.logins[0])
    served = home.serves and not refused and _registers_in_time(home)
    assert connection.site is home or not served, "at the backup, not at home (F3)"
    stood_s = simulator.schedule.now - connection.opened_at
    assert stood_s >= STEADY_S, f"the link stands for {stood_s:.1f} s only"


def _registers_in_time(home: Site) -> bool:
    """Tell whether a challenge and two changes leave a 2xx within the 4 s of F3."""
    wire = home.worst
    trip_s = 2 * (wire.latency_s + wire.jitter_s) + wire.glue_s
    return ROUND_TRIPS * trip_s <= HOME_BY_S


def _bindings_are_clean(simulator: Simulator) -> None:
    """The registrar reaches the phone over its live link, and nowhere else (lesson 26)."""
    attempt, now = simulator.stack.link.attempt, simulator.schedule.now
    assert attempt is not None
    site = simulator.wire.connections[attempt].site
    wise = simulator.sites if simulator.plan.is_shared else [site]
    logins = simulator.plan.logins[simulator.sites.index(site)]
    for login, number in zip(logins, simulator.checks.accounts, strict=True):
        live = [b for b in login.bindings if b.expires_at > now]
        excused = login.is_wrong or _waits_alone(simulator, number)
        assert excused or attempt in {b.connection for b in live}, "no binding of this link"
        # Leftovers are asked away once per link: where that was answered, none can be left.
        recent = [b for b in live if b.connection > attempt - 8]
        tidy = len(recent) <= 1 or any(simulator.loses_answers(one) for one in wise)
        assert tidy, f"{len(recent)} bindings of one phone"


def _nothing_is_owed(simulator: Simulator) -> None:
    """Every call ended on both sides, and every transaction; the proxy's pings were answered."""
    transactions = simulator.stack.transactions
    assert not transactions.open_transactions, f"open: {transactions.waiting_requests}"
    connection = simulator.wire.connections[simulator.stack.link.attempt or 0]
    # A proxy that answers no pings may have all of its own taken for those answers.
    due = connection.site.nature.answers_pings and connection.pings_down >= PINGS_MIN
    assert connection.pongs_up or not due, "pings are not answered"
    held = {leg.call_id for leg in simulator.proxies[0].legs.confirmed} - simulator.sent.given_up
    assert not held, f"the far end still holds {sorted(held)}"
