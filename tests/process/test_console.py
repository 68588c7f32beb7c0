"""The serial console of a running phone, over a pty: VT100, dumb terminal, bad wires, slow ones."""

from __future__ import annotations

import os
import random
import re
import signal
import sys
import time
from collections.abc import Iterator

import pexpect
import pytest

from tests.lab.authority import Authority
from tests.lab.background import Background
from tests.process.console import ADMIN, PLACE, DeskPhone, Terminal
from tests.process.handset import HOST, PASSWORD, Place, until

NEW_ADMIN = "battery staple"


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskPhone]:
    """One phone for all: nothing that is done at its console may harm it."""
    with Background() as background:
        place = Place(tmp_path_factory.mktemp("desk"), background)
        place.configure({"admin password": ADMIN})
        with DeskPhone(place) as phone:
            yield phone
            assert phone.program.running
        place.close()
        assert "Traceback" not in phone.errors
        assert PASSWORD not in phone.errors + phone.program.text


@pytest.fixture
def terminal(phone: DeskPhone) -> Iterator[Terminal]:
    terminal = Terminal(phone.console)
    yield terminal
    terminal.close()


def registered(terminal: Terminal) -> None:
    until(lambda: "1 of 1 registered" in terminal.ask("status"))


def test_a_session_at_a_vt100(phone: DeskPhone, terminal: Terminal) -> None:
    terminal.type("\r")
    terminal.wait_for("Password: ")
    terminal.type("a wrong one\r")
    terminal.wait_for("wrong password")
    terminal.wait_for("Password: ")
    assert phone.editors == (), "no line editor before somebody is logged in"
    terminal.log_in()
    until(lambda: phone.editors != ())
    registered(terminal)
    assert "round trip" in terminal.ask("status")
    terminal.wait_for_comfort()
    terminal.type("acc\t\r")  # Completion,
    terminal.wait_for("<alice@lab.test>: registered")
    terminal.wait_for("handset>")
    terminal.type("callz\x1b[D\x1b[3~s\r")  # the cursor,
    terminal.wait_for("no calls")
    terminal.wait_for("handset>")
    terminal.type("\x1b[A\x1b[A\r")  # and what was typed before.
    terminal.wait_for("<alice@lab.test>: registered")
    terminal.wait_for("handset>")
    terminal.type("exit\r")
    terminal.wait_for("Good bye.")
    until(lambda: phone.editors == ())
    assert ADMIN not in terminal.seen


def test_a_session_at_a_dumb_terminal(phone: DeskPhone) -> None:
    terminal = Terminal(phone.console, dumb=True)
    terminal.log_in()
    query_ends = terminal.seen.index("Handset console")
    registered(terminal)
    terminal.type("acc\t\r")
    terminal.wait_for("<alice@lab.test>: registered")
    terminal.wait_for("handset> ")
    terminal.type("link\r")
    terminal.wait_for("Live, until a key is pressed:")
    terminal.wait_for("up, primary")
    terminal.type(" ")
    terminal.wait_for("handset> ")
    assert "no outage is known" in terminal.ask("outages")
    terminal.type(b"\x04")
    terminal.wait_for("Good bye.")
    assert phone.editors == ()
    assert "\x1b" not in terminal.seen[query_ends:]
    assert ADMIN not in terminal.seen
    terminal.close()


@pytest.mark.parametrize("seed", range(3))
def test_noise_and_breaks_kill_nothing(phone: DeskPhone, terminal: Terminal, seed: int) -> None:
    draw = random.Random(seed)
    safe = bytes(set(range(256)) - set(b"\r\n\x03\x04"))  # Lines are typed below.
    for _ in range(200):
        terminal.type(bytes(draw.choices(safe, k=draw.randrange(1, 60))))
        if draw.random() < 0.2:
            terminal.type(b"\0\0")  # As a break is read.
    terminal.type(b"\x1b\\\x03\r")
    terminal.wait_for("Password: ")
    terminal.type(f"{ADMIN}\r")
    terminal.wait_for("handset> ")
    for _ in range(50):
        terminal.type(bytes(draw.choices(range(256), k=draw.randrange(1, 60))).replace(b"\4", b""))
        terminal.read(0.01)
    terminal.type(b"\x1b\\\x03\x15")
    terminal.read(0.5)
    assert "no calls" in terminal.ask("calls")


def test_a_line_editor_is_nice_and_takes_nobody_along_when_it_dies(
    phone: DeskPhone, terminal: Terminal
) -> None:
    terminal.log_in()
    until(lambda: phone.editors != ())
    terminal.wait_for_comfort()
    terminal.type("stat")
    terminal.read(0.3)
    (editor,) = phone.editors
    nice, own = (os.getpriority(os.PRIO_PROCESS, pid) for pid in (editor, phone.program.pid))
    assert nice == min(own + 5, 19), "it takes the processor from nobody"
    os.kill(editor, signal.SIGKILL)
    terminal.wait_for("handset> ")
    registered(terminal)
    assert "line editor has ended" in phone.errors


