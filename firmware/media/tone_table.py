"""The tones of each country, as data.

The values are those in general use, as the sample files of exchanges list them after ITU-T E.180
Supplement 2; they were not compared with each country's own standard. A tone that a country has no
common value for is that of `EUROPE`, which is CEPT's.

A tone is written as sections, `frequencies/milliseconds`, with `+` between frequencies that sound
together, 0 for silence, and no duration for one that never ends. Sections before `|` are played
once, those after it for ever, and a tone with none after it ends.
"""

from __future__ import annotations

from enum import Enum


class ToneKind(Enum):
    """What a tone tells."""

    DIAL = "dial"
    SECOND_DIAL = "second dial"  # After a prefix.
    STUTTER = "stutter"  # Dial tone while messages wait or calls are forwarded.
    RINGBACK = "ringback"
    BUSY = "busy"
    CONGESTION = "congestion"
    CALL_WAITING = "call waiting"
    CONFIRMATION = "confirmation"
    UNOBTAINABLE = "unobtainable"  # No such number.
    HOWLER = "howler"  # The handset was left off the hook.


INFORMATION = "950/330 1400/330 1800/330 0/1000"
"""E.180's special information tone, the same everywhere."""

EUROPE = {
    ToneKind.DIAL: "425",
    ToneKind.SECOND_DIAL: "425",
    ToneKind.STUTTER: "425/500 0/50",
    ToneKind.RINGBACK: "425/1000 0/4000",
    ToneKind.BUSY: "425/500 0/500",
    ToneKind.CONGESTION: "425/200 0/200",
    ToneKind.CALL_WAITING: "425/200 0/600 425/200 0/3000",
    ToneKind.CONFIRMATION: "425/100 0/100 425/100 0/100 425/100 |",
    ToneKind.UNOBTAINABLE: INFORMATION,
    ToneKind.HOWLER: "1400+2060+2450+2600/100 0/100",
}

TONE_SETS: dict[str, dict[ToneKind, str]] = {
    "Australia": EUROPE
    | {
        ToneKind.DIAL: "413+438",
        ToneKind.SECOND_DIAL: "413+438",
        ToneKind.STUTTER: "413+438/100 0/40",
        ToneKind.RINGBACK: "413+438/400 0/200 413+438/400 0/2000",
        ToneKind.BUSY: "425/375 0/375",
        ToneKind.CONGESTION: "425/375 0/375",
        ToneKind.CALL_WAITING: "425/200 0/200 425/200 0/4400",
        ToneKind.CONFIRMATION: "425/2500 |",
        ToneKind.UNOBTAINABLE: "425/2500 0/500",
    },
    "Austria": EUROPE
    | {
        ToneKind.DIAL: "420",
        ToneKind.SECOND_DIAL: "420",
        ToneKind.STUTTER: "380+420",
        ToneKind.RINGBACK: "420/1000 0/5000",
        ToneKind.BUSY: "420/400 0/400",
        ToneKind.CONGESTION: "420/200 0/200",
        ToneKind.CALL_WAITING: "420/40 0/1960",
        ToneKind.CONFIRMATION: "420/100 0/100 420/100 0/100 420/100 |",
        ToneKind.UNOBTAINABLE: "950/330 1450/330 1850/330 0/1000",
    },
    "Europe": EUROPE,
    "France": EUROPE
    | {
        ToneKind.DIAL: "440",
        ToneKind.SECOND_DIAL: "330+440",
        ToneKind.STUTTER: "330+440",
        ToneKind.RINGBACK: "440/1500 0/3500",
        ToneKind.BUSY: "440/500 0/500",
        ToneKind.CONGESTION: "440/250 0/250",
        ToneKind.CALL_WAITING: "440/300 0/10000",
        ToneKind.CONFIRMATION: "440/100 0/100 440/100 0/100 440/100 |",
    },
    "Germany": EUROPE
    | {
        ToneKind.STUTTER: "400+425",
        ToneKind.BUSY: "425/480 0/480",
        ToneKind.CONGESTION: "425/240 0/240",
        ToneKind.CALL_WAITING: "425/200 0/200 425/200 0/5000",
    },
    "Italy": EUROPE
    | {
        ToneKind.DIAL: "425/200 0/200 425/600 0/1000",
        ToneKind.SECOND_DIAL: "425",
        ToneKind.STUTTER: "470/400 425/400",
        ToneKind.CALL_WAITING: "425/400 0/100 425/250 0/100 425/150 0/14000",
    },
    "Netherlands": EUROPE
    | {
        ToneKind.CONGESTION: "425/250 0/250",
        ToneKind.CALL_WAITING: "425/500 0/9500",
    },
    "Spain": EUROPE
    | {
        ToneKind.STUTTER: "425/1000 0/100",
        ToneKind.RINGBACK: "425/1500 0/3000",
        ToneKind.BUSY: "425/200 0/200",
        ToneKind.CONGESTION: "425/200 0/200 425/200 0/200 425/200 0/600",
        ToneKind.CALL_WAITING: "425/175 0/175 425/175 0/3500",
    },
    "Switzerland": EUROPE
    | {
        ToneKind.STUTTER: "340+425/1100 0/1100",
        ToneKind.CALL_WAITING: "425/200 0/200 425/200 0/4000",
    },
    "UK": EUROPE
    | {
        ToneKind.DIAL: "350+440",
        ToneKind.SECOND_DIAL: "350+440",
        ToneKind.STUTTER: "350+440/750 440/750",
        ToneKind.RINGBACK: "400+450/400 0/200 400+450/400 0/2000",
        ToneKind.BUSY: "400/375 0/375",
        ToneKind.CONGESTION: "400/400 0/350 400/225 0/525",
        ToneKind.CALL_WAITING: "400/100 0/4000",
        ToneKind.CONFIRMATION: "1400/2000 |",
        ToneKind.UNOBTAINABLE: "400",
    },
    "US": EUROPE
    | {
        ToneKind.DIAL: "350+440",
        ToneKind.SECOND_DIAL: "350+440",
        ToneKind.STUTTER: "350+440/100 0/100 " * 10 + "| 350+440",
        ToneKind.RINGBACK: "440+480/2000 0/4000",
        ToneKind.BUSY: "480+620/500 0/500",
        ToneKind.CONGESTION: "480+620/250 0/250",
        ToneKind.CALL_WAITING: "440/300 0/9700",
        ToneKind.CONFIRMATION: "350+440/100 0/100 350+440/100 0/100 350+440/300 |",
    },
}
