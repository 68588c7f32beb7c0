"""Every command of the console, at every kind of terminal and line, and while all is broken."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from firmware.console.vocabulary import COMMANDS, PARTS, PASTED, TOPICS
from tests.process.console import ADMIN, DeskPhone, Terminal
from tests.process.handset import PASSWORD, Place, until
from tests.process.test_bad_input import mounted

Steps = tuple[tuple[str, str], ...]
"""What is typed, and what is said to that."""

GIVEN_UP = ("\x03", "handset>")

SEEN = dict(
    zip(PARTS, ("Ctrl-C ends it.", "all four sides", "flashing", "a tone of 500 Hz"), strict=True)
)
"""Of a part that is tried out."""

STEPS: dict[str, Steps] = {
    "help": (("help\r", "leave the console"), ("help trace\r", "digests and keys are masked")),
    "status": (("status\r", "1 of 1 registered"),),
    "link": (("link\r", "until a key is pressed:"), ("", "up, primary"), GIVEN_UP),
    "accounts": (("accounts\r", "<alice@lab.test>: registered"),),
    "calls": (("calls\r", "no calls"),),
    "outages": (("outages\r", "no outage is known"),),
    "show": (
        ("show ringer volume\r", "From          default"),
        ("show\r", "sip line1 password: **** ("),
    ),
    "set": (
        ("set ringer volume 2\r", "It counts from now on."),
        ("set ringer volume loud\r", "is not 0-8"),
        ("set user password\r", "New value of user password"),
        ("of the user\r", "Once more"),
        ("of the user\r", "It counts from now on."),
    ),
    "unset": (
        ("unset ringer volume\r", "2 -> 6 (default)"),
        ("unset user password\r", "It counts from now on."),
    ),
    "log": (
        ("log 3\r", "handset."),
        ("log level network debug\r", "network logs debug and worse"),
        ("log server\r", "no server is set"),
    ),
    "trace": tuple(
        step
        for topic in TOPICS
        for step in (
            (f"trace {topic} on\r", "handset>"),
            ("trace\r", topic),
            (f"trace {topic} off\r", "handset>"),
        )
    ),
    "support": (("support\r", "----- support begins"), ("", "----- support ends")),
    "certificates": (
        ("certificates\r", "trusted.pem"),
        *(
            step
            for what in PASTED
            for step in (
                (f"certificates import {what}\r", "It is not shown."),
                ("rubbish\r.\r", "It is not kept: "),
            )
        ),
        ("certificates request desk-7\r", "-----END CERTIFICATE REQUEST-----"),
    ),
    "ping": (("ping\r", "certificate accepted"), ("", "answered with")),
    "token": (("token new\r", "keeps its hash"), ("token off\r", "Nobody has access")),
    "test": tuple(
        step for part, seen in SEEN.items() for step in ((f"test {part}\r", seen), GIVEN_UP)
    ),
    "provision": (("provision\r", "no server is set"),),
    "update": (("update status\r", "not updated this way"),),
    "reboot": (("reboot\r", "Type yes to restart"), ("no\r", "Nothing is done.")),
    "factory-reset": (("factory-reset\r", "Type reset to do it"), ("no\r", "Nothing is done.")),
    "exit": (("exit\r", "Good bye."),),
}


@pytest.fixture
def phone(place: Place) -> Iterator[DeskPhone]:
    place.configure({"admin password": ADMIN})
    with DeskPhone(place) as phone:
        yield phone
        assert phone.program.running
        assert "Traceback" not in phone.errors
        assert PASSWORD not in phone.errors


def test_the_list_is_whole() -> None:
    assert list(STEPS) == list(COMMANDS)


def registered(terminal: Terminal) -> None:
    until(lambda: "1 of 1 registered" in terminal.ask("status"))


def walk(terminal: Terminal, *, noise: random.Random | None = None) -> list[str]:
    """Type every command; return those that were typed and answered.

    With noise and breaks before each of them, which are wiped.
    """
    answered = []
    for steps in STEPS.values():
        if noise is not None:
            rubbish = bytes(noise.choices(range(0x80, 0x100), k=20))
            terminal.type(b"\0\0" + rubbish + b"\0\x15")
        for typed, said in steps:
            terminal.type(typed)
            terminal.wait_for(said)
        if "exit" not in steps[0][0] and steps[-1] != GIVEN_UP:
            terminal.wait_for("handset>")
        answered.append(steps[0][0].split()[0])
    assert ADMIN not in terminal.seen
    assert PASSWORD not in terminal.seen
    return answered


def test_every_command_at_a_vt100(phone: DeskPhone) -> None:
    terminal = Terminal(phone.console)
    terminal.log_in()
    registered(terminal)
    terminal.wait_for_comfort()
    assert walk(terminal) == [*COMMANDS]
    terminal.close()


def test_every_command_at_a_dumb_terminal(phone: DeskPhone) -> None:
    terminal = Terminal(phone.console, dumb=True)
    terminal.log_in()
    registered(terminal)
    assert walk(terminal) == [*COMMANDS]
    terminal.close()


def test_every_command_at_9600_baud_between_noise_and_breaks(phone: DeskPhone) -> None:
    terminal = Terminal(phone.console, dumb=True, slow=True)
    terminal.log_in()
    registered(terminal)
    assert walk(terminal, noise=random.Random(7)) == [*COMMANDS]
    terminal.close()


BROKEN = {
    "status": "Link          no link",
    "link": "no link",
    "accounts": "alice@lab.test",
    "calls": "no calls",
    "outages": "since",
    "show ringer volume": "From          default",
    "set ringer volume 2": "cannot be saved: Read-only file system",
    "log 50": "the outage log cannot be saved: Read-only file system",
    "log server": "no server is set",
    "certificates": "trusted.pem",
    "certificates request desk-7": "Read-only file system",
    "ping": "failed: ",
    "provision": "no network route",
    "support": "----- support ends",
    "help": "leave the console",
}


def test_it_answers_where_link_network_and_disk_are_broken(place: Place) -> None:
    """The phone stands in a network of its own without any wire, and its disk takes nothing.

    Its proxy is not there: a network that is not, would be no outage yet.
    """
    place.configure(
        {"admin password": ADMIN, "sip outbound proxy": "127.0.0.1", "https server": "192.0.2.2"}
    )
    alone = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    with ExitStack() as stack:
        stack.enter_context(mounted(place.state, "-t", "tmpfs", "-o", "ro", "tmpfs"))
        phone = stack.enter_context(DeskPhone(place, within=alone))
        terminal = Terminal(phone.console, dumb=True)
        terminal.log_in()
        for line in ("status", "outages", "log 50"):
            until(lambda line=line: BROKEN[line] in terminal.ask(line))  # type: ignore[misc] # As it is now.
        said = {line: terminal.ask(line) for line in BROKEN if line != "link"}
        terminal.type("link\r")
        terminal.wait_for("until a key is pressed:")
        terminal.wait_for(BROKEN["link"])
        terminal.type(" ")
        terminal.wait_for("handset> ")
        terminal.drop()
        assert "Traceback" not in phone.errors
    wrong = {line: text for line, text in said.items() if BROKEN[line] not in text}
    assert wrong == {}
