"""The table of parameters, first part: the link, the proxies, registration and the accounts."""

from __future__ import annotations

from functools import partial

from config.kinds import Choice, FileOrUrl, Host, Number, Switch, Text, TlsTransport
from config.parameter import Group, Parameter

PORT = Number(0, 65535)

link = partial(Parameter, group=Group.LINK, built=True, at_once=True)
proxy = partial(Parameter, group=Group.PROXIES, built=True, at_once=True, per_line=True)
shared = partial(Parameter, group=Group.PROXIES, built=True, at_once=True)
account = partial(Parameter, group=Group.ACCOUNTS, built=True, at_once=True, per_line=True)

# Known by name: what it steers is not built yet.
account_later = partial(account, built=False)

LINK = (
    link(
        "sip transport protocol",
        TlsTransport(),
        "4",
        "The transport: TLS, and nothing else.",
    ),
    link(
        "sips persistent tls",
        Switch(),
        "1",
        "1: one TLS link for everything; 0: a TLS connection for each call.",
        at_once=False,
    ),
    link(
        "sip persistent tls keep alive",
        Number(5, 3600, "seconds", or_zero=True),
        "30",
        "How often a ping goes over the link; 0 switches it off, and the link is then unproven.",
    ),
    link(
        "sips trusted certificates",
        FileOrUrl(),
        "",
        "The authorities that sign proxies' certificates (PEM, several in one file). Needed.",
    ),
    link(
        "sips root and intermediate certificates",
        FileOrUrl(),
        "",
        "The chain that the phone shows with its own certificate (PEM).",
    ),
    link("sips local certificate", FileOrUrl(), "", "The phone's own certificate (PEM)."),
    link("sips private key", FileOrUrl(), "", "The key of the phone's certificate (PEM)."),
    link(
        "sips private key password",
        Text(),
        "",
        "Opens the private key where it is encrypted.",
        secret=True,
    ),
    link(
        "sips certificate revocation list",
        FileOrUrl(),
        "",
        "Certificates that their authorities have called back (PEM, several in one file).",
    ),
    link(
        "sips allow wildcard certificates",
        Switch(),
        "0",
        "1: a certificate for *.example.org is good for proxy.example.org.",
    ),
    link(
        "sip send sips over tls",
        Switch(),
        "0",
        "1: sips: URIs; 0: sip: with transport=tls (many servers refuse sips:).",
    ),
    link(
        "sips symmetric tls signaling",
        Switch(),
        "0",
        "1: the link leaves from `sip local tls port`; 0: from any free port.",
    ),
    link(
        "sip local tls port",
        Number(1024, 65535),
        "5061",
        "The port that the link leaves from, and that plain TLS mode listens on.",
        at_once=False,
    ),
    link(
        "sip outbound support",
        Switch(),
        "1",
        "1: RFC 5626 (+sip.instance, reg-id, Flow-Timer), given up where a proxy answers 439.",
    ),
    link(
        "sips persistent tls retry base",
        Number(1, 300, "seconds"),
        "1",
        "The first wait after all proxies failed; it doubles with each failure.",
    ),
    link(
        "sips persistent tls retry cap",
        Number(10, 3600, "seconds"),
        "120",
        "The longest wait between attempts; the phone never gives up.",
    ),
    link(
        "sips persistent tls head start",
        Number(50, 5000, "ms"),
        "250",
        "How long the primary may take before the backup is tried beside it.",
    ),
    link(
        "sips failback probe interval",
        Number(10, 3600, "seconds"),
        "60",
        "How often the primary is probed while the link is on the backup.",
    ),
    link(
        "sips failback probe count",
        Number(1, 10),
        "3",
        "Good probes in a row before the link goes home.",
    ),
    link(
        "sips failback minimum stay",
        Number(0, 86400, "seconds"),
        "120",
        "How long the link stays on the backup at least.",
    ),
)

