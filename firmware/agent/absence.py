"""A far end that is not there, perhaps only for now (F5, F6).

Both phones may have lost their proxy at the same moment, and whoever is first at the next one finds
nobody there. So what a call needs, and what is owed to its far end, goes again a little later.
"""

from __future__ import annotations

NOT_THERE_NOW = frozenset({0, 404, 408, 480, 500, 502, 503, 504})
"""What is said of a far end that is not registered yet where we are; 0: nothing was said."""

NOT_YET_S: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Waits for a far end that lost its link with us: it notices within its own keep-alive."""

KEPT_S = 32.0
"""How long a far end that lost its own proxy may take to be back: all of its waits (F2, F5)."""
