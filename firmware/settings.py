"""From the configuration to the frozen settings of each layer.

The one place that knows both the parameters' names and the layers' settings.
"""

from __future__ import annotations

from collections.abc import Sequence

from config.configuration import Configuration
from config.dial_plan import DialPlan
from config.parameters import text_of
from firmware.agent.account import (
    Account,
    AgentSettings,
    ContactMatching,
    DigitMethod,
    RegistrationSettings,
    UseAccounts,
)
from firmware.agent.events import Intercom
from firmware.frozen import frozen
from firmware.link.events import Failure, FailureKind, Proxy, Role
from firmware.link.settings import LinkSettings, UseSettings
from firmware.media.codec import available
from firmware.media.formats import CodecChoice, default_choices, read_choices
from firmware.media.negotiation import SrtpMode
from firmware.phone.ear import SPEAKER_KEY
from firmware.phone.events import ProblemsAre
from firmware.phone.preferences import PARAMETERS, Preferences
from firmware.phone.settings import PhoneSettings
from firmware.service_settings import service_settings, watched
from firmware.stack import StackSettings

NO_PROXY = Failure(FailureKind.CONFIGURATION, "no proxy is configured (sip proxy ip)")


def proxies(configuration: Configuration) -> tuple[Proxy, ...]:
    """Return the proxies of the link in order: primary, then backup."""
    hops = ((role, configuration.hop(backup=role is Role.BACKUP)) for role in Role)
    return tuple(Proxy(role, hop.host, hop.port) for role, hop in hops if hop is not None)


def listening_port(configuration: Configuration) -> int | None:
    """Return the port of TLS mode, None in persistent mode (L3)."""
    if configuration.value("sips persistent tls"):
        return None
    return int(configuration.value("sip local tls port"))


@frozen
class VoiceSettings:
    """What the administrator chose for sound."""

    device: str = ""  # A part of the card's name; "": the system's own choice, "none": none.
    country: str = "US"  # Of the tones.
    rtp_class: int = 46  # DSCPs.
    rtcp_class: int = 46


def voice_settings(configuration: Configuration) -> VoiceSettings:
    """Return the settings of the sound."""
    value = configuration.value
    return VoiceSettings(
        str(value("sound device")),
        str(value("tone set")),
        int(value("tos rtp")),
        int(value("tos rtcp")),
    )


def domain(configuration: Configuration, account: int) -> str:
    """Return the domain of an address of record: the registrar's configured name."""
    for name in ("sip registrar ip", "sip proxy ip", "sip outbound proxy"):
        if host := str(configuration.value(name, account)):
            return host
    return ""


def link_settings(configuration: Configuration, problem: Failure | None) -> LinkSettings:
    """Return the link's settings; `problem` keeps it off (L11)."""
    found = proxies(configuration)
    value = configuration.value
    return LinkSettings(
        proxies=found,
        problem=problem or (None if found else NO_PROXY),
        keep_alive_s=float(value("sip persistent tls keep alive")),
        retry_base_s=float(value("sips persistent tls retry base")),
        retry_cap_s=float(value("sips persistent tls retry cap")),
        head_start_s=float(value("sips persistent tls head start")) / 1000,
        transaction_timer_s=float(value("sip transaction timer")) / 1000,
        blacklist_s=float(value("sip blacklist duration")),
        probe_interval_s=float(value("sips failback probe interval")),
        probe_count=int(value("sips failback probe count")),
        minimum_stay_s=float(value("sips failback minimum stay")),
        listening_port=listening_port(configuration),
    )


def accounts(configuration: Configuration) -> tuple[Account, ...]:
    """Return the accounts that are configured, in the order of their numbers."""
    return tuple(_account(configuration, number) for number in configuration.accounts())


def _account(configuration: Configuration, number: int) -> Account:
    def text(name: str) -> str:
        return str(configuration.value(name, number))

    user = text("sip user name")
    return Account(
        number=number,
        user=user,
        auth_name=text("sip auth name"),
        password=text("sip password"),
        display_name=text("sip display name"),
        screen_name=text("sip screen name"),
        domain=domain(configuration, number),
        registration=_registration(configuration, number),
        codecs=_codecs(
            text("sip customized codec"),
            silence_suppression=bool(configuration.value("sip silence suppression", number)),
        ),
        srtp=SrtpMode(int(configuration.value("sip srtp mode", number))),
        session_timer_s=int(configuration.value("sip session timer", number)),
        digits=DigitMethod(int(configuration.value("sip dtmf method", number))),
        digit_events=bool(configuration.value("sip out-of-band dtmf", number)),
        intercom=_intercom(configuration, number),
        subscribes=bool(configuration.value("sip explicit mwi subscription", number)),
        watches=watched(configuration, number),
        watch_period_s=int(configuration.value("sip blf subscription period", number)),
    )