def test_at_9600_baud_nothing_is_lost(phone: DeskPhone) -> None:
    terminal = Terminal(phone.console, dumb=True)
    terminal.log_in()
    begins = len(terminal.seen)
    terminal.type("help\rstatus\rhelp status\rcalls\r")
    data = b""
    while b"no calls" not in data:
        data += os.read(terminal.descriptor, 96)
        time.sleep(0.1)  # 960 bytes a second.
    said = "handset> " + terminal.seen[begins:] + data.decode()
    assert re.findall(r"(?m)^(?:handset> )+(\w.*?)\r$", said) == [
        "help",
        "status",
        "help status",
        "calls",
    ]
    assert "leave the console" in said
    terminal.close()


def test_a_program_for_serial_terminals_reaches_it(phone: DeskPhone) -> None:
    words = ["-m", "serial.tools.miniterm", "--raw", "--eol", "CR", phone.console, "115200"]
    with pexpect.spawn(sys.executable, words, encoding="utf-8", timeout=20) as miniterm:
        miniterm.expect_exact("Menu: ")
        miniterm.send("\r")
        miniterm.expect_exact("Password: ")
        miniterm.send(f"{ADMIN}\r")
        miniterm.expect_exact("handset> ")
        miniterm.send("calls\r")
        miniterm.expect_exact("no calls")
        miniterm.send("exit\r")
        miniterm.expect_exact("Good bye.")
        miniterm.send("\x1d")
        miniterm.expect(pexpect.EOF)
    assert miniterm.exitstatus == 0


def test_a_console_that_nobody_uses_is_not_loaded(place: Place) -> None:
    place.configure({"admin password": ADMIN})
    with DeskPhone(place, "-X", "importtime") as phone:
        terminal = Terminal(phone.console)
        time.sleep(1)
        assert "firmware.runtime.console_door" in phone.errors
        assert "firmware.console" not in phone.errors
        assert "firmware.runtime.web_door" in phone.errors
        assert "firmware.runtime.web_server" not in phone.errors
        terminal.log_in()
        assert "firmware.console.console" in phone.errors
        until(lambda: phone.editors != ())
        assert "no calls" in terminal.ask("calls")
        assert "prompt_toolkit" not in phone.errors
        terminal.close()


def test_parameters_are_set_on_a_running_phone(place: Place) -> None:
    place.configure({"admin password": ADMIN, "!sip session timer": "300"})
    with DeskPhone(place) as phone:
        terminal = Terminal(phone.console, dumb=True)
        terminal.log_in()
        registered(terminal)
        assert "From          default" in terminal.ask("show ringer volume")
        assert "It counts from now on." in terminal.ask("set ringer volume 2")
        assert "6 -> 2 (local)" in terminal.seen
        assert "locked by startup.cfg" in terminal.ask("set sip session timer 0")
        assert "is not 0-8" in terminal.ask("set ringer volume loud")
        terminal.type("set admin password\r")
        terminal.wait_for("New value of admin password: ")
        terminal.type(f"{NEW_ADMIN}\r")
        terminal.wait_for("Once more: ")
        terminal.type(f"{NEW_ADMIN}\r")
        terminal.wait_for("It counts from now on.")
        assert NEW_ADMIN not in (place.state / "local.cfg").read_text()
        terminal.type("exit\r\r")
        terminal.wait_for("Password: ")
        terminal.type(f"{ADMIN}\r")
        terminal.wait_for("wrong password")
        terminal.type(f"{NEW_ADMIN}\r")
        terminal.wait_for("handset> ")
        assert "network logs debug and worse" in terminal.ask("log level network debug")
        log = terminal.ask("log")
        assert "handset.console WARNING a wrong password" in log
        assert "changed: ringer volume: 6 -> 2 (local)" in log
        assert "changed: admin password: ****" in log
        assert "Nothing is done." in terminal.ask("reboot\rno")
        assert ADMIN not in terminal.seen
        assert NEW_ADMIN not in terminal.seen
        terminal.type("reboot\ryes\r")
        terminal.wait_for("It restarts.")
        terminal.drop()
        until(lambda: len(PLACE.findall(phone.program.text)) == 2)
        again = Terminal(PLACE.findall(phone.program.text)[1], dumb=True)
        again.type("\r")
        again.wait_for("Password: ")
        again.type(f"{NEW_ADMIN}\r")
        again.wait_for("handset> ")
        registered(again)
        assert "Value         2" in again.ask("show ringer volume")
        again.type("factory-reset\rreset\r")
        again.wait_for("as on its first day.")
        again.drop()
        until(lambda: len(PLACE.findall(phone.program.text)) == 3)
        last = Terminal(PLACE.findall(phone.program.text)[2], dumb=True)
        last.log_in()  # The password of the files again.
        assert "Value         6" in last.ask("show ringer volume")
        last.drop()
        assert "Traceback" not in phone.errors


