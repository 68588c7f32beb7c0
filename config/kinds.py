"""The kinds of values that parameters have: text to value, or a sentence part saying why not.

`parse` raises ValueError with the end of a sentence ("is not 0 or 5-3600 seconds"); the caller
puts file, line, name and value before it. `allowed` is the range in words, for that message and
for the reference. A value is a bool for a switch, an int for a number, else a str.

Kinds are plain classes: a generated dataclass costs more than a millisecond of start-up each.
"""

from __future__ import annotations

import ipaddress
import re
from typing import ClassVar, Protocol

from config.dial_plan import DIAL_PLAN_MAX, DialPlan, DialPlanError

Value = bool | int | str

NUMBER_MAX = 2147483647
"""The largest number that the desk phones' files hold (a signed 32 bit integer)."""

TEXT_MAX = 256
"""Characters of a text: more than any name or password in use, less than a SIP header may hold."""

FILE_NAME_MAX = 1024
"""Characters of a file name or URL."""

IDENTIFIER_MAX = 64
"""Characters of a name that stands in a URL as it is."""

CODECS_MAX = 16
"""Codecs in one list: an SDP with more does not fit what gateways read."""

NO_HOST = "0.0.0.0"  # noqa: S104 (not bound to: it is how desk phones' files say "none")

DIGITS = re.compile(r"[0-9]{1,10}")
HOST_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
HOST_MAX = 253
IDENTIFIER = re.compile(rf"[A-Za-z0-9._:~-]{{1,{IDENTIFIER_MAX}}}")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
CODEC = re.compile(
    r"payload=(?P<payload>[0-9]{1,3})(;ptime=(?P<ptime>[0-9]{1,3}))?(;silsupp=(on|off))?"
)


class Kind(Protocol):
    """A kind of value."""

    allowed: str
    """The values that are taken, in words."""

    def parse(self, text: str) -> Value:
        """Return the value; ValueError says why there is none."""


def number_of(text: str) -> int | None:
    """Return the number that the text is: ASCII digits only, no sign, no thousands."""
    return int(text) if DIGITS.fullmatch(text) else None


class Number:
    """A whole number in a range, in a unit; `or_zero`: 0 too, where it means "off"."""

    def __init__(
        self, low: int, high: int = NUMBER_MAX, unit: str = "", *, or_zero: bool = False
    ) -> None:
        self.low, self.high, self.or_zero = low, high, or_zero
        numbers = f"at least {low}" if low and high == NUMBER_MAX else f"{low}-{high}"
        self.allowed = f"{'0 or ' if or_zero else ''}{numbers} {unit}".rstrip()

    def parse(self, text: str) -> int:
        """Return the number."""
        number = number_of(text)
        if number is None or not (self.low <= number <= self.high or (self.or_zero and not number)):
            raise ValueError(f"is not {self.allowed}")
        return number


class Switch:
    """0 or 1."""

    allowed = "0 or 1"

    def parse(self, text: str) -> bool:
        """Return whether it is 1."""
        if text not in {"0", "1"}:
            raise ValueError(f"is not {self.allowed}")
        return text == "1"


class Choice:
    """One of a few numbers, each with a meaning."""

    def __init__(self, meanings: dict[int, str]) -> None:
        self.meanings = meanings
        *most, last = (f"{number} ({meaning})" for number, meaning in meanings.items())
        self.allowed = f"{', '.join(most)} or {last}"

    def parse(self, text: str) -> int:
        """Return the number."""
        number = number_of(text)
        if number is None or number not in self.meanings:
            raise ValueError(f"is not {self.allowed}")
        return number


class TlsTransport:
    """The transport protocol: the desk phones' 0, 1 and 2 are UDP and TCP, which L1 forbids."""

    allowed = "4 (TLS)"

    def parse(self, text: str) -> int:
        """Return 4."""
        if text in {"0", "1", "2"}:
            raise ValueError("is refused: this phone speaks SIP over TLS only")
        if text != "4":
            raise ValueError(f"is not {self.allowed}")
        return 4


class Word:
    """One of a few words, in any case."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.allowed = f"{', '.join(words[:-1])} or {words[-1]}"

    def parse(self, text: str) -> str:
        """Return the word as the table spells it."""
        for word in self.words:
            if word.lower() == text.lower():
                return word
        raise ValueError(f"is not {self.allowed}")


class Text:
    """Any text of one line, or none."""

    def __init__(self, length_max: int = TEXT_MAX) -> None:
        self.length_max = length_max
        self.allowed = f"text of at most {length_max} characters"

    def parse(self, text: str) -> str:
        """Return the text."""
        if len(text) > self.length_max:
            raise ValueError(f"is not {self.allowed}")
        if CONTROL.search(text):
            raise ValueError("holds a control character")
        return text


class Identifier:
    """A name as a server's addresses have it, or none."""

    allowed = (
        f"at most {IDENTIFIER_MAX} letters, digits, dots, colons, tildes, hyphens or underscores"
    )

    def parse(self, text: str) -> str:
        """Return the name."""
        if text and not IDENTIFIER.fullmatch(text):
            raise ValueError(f"is not {self.allowed}")
        return text


