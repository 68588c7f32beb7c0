"""Which parameters stand on which page, under which heading: each on exactly one.

What no chapter names is on the page of everything else, so a parameter that is new in the table is
never missing. A name with `N` stands for as many as the table says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from config.admin_password import ADMIN_PASSWORD
from config.layers import Key
from config.parameters import ACCOUNTS_MAX, PARAMETERS, Group, Parameter, canonical, find
from firmware.frozen import frozen

ALL_ACCOUNTS = 0


@frozen
class Section:
    """A heading and the parameters below it."""

    title: str
    keys: tuple[Key, ...]


def _names(*names: str) -> tuple[Key, ...]:
    """Return the keys of parameters; `timeN` with every number."""
    return tuple((name, 0) for written in names for name in _numbered(written))


def _numbered(name: str) -> Iterator[str]:
    parameter = next(one for one in PARAMETERS if one.name.lower() == name.lower())
    if not parameter.numbers:
        yield canonical(name)
        return
    for number in range(1, parameter.numbers + 1):
        yield canonical(name.replace("N", str(number)))


LINK = (
    Section(
        "Transport",
        _names("sip transport protocol", "sips persistent tls", "sip persistent tls keep alive"),
    ),
    Section(
        "Certificate files",
        _names(
            "sips trusted certificates",
            "sips root and intermediate certificates",
            "sips local certificate",
            "sips private key",
            "sips private key password",
            "sips certificate revocation list",
            "sips allow wildcard certificates",
        ),
    ),
    Section(
        "Primary",
        _names(
            *("sip proxy ip", "sip proxy port", "sip registrar ip", "sip registrar port"),
            *("sip outbound proxy", "sip outbound proxy port"),
        ),
    ),
    Section(
        "Backup",
        _names(
            *("sip backup proxy ip", "sip backup proxy port", "sip backup registrar ip"),
            *("sip backup registrar port", "sip backup outbound proxy"),
            "sip backup outbound proxy port",
        ),
    ),
    Section(
        "Registration",
        _names(
            *("sip registration period", "sip registration renewal timer"),
            *("sip registration retry timer", "sip registration timeout retry timer"),
        ),
    ),
    Section(
        "Reconnecting and coming home",
        _names(
            *("sips persistent tls retry base", "sips persistent tls retry cap"),
            *("sips persistent tls head start", "sips failback probe interval"),
            *("sips failback probe count", "sips failback minimum stay", "sip blacklist duration"),
        ),
    ),
    Section(
        "SIP",
        _names(
            *("sip send sips over tls", "sips symmetric tls signaling", "sip local tls port"),
            *("sip outbound support", "sip whitelist", "sip contact matching"),
            *("sip transaction timer", "sip T1 timer", "sip T2 timer", "sip session timer"),
        ),
    ),
)

NETWORK = (
    Section("Sound's packets", _names("sip rtp port", "tos sip", "tos rtp", "tos rtcp")),
    Section("Time", _names("time serverN", "time zone name")),
    Section(
        "This web page",
        _names("web interface enabled", "web interface port", "web interface name"),
    ),
)

DIALLING = (
    Section(
        "Numbers",
        _names(
            *("sip dial plan", "sip dial plan terminator", "sip digit timeout"),
            "emergency dial plan",
        ),
    ),
    Section(
        "Calls that come",
        _names(
            *("call waiting", "dnd key mode", "call forward key mode", "call forward all"),
            *("call forward busy", "call forward no answer", "call forward no answer delay"),
        ),
    ),
    Section("What is heard", _names("tone set", "audio mode", "sound device")),
)

UPDATES = (
    Section(
        "Where configuration files come from",
        _names(
            *("download protocol", "https server", "https path", "https port", "http server"),
            *("http path", "http port", "tftp server", "tftp path", "tftp port"),
            "dhcp config option override",
        ),
    ),
    Section(
        "Whom to believe",
        _names(
            *("https user certificates", "https validate certificates"),
            *("https validate hostname", "https validate expires", "configuration signer"),
        ),
    ),
    Section(
        "When",
        _names(
            *("auto resync mode", "auto resync time", "auto resync max delay"),
            "auto resync days",
        ),
    ),
    Section("Directory", _names("directory 1")),
    Section("Firmware", _names("upgrade uri", "firmware server")),
    Section(
        "Firmware for a fleet (hawkBit)",
        _names(
            *("hawkbit server", "hawkbit port", "hawkbit tenant", "hawkbit target name"),
            *("hawkbit target token", "hawkbit gateway token", "hawkbit interval"),
        ),
    ),
)

LOGS = (Section("Log server", _names("log server ip", "log server port", "log server transport")),)

KEYS = _names("softkeyN type", "softkeyN value", "softkeyN label", "softkeyN line")

KEY_SECTIONS = (Section("Programmable keys", KEYS),)
"""A table of its own (`key_page.py`)."""


def account(number: int) -> tuple[Section, ...]:
    """Return the parameters of an account, or those that hold for all of them."""
    own = [one for one in PARAMETERS if one.per_line and one.group is not Group.PROXIES]
    main = tuple((canonical(one.name), number) for one in own if one.group is Group.ACCOUNTS)
    more = tuple((canonical(one.name), number) for one in own if one.group is not Group.ACCOUNTS)
    return (Section("Account", main), Section("Sound and services", more))


def rest() -> tuple[Section, ...]:
    """Return what no other page has."""
    elsewhere = {key for page in (LINK, NETWORK, DIALLING, UPDATES, LOGS) for key in keys(page)}
    elsewhere |= {*KEYS, *keys(account(ALL_ACCOUNTS)), (ADMIN_PASSWORD, 0)}
    sections = []
    for group in Group:
        left = tuple(
            key
            for parameter in PARAMETERS
            if parameter.group is group and "<" not in parameter.name
            for key in _names(parameter.name)
            if key not in elsewhere
        )
        sections.append(Section(group.value, left))
    return tuple(section for section in sections if section.keys)


def keys(sections: Iterable[Section]) -> tuple[Key, ...]:
    """Return the parameters of a page."""
    return tuple(key for section in sections for key in section.keys)


def parameter_of(key: Key) -> Parameter:
    """Return the row of the table."""
    found = find(key[0])
    assert found is not None, key
    return found


ACCOUNTS = range(1, ACCOUNTS_MAX + 1)
