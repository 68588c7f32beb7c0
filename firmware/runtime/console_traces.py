"""What somebody at the console hears of as it passes: ears and watchers that end with them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from firmware.media.events import SoundFault, SoundReport
from firmware.phone.events import Report, StartVoice, StopVoice
from firmware.runtime.driver import NetworkCommand
from firmware.runtime.sound_fields import Fields, plan_fields, sound_fields
from firmware.runtime.surroundings import Surroundings
from firmware.runtime.tap import Ear
from firmware.runtime.trace import LinkTrace, SipTrace

Tell = Callable[[str], None]


class Later:
    """An ear of the next turn of the loop: what it does, or does wrong, is not the driver's."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._soon = asyncio.get_running_loop().call_soon

    def sent(self, command: NetworkCommand) -> None:
        """Hear what is about to be done."""
        self._soon(self._ear.sent, command)

    def heard(self, event: object) -> None:
        """Hear what came."""
        self._soon(self._ear.heard, event)


class Traces:
    """The topics that are on."""

    def __init__(self, around: Surroundings, tell: Tell) -> None:
        self._around, self._tell = around, tell
        self._ears: dict[str, Ear] = {}
        self._hears_media = False

    def switch(self, topic: str, *, on: bool) -> None:
        """Listen to a topic, or no longer."""
        if topic == "media":
            self._switch_media(on=on)
        elif on and topic not in self._ears:
            ear = Later(SipTrace(self._tell) if topic == "sip" else LinkTrace(self._tell))
            self._ears[topic] = ear
            self._around.ears.append(ear)
        elif not on and topic in self._ears:
            self._around.ears.remove(self._ears.pop(topic))

    def end(self) -> None:
        """Listen to nothing."""
        for topic in (*self._ears, "media"):
            self.switch(topic, on=False)

    def _switch_media(self, *, on: bool) -> None:
        if on and not self._hears_media:
            self._around.watchers.append(self._watch_later)
        elif not on and self._hears_media:
            self._around.watchers.remove(self._watch_later)
        self._hears_media = on

    def _watch_later(self, output: object) -> None:
        asyncio.get_running_loop().call_soon(self._watch, output)

    def _watch(self, output: object) -> None:
        """Tell of a call's sound; no key is among its fields (T4)."""
        match output:
            case StartVoice(call, plan):
                self._say(call, "agreed", plan_fields(plan))
            case StopVoice(call):
                self._say(call, "over", {})
            case Report(SoundReport(call, fact)):
                self._say(call, "sound", sound_fields(fact))
            case Report(SoundFault(call, text)):
                self._say(call, text, {})
            case _:
                pass

    def _say(self, call: int, what: str, fields: Fields) -> None:
        words = (f"{name} {json.dumps(value)}" for name, value in fields.items())
        self._tell(" ".join((f"call {call}: {what}", *words)))
