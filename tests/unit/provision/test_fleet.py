"""What rauc-hawkbit-updater is told, and what its words mean."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

import pytest

from config.store import Store
from firmware.provision.fleet import Fleet, Said, client_file, fleet_of, in_words, said_by

MAC = "00085D1A2B3C"


def fleet(folder: Path, settings: str) -> Fleet | None:
    (folder / "startup.cfg").write_text(settings)
    return fleet_of(Store(folder, folder / "state").read(), MAC)


def test_without_a_server_there_is_no_fleet(tmp_path: Path) -> None:
    assert fleet(tmp_path, "hawkbit target token: x\n") is None


def test_a_server_and_a_token_are_enough(tmp_path: Path) -> None:
    made = fleet(tmp_path, "hawkbit server: hawkbit.test\nhawkbit target token: abc\n")
    assert made == Fleet("hawkbit.test", 443, "DEFAULT", MAC, "abc", "", 300.0)
    assert made.problem == ""
    assert "abc" not in repr(made), "no token is shown (T4)"


def test_all_of_it_may_be_set(tmp_path: Path) -> None:
    settings = (
        "hawkbit server: 2001:db8::1\nhawkbit port: 8443\nhawkbit tenant: acme\n"
        "hawkbit target name: phone-7\nhawkbit gateway token: g\nhawkbit interval: 30\n"
    )
    made = fleet(tmp_path, settings)
    assert made == Fleet("2001:db8::1", 8443, "acme", "phone-7", "", "g", 30.0)
    assert made.server == "[2001:db8::1]:8443"


@pytest.mark.parametrize("name", ["a/b", "a b", "a?b", "ä", "x" * 65])
def test_a_name_that_is_none_in_a_url_is_refused(tmp_path: Path, name: str) -> None:
    settings = f"hawkbit server: hawkbit.test\nhawkbit target name: {name}\n"
    (tmp_path / "startup.cfg").write_text(settings)
    read = Store(tmp_path, tmp_path / "state").read()
    (problem,) = read.problems
    assert "startup.cfg:2" in str(problem)
    assert "letters, digits, dots, colons, tildes, hyphens or underscores" in str(problem)


def read_back(text: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser


def test_the_client_is_told_of_one_token_always_checks_and_never_restarts() -> None:
    both = Fleet("hawkbit.test", 443, "DEFAULT", MAC, "target's", "gateway's")
    client = read_back(client_file(both, {"mac": MAC}))["client"]
    assert (client["auth_token"], "gateway_token" in client) == ("target's", False)
    assert client["hawkbit_server"] == "hawkbit.test:443"
    assert (client["tenant_id"], client["target_name"]) == ("DEFAULT", MAC)
    assert (client["ssl"], client["ssl_verify"]) == ("true", "true")
    assert client["post_update_reboot"] == "false"
    assert client["bundle_download_location"].startswith("/data/fleet/")
    gateway = Fleet("hawkbit.test", 443, "DEFAULT", MAC, "", "gateway's")
    client = read_back(client_file(gateway, {"mac": MAC}))["client"]
    assert (client["gateway_token"], "auth_token" in client) == ("gateway's", False)


def test_the_server_is_told_what_the_phone_is_and_a_backslash_stays_one() -> None:
    text = client_file(Fleet("h", 1, "t", "n", "to\\ken"), {"mac": MAC, "version": "0.1"})
    assert dict(read_back(text)["device"]) == {"mac": MAC, "version": "0.1"}
    assert "auth_token=to\\\\ken\n" in text


def test_without_a_token_it_is_said_which_parameters_are_missing() -> None:
    problem = Fleet("h", 1, "t", "n").problem
    assert "hawkbit target token" in problem
    assert "hawkbit gateway token" in problem


NEW = "MESSAGE: New software ready for download (Name: x, Version: 2, Size: 9 bytes, URL: y)\n"
FETCHING = f"{NEW}MESSAGE: Start downloading: https://hawkbit.test/x\n"
INSTALLING = (
    f"{FETCHING}MESSAGE: Installing: /data/fleet/update.raucb : installing\n"
    "MESSAGE: Installing: /data/fleet/update.raucb :  40% Verifying signature done.\n"
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", Said()),
        ("MESSAGE: Checking for new software...\nMESSAGE: No new software.\n", Said()),
        (NEW, Said(True)),
        (FETCHING, Said(True, "fetching it from the fleet's server")),
        (INSTALLING, Said(True, "Verifying signature done.", 40)),
        (INSTALLING.replace(" 40%", "140%"), Said(True, "Verifying signature done.", 100)),
    ],
)
def test_how_far_the_client_is_stands_in_its_words(words: str, said: Said) -> None:
    assert said_by(words) == said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Failed to authenticate. Check if auth_token is correct?", "it does not take the token"),
        ("check failed: Could not connect to server (7)", "it is not reached"),
        ("check failed: Could not resolve hostname (6)", "its name is not found"),
        (
            "check failed: SSL peer certificate or SSH remote key was not OK (60)",
            "its certificate is not trusted, or of another name",
        ),
        ("HTTP request failed: 500; server response: <html>", "HTTP request failed: 500"),
        ("", "it could not be asked"),
    ],
)
def test_why_the_server_was_not_asked_is_said_in_words(said: str, words: str) -> None:
    assert in_words(said) == words
