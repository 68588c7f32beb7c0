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
