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
    world: str = "tests.simulator.simulator"  # Which simulator is to find it,
    first_seed: int = 0  # and from which seed on it looks: where it was found last time.


def bug_of_peers(name: str, module: str, old: str, new: str, first_seed: int = 0) -> Bug:
    """Return one for the world of far ends to find."""
    return Bug(name, module, old, new, "tests.simulator.peers.world", first_seed)
