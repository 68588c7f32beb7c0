"""The console's commands as words: their names, what they are for, what may follow them.

What they do is in `commands.py`. This half needs nothing of the phone, so that an editor beside it
completes lines without loading one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from config.parameters import find, split_line


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
