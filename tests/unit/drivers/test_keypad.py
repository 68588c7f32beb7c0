"""The keypad over an electrical model: bounce, ghosts, noise, two keys, stuck keys, sleep."""

from __future__ import annotations

from random import Random

import pytest

from drivers.gpio import Gpio
from drivers.interfaces import KEYS, Keypad
from drivers.keypad import RETRY_S, KeypadPins, MatrixKeypad
from drivers.scanner import HOLD_S, REPEAT_AFTER_S, REPEAT_EVERY_S, SCAN_S, STUCK_S, Scanner, ghosts
from tests.unit.drivers.circuit import CALL_S, Contact, Desk

ROWS, COLUMNS = (5, 6, 13, 26, 16), (17, 27, 22, 23)
LINES = (
    ("soft1", "up", "down", "soft2"),
    ("1", "2", "3", "hold"),
    ("4", "5", "6", "mute"),
    ("7", "8", "9", "volume"),
    ("*", "0", "#", "speaker"),
)
BOUNCE_S = 0.02
WHERE = {key: (r, c) for r, line in enumerate(LINES) for c, key in enumerate(line)}


class Keys:
    """A keypad with fingers."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        seed: int = 1,
        noise: float = 0.0,
        diodes: bool = False,
    ) -> None:
        self.desk = Desk(monkeypatch, seed, noise)
        self.contacts = {
            key: Contact(COLUMNS[column], ROWS[row], diodes) for key, (row, column) in WHERE.items()
        }
        self.desk.circuit.contacts += self.contacts.values()
        pins = KeypadPins(ROWS, COLUMNS, LINES)
        self.keypad = MatrixKeypad(pins, Gpio(), self.desk, self.desk.touched)
        self.heard: list[str] = []
        self.times: list[float] = []
        self.held: list[tuple[float, str]] = []
        self.keypad.listen(self._hear, self._hear_held)
        self.random = Random(seed)

    def _hear(self, key: str) -> None:
        self.heard.append(key)
        self.times.append(self.desk.circuit.now)

    @property
    def down(self) -> frozenset[str]:
        return self.keypad.down

    def _hear_held(self, key: str) -> None:
        self.held.append((round(self.desk.circuit.now, 2), key))

    def move(self, key: str, at: float, bounce_s: float = BOUNCE_S) -> None:
        self.contacts[key].move(at, bounce_s, self.random)

    def press(self, key: str, at: float, for_s: float = 0.1, bounce_s: float = BOUNCE_S) -> None:
        self.move(key, at, bounce_s)
        self.move(key, at + for_s, bounce_s)

    def run(self, until: float) -> None:
        self.desk.run(self.keypad.step, until)


@pytest.mark.parametrize("diodes", [False, True])
def test_every_key_is_heard_once_by_its_name(monkeypatch: pytest.MonkeyPatch, diodes: bool) -> None:
    keys = Keys(monkeypatch, diodes=diodes)
    for number, key in enumerate(KEYS):
        keys.press(key, 1 + number * 0.2)
    keys.run(10)
    assert keys.heard == list(KEYS)
    assert keys.desk.touches == len(KEYS)
    part: Keypad = keys.keypad
    assert part.fault == ""


@pytest.mark.parametrize("seed", range(10))
def test_contacts_that_bounce_for_20_ms_are_one_press(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    keys = Keys(monkeypatch, seed)
    for number in range(8):
        keys.press("5", 1 + number * 0.2, for_s=0.08)
    keys.run(4)
    assert keys.heard == ["5"] * 8


def test_a_press_is_told_within_two_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(monkeypatch)
    keys.press("7", 1.0, bounce_s=0)
    keys.run(2)
    assert 0 < keys.times[0] - 1.0 < 2 * SCAN_S


def test_nothing_runs_while_no_key_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(monkeypatch)
    keys.run(1)
    steps, calls = keys.desk.steps, keys.desk.module.calls
    keys.run(86_400)
    assert (keys.desk.steps, keys.desk.module.calls) == (steps, calls)
    keys.desk.wake()  # Another part has something to do: one look at each column.
    keys.run(86_401)
    assert keys.desk.module.calls == calls + len(COLUMNS)
    keys.press("1", 90_000)
    keys.run(90_001)
    assert keys.heard == ["1"]
    steps = keys.desk.steps
    keys.run(100_000)
    assert keys.desk.steps == steps


@pytest.mark.parametrize("seed", range(8))
def test_two_keys_roll_over(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    keys = Keys(monkeypatch, seed)
    pairs = [keys.random.sample(KEYS, 2) for _ in range(20)]
    for number, (one, other) in enumerate(pairs):
        keys.move(one, 1 + number)
        keys.move(other, 1.1 + number)
        keys.move(one, 1.2 + number)
        keys.move(other, 1.3 + number)
    keys.run(30)
    assert keys.heard == [key for pair in pairs for key in pair]


@pytest.mark.parametrize("seed", range(8))
def test_a_ghost_is_never_heard(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Three corners of a rectangle, in any order, with every bounce: the fourth was not pressed."""
    keys = Keys(monkeypatch, seed)
    random = keys.random
    for number in range(4):
        rows, columns = random.sample(range(5), 2), random.sample(range(4), 2)
        corners = [LINES[row][column] for row in rows for column in columns]
        random.shuffle(corners)
        pressed, ghost = corners[:3], corners[3]
        keys.heard.clear()
        at = 1 + number * 2.0
        for offset, key in enumerate(pressed):
            keys.move(key, at + offset * 0.1)
        for offset, key in enumerate(random.sample(pressed, 3)):
            keys.move(key, at + 1 + offset * 0.1)
        keys.run(at + 1.9)
        assert ghost not in keys.heard, (pressed, ghost)
        assert list(dict.fromkeys(keys.heard))[:2] == pressed[:2]


