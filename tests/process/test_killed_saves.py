"""A thousand times the power goes while settings are saved: they are always one of two versions."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from config.local_file import save_local
from config.store import Store
from tests.process.test_power_loss import CUT

KILLS = 1000
KEY = ("sip vmail", 0)

SAVES_S = 0.005
"""How long somebody saves, again and again, at the most; a save takes a millisecond or two."""


def save_for_ever(state: Path, first: int, told: Connection) -> None:
    """Save one number after the other; tell each that is saved."""
    for number in range(first, first + 10**6):
        save_local(state, [(*KEY, str(number)), ("sip password", 1, "hunter2" * 20)])
        told.send(number)


def test_a_thousand_saves_are_killed_and_none_is_lost_or_torn(tmp_path: Path) -> None:
    state, lots = tmp_path / "state", Random(7)
    (tmp_path / "startup.cfg").write_text("")
    making = multiprocessing.get_context("forkserver")
    making.set_forkserver_preload([__name__])
    kept, cut_short = 0, 0
    for kill in range(KILLS):
        ours, theirs = making.Pipe(duplex=False)
        with ours:
            writer = making.Process(target=save_for_ever, args=(state, kept + 1, theirs))
            writer.start()
            theirs.close()
            said = ours.recv()  # It is at work.
            time.sleep(lots.uniform(0.0, SAVES_S))
            writer.kill()
            writer.join()
            try:
                while True:
                    said = ours.recv()
            except EOFError:
                pass
        writer.close()
        found = Store(tmp_path, state, writes=False).read()
        kept = int(found.value(*KEY))
        assert kept in {said, said + 1}, f"kill {kill}"
        problems = {one.text for one in found.problems if one.file.startswith(str(state))}
        assert problems <= {CUT}, f"kill {kill}"
        cut_short += bool(problems) or kept > said
    assert cut_short, "none was killed in the middle of a save"
