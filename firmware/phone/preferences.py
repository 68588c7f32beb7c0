"""What a person may set on the phone, as data, and what is set.

Each setting is a parameter of the table: the administrator's files give its value, the person's own
is kept as a local setting on top of it. A parameter that the files lock is shown and not offered.
"""

from __future__ import annotations

from dataclasses import replace

from config.parameters import find, text_of
from firmware.frozen import frozen
from firmware.phone.ring_tones import RING_TONES, VOLUME_MAX
from firmware.phone.wall import DateForm, Wall

RING_TONE = "ring tone"
RINGER_VOLUME, RINGER_OFF = "ringer volume", "ringer off"
HANDSET_VOLUME, HEADSET_VOLUME = "handset volume", "headset volume"
SPEAKER_VOLUME = "speaker volume"
CONTRAST = "screen contrast"
DIM_TIME = "screen dim time"
TIME_FORMAT = "time format"
DATE_FORMAT = "date format"
TIME_ZONE = "time zone name"
KEY_LOCK = "key lock"
KEY_LOCK_TIME = "key lock time"
LANGUAGE = "screen language"

EAR_VOLUMES = (HANDSET_VOLUME, HEADSET_VOLUME, SPEAKER_VOLUME)
EAR_VOLUME_MAX = 10
"""Of each of these; the least is 1: an ear always hears something."""


@frozen
class Setting:
    """A setting with a few options: each as the files write it, and in words."""

    parameter: str
    title: str
    options: tuple[tuple[str, str], ...]

    def word_of(self, text: str) -> str:
        """Return an option in words."""
        return next((word for option, word in self.options if option == text), text)


def _numbers(low: int, high: int) -> tuple[tuple[str, str], ...]:
    return tuple((str(number), str(number)) for number in range(low, high + 1))


SETTINGS = (
    Setting(RING_TONE, "Ring tone", tuple((name, name) for name in RING_TONES)),
    Setting(RINGER_VOLUME, "Ringer volume", (("0", "silent"), *_numbers(1, VOLUME_MAX))),
    Setting(CONTRAST, "Contrast", _numbers(1, 10)),
    Setting(
        DIM_TIME,
        "Screen dims",
        (("30", "after 30 s"), ("60", "after 1 min"), ("300", "after 5 min"), ("0", "never")),
    ),
    Setting(TIME_FORMAT, "Time format", (("1", "24 hours"), ("0", "12 hours"))),
    Setting(
        DATE_FORMAT,
        "Date format",
        (
            ("0", "Mon 23 Nov"),
            ("1", "Mon Nov 23"),
            ("2", "Mon 23.11."),
            ("3", "Mon 23/11"),
            ("4", "Mon 11/23"),
            ("5", "2026-11-23"),
        ),
    ),
    Setting(
        LANGUAGE,
        "Language",
        (
            ("English", "English"),
            ("German", "Deutsch"),
            ("French", "Français"),
            ("Spanish", "Español"),
        ),
    ),
)
"""In the order of the menu; the time zone, with its hundreds, has a list of its own."""

LOCK_TIME = Setting(
    KEY_LOCK_TIME,
    "Locks by itself",
    (
        ("0", "never"),
        ("60", "after 1 min"),
        ("300", "after 5 min"),
        ("900", "after 15 min"),
        ("3600", "after 1 h"),
    ),
)
"""It stands among what concerns the key lock."""

PARAMETERS = (
    *(setting.parameter for setting in SETTINGS), *EAR_VOLUMES, RINGER_OFF,
    TIME_ZONE, KEY_LOCK, KEY_LOCK_TIME,
)  # fmt: skip
"""All that a person may set."""

TURNED = frozenset({RINGER_VOLUME, *EAR_VOLUMES})
"""What a key changes by a step at each press."""

HEARD = frozenset({RING_TONE, RINGER_VOLUME})
"""What is heard while it is chosen."""


def setting_of(parameter: str) -> Setting:
    """Return the setting that a parameter is."""
    return next(setting for setting in (*SETTINGS, LOCK_TIME) if setting.parameter == parameter)


def default_of(parameter: str) -> str:
    """Return what holds where nobody has set anything, as files write it."""
    known = find(parameter)
    assert known is not None, parameter
    return text_of(known.default_value)


@frozen
class Preferences:
    """What is set: (parameter, value as files write it); and what may not be changed here."""

    values: tuple[tuple[str, str], ...] = ()
    locked: frozenset[str] = frozenset()

    def text(self, parameter: str) -> str:
        """Return a value as files write it."""
        return next((text for name, text in self.values if name == parameter), "") or default_of(
            parameter
        )

    def number(self, parameter: str) -> int:
        """Return a value that is a number."""
        return int(self.text(parameter))

    @property
    def ringer_volume(self) -> int:
        """How loud it rings: 0 too while the ringer is off."""
        return 0 if self.text(RINGER_OFF) == "1" else self.number(RINGER_VOLUME)

    def shown(self, parameter: str) -> str:
        """Return what a list says is set: a ringer that is off is silent."""
        return str(self.ringer_volume) if parameter == RINGER_VOLUME else self.text(parameter)

    def changed(self, parameter: str, text: str) -> Preferences:
        """Return them with another value; who says how loud it rings wants to hear it."""
        new = {parameter: text}
        if parameter == RINGER_VOLUME and RINGER_OFF not in self.locked:
            new[RINGER_OFF] = "0"
        kept = tuple(each for each in self.values if each[0] not in new)
        return replace(self, values=(*kept, *new.items()))

    def wall(self, zone_s: int) -> Wall:
        """Return how times are written, in a zone."""
        form = DateForm(self.number(DATE_FORMAT))
        return Wall(zone_s, is_24=self.text(TIME_FORMAT) == "1", form=form)
