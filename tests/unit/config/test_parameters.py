"""The table: each default is valid, each parameter refuses something, and says what it takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.kinds import (
    Choice,
    Codecs,
    DialPlanText,
    FileOrUrl,
    Host,
    Identifier,
    Number,
    PinText,
    Switch,
    Text,
    TimeOfDay,
    TimeZone,
    TlsTransport,
    TokenHash,
    ToneSet,
    Url,
    Word,
)
from config.parameters import PARAMETERS, Parameter, canonical, find, parse, split_line, written
from config.problem import ConfigError
from config.store import Store

TOO_LONG = "x" * 2000

HASH = "scrypt:" + "0a" * 16 + ":" + "b1" * 32
BAD_VALUES: dict[type, tuple[str, ...]] = {
    Number: ("soon", "", "-1", "1.5", "99999999999", "4294967296", "1e3", "١٢"),
    Switch: ("2", "", "yes", "on", "01"),
    Choice: ("7", "", "x", "-1"),
    TlsTransport: ("0", "1", "2", "3", "5", "", "tls"),
    Word: ("", "gopher", "HTTPSX"),
    Text: (TOO_LONG, "a\tb\x07c", "line\rline"),
    Host: (
        "300.1.1.1",
        "1.2.3",
        "a b",
        "pbx:5061",
        "sip:pbx",
        "[::1",
        "-a.example",
        "a..b",
        "ü.de",
    ),
    FileOrUrl: (TOO_LONG, "gopher://host/file", "a\x00b", "https://"),
    Url: ("ca.pem", "https://", "http://a b", "gopher://x", "https://" + TOO_LONG),
    PinText: ("123", "123456789", "12a4", "scrypt:00:00"),
    Identifier: ("a/b", "a b", "a?b", "ä", "x" * 65),
    TokenHash: ("secret", "sha256:0", f"sha256:{'g' * 64}", f"sha256:{'0' * 63}"),
    TimeZone: ("Europe", "Berlin", "../../etc/passwd", "/etc/passwd", "Europe/Nowhere", TOO_LONG),
    TimeOfDay: ("", "24:00", "3", "03:60", "3:0", "noon"),
    ToneSet: ("", "Atlantis", "Deutschland", "D"),
    DialPlanText: ("[0-9", "x)", "(]", "hello", "x" * 513, "91,[2-9]x", "1||2", "+"),
    Codecs: ("opus", "payload=128", "payload=0;ptime=x", "payload=0,", "payload=0;ptime=0"),
}

GOOD_VALUES: dict[type, tuple[tuple[str, object], ...]] = {
    Host: (
        ("", ""),
        ("0.0.0.0", ""),  # How the desk phones' files say "none".
        ("10.0.0.1", "10.0.0.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("PBX.example.org", "PBX.example.org"),
        ("pbx.example.org.", "pbx.example.org."),
        ("_sip.pbx-1", "_sip.pbx-1"),
    ),
    PinText: (("1234", "1234"), ("", ""), (HASH, HASH)),
    Identifier: (("a-B_1.2:~", "a-B_1.2:~"), ("", "")),
    TokenHash: ((f"sha256:{'0' * 64}", f"sha256:{'0' * 64}"), ("", "")),
    TimeZone: (("Europe/Berlin", "Europe/Berlin"), ("UTC", "UTC"), ("", "")),
    TimeOfDay: (("3:00", "03:00"), ("23:59", "23:59")),
    ToneSet: (("germany", "Germany"), ("de", "Germany"), ("UK", "UK")),
    DialPlanText: (
        ("x+#|xx+*", "x+#|xx+*"),
        ("[2-9]xx(0|1);X,91", "[2-9]xx(0|1);X,91"),
        ("", ""),
    ),
    Codecs: (
        ("payload=9;ptime=20;silsupp=off, payload=8", "payload=9;ptime=20;silsupp=off,payload=8"),
        ("", ""),
    ),
    FileOrUrl: (("certs/ca.pem", "certs/ca.pem"), ("https://h/ca.pem", "https://h/ca.pem")),
    Word: (("https", "HTTPS"),),
    Switch: (("0", False), ("1", True)),
    TlsTransport: (("4", 4),),
    Text: (("", ""), ('say "hi" # ü', 'say "hi" # ü')),
}


def example_name(parameter: Parameter) -> str:
    """Return a name as a file could hold it: `softkey1 type`, `log module x`."""
    name = parameter.name.replace("<condition>", "busy").replace("<name>", "link")
    return name.replace("N", "1") if parameter.numbers else name


def name_of(parameter: Parameter) -> str:
    return parameter.name


@pytest.mark.parametrize("parameter", PARAMETERS, ids=name_of)
def test_a_default_is_a_value_that_may_be_set(parameter: Parameter) -> None:
    assert parameter.default_value == parse(example_name(parameter), 0, parameter.default)


@pytest.mark.parametrize("parameter", PARAMETERS, ids=name_of)
def test_bad_values_are_refused_with_place_value_and_range(
    parameter: Parameter, tmp_path: Path
) -> None:
    name = example_name(parameter)
    for bad in BAD_VALUES[type(parameter.kind)]:
        (tmp_path / "startup.cfg").write_bytes(f'#\n\n{name}: "{bad}"\n'.encode())
        configuration = Store(tmp_path).read()
        (problem,) = configuration.problems
        shown = str(problem)
        assert shown.startswith(f"startup.cfg:3: {canonical(name)}: "), bad
        assert configuration.value(name) == parameter.default_value, bad
        if parameter.secret:
            assert "****" in shown
            assert not bad or bad not in shown
        else:
            assert f'"{bad[:10]}' in shown or not bad.isprintable()
        assert re.search(r"is not |is refused: |holds a control character", shown)
        assert len(shown) < 400


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [(kind, *row) for kind, rows in GOOD_VALUES.items() for row in rows],
)
def test_good_values_are_taken(kind: type, text: str, value: object) -> None:
    parsed = kind().parse(text) if kind is not Word else Word("HTTPS", "HTTP").parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("sip persistent tls keep alive", "soon", '"soon" is not 0 or 5-3600 seconds'),
        ("sip persistent tls keep alive", "4", '"4" is not 0 or 5-3600 seconds'),
        ("sip transport protocol", "1", '"1" is refused: this phone speaks SIP over TLS only'),
        ("sip registration timeout retry timer", "29", '"29" is not at least 30 seconds'),
        ("sip session timer", "89", '"89" is not 0 or at least 90 seconds'),
        ("sip srtp mode", "3", '"3" is not 0 (off), 1 (preferred) or 2 (only)'),
        (
            "sip proxy ip",
            "pbx:5061",
            '"pbx:5061" is not an IP address or a host name (the port is a parameter of its own)',
        ),
        (
            "sip registrar ip",
            "https://me:hunter2@pbx/",
            '"https://****@pbx/" is not an IP address or a host name',
        ),
    ],
)
def test_the_sentence_of_a_bad_value(name: str, value: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(f'{name}: {sentence}')}$"):
        parse(name, 0, value)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("sip persistent tls keep alive", 5, 3600),
        ("sip local tls port", 1024, 65535),
        ("sips persistent tls retry base", 1, 300),
        ("sips persistent tls retry cap", 10, 3600),
        ("sips persistent tls head start", 50, 5000),
        ("sips failback probe interval", 10, 3600),
        ("sips failback probe count", 1, 10),
        ("sips failback minimum stay", 0, 86400),
        ("sip proxy port", 0, 65535),
        ("sip registration period", 0, 2147483647),
        ("sip registration retry timer", 30, 1800),
        ("sip transaction timer", 4000, 64000),
        ("sip blacklist duration", 0, 9999999),
        ("tos rtp", 0, 63),
        ("auto resync max delay", 0, 1439),
    ],
)
def test_ranges_hold_at_both_ends(name: str, low: int, high: int) -> None:
    assert parse(name, 0, str(low)) == low
    assert parse(name, 0, str(high)) == high
    for outside in (low - 1, high + 1):
        allowed_zero = outside == 0 and name == "sip persistent tls keep alive"
        if not allowed_zero:
            with pytest.raises(ConfigError):
                parse(name, 0, str(outside))


def test_the_desk_phones_zero_switches_off() -> None:
    assert parse("sip persistent tls keep alive", 0, "0") == 0
    assert parse("sip session timer", 0, "0") == 0


def test_names_are_unique_and_in_one_line_of_help() -> None:
    names = [canonical(parameter.name) for parameter in PARAMETERS]
    assert len(set(names)) == len(names)
    for parameter in PARAMETERS:
        assert parameter.help.endswith((".", ")"))
        assert "\n" not in parameter.help
        assert find(example_name(parameter)) is parameter


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("SIP  Proxy\tIP", "sip proxy ip"),
        ("sip t1 timer", "sip T1 timer"),
        ("softkey20 label", "softkeyN label"),
        ("softkey21 label", None),
        ("softkey0 label", None),
        ("softkey01 label", None),
        ("time server3", "time serverN"),
        ("time server4", None),
        ("log module sip", "log module <name>"),
        ("log module", None),
        ("call forward key mode", "call forward key mode"),
        ("call forward busy", "call forward busy"),
        ("call forward disabled", None),
        ("log module <name>", None),
        ("softkey1 states", None),
        ("", None),
    ],
)
def test_names_are_found(name: str, found: str | None) -> None:
    parameter = find(name)
    assert (parameter.name if parameter else None) == found


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("SIP Line3  password", ("sip password", 3)),
        ("sip line10 password", ("sip line10 password", 0)),
        ("sip line0 password", ("sip line0 password", 0)),
        ("sip line password", ("sip line password", 0)),
        ("sips line2 private key", ("sips private key", 2)),
        ("sip password", ("sip password", 0)),
    ],
)
def test_line_numbers_are_split_off(name: str, split: tuple[str, int]) -> None:
    assert split_line(name) == split
    assert written(*split) == canonical(name)


GLOBAL_ONLY = [parameter for parameter in PARAMETERS if parameter.group.name == "LINK"]


@pytest.mark.parametrize("parameter", GLOBAL_ONLY, ids=name_of)
def test_the_link_has_no_per_line_form(parameter: Parameter, tmp_path: Path) -> None:
    line = written(parameter.name, 2)
    (tmp_path / "startup.cfg").write_text(f"{line}: {parameter.default}\n")
    (problem,) = Store(tmp_path).read().problems
    reason = "is set for the whole phone, not for one line: all lines share the one link"
    assert str(problem) == f"startup.cfg:1: {canonical(line)}: {reason}"


def test_the_secrets_are_the_passwords_and_the_pin() -> None:
    secrets = {parameter.name for parameter in PARAMETERS if parameter.secret}
    assert secrets == {
        "key lock pin",
        "api token",
        "hawkbit target token",
        "hawkbit gateway token",
        "sip password",
        "sips private key password",
        "admin password",
        "user password",
    }