class Host:
    """An IP address (IPv6 with or without brackets) or a host name; empty or 0.0.0.0 is none."""

    allowed = "an IP address or a host name"

    def parse(self, text: str) -> str:
        """Return the host, an IPv6 address without its brackets."""
        if text in {"", NO_HOST}:
            return ""
        bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        if ":" in bare or text != bare:
            return self._address(bare)
        labels = bare.removesuffix(".").split(".")
        if labels[-1].isdigit():  # No top-level domain is a number: it is meant as an address.
            return self._address(bare)
        if len(bare) > HOST_MAX or not all(HOST_LABEL.fullmatch(label) for label in labels):
            raise ValueError(f"is not {self.allowed}")
        return bare

    def _address(self, text: str) -> str:
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            hint = " (the port is a parameter of its own)" if text.count(":") == 1 else ""
            raise ValueError(f"is not {self.allowed}{hint}") from None


def is_url(text: str) -> bool:
    """Tell a URL from a file name."""
    return "://" in text


class Url:
    """A URL of one of the schemes that the desk phones know, or none."""

    schemes = ("https", "http", "tftp", "ftp")
    allowed = f"a URL ({', '.join(f'{scheme}://' for scheme in schemes)})"

    def parse(self, text: str) -> str:
        """Return the URL."""
        scheme, _, rest = text.partition("://")
        good = scheme.lower() in self.schemes and rest.strip("/") and not re.search(r"\s", text)
        if text and not (good and len(text) <= FILE_NAME_MAX and not CONTROL.search(text)):
            raise ValueError(f"is not {self.allowed}")
        return text


class FileOrUrl:
    """A file, absolute or relative to the configuration's folder, or a URL; or none."""

    allowed = "a file name or a URL"

    def parse(self, text: str) -> str:
        """Return the file name or URL."""
        if is_url(text):
            return Url().parse(text)
        if len(text) > FILE_NAME_MAX or CONTROL.search(text):
            raise ValueError(f"is not {self.allowed}")
        return text


class TimeOfDay:
    """Hours and minutes."""

    allowed = "a time of day, 00:00-23:59"

    def parse(self, text: str) -> str:
        """Return the time with two digits each."""
        hours, _, minutes = text.partition(":")
        hour, minute = number_of(hours), number_of(minutes)
        if hour is None or minute is None or hour > 23 or minute > 59 or len(minutes) != 2:
            raise ValueError(f"is not {self.allowed}")
        return f"{hour:02}:{minute:02}"


class TimeZone:
    """A time zone by its name; empty leaves it to the system."""

    allowed = "a time zone like Europe/Berlin"

    def parse(self, text: str) -> str:
        """Return the name, if there is such a zone here."""
        if text and not _is_zone(text):
            raise ValueError(f"is not {self.allowed}")
        return text


def _is_zone(text: str) -> bool:
    # Loaded here: a phone that is in no zone of its own registers without it.
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415

    try:
        return bool(ZoneInfo(text))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False


PIN = re.compile(r"[0-9]{4,8}")
PIN_HASH = re.compile(r"scrypt:(?P<salt>(?:[0-9a-f]{2}){8,32}):(?P<hash>[0-9a-f]{64})")


TOKEN_HASH = re.compile(r"sha256:[0-9a-f]{64}")


class TokenHash:
    """The hash of a token, or none."""

    allowed = "the hash of a token (sha256: and 64 digits)"

    def parse(self, text: str) -> str:
        """Return it."""
        if text and not TOKEN_HASH.fullmatch(text):
            raise ValueError(f"is not {self.allowed}")
        return text


class PinText:
    """A PIN of four to eight digits, or its hash as the phone keeps it; or none."""

    allowed = "4 to 8 digits"

    def parse(self, text: str) -> str:
        """Return the PIN or its hash."""
        if text and not PIN.fullmatch(text) and not PIN_HASH.fullmatch(text):
            raise ValueError(f"is not {self.allowed}")
        return text


class DialPlanText:
    """Which numbers are complete: digits, x, + (repeat), [1-9], (groups), | and more."""

    allowed = (
        f"a dial plan of at most {DIAL_PLAN_MAX} characters: 0-9 * # x + [] - () | , ;"
        " with every bracket closed"
    )

    def parse(self, text: str) -> str:
        """Return the plan, which compiles."""
        try:
            DialPlan(text)
        except DialPlanError as error:
            raise ValueError(f"is not a dial plan: {error}") from None
        return text


class Codecs:
    """A list of codecs in order of preference; empty leaves the order to the phone."""

    allowed = "a list like payload=9;ptime=20;silsupp=off,payload=8 (payload 0-127)"

    def parse(self, text: str) -> str:
        """Return the list without its spaces."""
        codecs = text.replace(" ", "")
        parts = codecs.split(",")
        if codecs and (len(parts) > CODECS_MAX or not all(self._codec(part) for part in parts)):
            raise ValueError(f"is not {self.allowed}")
        return codecs

    @staticmethod
    def _codec(text: str) -> bool:
        found = CODEC.fullmatch(text)
        return found is not None and int(found["payload"]) <= 127 and int(found["ptime"] or 20) > 0


class ToneSet:
    """A country whose tones are heard, by its name or its two letters."""

    names: ClassVar[dict[str, str]] = {
        "AU": "Australia",
        "AT": "Austria",
        "EU": "Europe",
        "FR": "France",
        "DE": "Germany",
        "IT": "Italy",
        "NL": "Netherlands",
        "ES": "Spain",
        "CH": "Switzerland",
        "UK": "UK",
        "US": "US",
    }
    allowed = f"{', '.join(names.values())} (or {', '.join(names)})"

    def parse(self, text: str) -> str:
        """Return the country's name."""
        for code, name in self.names.items():
            if text.lower() in {code.lower(), name.lower()}:
                return name
        raise ValueError(f"is not {self.allowed}")
