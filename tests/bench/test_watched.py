"""Who lost a frame: the watch on the sound card tells this phone from the card."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.voice import CUSHION, SoundCard
from tests.bench.watched import Loss, Watch, losses, unserved_s

START_S = 100.0


@dataclass
class Status:
    """PortAudio's flags."""

    output_underflow: bool = False
    input_overflow: bool = False

    def __bool__(self) -> bool:
        return self.output_underflow or self.input_overflow


@dataclass
class Clock:
    """PortAudio's word of when it called."""

    currentTime: float  # noqa: N815 (PortAudio's name)


class Bench:
    """A card of our own, called as PortAudio would; times in seconds."""

    def __init__(self, path: Path) -> None:
        self.now = START_S
        self.unserved_s = 0.0
        self.card = SoundCard()
        self._path = path
        self._watch = Watch(path, (lambda: self.now,), lambda: self.unserved_s)
        self._frame = bytes(self.card.frame_bytes)

    def call(
        self, at: float, *, waited_s: float = 0.0, takes_s: float = 0.0, **flags: bool
    ) -> list[Loss]:
        """Have the card call, and the phone come to it later; return what was lost so far."""
        self.now = START_S + at + waited_s

        def exchange(card: SoundCard, *given: object) -> None:
            SoundCard._exchange(card, *given)  # type: ignore[arg-type]
            self.now += takes_s

        given = (self._frame, bytearray(self._frame), 960, Clock(START_S + at), Status(**flags))
        self._watch.exchange(self.card, exchange, *given)
        return losses(self._path)

    def give(self) -> None:
        """Queue a frame, as the owner does in time."""
        self.card.give(self._frame)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "lost")


def test_a_card_that_calls_late_by_itself_has_lost_its_frame_itself(bench: Bench) -> None:
    bench.give()
    bench.give()
    assert bench.call(0.0, waited_s=0.001) == []
    (loss,) = bench.call(0.064, output_underflow=True)
    assert (loss.kind, loss.is_ours) == ("underflows", False)
    assert loss.gap_s == pytest.approx(0.064)
    seen = "the card called 64.0 ms apart, held for 1.0 ms, no processor for 0.0 ms"
    assert str(loss).endswith(f"{seen}: others'")


@pytest.mark.parametrize(("waited_s", "takes_s"), [(0.012, 0.0), (0.0, 0.012)])
def test_a_card_that_was_held_has_lost_its_frame_through_this_phone(
    bench: Bench, waited_s: float, takes_s: float
) -> None:
    bench.give()
    bench.give()
    assert bench.call(0.0, waited_s=waited_s, takes_s=takes_s) == []
    (loss,) = bench.call(0.032, output_underflow=True)
    assert (loss.kind, loss.is_ours) == ("underflows", True)
    assert loss.hold_s == pytest.approx(0.012)


def test_an_empty_ring_is_this_phones_unless_the_card_is_in_a_hurry(bench: Bench) -> None:
    for _ in range(CUSHION):
        bench.give()
    assert bench.call(0.0) == []
    (late,) = bench.call(0.020)
    late_again, hurried = bench.call(0.025)
    assert (late.kind, late.is_ours) == ("late", True)
    assert late_again == late
    assert (hurried.kind, hurried.is_ours) == ("late", False)


@pytest.mark.parametrize(("unserved_s", "is_ours"), [(0.009, True), (0.0157, False)])
def test_an_empty_ring_of_a_thread_that_had_no_processor_is_the_machines(
    bench: Bench, unserved_s: float, is_ours: bool
) -> None:
    bench.give()
    bench.unserved_s = 5.0  # Since long ago.
    assert bench.call(0.0) == []
    bench.unserved_s += unserved_s
    (late,) = bench.call(0.020)
    assert late.unserved_s == pytest.approx(unserved_s)
    assert (late.kind, late.is_ours) == ("late", is_ours)


def test_the_kernel_tells_how_long_the_sounds_thread_waited_for_a_processor() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name="sound")
    assert unserved_s() == 0.0, "nobody is there"
    thread.start()
    schedule = Path(f"/proc/self/task/{thread.native_id}/schedstat")
    before, waited, after = schedule.read_text(), unserved_s(), schedule.read_text()
    over.set()
    thread.join()
    assert int(before.split()[1]) <= round(waited * 1e9) <= int(after.split()[1])
    assert waited > 0.0