PROXIES = (
    proxy(
        "sip proxy ip",
        Host(),
        "",
        "The primary proxy: an IP address or a name. Its certificate must hold what stands here.",
    ),
    proxy(
        "sip proxy port",
        PORT,
        "0",
        "0: a name is looked up with NAPTR and SRV, an IP address is dialled at port 5061.",
    ),
    proxy(
        "sip registrar ip",
        Host(),
        "",
        "The registrar, and the domain of the accounts' addresses. Empty: the proxy.",
    ),
    proxy("sip registrar port", PORT, "0", "As `sip proxy port`."),
    proxy(
        "sip outbound proxy",
        Host(),
        "",
        "Where the link goes when it is set, whatever proxy and registrar are called.",
    ),
    proxy("sip outbound proxy port", PORT, "0", "As `sip proxy port`."),
    proxy("sip backup proxy ip", Host(), "", "The backup proxy."),
    proxy("sip backup proxy port", PORT, "0", "As `sip proxy port`."),
    proxy("sip backup registrar ip", Host(), "", "The backup registrar."),
    proxy("sip backup registrar port", PORT, "0", "As `sip proxy port`."),
    proxy("sip backup outbound proxy", Host(), "", "The backup of `sip outbound proxy`."),
    proxy("sip backup outbound proxy port", PORT, "0", "As `sip proxy port`."),
    proxy(
        "sip registration period",
        Number(0, unit="seconds"),
        "0",
        "How long a registration is asked for; 0 leaves it to the registrar (3600 is asked).",
    ),
    proxy(
        "sip registration renewal timer",
        Number(0, unit="seconds"),
        "15",
        "How long before its end a registration is renewed, at most half of the period.",
    ),
    proxy(
        "sip registration retry timer",
        Number(30, 1800, "seconds"),
        "1800",
        "The wait after the registrar has refused an account.",
    ),
    proxy(
        "sip registration timeout retry timer",
        Number(30, unit="seconds"),
        "120",
        "The wait after a registration was not answered in time.",
    ),
    shared(
        "sip transaction timer",
        Number(4000, 64000, "ms"),
        "4000",
        "How long a request may stay without any answer before the link is given up.",
    ),
    shared("sip T1 timer", Number(100, 5000, "ms"), "500", "T1 of RFC 3261.", at_once=False),
    shared("sip T2 timer", Number(500, 64000, "ms"), "4000", "T2 of RFC 3261.", at_once=False),
    proxy(
        "sip session timer",
        Number(90, unit="seconds", or_zero=True),
        "0",
        "How often a call is refreshed (RFC 4028); 0: never by this phone.",
    ),
    shared(
        "sip blacklist duration",
        Number(0, 9999999, "seconds"),
        "300",
        "The longest that a proxy which does not serve is put behind the others.",
    ),
    shared(
        "sip whitelist",
        Switch(),
        "1",
        "Requests are taken over the link only. 0 opens no other door: there is none.",
    ),
    proxy(
        "sip contact matching",
        Choice({0: "whole URI", 1: "address", 2: "user name", 3: "address and user name"}),
        "2",
        "How the phone finds its own contact in the registrar's answer.",
    ),
)

ACCOUNTS = (
    account("sip user name", Text(), "", "The user part of the account's address."),
    account("sip auth name", Text(), "", "The name for digest log-in. Empty: the user name."),
    account("sip password", Text(), "", "The password for digest log-in.", secret=True),
    account("sip display name", Text(), "", "The name that others see."),
    account("sip screen name", Text(), "", "The name on this phone's own screen."),
    account("sip vmail", Text(64), "", "The number of the voice mail."),
    account_later(
        "sip mode",
        Choice({0: "generic", 1: "BroadSoft SCA", 2: "reserved", 3: "BLA"}),
        "0",
        "The kind of line.",
    ),
    account(
        "sip dtmf method",
        Choice({0: "RTP", 1: "SIP INFO", 2: "both"}),
        "0",
        "How digits are sent in a call.",
    ),
    account(
        "sip srtp mode",
        Choice({0: "off", 1: "preferred", 2: "only"}),
        "2",
        "Whether sound is encrypted (SRTP). 1: where the far end can; 2: no call without.",
    ),
)
