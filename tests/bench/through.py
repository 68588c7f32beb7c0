"""The floor of mouth to ear: the sound card's driver alone, what it hears it plays.

A program (DEVICE), because PortAudio has to find the lab's sound server. It runs until stopped.
"""

from __future__ import annotations

import sys
import threading

from drivers.voice import SoundCard


def main() -> None:
    """Pass every frame on."""
    card = SoundCard(sys.argv[1])
    card.start(lambda: card.give(card.take()))
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
