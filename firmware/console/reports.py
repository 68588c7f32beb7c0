"""How the phone is, in lines for an administrator: the same words that the screen uses."""

from __future__ import annotations

from firmware.agent.events import AccountStatus, RegistrationState, Tie
from firmware.console.sight import Rows, Sight
from firmware.link.events import LinkState, LinkStatus
from firmware.phone.link_words import (
    age_in_words,
    certificate_end,
    countdown,
    link_rows,
    round_trip,
)
from firmware.phone.outage import Outage
from firmware.phone.outage_words import (
    after_in_words,
    cause_in_words,
    length_in_words,
)
from firmware.phone.status import CallState, CallView

STATES = {
    LinkState.OFF: "off",
    LinkState.WAITING: "no link",
    LinkState.CONNECTING: "connecting",
    LinkState.UP: "up",
    LinkState.UNPROVEN: "unproven",
}

CALL_STATES = {
    CallState.DIALLING: "being dialled",
    CallState.DELAYED: "waits for the link",
    CallState.RINGING: "rings there",
    CallState.INCOMING: "rings here",
    CallState.ANSWERED: "talking",
}


def phone_rows(sight: Sight) -> Rows:
    """Return what phone this is, and the time that it has."""
    age = age_in_words(sight.now - sight.began)
    what = " ".join(text for label, text in sight.about if label in {"Version", "Model"})
    return [
        ("Phone", f"{what}, running for {age}".lstrip(", ")),
        ("Clock", clock_line(sight)),
    ]


def status_report(sight: Sight) -> str:
    """Return the phone on one screen."""
    status = sight.status
    rows: Rows = [
        *phone_rows(sight),
        ("Link", link_line(status.link, sight.now)),
        ("Accounts", _accounts_in_short(sight)),
        *(("", account_line(one, sight.now)) for one in _missing(sight)),
        ("Calls", str(len(status.calls)) if status.calls else "none"),
        *(("", call_line(call)) for _, call in sorted(status.calls.items())),
        ("Sound", _losses(sight)),
        ("Last outage", outage_line(status.outages[0], sight) if status.outages else "none"),
    ]
    return sight.rows(rows + wrong_rows(sight))


def wrong_rows(sight: Sight) -> Rows:
    """Return what is wrong, and what will be."""
    problems = [("Problem", text) for text in sight.status.problems]
    return problems + [("Warning", text) for text in sight.status.warnings]


def clock_line(sight: Sight) -> str:
    """Say what time it is, and whether anybody keeps it right (I3)."""
    if sight.unix_s is None:
        return "not set"
    kept = "kept by a time server" if sight.is_synchronised else "not kept by a time server"
    return f"{sight.moment(sight.unix_s)}, {kept}"


def link_report(sight: Sight) -> str:
    """Return all that is known of the link."""
    return sight.rows(link_facts(sight))


def link_facts(sight: Sight) -> Rows:
    """Return the same, as labels and values."""
    link = sight.status.link
    ends = certificate_end(link, sight.unix_s) if link else ""
    rows: Rows = list(link_rows(link, sight.now, ends))
    facts = link.facts if link else None
    if link and facts:
        rows += [
            ("This end", str(facts.local)),
            ("Cipher", facts.cipher),
            ("Session", "resumed" if facts.resumed else "new"),
            ("Keep-alive", f"{link.keep_alive_s:.0f} s" if link.keep_alive_s else "off"),
        ]
    return rows


def link_line(link: LinkStatus | None, now: float) -> str:
    """Say the link in a line: state, proxy, round trip, proof of life, why not."""
    if link is None:
        return "starting"
    is_up = link.state in {LinkState.UP, LinkState.UNPROVEN}
    proxy = f"{link.proxy.role.value} {link.proxy}" if link.proxy else ""
    measured = f"round trip {round_trip(link)}" if link.round_trip_s is not None else ""
    proof = "" if link.proof_at is None else f"last answer {age_in_words(now - link.proof_at)} ago"
    reason = link.reason.text if link.reason else ""
    said = (proxy, measured, proof) if is_up else (countdown(link, now), proxy, reason)
    return ", ".join(filter(None, (STATES[link.state], *said)))


