"""Planted bugs of the phone machine, for the world of one person's keys to find."""

from __future__ import annotations

from tests.simulator.bug import Bug

WORLD = "tests.simulator.keys.world"

BEGINNING = "firmware.phone.beginning"
CALL = "firmware.phone.call"
CALLING = "firmware.phone.calling"
LOCK = "firmware.phone.lock"
NUMBER = "firmware.phone.number"
OUTWARD = "firmware.phone.outward"
PHONE = "firmware.phone.phone"
SERVICES = "firmware.phone.services"


def _bug(name: str, module: str, old: str, new: str) -> Bug:
    return Bug(name, module, old, new, WORLD)


BUGS_OF_KEYS = (
    _bug(
        "a lamp shows for ever what was told first",
        SERVICES,
        "self._lamps[account, number] = lamp",
        "self._lamps.setdefault((account, number), lamp)",
    ),
    _bug(
        "a lamp is that of any account",
        SERVICES,
        "self._lamps.get((key.account, key.value), Lamp.UNKNOWN)",
        "next((v for (a, n), v in sorted(self._lamps.items(), key=str)), Lamp.UNKNOWN)",
    ),
    _bug(
        "of several lamps one that rings is not told",
        SERVICES,
        "return Lamp.RINGING if Lamp.RINGING in lamps else None",
        "return None",
    ),
    _bug(
        "a call is picked up where nothing rings",
        "firmware.phone.service_listing",
        "takes = services.lamp(key) is Lamp.RINGING",
        "takes = services.lamp(key) is not Lamp.IDLE",
    ),
    _bug(
        "a waiting call is never answered beside a held one",
        CALLING,
        "        if self.state is not State.RINGING and not self._lines.waiting:\n"
        "            return []\n"
        "        held = self._lines.answer_waiting(self._now) if self._lines.waiting else []\n",
        "        held = self._lines.answer_waiting(self._now) if self._lines.waiting else []\n"
        "        if self.state is not State.RINGING and not held:\n"
        "            return []\n",
    ),
    _bug(
        "a dial tone for ever",
        BEGINNING,
        "return self._go_on(resume=False) if self._is_left and not self._ear.is_lifted else []",
        "return []",
    ),
    _bug("a handset that howls for ever", BEGINNING, "self._now < over_at", "self._now >= 0"),
    _bug(
        "the handset is put back and the call goes on",
        CALLING,
        "return [] if self._call.is_held else self._leave(resume=False)",
        "return []",
    ),
    _bug(
        "the room is heard while the handset lies on its hook",
        CALLING,
        "on_hook = self._flash_by is not None",
        "on_hook = False",
    ),
    _bug(
        "a call that was given up is not ended",
        CALLING,
        "return [HangUp(event.call)]  # The person has given up meanwhile.",
        "return []",
    ),
    _bug(
        "a third call rings beside two",
        CALLING,
        "        return is_free and self._lines.has_room",
        "        return is_free",
    ),
    _bug(
        "the reason of an end stays for ever",
        CALLING,
        "        self._ended_by = self._now + ENDED_S\n",
        "",
    ),
    _bug(
        "the ringer is not stopped",
        OUTWARD,
        "if ringing != self._ringing:",
        "if ringing and not self._ringing:",
    ),
    _bug(
        "the lamp does not flash",
        PHONE,
        "if ringing:\n            return LampPattern.FLASHING",
        "if ringing and messages:\n            return LampPattern.FLASHING",
    ),
    _bug(
        "a held call is heard",
        OUTWARD,
        "for call in sorted((hushed ^ self._hushed) & calls):",
        "for call in sorted((self._hushed - hushed) & calls):",
    ),
    _bug(
        "a call's end is not heard of",
        CALLING,
        "return self._ended(event) if isinstance(event, CallEnded) else []",
        "return []",
    ),
    _bug(
        "an emergency is a number like any other",
        NUMBER,
        "return Dialled(self.digits, is_emergency=True)",
        "return Dialled(self.digits)",
    ),
    _bug(
        "locked keys open without their PIN",
        BEGINNING,
        "        if not self._lock.has_pin:\n",
        "        if True:\n",
    ),
    _bug(
        "any PIN opens",
        LOCK,
        "        if is_right:\n            self._wrong = 0\n",
        "        if purpose:\n            self._wrong = 0\n",
    ),
    _bug(
        "a PIN that was wrong once stays wrong",
        LOCK,
        "            self._wait_until = None\n\n",
        "            pass\n\n",
    ),
    _bug(
        "digits behind a number are pressed in no call",
        CALL,
        "        self.sound, self.is_held = CallSound(), False\n        self.pauses.forget()\n",
        "        self.sound, self.is_held = CallSound(), False\n",
    ),
    _bug(
        "the idle screen does not say that the ringer is off",
        PHONE,
        "silent = not self._memory.preferences.ringer_volume",
        "silent = self._memory.preferences.text(RINGER_VOLUME) == '0'",
    ),
)
