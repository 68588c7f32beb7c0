"""The table of parameters, second part: media, dialling, features, administration."""

from __future__ import annotations

from functools import partial

from config.kinds import (
    FILE_NAME_MAX,
    Choice,
    Codecs,
    DialPlanText,
    FileOrUrl,
    Host,
    Number,
    PinText,
    Switch,
    Text,
    TimeOfDay,
    TimeZone,
    ToneSet,
    Url,
    Word,
)
from config.parameter import Group, Parameter

SOFTKEYS_MAX = 20
TIME_SERVERS_MAX = 3

DSCP = Number(0, 63)
PORT = Number(1, 65535)
KEY_MODE = Choice({0: "account", 1: "phone", 2: "custom"})

feature = partial(Parameter, group=Group.FEATURES)
line = partial(Parameter, group=Group.FEATURES, per_line=True)
administration = partial(Parameter, group=Group.ADMINISTRATION)
provisioning = partial(administration, built=True)

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
    feature("tos sip", DSCP, "26", "Priority of signalling on the network (DSCP).", built=True),
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
    ),
    feature(
        "ring tone",
        Word("Classic", "Double", "Deep", "Chime", "Rising", "Falling", "Urgent"),
        "Classic",
        "How the phone rings. It may be set on the phone, like all of these up to the date format.",
        built=True,
    ),
    feature("ringer volume", Number(0, 8), "6", "How loud it rings; 0: silent.", built=True),
    feature(
        "ringer off",
        Switch(),
        "0",
        "1: no call is heard ringing. A * that is held on the phone, or a key, sets it.",
        built=True,
    ),
    *(
        feature(
            f"{way} volume",
            Number(1, 10),
            "6",
            f"How loud the person hears by the {part}, in steps of 3 dB. The phone's keys set it.",
            built=True,
        )
        for way, part in (
            ("handset", "handset"),
            ("headset", "headset"),
            ("speaker", "loudspeaker"),
        )
    ),
    feature("screen contrast", Number(1, 10), "8", "How bright a display in use is.", built=True),
    feature(
        "screen dim time",
        Number(10, 3600, "seconds", or_zero=True),
        "60",
        "A display that nobody touches for so long is dimmed, never switched off; 0: not dimmed.",
        built=True,
    ),
    feature(
        "time format",
        Choice({0: "12 hours", 1: "24 hours"}),
        "1",
        "How the time of day is written.",
        built=True,
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
        "How long a lamp field's subscription is asked for.",
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
    feature("dnd key mode", KEY_MODE, "0", "What a do-not-disturb key acts on.", built=True),
    feature(
        "softkeyN type",
        Word(
            *("none", "speeddial", "dnd", "callforward", "voicemail", "directory", "callers"),
            *("line", "silence", "phonelock", "blf"),
        ),
        "none",
        "What the key does. line begins a number from its account, silence lets the ringer be off,"
        " phonelock locks the keys. blf is known by name, and shows nothing yet.",
        numbers=SOFTKEYS_MAX,
        built=True,
    ),
    feature(
        "softkeyN value",
        Text(64),
        "",
        "The number that a speeddial key calls; digits behind a comma are pressed at the answer.",
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

ADMINISTRATION = (
    administration(
        "key lock", Switch(), "0", "1: the keys are locked. The phone itself sets it.", built=True
    ),
    administration(
        "key lock time",
        Number(30, 86400, "seconds", or_zero=True),
        "0",
        "The keys lock when none was pressed for so long; 0: never. It may be set on the phone.",
        built=True,
    ),
    administration(
        "key lock pin",
        PinText(),
        "",
        "The PIN that unlocks them, 4 to 8 digits. The phone keeps one that is set on it as a hash;"
        " ^key lock pin: 1234 replaces one that was forgotten.",
        secret=True,
        built=True,
    ),
    administration(
        "admin password",
        Text(),
        "",
        "The administrator's. None is ever preset: it is chosen at the first start, at the console,"
        " with a code that the phone's screen shows. The phone keeps it as a hash.",
        secret=True,
        built=True,
    ),
    administration(
        "console timeout",
        Number(60, 86400, "seconds", or_zero=True),
        "600",
        "Who types nothing at the console for so long is logged out; 0: never.",
        built=True,
    ),
    administration("user password", Text(), "", "The user's.", secret=True),
    administration("web interface enabled", Switch(), "1", "1: the phone has a web page."),
    provisioning(
        "download protocol",
        Word("HTTPS", "HTTP", "TFTP", "FTP"),
        "HTTPS",
        "How configuration files are fetched. FTP is known by name, and fetches nothing.",
    ),
    provisioning("https server", Host(), "", "The server of configuration files; empty: none."),
    provisioning("https path", Text(FILE_NAME_MAX), "", "The folder on that server."),
    provisioning("https port", PORT, "443", "Its port."),
    provisioning("http server", Host(), "", "The same over HTTP."),
    provisioning("http path", Text(FILE_NAME_MAX), "", "The folder on that server."),
    provisioning("http port", PORT, "80", "Its port."),
    provisioning("tftp server", Host(), "", "The same over TFTP."),
    provisioning("tftp path", Text(FILE_NAME_MAX), "", "The folder on that server."),
    provisioning("tftp port", PORT, "69", "Its port."),
    provisioning(
        "https user certificates",
        FileOrUrl(),
        "",
        "Authorities that sign the certificate of the server of configuration files (PEM), beside"
        " those of the system and of `sips trusted certificates`.",
    ),
    provisioning(
        "https validate certificates",
        Switch(),
        "1",
        "1: the server's certificate is checked. Where any of these three is 0, what is fetched"
        " counts as what came over HTTP.",
    ),
    provisioning(
        "configuration signer",
        FileOrUrl(),
        "",
        "The certificate of whoever signs configuration files (PEM). What bears its signature is"
        " trusted, whatever way it came.",
    ),
    provisioning("https validate hostname", Switch(), "1", "1: so is the name in it."),
    provisioning("https validate expires", Switch(), "1", "1: so are its dates."),
    provisioning(
        "auto resync mode",
        Choice({0: "none", 1: "configuration", 2: "firmware", 3: "both"}),
        "0",
        "What is fetched anew at a time of day. Firmware is known by name, and not fetched yet.",
    ),
    provisioning("auto resync time", TimeOfDay(), "03:00", "That time."),
    provisioning(
        "auto resync max delay",
        Number(0, 1439, "minutes"),
        "15",
        "A random delay, so that not all phones come at once.",
    ),
    provisioning(
        "auto resync days",
        Number(0, 364, "days"),
        "0",
        "Days between; 0: every day.",
    ),
    administration("upgrade uri", Url(), "", "The firmware to fetch."),
    administration("firmware server", Url(), "", "The server of firmware."),
    administration("log server ip", Host(), "", "Where log lines are sent (syslog)."),
    administration("log server port", PORT, "514", "Its port."),
    administration(
        "log module <name>",
        Number(0, 65535),
        "1",
        "How much a part of the phone writes to the log.",
    ),
    administration(
        "time serverN",
        Host(),
        "",
        "Where the time comes from (NTP).",
        numbers=TIME_SERVERS_MAX,
    ),
    administration(
        "time zone name",
        TimeZone(),
        "",
        "The time zone, like Europe/Berlin. Empty: that of the system. It may be set on the phone.",
        built=True,
    ),
)
