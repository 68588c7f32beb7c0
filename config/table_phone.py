"""The table of parameters, second part: media, dialling, features."""

from __future__ import annotations

from functools import partial

from config.kinds import (
    Choice,
    Codecs,
    DialPlanText,
    Number,
    Switch,
    Text,
    ToneSet,
    Word,
)
from config.parameter import Group, Parameter

SOFTKEYS_MAX = 20

DSCP = Number(0, 63)
KEY_MODE = Choice({0: "account", 1: "phone", 2: "custom"})

feature = partial(Parameter, group=Group.FEATURES)
line = partial(Parameter, group=Group.FEATURES, at_once=True, per_line=True)

FEATURES = (
    line(
        "sip customized codec",
        Codecs(),
        "",
        "Codecs in order of preference. Payload 0 and 8: G.711, 9: G.722, 96-127: Opus; others are"
        " passed over. Empty: Opus, G.722, G.711.",
        built=True,
    ),
    feature(
        "sip rtp port",
        Number(1024, 65408),
        "3000",
        "The first port for sound; each call has two of the 128 from there on.",
        built=True,
    ),
    feature(
        "audio mode",
        Number(0, 3),
        "0",
        "Where the speaker key leads to. 0: the loudspeaker; 1: the headset; 2: the loudspeaker,"
        " then the headset; 3: the headset, then the loudspeaker.",
        built=True,
    ),
    feature(
        "sound device",
        Text(),
        "",
        "A part of the sound card's name. Empty: the system's own choice; none: no sound; browser:"
        " the microphone and loudspeaker of the virtual handset's page.",
        built=True,
    ),
    feature(
        "tos sip",
        DSCP,
        "26",
        "Priority of signalling on the network (DSCP).",
        built=True,
        at_once=True,
    ),
    feature("tos rtp", DSCP, "46", "Priority of sound on the network (DSCP).", built=True),
    feature("tos rtcp", DSCP, "46", "Priority of sound's control messages (DSCP).", built=True),
    line(
        "sip out-of-band dtmf",
        Switch(),
        "1",
        "1: digits as events (RFC 4733); 0: as sound.",
        built=True,
    ),
    line(
        "sip silence suppression",
        Switch(),
        "0",
        "1: send less while nobody speaks, where the far end knows comfort noise (RFC 3389).",
        built=True,
    ),
    feature(
        "screen language",
        Word("English", "German", "French", "Spanish"),
        "English",
        "The language of the screens. It may be chosen on the phone too.",
        built=True,
        at_once=True,
    ),
    feature(
        "ring tone",
        Word("Classic", "Double", "Deep", "Chime", "Rising", "Falling", "Urgent"),
        "Classic",
        "How the phone rings. It may be set on the phone, like all of these up to the date format.",
        built=True,
        at_once=True,
    ),
    feature(
        "ringer volume",
        Number(0, 8),
        "6",
        "How loud it rings; 0: silent.",
        built=True,
        at_once=True,
    ),
    feature(
        "ringer off",
        Switch(),
        "0",
        "1: no call is heard ringing. A * that is held on the phone, or a key, sets it.",
        built=True,
        at_once=True,
    ),
    *(
        feature(
            f"{way} volume",
            Number(1, 10),
            "6",
            f"How loud the person hears by the {part}, in steps of 3 dB. The phone's keys set it.",
            built=True,
            at_once=True,
        )
        for way, part in (
            ("handset", "handset"),
            ("headset", "headset"),
            ("speaker", "loudspeaker"),
        )
    ),
    feature(
        "screen contrast",
        Number(1, 10),
        "8",
        "How bright a display in use is.",
        built=True,
        at_once=True,
    ),
    feature(
        "screen dim time",
        Number(10, 3600, "seconds", or_zero=True),
        "60",
        "A display that nobody touches for so long is dimmed, never switched off; 0: not dimmed.",
        built=True,
        at_once=True,
    ),
    feature(
        "time format",
        Choice({0: "12 hours", 1: "24 hours"}),
        "1",
        "How the time of day is written.",
        built=True,
        at_once=True,
    ),
    feature(
        "date format",
        Choice(
            {
                0: "Mon 23 Nov",
                1: "Mon Nov 23",
                2: "Mon 23.11.",
                3: "Mon 23/11",
                4: "Mon 11/23",
                5: "2026-11-23",
            }
        ),
        "0",
        "How a date is written.",
        built=True,
        at_once=True,
    ),
    feature("tone set", ToneSet(), "US", "The country whose tones are heard.", built=True),
    feature(
        "sip dial plan",
        DialPlanText(),
        "x+#|xx+*",
        "Which dialled numbers are complete, and dialled at once. Others are dialled when no digit"
        " comes; none is forbidden. x: any digit; +: no time or more often; ,9 behind a pattern: 9"
        " goes before the number; ;: second dial tone. A # behind a repetition ends the number.",
        built=True,
    ),
    feature(
        "sip dial plan terminator",
        Switch(),
        "0",
        "1: # ends a number, whatever the plan says; 0: unless the plan wants a # there.",
        built=True,
    ),
    feature(
        "sip digit timeout",
        Number(1, 60, "seconds"),
        "4",
        "A number is dialled when no digit has come for this long.",
        built=True,
    ),
    feature(
        "emergency dial plan",
        DialPlanText(),
        "911|999|112|110",
        "Numbers that are dialled at once and as they are, registered or not.",
        built=True,
    ),
    feature(
        "call waiting",
        Switch(),
        "1",
        "1: a second call is offered during a call; 0: busy.",
        built=True,
    ),
    line(
        "sip explicit mwi subscription",
        Switch(),
        "0",
        "1: subscribe to message waiting; 0: messages are told where the server does so unasked.",
        built=True,
    ),
    line(
        "sip blf subscription period",
        Number(120, unit="seconds"),
        "3600",
        "How long the lamp of a blf key is asked for.",
        built=True,
    ),
    line(
        "sip allow auto answer",
        Switch(),
        "1",
        "1: the proxy may ask for an intercom answer (Call-Info, Alert-Info or Answer-Mode).",
        built=True,
    ),
    line(
        "sip intercom mute mic",
        Switch(),
        "1",
        "1: the microphone is off at first in such a call.",
        built=True,
    ),
    line("sip intercom warning tone", Switch(), "1", "1: a tone tells of such a call.", built=True),
    feature("call forward key mode", KEY_MODE, "0", "What a call forward key acts on.", built=True),
    *(
        feature(
            f"call forward {condition}",
            Text(64),
            "",
            f"Where calls are sent on {when}, until somebody sets it on the phone. Empty: nowhere.",
            built=True,
        )
        for condition, when in (
            ("all", "in any case"),
            ("busy", "when the phone is busy"),
            ("no answer", "when nobody answers"),
        )
    ),
    feature(
        "call forward no answer delay",
        Number(1, 120, "seconds"),
        "20",
        "How long it rings before that.",
        built=True,
    ),
    feature(
        "directed call pickup prefix",
        Text(16),
        "",
        "Dialled before the number of a blf key whose phone rings, to take that call. Empty: the"
        " key calls that phone.",
        built=True,
    ),
    feature("dnd key mode", KEY_MODE, "0", "What a do-not-disturb key acts on.", built=True),
    feature(
        "softkeyN type",
        Word(
            *("none", "speeddial", "dnd", "callforward", "voicemail", "directory", "callers"),
            *("line", "silence", "phonelock", "blf"),
        ),
        "none",
        "What the key does. line begins a number from its account, silence lets the ringer be off,"
        " phonelock locks the keys, blf shows whether somebody's phone is free, rings or is busy.",
        numbers=SOFTKEYS_MAX,
        built=True,
    ),
    feature(
        "softkeyN value",
        Text(64),
        "",
        "The number that a speeddial key calls, digits behind a comma are pressed at the answer;"
        " the number whose phone a blf key shows, and calls.",
        numbers=SOFTKEYS_MAX,
        built=True,
    ),
    feature(
        "softkeyN label", Text(32), "", "Its word on the screen.", numbers=SOFTKEYS_MAX, built=True
    ),
    feature(
        "softkeyN line",
        Number(1, 9),
        "1",
        "The account it acts on.",
        numbers=SOFTKEYS_MAX,
        built=True,
    ),
)