def test_three_keys_with_diodes_are_heard_as_the_first_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = Keys(monkeypatch, diodes=True)
    for number, key in enumerate(("1", "2", "4")):
        keys.press(key, 1 + number * 0.1, for_s=0.5)
    keys.run(3)
    assert keys.heard == ["1", "2", "4"]


@pytest.mark.parametrize("seed", range(6))
def test_noise_presses_no_key_and_loses_none(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    keys = Keys(monkeypatch, seed, noise=0.002)
    for number in range(20):
        keys.press("3", 1 + number * 0.2)
        keys.contacts["9"].moves += [1.15 + number * 0.2, 1.151 + number * 0.2]  # A spike.
    keys.run(6)
    assert keys.heard == ["3"] * 20


def test_keys_that_walk_repeat_while_they_are_held_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(monkeypatch)
    keys.press("down", 1.0, for_s=REPEAT_AFTER_S + 2.5 * REPEAT_EVERY_S, bounce_s=0)
    keys.press("2", 3.0, for_s=2)
    keys.run(6)
    assert keys.heard == ["down"] * 4 + ["2"]
    keys.move("up", 7.0)
    keys.press("1", 7.1, for_s=2.0)
    keys.move("up", 9.05)
    keys.run(10)
    assert keys.heard[5:] == ["up", "1"]


def test_a_key_that_stays_down_is_held_once_and_only_pressed_if_it_is_let_go_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = Keys(monkeypatch)
    keys.press("#", 1.0, for_s=HOLD_S - 0.05)
    keys.press("#", 3.0, for_s=10 * HOLD_S)
    keys.press("down", 13.0, for_s=2 * HOLD_S)  # It repeats instead.
    keys.run(20)
    assert keys.heard[:3] == ["#", "#", "down"]
    assert [key for _, key in keys.held] == ["#"]
    assert keys.held[0][0] == pytest.approx(3.0 + HOLD_S, abs=0.04)


def test_no_key_is_held_while_another_one_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(monkeypatch)
    keys.press("1", 1.0, for_s=3.0)
    keys.press("5", 1.5, for_s=0.5)
    keys.run(6)
    assert keys.heard == ["1", "5"]
    assert keys.held == []
    keys.press("1", 7.0, for_s=1.0)
    keys.run(9)
    assert [key for _, key in keys.held] == ["1"]


def test_a_key_that_is_stuck_is_not_pressed_by_what_bounces_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = Keys(monkeypatch)
    keys.move("6", 1.0)
    keys.run(STUCK_S + 2)
    assert (keys.heard, [key for _, key in keys.held]) == (["6"], ["6"])
    keys.contacts["6"].moves += [40.0, 40.01, 40.5, 40.515]  # Shorter than any finger.
    keys.run(STUCK_S + 20)
    assert (keys.heard, [key for _, key in keys.held]) == (["6"], ["6"])
    assert keys.keypad.fault == "The key 6 is stuck"


def test_a_stuck_key_is_named_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(monkeypatch)
    keys.move("volume", 1.0)
    keys.run(STUCK_S / 2)
    assert keys.keypad.fault == ""
    keys.run(STUCK_S + 2)
    assert keys.keypad.fault == "The key volume is stuck"
    told, steps = len(keys.heard), keys.desk.steps
    keys.run(STUCK_S + 12)
    assert len(keys.heard) == told  # It repeats no more,
    assert keys.desk.steps - steps < 10 * 300  # and costs less.
    keys.press("3", STUCK_S + 13)
    keys.press("9", STUCK_S + 14)  # In its own row.
    keys.press("mute", STUCK_S + 15)  # In its own column.
    keys.run(STUCK_S + 16)
    assert keys.heard[told:] == ["3", "9", "mute"]
    keys.move("volume", STUCK_S + 17)
    keys.run(STUCK_S + 18)
    assert keys.keypad.fault == ""
    steps = keys.desk.steps
    keys.run(STUCK_S + 100)
    assert keys.desk.steps == steps


def test_a_key_that_is_down_at_the_start_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(monkeypatch)
    keys.move("6", 0.0, bounce_s=0)
    keys.run(1)
    assert keys.heard == ["6"]


def test_pins_that_fail_are_said_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(monkeypatch)
    keys.desk.module.broken = "Failed to add edge detection"
    keys.run(1)
    fault = "No keypad: Failed to add edge detection"
    assert keys.keypad.fault == fault
    calls = keys.desk.module.calls
    keys.run(2)
    assert keys.desk.module.calls == calls
    keys.desk.module.broken = ""
    keys.run(2 + RETRY_S)
    assert keys.keypad.fault == ""
    keys.press("1", 20)
    keys.run(21)
    assert keys.heard == ["1"]
    keys.desk.module.broken = "GPIO busy"  # After it had worked.
    keys.press("2", 22)
    keys.run(23)
    assert keys.keypad.fault.endswith("GPIO busy")
    keys.desk.module.broken = ""
    keys.run(24 + RETRY_S)
    assert keys.keypad.fault == ""
    keys.press("3", 40)
    keys.run(41)
    assert keys.heard == ["1", "3"]


def test_a_scan_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its calls, at 20 us each on a Pi, leave most of 5 ms free."""
    keys = Keys(monkeypatch)
    keys.run(0.5)
    before = keys.desk.module.calls
    keys.press("1", 1.0, for_s=1.0, bounce_s=0)
    keys.run(3)
    a_second = keys.desk.module.calls - before
    assert a_second * CALL_S < 0.25


def test_the_corners_of_a_rectangle() -> None:
    assert ghosts({(0, 0), (0, 1), (1, 0)}) == set()
    assert ghosts({(0, 0), (0, 1), (1, 0), (1, 1), (3, 3)}) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert ghosts({(0, 0), (0, 3), (4, 0), (4, 3)}) == {(0, 0), (0, 3), (4, 0), (4, 3)}


def test_a_third_key_waits_as_long_as_a_bounce_may_last() -> None:
    scanner = Scanner({(0, 0): "a", (0, 1): "b", (2, 2): "c"}, frozenset())
    heard: list[tuple[float, str]] = []
    for number in range(40):
        now = number * SCAN_S
        closed = {(0, 0), (0, 1)} | ({(2, 2)} if number >= 10 else set())
        heard += [(round(now, 3), touch.key) for touch in scanner.scan(closed, now)]
    assert heard == [(0.005, "a"), (0.005, "b"), (0.08, "c")]


def test_it_is_known_which_keys_are_down_also_those_that_were_when_it_began(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = Keys(monkeypatch)
    for key, for_s in (("*", 1.0), ("#", 3.0)):
        keys.press(key, at=0.0, for_s=for_s)
    keys.run(0.5)
    assert keys.down == {"*", "#"}
    keys.run(1.5)
    assert keys.down == {"#"}
    keys.run(5.0)
    assert keys.down == frozenset()
