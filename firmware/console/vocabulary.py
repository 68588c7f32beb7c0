"""The console's commands as words: their names, what they are for, what may follow them.

What they do is in `commands.py`. This half needs nothing of the phone, so that an editor beside it
completes lines without loading one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from config.parameters import ACCOUNTS_MAX, PARAMETERS, canonical, find, split_line, written
from firmware.syslog.line import MODULES


def nothing() -> Iterable[str]:
    """Nothing may follow."""
    return ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command: how it is written, what it does in one line, and in full."""

    usage: str
    summary: str
    help: str = ""
    phrases: Callable[[], Iterable[str]] = nothing  # All that may stand behind its name.

    @property
    def name(self) -> str:
        """Its first word."""
        return self.usage.partition(" ")[0]


def _names() -> Iterable[str]:
    return COMMANDS


def parameter_names() -> list[str]:
    """Return every name of a parameter that may be typed."""
    names: list[str] = []
    for parameter in PARAMETERS:
        name = canonical(parameter.name)
        if name == "log module <name>":
            names += [f"log module {module}" for module in MODULES]
        elif parameter.numbers:
            numbers = range(1, parameter.numbers + 1)
            names += [canonical(parameter.name.replace("N", str(number))) for number in numbers]
        elif "<" not in name:
            names += [name]
        if parameter.per_line:
            names += [written(name, account) for account in range(1, ACCOUNTS_MAX + 1)]
    return names


LEVELS = ("debug", "info", "warning", "error")
"""Of the log."""

TOPICS = ("sip", "link", "media")
"""Of a trace."""

PASTED = ("trusted", "chain", "own", "key", "revoked")
"""What may be pasted."""

PARTS = ("keypad", "screen", "lamp", "audio")
"""What may be tried out."""

ROLES = ("primary", "backup")
"""Of a proxy."""


def _log_words() -> Iterable[str]:
    return ["server", *(f"level {module} {level}" for module in MODULES for level in LEVELS)]


COMMANDS = {
    command.name: command
    for command in (
        Command(
            "help [COMMAND]",
            "what can be typed here",
            "Tab completes what is half typed, or shows what it may become. Ctrl-C gives up what"
            " is being done, Ctrl-D leaves.",
            _names,
        ),
        Command("status", "how the phone is, on one screen"),
        Command(
            "link",
            "the link to the proxy, live",
            "Everything that is known of the link, then its state and round trip as they change,"
            " until a key is pressed. While it is up, the proxy is asked every 5 s.",
        ),
        Command("accounts", "which accounts are registered, or why not"),
        Command("calls", "the calls that there are, and how they sound"),
        Command(
            "outages [NUMBER]",
            "when there was no service, and why",
            "The last entries of the outage log, 10 where no number is given.",
        ),
        Command(
            "show [NAME]",
            "parameters: what holds, and where it comes from",
            "Without a name those that are set. With a name everything about it: values, default,"
            " lock, meaning. With the beginning of one, all that begin so. sip lineN ... is the one"
            " of an account.",
            parameter_names,
        ),
        Command(
            "set NAME VALUE",
            "set a parameter on this phone",
            'It is kept over a restart, and counts before the files. "" is an empty value. A'
            " secret is asked for, never typed into the line.",
            parameter_names,
        ),
        Command(
            "unset NAME",
            "forget what was set on this phone",
            "The value of the files holds again, or the default.",
            parameter_names,
        ),
        Command(
            "log [NUMBER] | log level MODULE LEVEL | log server",
            "the last lines of the log, and where it goes",
            "30 of them where no number is given. A module's level (debug, info, warning, error)"
            " decides what of it is logged, until the phone restarts; log module ... is the"
            f" parameter that stays. Modules are {', '.join(MODULES)}. server: whether log server"
            " ip is reached, and what was sent, waits or was lost.",
            _log_words,
        ),
        Command(
            "trace TOPIC on | trace TOPIC off | trace",
            "what passes, as it passes",
            "sip: every message. link: connections, handshakes, pings. media: what is agreed for a"
            " call's sound, and how it sounds. Passwords, digests and keys are masked. It ends"
            " when you leave.",
            lambda: [f"{topic} {switch}" for topic in TOPICS for switch in ("on", "off")],
        ),
        Command(
            "support",
            "everything for who helps, but no secret",
            "Status, link, accounts, calls, outages, parameters and the log, between two marks: let"
            " the terminal keep what it shows.",
        ),
        Command(
            "certificates | certificates import WHAT | certificates request [NAME [ALSO ...]]",
            "certificates: listed, taken in by paste, asked for",
            "WHAT is trusted (who signs proxies), chain, own, key or revoked. It is looked at"
            " before it is kept, and kept on this phone. A request is for your authority to sign:"
            " its key is made here and stays here. Import what they return as own: the key goes"
            " with it. NAME is whose it is, its MAC where none is given; ALSO are host names,"
            " addresses or URIs. ping tries certificates out at a proxy.",
            lambda: [*(f"import {what}" for what in PASTED), "request"],
        ),
        Command(
            "ping [primary | backup]",
            "try a proxy out: name, TCP, TLS, ping, OPTIONS",
            "Each step timed for itself, over a connection of its own, with the certificates as"
            " they are in the files now: what is refused here is refused to the link. OPTIONS goes"
            " over the link, where that is to this proxy: there is no other way for SIP.",
            lambda: ROLES,
        ),
        Command(
            "token [new | off]",
            "who may use the API: the token that programs show",
            "new makes one and shows it once; an older one counts no more. off takes it away. The"
            " API and the metrics are on the web page's port: /api/openapi.json, /metrics.",
            lambda: ("new", "off"),
        ),
        Command(
            "test PART",
            "try a part out: keypad, screen, lamp or audio",
            "keypad says every key and the hook, and the phone does not hear them. screen shows"
            " pictures, lamp its patterns. audio plays a tone, then what the microphone hears, and"
            " how loud that is. Ctrl-C ends it, and so does a call that comes in.",
            lambda: PARTS,
        ),
        Command(
            "provision",
            "fetch the configuration files now",
            "Whoever uses the phone. What comes is said file by file, then what is different, and"
            " why a file was refused. Calls are not touched.",
        ),
        Command(
            "update [URI] | update status",
            "fetch and install another firmware; how far that is",
            "From URI (https, http), else from where upgrade uri or firmware server say. It must be"
            " signed by whom this phone trusts. It is done when nobody uses the phone, which then"
            " restarts. If it does not register with it, it goes back by itself.",
            lambda: ("status",),
        ),
        Command("reboot", "restart the phone", "Calls end. It asks before it does it."),
        Command(
            "factory-reset",
            "forget all that was set or remembered here",
            "Settings, passwords, calls, directory, outages. It asks before it does it.",
        ),
        Command("exit", "leave the console"),
    )
}
"""Every command by its name."""


def holds_secret(line: str) -> bool:
    """Tell whether a line sets a secret: it is not remembered, and not obeyed (T4)."""
    words = line.split()
    if not words or words[0].lower() != "set":
        return False
    names = (" ".join(words[1:end]).rstrip(":=") for end in range(2, len(words) + 1))
    found = (find(split_line(name)[0]) for name in names)
    return any(parameter is not None and parameter.secret for parameter in found)
