"""A phone whose plug is pulled at moments that are drawn, and what it has to be after each.

A machine that is killed loses what a card may lose (`tests/lab/write_log.py`), and the next one is
started as U-Boot would start it (`phone.py`).
"""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPException
from pathlib import Path
from random import Random

from tests.lab.processes import said_by
from tests.lab.write_log import Loss, WriteLog
from tests.on_device.machine import DATA_PARTITION, run
from tests.on_device.phone import Phone, Running

NUMBERED = "sip vmail"
"""The setting that is saved again and again, each time a larger number."""

ONCE = {"ringer volume": "3", "ring tone": "Double"}
"""What is set on a new card, and never again."""

SAVES_S, UPDATE_S = 8.0, 240.0
"""Within how long after their begin those are cut."""

STARTS_CUT_MAX = 4
"""So often in a row a start is cut before one is let through: more than a slot has tries."""


class Moment(Enum):
    """What the phone is at when its plug is pulled."""

    START = "it starts"
    SAVE = "a setting is saved"
    UPDATE = "an update is fetched or installed"


WEIGHTS = {Moment.START: 12, Moment.SAVE: 6, Moment.UPDATE: 2}


@dataclass
class Record:
    """What was done and seen; each line is in a file at once."""

    log: Path
    pulls: Counter[Moment] = field(default_factory=Counter)
    losses: Counter[Loss] = field(default_factory=Counter)
    lost: int = 0
    repaired: int = 0
    updated: int = 0
    went_back: int = 0
    starts_s: list[float] = field(default_factory=list)

    def tell(self, line: str) -> None:
        with self.log.open("a") as file:
            file.write(f"{time.strftime('%H:%M:%S', time.gmtime())} {line}\n")

    def pulled(self, moment: Moment, said: str) -> None:
        self.pulls[moment] += 1
        self.tell(f"{self.pulls.total()}: {moment.value}: {said}")

    def text(self, seed: int) -> str:
        """Return all of it, for people."""
        starts_s = self.starts_s or [0.0]
        kinds = "".join(f"| {moment.value} | {self.pulls[moment]} |\n" for moment in Moment)
        losses = ", ".join(f"{loss.value} {self.losses[loss]} times" for loss in Loss)
        return f"""\
The plug was pulled {self.pulls.total()} times (seed {seed}). Each start that was let through,
{len(self.starts_s)} of them, was a phone: its first screen, registered, its settings as they were.

| while | times |
|---|---|
{kinds}
Of what was written and not flushed the card lost: {losses}; {self.lost} writes in all.
e2fsck put right more than its journal {self.repaired} times.
Updates that were over before their cut: {self.updated}; starts with the other slot after three cut
ones in a row: {self.went_back}.
Seconds from the machine's start to registered, one processor: median
{statistics.median(starts_s):.0f}, longest {max(starts_s):.0f}.
"""


@dataclass
class Owner:
    """Whoever sets something, and knows what the phone has to keep."""

    running: Running
    writes: WriteLog
    kept: int
    asked: int
    marks: list[tuple[int, int, int]] = field(default_factory=list)
    """How long the log of writes was when this number was kept and that one was asked."""

    def save_on(self) -> None:
        """Save a larger number each time, until nobody answers."""
        try:
            while True:
                self.asked = self.kept + 1
                self._note()
                self.running.api.set(NUMBERED, str(self.asked))
                self.kept = self.asked
                self._note()
        except (OSError, HTTPException):
            return

    def save_for(self, seconds: float) -> None:
        """Save for so long, then pull the plug."""
        hand = threading.Thread(target=self.save_on)
        hand.start()
        time.sleep(seconds)
        assert hand.is_alive(), "a setting was refused"
        self.running.machine.program.kill()
        hand.join()

    def _note(self) -> None:
        self.marks.append((self.writes.length, self.kept, self.asked))