def accounts_report(sight: Sight) -> str:
    """Return every account and how it stands with its registrar."""
    accounts = sorted(sight.status.accounts.items())
    if not accounts:
        return "no account is configured (sip line1 user name)"
    return "\n".join(account_line(one, sight.now) for _, one in accounts)


def account_line(one: AccountStatus, now: float) -> str:
    """Say how an account stands."""
    waits = one.retry_at is not None and one.state is not RegistrationState.REGISTERED
    again = (
        f"again in {age_in_words(max(0.0, one.retry_at - now))}" if waits and one.retry_at else ""
    )
    renewed = one.renew_at is not None and one.state is RegistrationState.REGISTERED
    renew = (
        f"renewed in {age_in_words(max(0.0, one.renew_at - now))}"
        if renewed and one.renew_at
        else ""
    )
    why = ", ".join(filter(None, (one.state.value, one.reason, again, renew)))
    return f"{one.account} {one.name} <{one.address}>: {why}"


def calls_report(sight: Sight) -> str:
    """Return every call, what is agreed for its sound, and how it sounds."""
    calls = sorted(sight.status.calls.items())
    if not calls:
        return "no calls"
    return "\n".join(_call_lines(sight, call) for _, call in calls)


def call_line(call: CallView) -> str:
    """Say a call in a line."""
    name = f"{call.far.name} " if call.far.name else ""
    tie = "" if call.tie is Tie.ANCHORED else f", {call.tie.value} after a lost link"
    state = CALL_STATES[call.state]
    return f"{call.call}: {name}<{call.far.number}> on account {call.account}, {state}{tie}"


def _call_lines(sight: Sight, call: CallView) -> str:
    plan, measured = sight.status.plans.get(call.call), sight.status.qualities.get(call.call)
    lines = [call_line(call)]
    if plan is not None:
        safe = "encrypted" if plan.is_encrypted else "not encrypted"
        where = f"{plan.direction.value}, {plan.remote.host} port {plan.remote.port}"
        lines += [f"   {plan.sends.codec.name}, {plan.ptime_ms} ms, {safe}, {where}"]
    if measured is not None:
        quality, buffer = measured.quality, measured.buffer
        lines += [
            f"   quality {quality.bars} of 5, lost here {quality.loss_here:.1%}, there"
            f" {quality.loss_there:.1%}, jitter {quality.jitter_here_s * 1000:.0f} ms,"
            f" buffer {buffer.depth_ms:.0f} ms"
        ]
    return "\n".join(lines)


def outages_report(sight: Sight, count: int) -> str:
    """Return the newest entries of the outage log (S3), the newest last."""
    shown = sight.status.outages[:count]
    if not shown:
        return "no outage is known"
    return "\n".join(outage_line(outage, sight) for outage in reversed(shown))


def outage_line(outage: Outage, sight: Sight) -> str:
    """Say an entry: when, how long, what was lost and why, what came of it."""
    after = after_in_words(outage)
    proxy = f" ({outage.proxy})" if outage.proxy else ""
    text = (
        f"{sight.moment(outage.began)}, {length_in_words(outage)}, {cause_in_words(outage)}{proxy}"
    )
    return f"{text}; {after}" if after else text


def _accounts_in_short(sight: Sight) -> str:
    accounts = sight.status.accounts.values()
    registered = sum(one.state is RegistrationState.REGISTERED for one in accounts)
    return f"{registered} of {len(accounts)} registered" if accounts else "none"


def _missing(sight: Sight) -> list[AccountStatus]:
    accounts = sorted(sight.status.accounts.items())
    return [one for _, one in accounts if one.state is not RegistrationState.REGISTERED]


def _losses(sight: Sight) -> str:
    """Say what this phone itself lost of its sound."""
    sound = sight.status.sound
    lost = {
        "held up": sound.held_up,
        "captured too late": sound.overflows,
        "played too late": sound.underflows + sound.late,
        "dropped": sound.dropped,
    }
    return ", ".join(f"{count} frames {how}" for how, count in lost.items() if count)