def test_a_full_run_prints_no_secret(place: Place) -> None:
    place.configure({"admin password": ADMIN})
    nonces = list[str]()
    seen = place.exchange.take

    def listen(message: object, end: object) -> None:
        nonces.extend(re.findall(r'(?:nonce|response)="([^"]+)"', bytes(message).decode()))  # type: ignore[call-overload] # A message.
        seen(message, end)  # type: ignore[arg-type] # As it came.

    place.exchange.take = listen  # type: ignore[method-assign] # An ear at the proxy.
    with DeskPhone(place) as phone:
        terminal = Terminal(phone.console)
        terminal.log_in()
        registered(terminal)
        for topic in ("sip", "link", "media"):
            terminal.ask(f"trace {topic} on")
        used = len(nonces)
        place.background.run(place.exchange.set_fault("reset", on=True))
        terminal.wait_for("has ended: connection reset")
        terminal.wait_for("REGISTER sip:")
        terminal.wait_for("nonce=****")
        terminal.wait_for("SIP/2.0 200")
        terminal.wait_for_comfort()
        assert len(nonces) > used
        for topic in ("sip", "link", "media"):
            terminal.ask(f"trace {topic} off")
        for line in ("status", "accounts", "calls", "outages", "show", "show sip line1 password"):
            terminal.ask(line)
        assert "trusted.pem" in terminal.ask("certificates")
        terminal.type("set sip line1 password\r")
        terminal.wait_for("New value of sip line1 password: ")
        terminal.type(f"{PASSWORD}\r")
        terminal.wait_for("Once more: ")
        terminal.type(f"{PASSWORD}\r")
        terminal.wait_for("It is as it was.")
        terminal.type("support\r")
        terminal.wait_for("----- support ends")
        for secret in (*nonces, PASSWORD, ADMIN):
            assert secret not in terminal.seen
            assert secret not in phone.errors
        assert "Traceback" not in phone.errors
        terminal.close()


def test_a_proxy_is_pinged_step_by_step_and_asked_over_the_link_alone(place: Place) -> None:
    nobody = {"sip backup outbound proxy": HOST, "sip backup outbound proxy port": "1"}
    place.configure({"admin password": ADMIN, **nobody})
    taken: list[str] = []
    seen = place.exchange.take

    def listen(message: object, end: object) -> None:
        taken.append("a message")
        seen(message, end)  # type: ignore[arg-type] # As it came.

    place.exchange.take = listen  # type: ignore[method-assign] # An ear at the proxy.
    with DeskPhone(place) as phone:
        terminal = Terminal(phone.console, dumb=True)
        terminal.log_in()
        registered(terminal)
        messages = len(taken)
        said = terminal.ask("ping")
        for step in ("TCP", "TLS", "Ping"):
            assert re.search(rf"(?m)^{step} +[0-9.]+ ms: ", said), said
        assert "TLSv1.3" in said
        assert "answered" in said
        assert re.search(r"(?m)^OPTIONS +[0-9.]+ ms: answered with [0-9]{3}", said), said
        assert len(taken) == messages + 1, "OPTIONS, over the link"
        assert re.search(
            r"(?m)^TCP +[0-9.]+ ms: failed: connection refused", terminal.ask("ping backup")
        )
        (place.config / "trusted.pem").write_bytes(Authority().certificate_pem)
        assert re.search(r"(?m)^TLS +[0-9.]+ ms: failed: .*certificate", terminal.ask("ping"))
        assert "1 of 1 registered" in terminal.ask("status"), "the link never hears of it"
        assert "not to this proxy" in terminal.ask("ping backup")
        assert "no server is set" in terminal.ask("provision")
        assert "flashing\r\non\r\noff\r\nThe phone has its lamp back." in terminal.ask("test lamp")
        terminal.type("test keypad\r")
        terminal.wait_for("Ctrl-C ends it.")
        terminal.type("\x03")
        terminal.wait_for("handset> ")
        request = terminal.ask("certificates request desk-7 desk-7.example.org")
        assert "-----BEGIN CERTIFICATE REQUEST-----" in request
        assert "PRIVATE KEY" not in terminal.seen
        key = place.state / "certificates" / "waiting.key"
        assert key.read_text().splitlines()[1] not in terminal.seen
        terminal.close()


def test_a_certificate_is_pasted_and_trusted_at_once(place: Place) -> None:
    place.configure({"admin password": ADMIN, "sips trusted certificates": "other.pem"})
    (place.config / "other.pem").write_bytes(Authority().certificate_pem)
    with DeskPhone(place) as phone:
        terminal = Terminal(phone.console)
        terminal.log_in()
        terminal.wait_for_comfort()
        assert "0 of 1 registered" in terminal.ask("status")
        terminal.type("certificates import trusted\rrubbish\r.\r")
        terminal.wait_for("It is not kept: no certificate in PEM form")
        pem = place.authority.certificate_pem.decode()
        terminal.type("certificates import trusted\r" + pem.replace("\n", "\r") + ".\r")
        terminal.wait_for("counts from now on.")
        terminal.wait_for("handset>")
        assert pem.splitlines()[1] not in terminal.seen
        registered(terminal)
        assert "From          local" in terminal.ask("show sips trusted certificates")
        terminal.type("factory-reset\rreset\r")
        terminal.wait_for("as on its first day.")
        terminal.drop()
        until(lambda: len(PLACE.findall(phone.program.text)) == 2)
        assert list((place.state / "certificates").iterdir()) == []
