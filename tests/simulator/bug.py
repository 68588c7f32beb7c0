"""What a planted bug is."""

from __future__ import annotations

from firmware.frozen import frozen


@frozen
class Bug:
    """One change of one module."""

    name: str
    module: str
    old: str
    new: str
    world: str = "tests.simulator.simulator"  # Which simulator is to find it.


def bug_of_peers(name: str, module: str, old: str, new: str) -> Bug:
    """Return one for the world of far ends to find."""
    return Bug(name, module, old, new, "tests.simulator.peers.world")