@dataclass
class Pulled:
    """A phone whose plug is pulled."""

    phone: Phone
    bundle: Path
    lots: Random
    record: Record
    slot: str = "A"
    newest: str = "A"
    """The slot that became good last."""
    others: dict[str, str | None] = field(default_factory=dict)
    numbers: tuple[int, int] = (0, 0)
    """The last that was answered, and the last that was asked."""
    starts_cut: int = 0
    may_be_new: bool = False

    def life(self) -> None:
        """Let the phone live until a moment that is drawn."""
        moment = self._drawn()
        with self.machine() as running:
            if moment is Moment.START:
                typical = 1.1 * statistics.median(self.record.starts_s)
                said = self._start(self.lots.uniform(0.0, typical))
            else:
                self.comes_up(running)
                said = self._save(running) if moment is Moment.SAVE else self._update(running)
        self.record.pulled(moment, said)

    def cut_start(self, after_s: float) -> None:
        """Let it start for so long."""
        with self.machine():
            said = self._start(after_s)
        self.record.pulled(Moment.START, said)

    def last_life(self) -> None:
        """See that it is a phone after all."""
        with self.machine() as running:
            self.comes_up(running)

    def _drawn(self) -> Moment:
        moment = self.lots.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
        lets_through = not self.record.starts_s or self.starts_cut >= STARTS_CUT_MAX
        return Moment.SAVE if moment is Moment.START and lets_through else moment

    def _next_slot(self) -> str:
        """A slot is left for an update, or after three starts that came to nothing.

        After those the phone runs in the older one, and the next start is that of the newer again.
        """
        slot = self.phone.next_slot()
        if slot != self.slot:
            may_change = self.may_be_new or self.starts_cut >= 3 or slot == self.newest
            assert may_change, f"{slot} after {self.slot}"
            self.record.went_back += not self.may_be_new and slot != self.newest
        self.slot = slot
        return slot

    def comes_up(self, running: Running) -> None:
        """It is a phone with its settings."""
        self.record.starts_s.append(running.registers())
        words = f'while [ "$(fw_printenv -n BOOT_{self.slot}_LEFT)" != 3 ]; do sleep 1; done; '
        words += "systemctl is-active handset; cut -c1 /run/handset-update/slot; "
        words += "findmnt -n -o FSTYPE /data; cat /run/handset-update/tried || true"
        active, slot, kind, *tried = running.remote.run(words).split()
        assert (active, slot, kind) == ("active", self.slot, "ext4")
        if self.may_be_new:
            self.newest = self.slot
        assert (tried == ["passed"]) == (self.slot != self.newest), tried
        if not self.others:
            self._set_up(running)
        settings = running.api.values()
        number = settings.pop(NUMBERED)
        assert settings == self.others
        assert number is not None
        assert int(number) in self.numbers, f"{number} is none of {self.numbers}"
        self.numbers = int(number), int(number)
        self.starts_cut, self.may_be_new = 0, False
        took = f"after {self.record.starts_s[-1]:.0f} s, number {number}"
        self.record.tell(f"    a phone, slot {self.slot}, {took}")

    def _set_up(self, running: Running) -> None:
        for parameter, value in ONCE.items():
            running.api.set(parameter, value)
        running.api.set(NUMBERED, "0")
        self.others = running.api.values()
        del self.others[NUMBERED]

    def _start(self, after_s: float) -> str:
        time.sleep(after_s)
        self.starts_cut += 1
        return f"after {after_s:.1f} s"

    def _save(self, running: Running) -> str:
        owner = Owner(running, self.writes, *self.numbers)
        owner.save_for(self.lots.uniform(0.0, SAVES_S))
        self.numbers = owner.kept, owner.asked
        return f"{owner.kept} was answered, {owner.asked} asked"

    def _update(self, running: Running) -> str:
        running.update(self.bundle)
        began, after = time.monotonic(), self.lots.uniform(0.0, UPDATE_S)
        while running.machine.program.running and time.monotonic() < began + after:
            time.sleep(0.1)
        self.may_be_new = True
        if running.machine.program.running:
            return f"after {after:.0f} s"
        self.record.updated += 1
        return f"over after {time.monotonic() - began:.0f} s"

    @contextmanager
    def machine(self) -> Iterator[Running]:
        slot = self._next_slot()
        folder = self.phone.starts_in()
        self.writes = writes = WriteLog(self.phone.card, folder)
        layer, _ = writes.files
        run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", self.phone.card, layer)
        with self.phone.runs(slot, folder, writes.words("card")) as running:
            yield running
        ended = running.machine.program.status == 0
        loss = Loss.NOTHING if ended else self.lots.choice(list(Loss))
        left = writes.give(loss, self.lots)
        self.record.losses[loss] += 1
        self.record.lost += left.lost
        self.record.tell(f"    {left}, {loss.value} of the rest is lost")
        self._see_data(folder)

    def _see_data(self, folder: Path) -> None:
        """What the next start does with the data partition first is enough."""
        copy, skip = folder / "data", f"skip={DATA_PARTITION >> 20}"
        run(
            "dd", f"if={self.phone.card}", f"of={copy}", "bs=1M", skip, "conv=sparse", "status=none"
        )
        status, said = said_by("e2fsck", "-p", copy)
        copy.unlink()
        assert status < 4, said
        self.record.repaired += status > 0
        self.record.tell(f"    {said.strip()}")


def data_of(card: Path, copy: Path) -> Path:
    """Return a copy of the data partition."""
    skip = f"skip={DATA_PARTITION >> 20}"
    run("dd", f"if={card}", f"of={copy}", "bs=1M", skip, "conv=sparse", "status=none")
    return copy
