"""From the configuration to the settings of services: voice mail, forwarding, programmed keys."""

from __future__ import annotations

from config.configuration import Configuration
from config.table_phone import SOFTKEYS_MAX
from firmware.phone.kept import AccountServices
from firmware.phone.programmed import KeyKind, ProgrammedKey
from firmware.phone.services import KeyMode, ServiceSettings

BUILT = {kind.value: kind for kind in KeyKind}
"""The words of `softkeyN type` that a key of this phone can do."""

CALLING = frozenset({KeyKind.SPEED_DIAL, KeyKind.LAMP})
"""Keys that are nothing without a number."""


def service_settings(configuration: Configuration) -> ServiceSettings:
    """Return what the administrator chose."""
    accounts = configuration.accounts()
    mailboxes = ((n, str(configuration.value("sip vmail", n))) for n in accounts)
    return ServiceSettings(
        services=tuple(_services(configuration, number) for number in accounts),
        mailboxes=tuple((number, text) for number, text in mailboxes if text),
        no_disturbance_mode=KeyMode(int(configuration.value("dnd key mode"))),
        forward_mode=KeyMode(int(configuration.value("call forward key mode"))),
        keys=tuple(_keys(configuration)),
    )


def _services(configuration: Configuration, account: int) -> AccountServices:
    def number(name: str) -> str:
        return str(configuration.value(name))

    delay_s = int(configuration.value("call forward no answer delay"))
    return AccountServices(
        account,
        always=number("call forward all"),
        busy=number("call forward busy"),
        no_answer=number("call forward no answer"),
        ring_s=delay_s,
    )


def _keys(configuration: Configuration) -> list[ProgrammedKey]:
    """Return the programmed keys in the order of their numbers."""
    pickup = str(configuration.value("directed call pickup prefix"))
    keys = []
    for number in range(1, SOFTKEYS_MAX + 1):

        def text(name: str, number: int = number) -> str:
            return str(configuration.value(name.replace("N", str(number))))

        kind, value = BUILT.get(text("softkeyN type")), text("softkeyN value")
        if kind is None or (kind in CALLING and not value):
            continue
        account = int(text("softkeyN line"))
        keys.append(ProgrammedKey(kind, value, text("softkeyN label"), account, pickup))
    return keys


def watched(configuration: Configuration, account: int) -> tuple[str, ...]:
    """Return the numbers whose lamps an account watches, each once."""
    keys = _keys(configuration)
    mine = (key for key in keys if key.kind is KeyKind.LAMP and key.account == account)
    return tuple(dict.fromkeys(key.value for key in mine))
