"""Play a script and print what each step leaves on the screen: `python -m tests.scenarios FILE`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.scenarios.phone import ScenarioPhone
from tests.scenarios.player import Player
from tests.scenarios.script import Step, read_script


def main(names: list[str]) -> int:
    if not names:
        print("which scripts?", file=sys.stderr)
        return 2
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            try:
                Player(Path(folder), read_script(Path(name)), show).play()
            except (AssertionError, OSError, ValueError) as error:
                print(error, file=sys.stderr)
                return 1
    return 0


def show(step: Step, phone: ScenarioPhone) -> None:
    """Print a step and the screen after it."""
    heard = f"tone {phone.tone}, ringer {'on' if phone.is_ringing else 'off'}"
    print(f"{step.text:44}| {' / '.join(phone.words)}  ({heard})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
