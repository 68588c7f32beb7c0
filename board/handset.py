"""The handsets that can be built: data only. `WIRING.md` is generated from it.

`handset` needs the fewest parts: a small display on I2C, a USB sound card. `handset-spi` has that
display on SPI: three wires more, and a whole picture crosses in 2 ms, not in 24. `handset-wide` is
the example of another one: a wide display on SPI, a sound chip on the board.
"""

from __future__ import annotations

from dataclasses import replace

from board.wiring import SerialPort, SoundLink, Wiring
from drivers.display import DisplayBus
from drivers.hook import HookPins
from drivers.interfaces import VoiceWay
from drivers.keypad import KeypadPins
from drivers.lamp import LampPins
from drivers.ringer import RingerPins

KEYS = (
    ("soft1", "up", "down", "soft2"),
    ("1", "2", "3", "hold"),
    ("4", "5", "6", "mute"),
    ("7", "8", "9", "volume"),
    ("*", "0", "#", "speaker"),
)

SMALL = Wiring(
    name="handset",
    title="Small display on I2C, USB sound card",
    keypad=KeypadPins(rows=(5, 6, 13, 26, 16), columns=(17, 27, 22, 23), keys=KEYS),
    hook=HookPins(pin=24),
    lamp=LampPins(pin=25),
    ringer=RingerPins(pin=12),
    display=DisplayBus(chip="sh1106", bus="i2c"),
    sound=SoundLink(
        card="USB",
        bus="USB",
        hands_free=VoiceWay(microphone_db=12, earpiece_db=6),
    ),
    serial=SerialPort(),
)

HANDSETS = {
    wiring.name: wiring
    for wiring in (
        SMALL,
        replace(
            SMALL,
            name="handset-spi",
            title="Small display on SPI, USB sound card",
            display=DisplayBus(
                chip="sh1106", bus="spi", port=0, data_pin=4, reset_pin=7, clock_hz=4_000_000
            ),
        ),
        Wiring(
            name="handset-wide",
            title="Wide display on SPI, WM8960 sound chip on I2S",
            keypad=KeypadPins(rows=(5, 6, 13, 26, 16), columns=(17, 27, 22, 23), keys=KEYS),
            hook=HookPins(pin=24),
            lamp=LampPins(pin=25),
            ringer=RingerPins(pin=12),
            display=DisplayBus(chip="ssd1322", bus="spi", port=0, data_pin=4, reset_pin=7),
            sound=SoundLink(
                card="wm8960",
                bus="I2S",
                boot_line="dtoverlay=wm8960-soundcard",
                headset=VoiceWay(card="USB", earpiece_db=-3),
                hands_free=VoiceWay(microphone_db=9, earpiece_db=9),
            ),
            serial=SerialPort(),
        ),
    )
}
"""Every handset by its name."""
