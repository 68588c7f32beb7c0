"""Scenarios with real parts: the phone as a program, Kamailio, and baresip as the other phone.

The scripts are those of `tests/scenarios/scripts/real`; the simulated desk plays them too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.couple import Couple, couple
from tests.scenarios.script import Step, read_script

SCRIPTS = sorted((Path(__file__).parents[1] / "scenarios" / "scripts" / "real").glob("*.txt"))

NUMBER, OTHER = "201", "102"

SEEN_S = 5.0
"""What follows at once follows within this; the machine may be busy."""

Verb = Callable[[tuple[str, ...]], None]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Couple]:
    with couple(tmp_path_factory.mktemp("scenarios"), (NUMBER,), {}, user=OTHER) as made:
        yield made


class RealPlayer:
    """Plays a script on a phone and a baresip that stand."""

    def __init__(self, pair: Couple) -> None:
        self._pair, self._at = pair, time.time()
        phone, peer = pair.phone, pair.peer
        self._here: dict[str, Verb] = {
            "lift": lambda _: phone.send("hook", off=True),
            "replace": lambda _: phone.send("hook", off=False),
            "press": self._press,
            "wait": lambda words: time.sleep(float(words[0])),
            "screen": lambda words: self._wait(lambda: words[0] in self._words(), words[1:]),
            "no": lambda words: self._wait(lambda: words[1] not in self._words(), words[2:]),
            "keys": self._keys,
            "ringer": lambda words: self._wait(
                lambda: phone.status()["ringing"] == (words[0] == "on")
            ),
        }
        self._there: dict[str, Verb] = {
            "wait": self._here["wait"],
            "dial": lambda words: peer.dial(f"sip:{words[0]}@lab.test"),
            "answer": lambda _: peer.answer(),
            "hang": lambda _: peer.hang_up(),
            "decline": lambda _: peer.hang_up(),
        }

    def play(self, steps: list[Step]) -> None:
        """Play every step; raises AssertionError naming the step, with the screen."""
        for step in steps:
            verbs = self._there if step.phone == OTHER else self._here
            try:
                verbs[step.verb](step.words)
            except AssertionError as error:
                told = f"{step.place}: {step.text}\n  {error}\n  screen: {self._words()}"
                raise AssertionError(f"{told}\n{self._pair.phone.tail}") from error

    def _words(self) -> str:
        asked_at = time.time()
        self._pair.phone.send("screen")
        return "\n".join(self._pair.phone.wait_for("screen", since=asked_at)["text"])

    def _press(self, words: tuple[str, ...]) -> None:
        for word in words:
            is_key = word.isalpha() or word.startswith("soft")
            for key in (word,) if is_key else word:
                self._pair.phone.send("key", key=key)
                time.sleep(0.1)

    def _keys(self, words: tuple[str, ...]) -> None:
        wanted = " ".join(f"[{word}]" for word in words if word)
        self._wait(lambda: self._words().endswith(wanted))

    def _wait(self, is_so: Callable[[], bool], within: tuple[str, ...] = ()) -> None:
        end = time.time() + max(SEEN_S, float(within[1]) if within else 0.0)
        while not is_so():
            assert time.time() < end, "it does not come"
            time.sleep(0.05)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_scenario_with_real_parts(pair: Couple, path: Path) -> None:
    RealPlayer(pair).play(read_script(path))
