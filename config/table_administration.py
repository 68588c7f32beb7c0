"""The table of parameters, third part: administration."""

from __future__ import annotations

from functools import partial

from config.kinds import (
    FILE_NAME_MAX,
    Choice,
    FileOrUrl,
    Host,
    Identifier,
    Number,
    PinText,
    Switch,
    Text,
    TimeOfDay,
    TimeZone,
    TokenHash,
    Url,
    Word,
)
from config.parameter import Group, Parameter

TIME_SERVERS_MAX = 3

PORT = Number(1, 65535)

administration = partial(Parameter, group=Group.ADMINISTRATION)
provisioning = partial(administration, built=True, at_once=True)

ADMINISTRATION = (
    administration(
        "key lock",
        Switch(),
        "0",
        "1: the keys are locked. The phone itself sets it.",
        built=True,
        at_once=True,
    ),
    administration(
        "key lock time",
        Number(30, 86400, "seconds", or_zero=True),
        "0",
        "The keys lock when none was pressed for so long; 0: never. It may be set on the phone.",
        built=True,
        at_once=True,
    ),
    administration(
        "key lock pin",
        PinText(),
        "",
        "The PIN that unlocks them, 4 to 8 digits. The phone keeps one that is set on it as a hash;"
        " ^key lock pin: 1234 replaces one that was forgotten.",
        secret=True,
        built=True,
    ),
    administration(
        "admin password",
        Text(),
        "",
        "The administrator's. None is ever preset: it is chosen at the first start, at the console,"
        " with a code that the phone's screen shows. The phone keeps it as a hash.",
        secret=True,
        built=True,
        at_once=True,
    ),
    administration(
        "console timeout",
        Number(60, 86400, "seconds", or_zero=True),
        "600",
        "Who types nothing at the console for so long is logged out; 0: never.",
        built=True,
        at_once=True,
    ),
    administration(
        "api token",
        TokenHash(),
        "",
        "Who may use the API and read the metrics: the hash of the token that they show. token new"
        " at the console makes one. Empty: nobody.",
        secret=True,
        built=True,
        at_once=True,
    ),
    administration("user password", Text(), "", "The user's.", secret=True),
    administration(
        "web interface enabled",
        Switch(),
        "1",
        "1: the administrator's web page, over HTTPS.",
        built=True,
        at_once=True,
    ),
    administration("web interface port", PORT, "443", "Its port.", built=True, at_once=True),
    administration(
        "web interface name",
        Host(),
        "",
        "The name by which browsers find it, beside the phone's addresses; empty: the system's.",
        built=True,
        at_once=True,
    ),
    provisioning(
        "download protocol",
        Word("HTTPS", "HTTP", "TFTP", "FTP"),
        "HTTPS",
        "How configuration files are fetched. FTP is known by name, and fetches nothing.",
    ),
    provisioning("https server", Host(), "", "The server of configuration files; empty: none."),
    provisioning("https path", Text(FILE_NAME_MAX), "", "The folder on that server."),
    provisioning("https port", PORT, "443", "Its port."),
    provisioning("http server", Host(), "", "The same over HTTP."),
    provisioning("http path", Text(FILE_NAME_MAX), "", "The folder on that server."),
    provisioning("http port", PORT, "80", "Its port."),
    provisioning("tftp server", Host(), "", "The same over TFTP."),
    provisioning("tftp path", Text(FILE_NAME_MAX), "", "The folder on that server."),
    provisioning("tftp port", PORT, "69", "Its port."),
    provisioning(
        "dhcp config option override",
        Word("0", "43", "66", "159", "160", "-1"),
        "0",
        "Where no server is set: the DHCP option that names one. 0: the first of 43, 160, 159 and"
        " 66; -1: none. What such a server gives counts as what came over HTTP.",
    ),
    provisioning(
        "https user certificates",
        FileOrUrl(),
        "",
        "Authorities that sign the certificate of the server of configuration files (PEM), beside"
        " those of the system and of `sips trusted certificates`.",
    ),
    provisioning(
        "https validate certificates",
        Switch(),
        "1",
        "1: the server's certificate is checked. Where any of these three is 0, what is fetched"
        " counts as what came over HTTP.",
    ),
    provisioning(
        "configuration signer",
        FileOrUrl(),
        "",
        "The certificate of whoever signs configuration files (PEM). What bears its signature is"
        " trusted, whatever way it came.",
    ),
    provisioning("https validate hostname", Switch(), "1", "1: so is the name in it."),
    provisioning("https validate expires", Switch(), "1", "1: so are its dates."),
    provisioning(
        "auto resync mode",
        Choice({0: "none", 1: "configuration", 2: "firmware", 3: "both"}),
        "0",
        "What is looked for at a time of day; check-sync has the same looked for at once.",
    ),
    provisioning("auto resync time", TimeOfDay(), "03:00", "That time."),
    provisioning(
        "auto resync max delay",
        Number(0, 1439, "minutes"),
        "15",
        "A random delay, so that not all phones come at once.",
    ),
    provisioning(
        "auto resync days",
        Number(0, 364, "days"),
        "0",
        "Days between; 0: every day.",
    ),
    provisioning(
        "directory 1",
        Url(),
        "",
        "A file of contacts (CSV or vCards) to fetch. What is new in it is taken into the"
        " directory; nobody is removed.",
    ),
    administration(
        "upgrade uri",
        Url(),
        "",
        "The firmware to fetch: a signed bundle (HTTPS, HTTP).",
        built=True,
        at_once=True,
    ),
    administration(
        "firmware server",
        Url(),
        "",
        "Where no `upgrade uri` is set: the folder in which handset.raucb lies.",
        built=True,
        at_once=True,
    ),
    provisioning(
        "hawkbit server",
        Host(),
        "",
        "A hawkBit server that rolls firmware out to a whole fleet, asked over HTTPS by a phone"
        " with two slots; empty: none. Its certificate is always checked, by the authorities of the"
        " system, `https user certificates` and `sips trusted certificates`.",
    ),
    provisioning("hawkbit port", PORT, "443", "Its port."),
    provisioning("hawkbit tenant", Identifier(), "DEFAULT", "The tenant there."),
    provisioning(
        "hawkbit target name",
        Identifier(),
        "",
        "What this phone is called there (the controller's id); empty: its hardware address, like"
        " 00085D1A2B3C.",
    ),
    provisioning(
        "hawkbit target token",
        Text(),
        "",
        "The security token of this target; it is not known to other phones.",
        secret=True,
    ),
    provisioning(
        "hawkbit gateway token",
        Text(),
        "",
        "The tenant's gateway token, the same for every phone, where no target token is set.",
        secret=True,
    ),
    provisioning(
        "hawkbit interval",
        Number(30, 86400, "seconds"),
        "300",
        "How often that server is asked, when nobody uses the phone; check-sync has it asked at"
        " once.",
    ),
    administration(
        "log server ip",
        Host(),
        "",
        "Where log lines are sent (syslog, RFC 5424); empty: nowhere.",
        built=True,
        at_once=True,
    ),
    administration(
        "log server port",
        PORT,
        "514",
        "Its port. Where none is set, lines over TLS go to 6514.",
        built=True,
        at_once=True,
    ),
    administration(
        "log server transport",
        Word("UDP", "TCP", "TLS"),
        "UDP",
        "How they travel. Over TLS the server is checked as a proxy is: `sips trusted certificates`"
        " and the authorities of the system, name, dates, revoked ones.",
        built=True,
        at_once=True,
    ),
    administration(
        "log module <name>",
        Number(0, 65535),
        "39",
        "How much a part of the phone logs, as a sum: 1 fatal errors, 2 errors, 4 warnings, 32"
        " information, 65535 everything; the largest decides. Parts are link, accounts, calls,"
        " outages, trace and more: `help log` at the console. Others' parts are passed over.",
        built=True,
        at_once=True,
    ),
    administration(
        "time serverN",
        Host(),
        "",
        "Where the device's time comes from (NTP). Empty: where its system has it from.",
        numbers=TIME_SERVERS_MAX,
        built=True,
        at_once=True,
    ),
    administration(
        "time zone name",
        TimeZone(),
        "",
        "The time zone, like Europe/Berlin. Empty: that of the system. It may be set on the phone.",
        built=True,
        at_once=True,
    ),
)
