"""Plays a script on the desk in simulated time.

What a person does: `lift`, `replace`, `flash` the hook, `press 102#` or `press soft1 up`, `choose
ROW` in a list, `wait 5`. What they see and hear: `screen TEXT` (with `within SECONDS`, if it may
take a while), `no screen TEXT`, `keys LEFT RIGHT`, `lamp`, `ringer`, `tone`, `microphone`,
`sound on`, `volume 2` (steps above the usual). What others do: `102: dial 201`, `102: answer`,
`102: hang up`, `102: decline`, and all of the above. What else happens: `unplug`, `hide`, `mute`
and `plug in` a proxy, `network changes`, `restart`, a `message` that waits and is `heard` (`message
202`), `subscribed`, `subscription ends REASON`; a lamp is `watched 102 by 1` phone, `watching ends
102 REASON`, the next word of a lamp is a `notify lost` or `notify nonsense`; a key is `held 1`;
`serve LINE`: a server of files has a `startup.cfg` of that line, `resync`: the proxy says
check-sync (`resync ;reboot=true`).
Calls of `intercom 102` are to be answered by themselves, those of `alert 102 info=internal` ring as
that says: `rings internal`.
Before all that: `config LINE`, `contact NAME NUMBER`, `number 700 says 404 Reason`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from firmware.phone.events import (
    KEYS,
    AnswerCall,
    DialTarget,
    EndCall,
    HookLifted,
    HookReplaced,
    KeyHeld,
    KeyPressed,
)
from firmware.phone.kept import Contact, ContactNumber, ContactsKept, NumberKind
from firmware.phone.settings import FLASH_S
from tests.scenarios.desk import Desk
from tests.scenarios.phone import ScenarioPhone
from tests.scenarios.script import Step

NUMBER = "201"
"""Of the phone that a script is about."""

STEP_S = (0.04, 0.06)
"""What follows at once follows within this; phones are some milliseconds apart. Nobody's hand has
a rhythm: the wire knows a ping that is not drawn by that (L6)."""

POLL_S = 0.1

ROWS_MAX = 30
"""Nobody looks through more rows of a list."""

BEGINS_S = 3.0
"""Phones register and their pings are known before the first step."""

INTERCOM = "Call-Info", "<sip:desk>;answer-after=0"

SETTING_UP = {"config", "contact", "number"}


class Player:
    """One script's run."""

    def __init__(
        self,
        folder: Path,
        steps: Sequence[Step],
        after: Callable[[Step, ScenarioPhone], None] = lambda step, phone: None,
    ) -> None:
        self.desk = Desk(folder)
        self._after, self._random = after, Random(0)
        self._steps = steps
        self._verbs: dict[str, Callable[[ScenarioPhone, tuple[str, ...]], None]] = {
            "lift": lambda phone, _: phone.tell(HookLifted()),
            "replace": self._replace,
            "flash": self._flash,
            "press": self._press,
            "choose": self._choose,
            "dial": lambda phone, words: phone.tell(DialTarget(words[0])),
            "answer": lambda phone, _: phone.tell(AnswerCall()),
            "hang": lambda phone, _: phone.tell(EndCall()),
            "decline": lambda phone, _: phone.tell(KeyPressed("soft2")),
            "wait": lambda _, words: self.desk.run(float(words[0])),
            "screen": self._screen,
            "no": self._no_screen,
            "keys": self._keys,
            "lamp": lambda phone, words: _same("lamp", phone.lamp.value, words),
            "rings": lambda phone, words: _same("ring", phone.ring.value, words),
            "ringer": lambda phone, words: _same("ringer", _on(phone.is_ringing), words),
            "tone": lambda phone, words: _same("tone", phone.tone, words),
            "sound": lambda phone, words: _same("sound", _on(bool(phone.voices)), words),
            "microphone": self._microphone,
            "volume": lambda phone, words: _same("volume", str(phone.volume), words),
            "unplug": lambda _, words: self.desk.harm(words[0], "unplug"),
            "hide": lambda _, words: self.desk.harm(words[0], "hide"),
            "mute": lambda _, words: self.desk.harm(words[0], "mute"),
            "plug": lambda _, words: self.desk.mend(words[1]),
            "message": lambda _, words: self.desk.mailboxes.leave(words[0] if words else NUMBER),
            "heard": lambda _, words: self.desk.mailboxes.hear(words[0] if words else NUMBER),
            "subscribed": self._subscribed,
            "subscription": lambda _, words: self.desk.mailboxes.forget(NUMBER, words[1]),
            "watched": self._watched,
            "watching": lambda _, words: self.desk.lamps.forget(*words[1:]),
            "notify": self._harm_notify,
            "held": self._held,
            "serve": lambda phone, words: phone.served(words[0]),
            "resync": lambda _, words: self.desk.mailboxes.resync(NUMBER, *words),
            "network": lambda _, __: self.desk.move(),
            "intercom": lambda _, words: self._announce(words[0], *INTERCOM),
            "alert": lambda _, words: self._announce(words[0], "Alert-Info", words[1]),
            "restart": lambda phone, _: self.desk.restart(phone),
        }

        wrong = [step for step in steps if step.verb not in {*self._verbs, *SETTING_UP}]
        for step in wrong:
            raise ValueError(f"{step.place}: nobody knows how to {step.verb}: {step.text}")

    def play(self) -> None:
        """Play every step; raises AssertionError naming the step, with the screen and the trace."""
        self._set_up()
        self.desk.run(BEGINS_S)
        for step in self._steps:
            if step.verb in SETTING_UP:
                continue
            phone = self.desk.phones[step.phone or NUMBER]
            self.desk.trace.add(self.desk.schedule.now, "--", step.text)
            try:
                self._verbs[step.verb](phone, step.words)
                self._step()
                self._after(step, phone)
            except AssertionError as error:
                shown = "\n    ".join(phone.words)
                trace = "\n".join(self.desk.trace.lines(40))
                raise AssertionError(
                    f"{step.place}: {step.text}\n  {error}\n  screen:\n    {shown}\n{trace}"
                ) from error

    def _step(self) -> None:
        self.desk.run(self._random.uniform(*STEP_S))

    def _set_up(self) -> None:
        chosen = [step for step in self._steps if step.verb == "config"]
        phone = self.desk.place(NUMBER, "\n".join(step.words[0] for step in chosen))
        for other in dict.fromkeys(step.phone for step in self._steps if step.phone):
            self.desk.place(other)
        for step in self._steps:
            if step.verb == "number":
                number, _, status, *reason = step.words
                self.desk.numbers.answers[number] = int(status), " ".join(reason)
        contacts = [step.words for step in self._steps if step.verb == "contact"]
        if contacts:
            kept = ContactsKept(tuple(_contact(name, number) for name, number in contacts))
            phone.keep(kept)
            phone.tell(kept)

    def _press(self, phone: ScenarioPhone, words: tuple[str, ...]) -> None:
        for word in words:
            for key in (word,) if word in KEYS else word:
                assert key in KEYS, f"there is no key {key}"
                phone.tell(KeyPressed(key))
                self._step()

    def _held(self, phone: ScenarioPhone, words: tuple[str, ...]) -> None:
        phone.tell(KeyPressed(words[0]))
        phone.tell(KeyHeld(words[0]))

    def _subscribed(self, phone: ScenarioPhone, words: tuple[str, ...]) -> None:
        users = self.desk.mailboxes.subscribed
        self._await(lambda: NUMBER in self.desk.mailboxes.subscribed, words)
        assert NUMBER in self.desk.mailboxes.subscribed, f"subscribed are {users}"

    def _watched(self, phone: ScenarioPhone, words: tuple[str, ...]) -> None:
        """Tell how many watch a number's lamp: `watched 102 by 1 within 5`."""
        number, _, count, *within = words

        def watch() -> int:
            return self.desk.lamps.subscribed.count(number)

        self._await(lambda: watch() == int(count), tuple(within))
        assert watch() == int(count), f"{watch()} watch {number}"

    def _announce(self, user: str, field: str, text: str) -> None:
        self.desk.announced[user] = field, text

    def _harm_notify(self, phone: ScenarioPhone, words: tuple[str, ...]) -> None:
        """Let the next word of a lamp be lost on its way, or be nonsense."""
        assert words[0] in {"lost", "nonsense"}, f"what is a {words[0]} notify?"
        self.desk.lamps.loses_next = words[0] == "lost"
        self.desk.lamps.is_nonsense_next = words[0] == "nonsense"

    def _replace(self, phone: ScenarioPhone, _: tuple[str, ...]) -> None:
        phone.tell(HookReplaced())
        self.desk.run(FLASH_S)

    def _flash(self, phone: ScenarioPhone, _: tuple[str, ...]) -> None:
        phone.tell(HookReplaced())
        self.desk.run(FLASH_S / 2)
        phone.tell(HookLifted())

    def _choose(self, phone: ScenarioPhone, words: tuple[str, ...]) -> None:
        for _ in range(ROWS_MAX):
            if f"\n> {words[0]}" in "\n".join(phone.words):
                self._press(phone, ("soft1",))
                return
            self._press(phone, ("down",))
        raise AssertionError(f"the list has no {words[0]!r}")

    def _screen(self, phone: ScenarioPhone, words: tuple[str, ...]) -> None:
        text = words[0]
        self._await(lambda: text in "\n".join(phone.words), words[1:])
        assert text in "\n".join(phone.words), f"the screen does not say {text!r}"

    def _no_screen(self, phone: ScenarioPhone, words: tuple[str, ...]) -> None:
        text = words[1]
        self._await(lambda: text not in "\n".join(phone.words), words[2:])
        assert text not in "\n".join(phone.words), f"the screen says {text!r}"

    def _await(self, is_so: Callable[[], bool], within: tuple[str, ...]) -> None:
        end = self.desk.schedule.now + (float(within[1]) if within else 0.0)
        while not is_so() and self.desk.schedule.now < end:
            self.desk.run(POLL_S)

    def _keys(self, phone: ScenarioPhone, words: tuple[str, ...]) -> None:
        assert phone.soft_keys == words, f"the soft keys are {phone.soft_keys}"

    def _microphone(self, phone: ScenarioPhone, words: tuple[str, ...]) -> None:
        _same("microphone", "open" if phone.is_heard else "closed", words)


def _same(what: str, found: str, words: tuple[str, ...]) -> None:
    wanted = " ".join(words)
    assert found == wanted, f"the {what} is {found}"


def _on(value: bool) -> str:
    return "on" if value else "off"


def _contact(name: str, number: str) -> Contact:
    return Contact(name, (ContactNumber(NumberKind.WORK, number),))