def _intercom(configuration: Configuration, number: int) -> Intercom | None:
    def is_on(name: str) -> bool:
        return bool(configuration.value(name, number))

    if not is_on("sip allow auto answer"):
        return None
    return Intercom(muted=is_on("sip intercom mute mic"), tone=is_on("sip intercom warning tone"))


def _codecs(text: str, *, silence_suppression: bool) -> tuple[CodecChoice, ...]:
    """Return the administrator's codecs, or the usual ones, but for what this machine lacks."""
    known = available()
    chosen = read_choices(text, silence_suppression=silence_suppression)
    usual = default_choices(silence_suppression=silence_suppression)
    usable = [tuple(c for c in choices if c.codec in known) for choices in (chosen, usual)]
    return usable[0] or usable[1]


def _registration(configuration: Configuration, number: int) -> RegistrationSettings:
    def number_of(name: str) -> int:
        return int(configuration.value(name, number))

    return RegistrationSettings(
        period_s=number_of("sip registration period"),
        renewal_s=number_of("sip registration renewal timer"),
        rejected_retry_s=number_of("sip registration retry timer"),
        timeout_retry_s=number_of("sip registration timeout retry timer"),
        contact_matching=ContactMatching(number_of("sip contact matching")),
    )


def agent_settings(configuration: Configuration, instance: str, user_agent: str) -> AgentSettings:
    """Return the agent's settings; `instance` is the phone's `urn:uuid:`."""
    value = configuration.value
    return AgentSettings(
        # RFC 5626 keeps a flow that the proxy calls back on; TLS mode has none (L3).
        outbound=bool(value("sip outbound support") and value("sips persistent tls")),
        send_sips=bool(value("sip send sips over tls")),
        instance=instance,
        user_agent=user_agent,
        rtp_port=int(value("sip rtp port")),
        t1_s=int(value("sip T1 timer")) / 1000,
        t2_s=int(value("sip T2 timer")) / 1000,
    )


def preferences_of(configuration: Configuration) -> Preferences:
    """Return what is set, and what the server's files do not leave to the phone."""
    values = ((name, text_of(configuration.value(name))) for name in PARAMETERS)
    locked = frozenset(name for name in PARAMETERS if not configuration.may_change(name))
    return Preferences(tuple(values), locked)


def stack_settings(
    configuration: Configuration,
    problems: Sequence[str],
    problem: Failure | None,
    instance: str,
    user_agent: str,
) -> StackSettings:
    """Return the settings of the whole stack; `problems` are sentences for the screen."""
    return StackSettings(
        link=link_settings(configuration, problem),
        accounts=accounts(configuration),
        agent=agent_settings(configuration, instance, user_agent),
        phone=PhoneSettings(
            audio_modes=SPEAKER_KEY[int(configuration.value("audio mode"))],
            digit_timeout_s=float(configuration.value("sip digit timeout")),
            dial_plan=DialPlan(str(configuration.value("sip dial plan"))),
            emergency_plan=DialPlan(str(configuration.value("emergency dial plan"))),
            hash_ends=bool(configuration.value("sip dial plan terminator")),
            call_waiting=bool(configuration.value("call waiting")),
            services=service_settings(configuration),
            preferences=preferences_of(configuration),
            has_pin=bool(configuration.value("key lock pin")),
            problems=tuple(problems),
        ),
        t1_s=int(configuration.value("sip T1 timer")) / 1000,
    )


def news(before: StackSettings, after: StackSettings) -> list[object]:
    """Return what a phone in use is told of other settings (L5).

    The link hears first: an account that is to leave for another proxy signs off by its old name.
    """
    told: list[object] = []
    if after.phone.problems != before.phone.problems:
        told.append(ProblemsAre(after.phone.problems))
    if after.link != before.link:
        told.append(UseSettings(after.link))
    if (after.accounts, after.agent) != (before.accounts, before.agent):
        told.append(UseAccounts(after.accounts, after.agent))
    return told
