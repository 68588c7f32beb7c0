"""What is wrong is said in words, and the phone goes on: files, folders, values, commands."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.authority import Usage
from tests.process.handset import Event, Handset, Place


def is_sane(phone: Handset) -> Event:
    """See that it answers, and that nobody has to read a traceback; return its status."""
    status = phone.status()
    assert "Traceback" not in phone.errors, phone.errors
    return status


def says(phone: Handset, words: str) -> None:
    """See that a program, a person and the log are all told."""
    phone.wait_for("error", lambda event: words in event["text"])
    assert words in phone.errors
    assert any(words in problem for problem in phone.status()["problems"])
    phone.wait_for("screen", lambda event: any(line.strip() for line in event["text"]))


def registers(phone: Handset) -> None:
    phone.wait_for("registered")
    is_sane(phone)
    assert phone.stop() == 0
    assert "Traceback" not in phone.errors, phone.errors


def test_without_trusted_certificates_no_connection_is_opened(place: Place) -> None:
    """L11."""
    place.configure({"sips trusted certificates": None})
    with place.phone() as phone:
        says(phone, "persistent TLS needs trusted certificates")
        status = is_sane(phone)
        assert status["link"]["state"] == "off"
        assert status["link"]["reason_kind"] == "configuration"
        assert phone.stop() == 0
    assert place.exchange.counters.accepted == 0


def no_file(place: Place) -> None:
    (place.config / "trusted.pem").unlink()


def an_empty_file(place: Place) -> None:
    (place.config / "trusted.pem").write_bytes(b"")


def garbage(place: Place) -> None:
    (place.config / "trusted.pem").write_bytes(bytes(range(256)) * 100)


@pytest.mark.parametrize("spoil", [no_file, an_empty_file, garbage])
def test_trusted_certificates_that_cannot_be_read_are_named_until_they_can(
    place: Place, spoil: Callable[[Place], None]
) -> None:
    place.configure({})
    good = (place.config / "trusted.pem").read_bytes()
    spoil(place)
    with place.phone() as phone:
        says(phone, "trusted.pem")
        phone.wait_for("link", lambda event: "trusted.pem" in event["reason"])
        is_sane(phone)
        assert place.exchange.counters.accepted == 0
        (place.config / "trusted.pem").write_bytes(good)  # I4: without a restart.
        registers(phone)


@pytest.mark.parametrize("password", [None, "open barley"])
def test_an_encrypted_key_that_cannot_be_opened_is_named(
    place: Place, password: str | None
) -> None:
    own = place.authority.issue("phone.example", usage=Usage.CLIENT)
    own.write(place.config, "own", "open sesame")
    files = {"sips local certificate": "own.pem", "sips private key": "own.key"}
    place.configure({**files, "sips private key password": password})
    with place.phone() as phone:
        says(phone, "own.key")
        reason = "wrong password" if password else "is encrypted"
        phone.wait_for("link", lambda event: reason in event["reason"])
        is_sane(phone)
        assert "barley" not in phone.errors + phone.program.text
    assert place.exchange.counters.accepted == 0


def test_a_key_of_another_certificate_is_named(place: Place) -> None:
    for name in ("own", "other"):
        place.authority.issue("phone.example", usage=Usage.CLIENT).write(place.config, name)
    place.configure({"sips local certificate": "own.pem", "sips private key": "other.key"})
    with place.phone() as phone:
        says(phone, "the key does not belong to the certificate")
        phone.wait_for("link", lambda event: "other.key does not belong to" in event["reason"])
        is_sane(phone)
    assert place.exchange.counters.accepted == 0


def test_without_a_configuration_the_phone_says_so(place: Place) -> None:
    with place.phone() as phone:
        phone.wait_for("error")
        assert is_sane(phone)["problems"]
        assert phone.stop() == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sip persistent tls keep alive", "soon"),
        ("sip outbound proxy port", "99999"),
        ("sip transaction timer", "-1"),
        ("no such parameter", "1"),
    ],
)
def test_a_bad_value_is_named_with_file_and_line_and_the_phone_goes_on(
    place: Place, name: str, value: str
) -> None:
    place.configure({name: value})
    with place.phone() as phone:
        phone.wait_for("screen")
        is_sane(phone)
        if name != "no such parameter":
            says(phone, name)
            assert "startup.cfg:" in phone.errors
        if name != "sip outbound proxy port":
            registers(phone)


def test_bytes_that_are_no_configuration_are_survived(place: Place) -> None:
    (place.config / "startup.cfg").write_bytes(bytes(range(256)) * 1000)
    with place.phone() as phone:
        phone.wait_for("error")
        is_sane(phone)


# Folders.


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", *options, str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_file_in_place_of_the_state_folder_does_not_keep_it_from_its_proxy(place: Place) -> None:
    place.state.write_bytes(b"not a folder")
    place.configure({})
    with place.phone() as phone:
        registers(phone)


def test_a_full_disk_does_not_keep_it_from_its_proxy(place: Place) -> None:
    place.configure({})
    with mounted(place.state, "-t", "tmpfs", "-o", "size=4k", "tmpfs"):
        with pytest.raises(OSError, match="No space left"):
            (place.state / "filler").write_bytes(bytes(8192))
        with place.phone() as phone:
            registers(phone)


def test_a_read_only_disk_does_not_keep_it_from_its_proxy(place: Place) -> None:
    place.configure({})
    with mounted(place.state, "-t", "tmpfs", "-o", "ro", "tmpfs"), place.phone() as phone:
        registers(phone)


# Commands.


def test_nonsense_on_its_input_is_answered_and_survived(place: Place) -> None:
    place.configure({})
    with place.phone() as phone:
        phone.wait_for("registered")
        for line in (
            "nonsense",
            "{}",
            "[1]",
            '{"cmd": "fly"}',
            '{"cmd": "key"}',
            "{" * 5000,
            "\x00",
        ):
            count = sum(event["ev"] == "error" for event in phone.events)
            phone.program.say(line + "\n")
            is_sane(phone)
            assert sum(event["ev"] == "error" for event in phone.events) == count + 1, line
        phone.program.say("x" * 10_000_000 + "\n")
        registers(phone)
